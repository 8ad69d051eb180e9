/*
 * run.c
 *	  SQL functions that run migrations: apply, up.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "api/api.h"
#include "run/services.h"

PG_FUNCTION_INFO_V1(migrator_apply);
PG_FUNCTION_INFO_V1(migrator_up);

/* Result of a CALL while it is being made: JSON text of the rows so far. */
typedef struct UpResult
{
	bool		brief;			/* none are wanted */
	StringInfoData rows;		/* of one service */
	StringInfoData services;	/* results of those that are done */
	RunResult	sum;			/* of these */
} UpResult;

static List *read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request);
static void put_run_row(const RunRow *row, void *argument);
static void refuse_where_commits_cannot_be(FunctionCallInfo fcinfo);
static void add_up_row(const RunRow *row, void *argument);
static void add_service_result(const Scope *scope, const RunResult *done, double ms, void *argument);
static int	outcome_rank(const char *outcome);
static char *up_result(const char *service, const RunResult *done, const char *list, const char *items,
					   double ms);
static Datum jsonb_record(const char *json);

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
		scopes = read_arguments(fcinfo, 7, &request);
		if (request.scope != NULL)
			run_apply(&request, put_run_row, result);
		else
			services_apply(&request, scopes, put_run_row, result);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

/*
 * Those that both have, in the order of both; "locked" is the place of
 * if_locked, from where on apply() is one ahead, which has dry_run before.
 * Returns the scope of each service; request->scope remains NULL when all are
 * meant.
 */
static List *
read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request)
{
	char	   *if_locked = api_text(fcinfo, locked);
	char	   *on_error = api_text(fcinfo, locked + 2);
	char	   *service = api_text(fcinfo, 1);
	bool		all = scope_means_all(service);
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
	scopes = scope_resolve_each(api_text(fcinfo, 0), service, api_text(fcinfo, 4));
	foreach(lc, scopes)
	{
		Scope	   *scope = lfirst(lc);

		scope_take_variables(scope, api_jsonb(fcinfo, 5));
		if (request->ignore != NULL)
		{
			scope->ignore = request->ignore;
			scope->ignore_count = request->ignore_count;
		}
		if (!all)
			request->scope = scope;
	}
	return scopes;
}

static void
put_run_row(const RunRow *row, void *argument)
{
	Datum		values[6];
	bool		nulls[6] = {false};

	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->version);
	api_set_text(values, nulls, 2, row->name);
	api_set_text(values, nulls, 3, row->outcome);
	values[4] = Float8GetDatum(row->execution_time_ms);
	nulls[4] = row->execution_time_ms < 0;
	api_set_text(values, nulls, 5, row->message);
	api_put_row(argument, values, nulls);
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
	refuse_where_commits_cannot_be(fcinfo);
	context = AllocSetContextCreate(PortalContext, "migrator up", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	run_enter("migrator.up()");
	PG_TRY();
	{
		RunRequest	request = {0};
		UpResult	made = {0};
		RunResult	done = {0};
		List	   *scopes;
		instr_time	start,
					duration;

		INSTR_TIME_SET_CURRENT(start);
		initStringInfo(&made.rows);
		initStringInfo(&made.services);
		request.plan.may_resume = true;
		scopes = read_arguments(fcinfo, 6, &request);
		made.brief = request.brief;
		made.sum.total = -1;
		if (request.scope != NULL)
			run_up(&request, add_up_row, &made, &done);
		else
			services_up(&request, scopes, add_up_row, add_service_result, &made);
		INSTR_TIME_SET_CURRENT(duration);
		INSTR_TIME_SUBTRACT(duration, start);
		result = request.scope != NULL ?
			up_result(request.scope->service, &done, "migrations", made.brief ? NULL : made.rows.data,
					  INSTR_TIME_GET_MILLISEC(duration)) :
			up_result(SCOPE_ALL_SERVICES, &made.sum, "services", made.services.data,
					  INSTR_TIME_GET_MILLISEC(duration));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return jsonb_record(result);
}

/*
 * In a transaction block, a function, or a procedure with SET or SECURITY
 * DEFINER the context is atomic.  Under DO or another procedure it is not, but
 * that one's SPI level would be pulled from under it.
 */
static void
refuse_where_commits_cannot_be(FunctionCallInfo fcinfo)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("CALL migrator.up() cannot run inside a transaction block or a function"),
				errdetail("It commits each migration by itself."),
				errhint("Send it alone, with autocommit on; or use SELECT * FROM migrator.apply(), which runs in your transaction."));
	if (SPI_inside_nonatomic_context())
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("CALL migrator.up() cannot run inside DO or another procedure"),
				errhint("Send it alone, as a statement of its own."));
}

static void
add_up_row(const RunRow *row, void *argument)
{
	UpResult   *result = argument;
	StringInfo	json = &result->rows;

	if (row->version == NULL || result->brief)
		return;
	appendStringInfoString(json, json->len > 0 ? ", {\"version\": " : "{\"version\": ");
	escape_json(json, row->version);
	appendStringInfoString(json, ", \"name\": ");
	escape_json(json, row->name ? row->name : "");
	appendStringInfo(json, ", \"outcome\": \"%s\"", row->outcome);
	if (row->execution_time_ms >= 0)
		appendStringInfo(json, ", \"execution_time_ms\": %.3f", row->execution_time_ms);
	appendStringInfoChar(json, '}');
}

/* The result of one service becomes an item, and counts in the sum. */
static void
add_service_result(const Scope *scope, const RunResult *done, double ms, void *argument)
{
	UpResult   *made = argument;
	RunResult  *sum = &made->sum;
	char	   *item = up_result(scope->service, done, "migrations", made->brief ? NULL : made->rows.data, ms);

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

/* items: of the list with that name; NULL when none is wanted */
static char *
up_result(const char *service, const RunResult *done, const char *list, const char *items, double ms)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"run_id\": %s, \"service\": \"%s\", \"outcome\": \"%s\", \"applied\": %d, \"failed\": %d,",
					 done->run_id != 0 ? psprintf(INT64_FORMAT, done->run_id) : "null",
					 service, done->outcome, done->applied, done->failed);

	/* of a source that was not looked at nothing is known */
	if (done->total >= 0)
		appendStringInfo(&json, " \"total\": %d, \"selected\": %d,", done->total, done->selected);
	else
		appendStringInfoString(&json, " \"total\": null, \"selected\": null,");
	appendStringInfo(&json, " \"duration_ms\": %.3f", ms);
	if (items != NULL)
		appendStringInfo(&json, ", \"%s\": [%s]", list, items);
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* A procedure with one INOUT argument returns a record of one column. */
static Datum
jsonb_record(const char *json)
{
	TupleDesc	desc = CreateTemplateTupleDesc(1);
	Datum		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
	bool		null = false;

	TupleDescInitEntry(desc, 1, "result", JSONBOID, -1, 0);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), &value, &null));
}
