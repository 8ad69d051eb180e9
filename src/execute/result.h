/*
 * result.h
 *	  What psql's \gset and \gexec do with the result of a statement.
 */
#ifndef MIGRATOR_EXECUTE_RESULT_H
#define MIGRATOR_EXECUTE_RESULT_H

#include "nodes/parsenodes.h"

#include "script/psql_late.h"

/*
 * Run the statement, and do that.  late: where variables are set; hidden: what is not to be shown of a
 * statement that comes of the result.  True: one of them was SET CONSTRAINTS.
 */
extern bool result_use(const ScriptResult *result, RawStmt *raw, const char *query, PsqlLate *late, Variables *hidden);

/*
 * Raise what speaks against running a statement that was not known when the script
 * was checked; script: the only statement in it.
 */
extern void result_check_statement(Script *script, StatementKind kind, const RawStmt *raw);

#endif
