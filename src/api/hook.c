/*
 * hook.c
 *	  SQL functions about hooks: add_hook, drop_hook, current_run.
 */
#include "postgres.h"

#include "funcapi.h"

#include "api/api.h"
#include "base/finding.h"
#include "plan/scope.h"
#include "record/hook_function.h"
#include "run/current_run.h"

PG_FUNCTION_INFO_V1(migrator_add_hook);
PG_FUNCTION_INFO_V1(migrator_drop_hook);
PG_FUNCTION_INFO_V1(migrator_current_run);

static void check_event(const char *event);

/* add_hook(event, function, service) */
Datum
migrator_add_hook(PG_FUNCTION_ARGS)
{
	int64		id;

	run_enter("migrator.add_hook()");
	PG_TRY();
	{
		char	   *event = api_required_text(fcinfo, 0, "event");
		char	   *service = api_text(fcinfo, 2);

		check_event(event);
		if (PG_ARGISNULL(1))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("argument \"%s\" must not be null", "function"));
		if (service != NULL)
			scope_check_service_name(service);
		run_require_writable("migrator.add_hook()");
		id = hook_function_add(event, PG_GETARG_OID(1), service);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_INT64(id);
}

static void
check_event(const char *event)
{
	static const char *const events[] = {
		"pre_run", "post_run", "pre_migrate", "post_migrate", "pre_rollback", "post_rollback"
	};

	for (int i = 0; i < lengthof(events); i++)
	{
		if (strcmp(event, events[i]) == 0)
			return;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for argument \"event\": \"%s\"", finding_one_line(event)),
			errhint("Known values: \"pre_run\", \"post_run\", \"pre_migrate\", \"post_migrate\", \"pre_rollback\", \"post_rollback\"."));
}

Datum
migrator_drop_hook(PG_FUNCTION_ARGS)
{
	bool		dropped;

	run_enter("migrator.drop_hook()");
	PG_TRY();
	{
		if (PG_ARGISNULL(0))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("argument \"%s\" must not be null", "id"));
		run_require_writable("migrator.drop_hook()");
		dropped = hook_function_drop(PG_GETARG_INT64(0));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_BOOL(dropped);
}

/* A row within a run of this session, none outside. */
Datum
migrator_current_run(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	const CurrentRun *run = current_run_get();
	Datum		values[8];
	bool		nulls[8] = {false};

	if (run == NULL)
		return (Datum) 0;
	values[0] = Int64GetDatum(run->run_id);
	nulls[0] = run->run_id == 0;
	api_set_text(values, nulls, 1, run->kind);
	api_set_text(values, nulls, 2, run->service);
	api_set_text(values, nulls, 3, run->environment);
	api_set_text(values, nulls, 4, run->direction);
	api_set_text(values, nulls, 5, run->version);
	api_set_text(values, nulls, 6, run->name);
	api_set_text(values, nulls, 7, run->file);
	api_put_row(result, values, nulls);
	return (Datum) 0;
}
