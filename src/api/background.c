/*
 * background.c
 *	  SQL functions of runs that outlive their client: up_background, wait_for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"

#include "api/run.h"
#include "base/session_copy.h"
#include "run/background.h"
#include "run/wait_for.h"

PG_FUNCTION_INFO_V1(migrator_up_background);
PG_FUNCTION_INFO_V1(migrator_wait_for);

static bool may_begin(FunctionCallInfo fcinfo);
static void tell_nothing_run(const char *outcome);

/*
 * up_background(source, service, target, versions, environment, variables,
 *				 if_locked, wait_timeout, on_error, options)
 */
Datum
migrator_up_background(PG_FUNCTION_ARGS)
{
	CallUp		arguments;
	const char *outcome;
	int64		run_id;

	if (!may_begin(fcinfo))
		PG_RETURN_NULL();
	for (int i = 0; i < CALL_UP_ARGUMENTS; i++)
	{
		bool		by_reference = call_up_types[i] != INTERVALOID;

		arguments.nulls[i] = PG_ARGISNULL(i);
		arguments.values[i] = PG_ARGISNULL(i) ? (Datum) 0 :
			by_reference ? PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(i))) : PG_GETARG_DATUM(i);
	}
	run_id = background_start(&arguments, &outcome);
	if (run_id != 0)
		PG_RETURN_INT64(run_id);
	tell_nothing_run(outcome);
	PG_RETURN_NULL();
}

/*
 * All that can be asked without a worker.  A transaction that changed something
 * is refused: the worker would not see that, and could well wait for it.
 */
static bool
may_begin(FunctionCallInfo fcinfo)
{
	const char *name = "migrator.up_background()";
	volatile bool may = false;

	run_refuse_nested(name);
	session_copy_require_plain(name);
	run_enter(name);
	PG_TRY();
	{
		RunRequest	request = {0};
		char	   *service = api_text(fcinfo, 1);

		if (scope_means_all(service))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("%s runs one service at a time", name),
					errdetail("Each service's run has a run_id of its own."),
					errhint("Call it for each service, one after the other, or CALL migrator.up(service => '*')."));
		(void) run_read_arguments(fcinfo, 6, &request);
		may = run_up_may_begin(&request, name);
		if (may)
			run_refuse_read_only(name, XactReadOnly);
		if (may && TransactionIdIsValid(GetTopTransactionIdIfAny()))
			ereport(ERROR,
					errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
					errmsg("%s cannot run in a transaction that has changed something", name),
					errdetail("The run would not see it, and might wait for it."),
					errhint("COMMIT first."));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return may;
}

static void
tell_nothing_run(const char *outcome)
{
	if (strcmp(outcome, "up_to_date") == 0)
		ereport(NOTICE, errmsg("database schema is up to date (no pending migrations)"));
	else if (strcmp(outcome, "skipped") == 0)
		ereport(NOTICE, errmsg("nothing was run: another run is in progress"));
	else
		ereport(NOTICE, errmsg("nothing was run: nothing of what is pending is meant"));
}

/* wait_for(run_id, timeout) */
Datum
migrator_wait_for(PG_FUNCTION_ARGS)
{
	Datum		result;

	run_refuse_nested("migrator.wait_for()");
	/* what up_background() returns where there is nothing to run */
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!wait_for(PG_GETARG_INT64(0), api_interval_ms(fcinfo, 1, "timeout", 0), &result))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
