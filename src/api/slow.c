/*
 * slow.c
 *	  SQL functions about migrations that took long.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "plan/scope.h"
#include "record/record.h"

PG_FUNCTION_INFO_V1(migrator_slow);
PG_FUNCTION_INFO_V1(migrator_is_slow);

static bool is_slow(double ms, int threshold);
static void put_slow(ReturnSetInfo *result, const Record *record, int threshold);
static int	slower_first(const ListCell *a, const ListCell *b);

/* A threshold below zero is that nothing is slow. */
static bool
is_slow(double ms, int threshold)
{
	return threshold >= 0 && ms > threshold;
}

/* slow(threshold, service) */
Datum
migrator_slow(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	int			threshold = api_interval_ms(fcinfo, 0, "threshold", migrator_slow_threshold);
	ListCell   *lc;

	owner_query_check_version();
	foreach(lc, scope_resolve_each(NULL, api_text(fcinfo, 1), NULL))
	{
		const Scope *scope = lfirst(lc);

		put_slow(result, record_load(scope->service, InvalidSnapshot), threshold);
	}
	return (Datum) 0;
}

/* What baseline() put on record was not run here, and has no time. */
static void
put_slow(ReturnSetInfo *result, const Record *record, int threshold)
{
	List	   *slow = NIL;
	ListCell   *lc;

	for (int i = 0; i < record->count; i++)
	{
		RecordRow  *row = &record->rows[i];

		if (row->state == MIGRATION_APPLIED && row->execution_time_ms >= 0 && is_slow(row->execution_time_ms, threshold))
			slow = lappend(slow, row);
	}
	list_sort(slow, slower_first);
	foreach(lc, slow)
	{
		const RecordRow *row = lfirst(lc);
		Datum		values[6];
		bool		nulls[6] = {false};

		api_set_text(values, nulls, 0, record->service);
		api_set_text(values, nulls, 1, row->version);
		api_set_text(values, nulls, 2, row->name);
		values[3] = Float8GetDatum(row->execution_time_ms);
		values[4] = TimestampTzGetDatum(row->applied_at);
		nulls[4] = row->applied_at == 0;
		api_set_text(values, nulls, 5, row->environment);
		api_put_row(result, values, nulls);
	}
}

static int
slower_first(const ListCell *a, const ListCell *b)
{
	const RecordRow *first = lfirst(a);
	const RecordRow *second = lfirst(b);

	if (first->execution_time_ms != second->execution_time_ms)
		return first->execution_time_ms > second->execution_time_ms ? -1 : 1;
	return strcmp(first->version, second->version);
}

/* is_slow(execution_time_ms) */
Datum
migrator_is_slow(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_slow(PG_GETARG_FLOAT8(0), migrator_slow_threshold));
}
