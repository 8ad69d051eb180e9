/*
 * server_parser.h
 *	  The server's parser on one statement.
 *
 * Nothing is looked up and nothing run; the parser touches no transaction
 * state, which is why its errors can be caught here without a subtransaction.
 */
#ifndef MIGRATOR_SCRIPT_SERVER_PARSER_H
#define MIGRATOR_SCRIPT_SERVER_PARSER_H

#include "nodes/parsenodes.h"

#include "script/script.h"

/*
 * raw_parser() with the settings that a statement is to be read by.  slice is
 * NUL-terminated.  quiet holds back warnings and notices, which the
 * statement's run will bring.  Raises what the parser raises.
 */
extern List *server_parser_read(const char *slice, bool conforming_strings, bool quiet);

/*
 * Call work, which parses and looks at parse trees, and nothing else.  An error
 * that is a fault of the text is returned, allocated in CurrentMemoryContext;
 * others (cancel, memory) are raised.  NULL: there was none.
 */
extern ErrorData *server_parser_try(void (*work) (void *argument), void *argument);

/*
 * Parse statement number i of a script that was looked at before.  Returns the
 * RawStmt in CurrentMemoryContext; *slice (if not NULL) receives the
 * NUL-terminated text the tree's locations refer to.  Raises syntax errors as
 * the parser does.  Its warnings come when the statement is run, by the second.
 */
extern RawStmt *script_parse_statement(const Script *script, int i, char **slice);
extern RawStmt *script_parse_to_run(const Script *script, int i, char **slice);

#endif
