/*
 * left_behind.c
 *	  What a failed CREATE INDEX or REINDEX CONCURRENTLY left.
 *
 * The look may fail in its turn, for a right on a schema or a cancel: that must
 * not take the place of the error it is about.
 */
#include "postgres.h"

#include "base/transaction.h"
#include "execute/resume.h"
#include "run/left_behind.h"
#include "script/server_parser.h"

/* argument of find_left_behind() */
typedef struct LeftBehind
{
	Run		   *run;
	char	   *invalid;		/* an index, or NULL */
	List	   *reindexed;		/* of ReindexLeftover * */
} LeftBehind;

static void find_left_behind(void *argument);

void
left_behind_explain(Run *run, ErrorData *error)
{
	const Execution *execution = &run->execution;
	LeftBehind	look = {run};
	ErrorData  *other;
	ListCell   *lc;

	if (execution->script == NULL || execution->statement < 0 || !execution->begun ||
		execution->script->statements[execution->statement].kind != STATEMENT_OUTSIDE)
		return;
	other = transaction_try(find_left_behind, &look, false);
	if (other != NULL && other->sqlerrcode == ERRCODE_QUERY_CANCELED)
		run->cancelled = true;
	if (other != NULL)
		return;
	if (look.invalid != NULL)
		run_add_detail(error, psprintf("Index %s is left invalid; the next run drops and rebuilds it.",
									   look.invalid));
	foreach(lc, look.reindexed)
	{
		run_add_detail(error, psprintf("Index %s is left over; the next run drops it.",
									   ((ReindexLeftover *) lfirst(lc))->name));
	}
}

static void
find_left_behind(void *argument)
{
	LeftBehind *look = argument;
	const Execution *execution = &look->run->execution;
	const Step *step = look->run->current;
	const RawStmt *raw = execution->shown != NULL ? script_parse_statement(execution->shown, 0, NULL) :
		script_parse_statement(execution->script, execution->statement, NULL);

	look->invalid = resume_invalid_index(raw);
	if (IsA(raw->stmt, ReindexStmt))
		look->reindexed = resume_reindex_leftovers(look->run->request->scope->service,
												   step->row ? step->row->version : step->version);
}
