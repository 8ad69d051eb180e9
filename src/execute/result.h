/*
 * result.h
 *	  What psql's \gset and \gexec do with the result of a statement.
 */
#ifndef MIGRATOR_EXECUTE_RESULT_H
#define MIGRATOR_EXECUTE_RESULT_H

#include "nodes/parsenodes.h"

#include "script/psql_late.h"

/* What there is for it. */
typedef struct ResultUse
{
	PsqlLate   *late;			/* where \gset sets variables */
	Variables  *hidden;			/* not to be shown of a statement that comes
								 * of the result, or NULL */
	bool		top_level;		/* the query may end transactions within */

	/* called before each of those statements */
	void		(*before_statement) (void *argument, const RawStmt *raw);
	void	   *argument;
} ResultUse;

/* Run the statement, and do that. */
extern void result_use(const ScriptResult *result, RawStmt *raw, const char *query, const ResultUse *use);

/*
 * Raise what speaks against running a statement that was not known when the script
 * was checked; script: the only statement in it.
 */
extern void result_check_statement(Script *script, StatementKind kind, const RawStmt *raw);

#endif
