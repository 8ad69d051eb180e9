/*
 * redo.c
 *	  SQL procedures of the development day: redo, reset.
 *
 * Each is several runs one after the other, which commit as they go; between two
 * of them the locks are free.  What another session does meanwhile, the next one
 * finds on record.
 */
#include "postgres.h"

#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "api/back.h"
#include "api/run_result.h"
#include "base/transaction.h"
#include "run/event.h"
#include "run/reset.h"
#include "run/seed.h"

PG_FUNCTION_INFO_V1(migrator_redo);
PG_FUNCTION_INFO_V1(migrator_reset);

typedef char *(*Body) (FunctionCallInfo fcinfo);

/* Rows of a way back, and the versions that it took back. */
typedef struct Redone
{
	CallResult	rows;
	List	   *versions;
} Redone;

static Datum call(FunctionCallInfo fcinfo, const char *name, Body body);
static char *redo(FunctionCallInfo fcinfo);
static void add_redone(const RunRow *row, void *argument);
static char *go_up(const RunRequest *back, const List *versions);
static char *reset(FunctionCallInfo fcinfo);
static char *go_down(const RunRequest *request);
static int	fill(const RunRequest *back);
static void count_seed(const RunRow *row, void *argument);

/* redo(source, service, steps, versions, variables, options, INOUT result) */
Datum
migrator_redo(PG_FUNCTION_ARGS)
{
	return call(fcinfo, "migrator.redo()", redo);
}

/* reset(source, service, confirm, how, schemas, up, seed, variables, options, INOUT result) */
Datum
migrator_reset(PG_FUNCTION_ARGS)
{
	return call(fcinfo, "migrator.reset()", reset);
}

static Datum
call(FunctionCallInfo fcinfo, const char *name, Body body)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	char	   *volatile result = NULL;

	run_refuse_nested(name);
	run_result_refuse_atomic(fcinfo, name, NULL);
	context = AllocSetContextCreate(PortalContext, "migrator redo", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	run_enter(name);
	PG_TRY();
	{
		result = body(fcinfo);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return run_result_datum(result);
}

/* Down, and up what went down, with its files as they are now. */
static char *
redo(FunctionCallInfo fcinfo)
{
	RunRequest	request = {0};
	Redone		redone = {{0}};
	RunResult	done = {0};
	instr_time	start;
	char	   *down;

	INSTR_TIME_SET_CURRENT(start);
	initStringInfo(&redone.rows.rows);
	back_api_options(fcinfo, 5, &request);
	back_api_steps(fcinfo, 2, &request.back);
	request.back.versions = api_text_array(fcinfo, 3, "versions", &request.back.version_count);
	back_api_require_one_choice(&request.back);
	request.scope = back_api_scope(&request, api_text(fcinfo, 0), api_text(fcinfo, 1), NULL, api_jsonb(fcinfo, 4));
	scope_require_source(request.scope);
	redone.rows.brief = request.brief;
	request.back.again = true;

	run_up(&request, add_redone, &redone, &done);
	down = run_result_json("rolled_back", request.scope->service, &done, "migrations",
						   request.brief ? NULL : redone.rows.rows.data, run_result_ms(start));
	return psprintf("{\"service\": \"%s\", \"outcome\": \"%s\", \"down\": %s, \"up\": %s, \"duration_ms\": %.3f}",
					request.scope->service, redone.versions != NIL ? "redone" : done.outcome, down,
					redone.versions != NIL ? go_up(&request, redone.versions) : "null", run_result_ms(start));
}

static void
add_redone(const RunRow *row, void *argument)
{
	Redone	   *redone = argument;

	if (row->version != NULL)
		redone->versions = lappend(redone->versions, pstrdup(row->version));
	run_result_add_row(row, &redone->rows);
}

/* All, or those versions. */
static char *
go_up(const RunRequest *back, const List *versions)
{
	RunRequest	request = *back;
	CallResult	made = {0};
	RunResult	done = {0};
	instr_time	start;
	ListCell   *lc;

	INSTR_TIME_SET_CURRENT(start);
	request.direction = UNIT_UP;
	request.force = false;
	request.plan.may_resume = true;
	request.plan.late_allowed = migrator_late == LATE_ALLOW;
	if (versions != NIL)
		request.plan.versions = palloc(list_length(versions) * sizeof(char *));
	foreach(lc, versions)
	{
		request.plan.versions[request.plan.version_count++] = lfirst(lc);
	}
	initStringInfo(&made.rows);
	made.brief = request.brief;
	run_up(&request, run_result_add_row, &made, &done);
	return run_result_json("applied", request.scope->service, &done, "migrations",
						   made.brief ? NULL : made.rows.data, run_result_ms(start));
}

/* Everything down or dropped, the record forgotten, and everything up again. */
static char *
reset(FunctionCallInfo fcinfo)
{
	RunRequest	request = {0};
	ResetRequest reset = {.confirm = api_text(fcinfo, 2)};
	char	   *how = api_text(fcinfo, 3);
	bool		up = api_bool(fcinfo, 5, true);
	bool		seed = api_bool(fcinfo, 6, true);
	const char *down = "null";
	const char *result_up = "null";
	int			dropped;
	int			seeds = 0;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	if (how == NULL || (strcmp(how, "down") != 0 && strcmp(how, "drop") != 0))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for argument \"how\": \"%s\"", how ? how : "NULL"),
				errhint("Known values: \"down\", \"drop\"."));
	reset.drop = strcmp(how, "drop") == 0;
	reset.schemas = api_text_array(fcinfo, 4, "schemas", &reset.schema_count);
	if (reset.schemas != NULL && !reset.drop)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"schemas\" is for how => 'drop'"));
	back_api_options(fcinfo, 8, &request);
	reset.force = request.force;
	request.back.target = "";
	request.scope = reset.scope = back_api_scope(&request, api_text(fcinfo, 0), api_text(fcinfo, 1), NULL,
												 api_jsonb(fcinfo, 7));
	if (!migrator_enabled)
	{
		event_disabled(request.scope->service);
		return psprintf("{\"service\": \"%s\", \"outcome\": \"skipped\"}", request.scope->service);
	}

	reset_require_allowed(&reset);
	if (!reset.drop)
		down = go_down(&request);
	dropped = reset_forget(&reset);
	transaction_commit(true);
	if (up)
	{
		result_up = go_up(&request, NIL);
		if (seed)
			seeds = fill(&request);
	}
	return psprintf("{\"service\": \"%s\", \"outcome\": \"reset\", \"down\": %s, \"dropped\": %d, \"up\": %s, \"seeds\": %d, \"duration_ms\": %.3f}",
					request.scope->service, down, dropped, result_up, seeds, run_result_ms(start));
}

static char *
go_down(const RunRequest *request)
{
	CallResult	made = {0};
	RunResult	done = {0};
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	initStringInfo(&made.rows);
	made.brief = request->brief;
	run_up(request, run_result_add_row, &made, &done);
	return run_result_json("rolled_back", request->scope->service, &done, "migrations",
						   made.brief ? NULL : made.rows.data, run_result_ms(start));
}

/* Returns how many scripts there were. */
static int
fill(const RunRequest *back)
{
	RunRequest	request = {
		.scope = back->scope,
		.if_locked = back->if_locked,
		.wait_timeout = back->wait_timeout,
		.of_all = true
	};
	int			count = 0;

	run_seed(&request, count_seed, &count);
	transaction_commit(true);
	return count;
}

static void
count_seed(const RunRow *row, void *argument)
{
	if (row->name != NULL)
		++* (int *) argument;
}
