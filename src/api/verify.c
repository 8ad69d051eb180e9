/*
 * verify.c
 *	  SQL function verify().
 */
#include "postgres.h"

#include "api/api.h"
#include "run/verify.h"

PG_FUNCTION_INFO_V1(migrator_verify);

static void put_verify_row(const VerifyRow *row, void *argument);

/* verify(source, service, versions, environment, variables) */
Datum
migrator_verify(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.verify()");
	PG_TRY();
	{
		RunRequest	request = {0};
		int			version_count;
		char	  **versions = api_text_array(fcinfo, 2, "versions", &version_count);
		ListCell   *lc;

		foreach(lc, api_scopes(fcinfo, versions, 3, 4))
		{
			request.scope = lfirst(lc);
			run_verify(&request, versions, version_count, put_verify_row, result);
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
put_verify_row(const VerifyRow *row, void *argument)
{
	Datum		values[6];
	bool		nulls[6] = {false};

	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->version);
	api_set_text(values, nulls, 2, row->name);
	api_set_text(values, nulls, 3, row->verdict);
	nulls[4] = row->execution_time_ms < 0;
	values[4] = Float8GetDatum(row->execution_time_ms);
	api_set_text(values, nulls, 5, row->message);
	api_put_row(argument, values, nulls);
}
