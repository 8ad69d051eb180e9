/*
 * run.c
 *	  SQL functions that run migrations: apply, up.
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "api/run.h"
#include "api/run_result.h"
#include "run/services.h"

PG_FUNCTION_INFO_V1(migrator_apply);
PG_FUNCTION_INFO_V1(migrator_up);

static void add_service_result(const Scope *scope, const RunResult *done, double ms, void *argument);
static int	outcome_rank(const char *outcome);

/*
 * apply(source, service, target, versions, environment, variables, dry_run,
 *		 if_locked, wait_timeout, on_error, options)
 */
Datum
migrator_apply(PG_FUNCTION_ARGS)
{
	RunRequest	request = {0};
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.apply()");
	PG_TRY();
	{
		List	   *scopes;

		request.dry_run = api_bool(fcinfo, 6, false);
		scopes = run_read_arguments(fcinfo, 7, &request);
		if (request.scope != NULL)
			run_apply(&request, run_result_put_row, result);
		else
			services_apply(&request, scopes, run_result_put_row, result);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

List *
run_read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request)
{
	char	   *if_locked = api_text(fcinfo, locked);
	char	   *on_error = api_text(fcinfo, locked + 2);
	bool		all = scope_means_all(api_text(fcinfo, 1));
	List	   *scopes;
	ListCell   *lc;

	request->plan.target = api_text(fcinfo, 2);
	request->plan.versions = api_text_array(fcinfo, 3, "versions", &request->plan.version_count);
	if (request->plan.target != NULL && request->plan.versions != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("arguments \"target\" and \"versions\" exclude each other"));
	request->plan.late_allowed = migrator_late == LATE_ALLOW;
	request->if_locked = if_locked ? settings_parse_if_locked(if_locked) : migrator_if_locked;
	request->wait_timeout = api_interval_ms(fcinfo, locked + 1, "wait_timeout", settings_wait_ms());
	request->on_error = on_error ? settings_parse_on_error(on_error) : migrator_on_error;
	api_run_options(fcinfo, locked + 3, request);

	if (all)
	{
		scope_refuse_of_one(request->plan.target != NULL, "target");
		scope_refuse_of_one(request->plan.versions != NULL, "versions");
		scope_refuse_of_one(request->plan.allow_late != NULL, "allow_late");
		scope_refuse_of_one(request->force, "force");
	}
	scopes = api_scopes(fcinfo, NULL, 4, 5);
	foreach(lc, scopes)
	{
		Scope	   *scope = lfirst(lc);

		api_put_run_options(request, scope);
		scope->target = request->plan.target;
		if (!all)
			request->scope = scope;
	}
	return scopes;
}

/*
 * up(source, service, target, versions, environment, variables, if_locked,
 *	  wait_timeout, on_error, options, INOUT result)
 */
Datum
migrator_up(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	char	   *volatile result = NULL;

	run_refuse_nested("migrator.up()");
	run_result_refuse_atomic(fcinfo, "migrator.up()", "migrator.apply()");
	context = AllocSetContextCreate(PortalContext, "migrator up", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	run_enter("migrator.up()");
	PG_TRY();
	{
		RunRequest	request = {0};
		CallResult	made = {0};
		RunResult	done = {0};
		List	   *scopes;
		instr_time	start;

		INSTR_TIME_SET_CURRENT(start);
		initStringInfo(&made.rows);
		initStringInfo(&made.services);
		request.plan.may_resume = true;
		scopes = run_read_arguments(fcinfo, 6, &request);
		made.brief = request.brief;
		made.sum.total = -1;
		if (request.scope != NULL)
			run_up(&request, run_result_add_row, &made, &done);
		else
			services_up(&request, scopes, run_result_add_row, add_service_result, &made);
		result = request.scope != NULL ?
			run_result_json("applied", request.scope->service, &done, "migrations", made.brief ? NULL : made.rows.data,
							run_result_ms(start)) :
			run_result_json("applied", SCOPE_ALL_SERVICES, &made.sum, "services", made.services.data,
							run_result_ms(start));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return run_result_datum(result);
}

/* The result of one service becomes an item, and counts in the sum. */
static void
add_service_result(const Scope *scope, const RunResult *done, double ms, void *argument)
{
	CallResult *made = argument;
	RunResult  *sum = &made->sum;
	char	   *item = run_result_json("applied", scope->service, done, "migrations", made->brief ? NULL : made->rows.data, ms);

	appendStringInfo(&made->services, "%s%s", made->services.len > 0 ? ", " : "", item);
	resetStringInfo(&made->rows);
	if (sum->outcome == NULL || outcome_rank(done->outcome) < outcome_rank(sum->outcome))
		sum->outcome = done->outcome;
	sum->applied += done->applied;
	sum->failed += done->failed;
	sum->selected += done->selected;
	if (done->total >= 0 && !done->again)
		sum->total = Max(sum->total, 0) + done->total;
}

/* Of several services that counts which there is most to say of. */
static int
outcome_rank(const char *outcome)
{
	static const char *const ranks[] = {"applied", "skipped", "nothing_to_do", "up_to_date"};
	int			rank = 0;

	while (rank < lengthof(ranks) && strcmp(outcome, ranks[rank]) != 0)
		rank++;
	return rank;
}
