/*
 * private.h
 *	  What script.c and parse.c share, and nobody else uses.
 */
#ifndef MIGRATOR_SCRIPT_PRIVATE_H
#define MIGRATOR_SCRIPT_PRIVATE_H

#include "script/script.h"

/*
 * Collect a problem, unless there are SCRIPT_MAX_PROBLEMS already.  It is
 * copied into the script's memory context, strings and all.
 */
extern void script_add_problem(Script *script, const ScriptProblem *problem);

/*
 * raw_parser() without warnings.  slice is NUL-terminated.  What is wrong with
 * the text comes back in *error, allocated in CurrentMemoryContext, and the
 * list is then NIL; other errors (cancel, memory) are raised.
 *
 * If kind is not NULL and the slice is one statement, its classification is
 * done under the same protection, since that may find errors of its own.
 */
extern List *script_try_parse(const char *slice, bool conforming_strings,
							  StatementKind *kind, ErrorData **error);

#endif
