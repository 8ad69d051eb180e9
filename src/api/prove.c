/*
 * prove.c
 *	  SQL function prove().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/api.h"
#include "run/prove.h"

PG_FUNCTION_INFO_V1(migrator_prove);

static void put_proof_row(const ProofRow *row, void *argument);
static Datum text_array(const List *texts);

/* prove(source, service, versions, environment, variables) */
Datum
migrator_prove(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);

	run_enter("migrator.prove()");
	PG_TRY();
	{
		RunRequest	request = {
			.if_locked = migrator_if_locked,
			.wait_timeout = settings_wait_ms()
		};
		int			version_count;
		char	  **versions = api_text_array(fcinfo, 2, "versions", &version_count);
		ListCell   *lc;

		foreach(lc, api_scopes(fcinfo, versions, 3, 4))
		{
			request.scope = lfirst(lc);
			run_prove(&request, versions, version_count, put_proof_row, result);
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
put_proof_row(const ProofRow *row, void *argument)
{
	Datum		values[6];
	bool		nulls[6] = {false};

	api_set_text(values, nulls, 0, row->service);
	api_set_text(values, nulls, 1, row->version);
	api_set_text(values, nulls, 2, row->name);
	api_set_text(values, nulls, 3, row->verdict);
	nulls[4] = !row->compared;
	values[4] = row->compared ? text_array(row->differences) : (Datum) 0;
	api_set_text(values, nulls, 5, row->message);
	api_put_row(argument, values, nulls);
}

static Datum
text_array(const List *texts)
{
	Datum	   *elements = palloc(Max(list_length(texts), 1) * sizeof(Datum));
	ListCell   *lc;

	foreach(lc, texts)
	{
		elements[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	}
	return PointerGetDatum(construct_array(elements, list_length(texts), TEXTOID, -1, false, TYPALIGN_INT));
}
