/*
 * seed.c
 *	  SQL function seed().
 */
#include "postgres.h"

#include "funcapi.h"

#include "api/api.h"
#include "run/seed.h"

PG_FUNCTION_INFO_V1(migrator_seed);

static void put_seed_row(const RunRow *row, void *argument);

/* seed(source, service, environment, variables) */
Datum
migrator_seed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.seed()");
	PG_TRY();
	{
		RunRequest	request = {
			.if_locked = migrator_if_locked,
			.wait_timeout = settings_wait_ms()
		};
		ListCell   *lc;

		request.of_all = scope_means_all(api_text(fcinfo, 1));
		foreach(lc, api_scopes(fcinfo, NULL, 2, 3))
		{
			request.scope = lfirst(lc);
			run_seed(&request, put_seed_row, result);
		}
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	return (Datum) 0;
}

static void
put_seed_row(const RunRow *row, void *argument)
{
	Datum		values[5];
	bool		nulls[5] = {false};

	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->name);
	api_set_text(values, nulls, 2, row->outcome);
	values[3] = Float8GetDatum(row->execution_time_ms);
	nulls[3] = row->execution_time_ms < 0;
	api_set_text(values, nulls, 4, row->message);
	api_put_row(argument, values, nulls);
}
