/*
 * parse.h
 *	  Every statement of a script through the server's parser, and what the
 *	  parse trees say of the script as a whole.
 */
#ifndef MIGRATOR_SCRIPT_PARSE_H
#define MIGRATOR_SCRIPT_PARSE_H

#include "script/script.h"

/*
 * Parse and classify every statement, ask the rules (rules.h) about its tree,
 * and fill the second half of Script.  Problems found here: syntax errors (the
 * parser's own SQLSTATE and message), several commands in one slice, unbalanced
 * transaction statements (transactions.h), and what the rules report.  A
 * statement that script_split() found fault with is not parsed.  Memory used is
 * that of one statement at a time; problems are added in the memory context of
 * the Script.
 *
 * The parser's errors are caught without a subtransaction, which is safe since
 * it touches nothing.  Its warnings and notices are held back: they come when
 * the statement runs.
 */
extern void script_parse(Script *script);

#endif
