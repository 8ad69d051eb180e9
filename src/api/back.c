/*
 * back.c
 *	  SQL functions that take migrations back: rollback, down.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "api/api.h"
#include "api/back.h"
#include "api/run_result.h"
#include "run/preview.h"

PG_FUNCTION_INFO_V1(migrator_rollback);
PG_FUNCTION_INFO_V1(migrator_down);
PG_FUNCTION_INFO_V1(migrator_rollback_preview);

static void put_preview_row(const PreviewRow *row, void *argument);
static void read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request);

static const OptionKey back_options[] = {
	{"force", OPTION_BOOLEAN, "true or false"},
	{"run_id", OPTION_NUMBER, "the number of a run"},
	{"down_source", OPTION_STRING, "\"record\" or \"file\""},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them"},
	{"layout", OPTION_STRING, "the name of a layout"},
	{"contexts", OPTION_STRING, "contexts of Liquibase, with commas between them"},
	{"labels", OPTION_STRING, "an expression of Liquibase's labels"},
	{"verbose", OPTION_BOOLEAN, "true or false"},
	{NULL}
};

/*
 * rollback(source, service, steps, target, versions, environment, variables,
 *			dry_run, if_locked, wait_timeout, options)
 */
Datum
migrator_rollback(PG_FUNCTION_ARGS)
{
	RunRequest	request = {0};
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.rollback()");
	PG_TRY();
	{
		request.dry_run = api_bool(fcinfo, 7, false);
		read_arguments(fcinfo, 8, &request);
		run_apply(&request, run_result_put_row, result);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

/*
 * down(source, service, steps, target, versions, environment, variables,
 *		if_locked, wait_timeout, options, INOUT result)
 */
Datum
migrator_down(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;
	char	   *volatile result = NULL;

	run_refuse_nested("migrator.down()");
	run_result_refuse_atomic(fcinfo, "migrator.down()", "migrator.rollback()");
	context = AllocSetContextCreate(PortalContext, "migrator down", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	run_enter("migrator.down()");
	PG_TRY();
	{
		RunRequest	request = {0};
		CallResult	made = {0};
		RunResult	done = {0};
		instr_time	start;

		INSTR_TIME_SET_CURRENT(start);
		initStringInfo(&made.rows);
		read_arguments(fcinfo, 7, &request);
		made.brief = request.brief;
		run_up(&request, run_result_add_row, &made, &done);
		result = run_result_json("rolled_back", request.scope->service, &done, "migrations",
								 made.brief ? NULL : made.rows.data, run_result_ms(start));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	return run_result_datum(result);
}

/* rollback_preview(source, service, steps, target, versions) */
Datum
migrator_rollback_preview(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.rollback_preview()");
	PG_TRY();
	{
		RunRequest	request = {.direction = UNIT_DOWN};
		BackRequest *back = &request.back;

		back_api_steps(fcinfo, 2, back);
		back->target = api_text(fcinfo, 3);
		back->versions = api_text_array(fcinfo, 4, "versions", &back->version_count);
		back_api_require_one_choice(back);
		request.scope = back_api_scope(&request, api_text(fcinfo, 0), api_text(fcinfo, 1), NULL, NULL);
		run_preview(&request, put_preview_row, result);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

static void
put_preview_row(const PreviewRow *row, void *argument)
{
	ReturnSetInfo *result = argument;
	Datum		values[10];
	bool		nulls[10] = {false};
	Datum	   *dependents = palloc((list_length(row->dependents) + 1) * sizeof(Datum));
	ListCell   *lc;

	foreach(lc, row->dependents)
	{
		dependents[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	}
	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->version);
	api_set_text(values, nulls, 2, row->name);
	values[3] = Int32GetDatum(row->statement);
	nulls[3] = row->statement == 0;
	api_set_text(values, nulls, 4, row->command);
	api_set_text(values, nulls, 5, row->object);
	values[6] = Int64GetDatum((int64) row->rows);
	nulls[6] = row->rows < 0;
	values[7] = Int64GetDatum(row->bytes);
	nulls[7] = row->bytes < 0;
	values[8] = PointerGetDatum(construct_array(dependents, list_length(row->dependents), TEXTOID, -1, false, TYPALIGN_INT));
	api_set_text(values, nulls, 9, row->down_source);
	api_put_row(result, values, nulls);
}

/* "locked" is the place of if_locked; rollback() has dry_run before. */
static void
read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request)
{
	BackRequest *back = &request->back;
	char	   *if_locked = api_text(fcinfo, locked);

	back_api_options(fcinfo, locked + 2, request);
	if (if_locked != NULL)
		request->if_locked = settings_parse_if_locked(if_locked);
	request->wait_timeout = api_interval_ms(fcinfo, locked + 1, "wait_timeout", settings_wait_ms());
	back_api_steps(fcinfo, 2, back);
	back->target = api_text(fcinfo, 3);
	back->versions = api_text_array(fcinfo, 4, "versions", &back->version_count);
	back_api_require_one_choice(back);
	request->scope = back_api_scope(request, api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, 5),
									api_jsonb(fcinfo, 6));
}

void
back_api_options(FunctionCallInfo fcinfo, int n, RunRequest *request)
{
	List	   *options = options_read(api_jsonb(fcinfo, n), back_options, false);
	const Option *force = options_find(options, "force");
	const Option *run_id = options_find(options, "run_id");
	const Option *down_source = options_find(options, "down_source");
	const Option *verbose = options_find(options, "verbose");

	request->direction = UNIT_DOWN;
	/* what stands behind a failure stays: to go on would leave a hole */
	request->on_error = ON_ERROR_RAISE;
	request->if_locked = migrator_if_locked;
	request->wait_timeout = settings_wait_ms();
	if (force != NULL)
		request->force = request->back.force = force->boolean;
	request->brief = verbose == NULL || !verbose->boolean;
	if (run_id != NULL)
	{
		request->back.run_id = run_id->number;
		if (run_id->number < 1)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("option \"%s\" must be %s", "run_id", run_id->key->must_be));
	}
	if (down_source != NULL && strcmp(down_source->strings[0], "file") == 0)
		request->back.down_source = DOWN_SOURCE_FILE;
	else if (down_source != NULL && strcmp(down_source->strings[0], "record") != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"%s\" must be %s", "down_source", down_source->key->must_be));
	api_option_ignore(options, &request->ignore, &request->ignore_count);
	api_option_layout(options, &request->layout);
	api_option_filters(options, &request->contexts, &request->labels);
}

void
back_api_steps(FunctionCallInfo fcinfo, int n, BackRequest *back)
{
	if (PG_ARGISNULL(n))
		return;
	back->steps = PG_GETARG_INT32(n);
	if (back->steps < 1)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"steps\" must be at least 1"));
}

void
back_api_require_one_choice(const BackRequest *back)
{
	const char *given[] = {
		back->steps > 0 ? "argument \"steps\"" : NULL,
		back->target ? "argument \"target\"" : NULL,
		back->versions ? "argument \"versions\"" : NULL,
		back->run_id != 0 ? "option \"run_id\"" : NULL
	};
	const char *first = NULL;

	for (int i = 0; i < lengthof(given); i++)
	{
		if (given[i] != NULL && first != NULL)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%s and %s exclude each other", first, given[i]));
		if (given[i] != NULL)
			first = given[i];
	}
}

Scope *
back_api_scope(const RunRequest *request, const char *source, const char *service, const char *environment,
			   Jsonb *variables)
{
	Scope	   *scope;

	if (scope_means_all(service))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("services are taken back one by one"),
				errhint("Name one."));
	scope = scope_resolve(source, service, environment);
	scope->back = true;
	scope_take_variables(scope, variables);
	api_put_run_options(request, scope);
	return scope;
}
