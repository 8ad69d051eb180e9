/*
 * api_run.c
 *	  SQL functions that run migrations: apply, up.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "api.h"

PG_FUNCTION_INFO_V1(migrator_apply);
PG_FUNCTION_INFO_V1(migrator_up);

static void read_arguments(FunctionCallInfo fcinfo, RunRequest *request);
static void put_run_row(const RunRow *row, void *argument);

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
		read_arguments(fcinfo, &request);
		run_apply(&request, put_run_row, result);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

static void
read_arguments(FunctionCallInfo fcinfo, RunRequest *request)
{
	char	   *if_locked = api_text(fcinfo, 7);
	char	   *on_error = api_text(fcinfo, 9);

	request->plan.target = api_text(fcinfo, 2);
	request->plan.versions = api_text_array(fcinfo, 3, "versions", &request->plan.version_count);
	if (request->plan.target != NULL && request->plan.versions != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("arguments \"target\" and \"versions\" exclude each other"));
	request->plan.late_allowed = migrator_late == LATE_ALLOW;
	api_refuse_variables(fcinfo, 5);
	request->dry_run = api_bool(fcinfo, 6, false);
	request->if_locked = if_locked ? settings_parse_if_locked(if_locked) : migrator_if_locked;
	request->wait_timeout = api_interval_ms(fcinfo, 8, "wait_timeout", migrator_wait_timeout);
	request->on_error = on_error ? settings_parse_on_error(on_error) : migrator_on_error;
	api_run_options(fcinfo, 10, request);
	request->scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, 4));
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

/* It exists so that the hints which name it are true. */
Datum
migrator_up(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("CALL migrator.up() is not supported yet"),
			errhint("Use SELECT * FROM migrator.apply(), which runs in the caller's transaction."));
	PG_RETURN_NULL();
}
