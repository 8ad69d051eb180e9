/*
 * window.c
 *	  When runs may begin that need a maintenance window.
 *
 * Rows are never deleted: a window that was dropped says when and by whom.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rangetypes.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "record/who.h"
#include "record/window.h"

static void
read_state(HeapTuple tuple, TupleDesc desc, void *argument)
{
	WindowState *state = argument;
	bool		isnull;
	Datum		value;
	char	   *zone;

	state->defined = DatumGetInt32(heap_getattr(tuple, 1, desc, &isnull));
	state->open = DatumGetBool(heap_getattr(tuple, 2, desc, &isnull));
	value = heap_getattr(tuple, 3, desc, &isnull);
	state->opens_next = DT_NOEND;
	if (isnull)
		return;
	state->opens_next = DatumGetTimestampTz(value);
	zone = owner_query_text(tuple, desc, 4);
	state->time_zone = MemoryContextStrdup(GetMemoryChunkContext(state), zone);
}

void
window_state(const char *service, TimestampTz at, WindowState *state)
{
	/* one row: the window that opens next, with what can be said of all */
	static OwnerQuery query = {
		"SELECT (pg_catalog.count(*) OVER ())::pg_catalog.int4,"
		" COALESCE(pg_catalog.bool_or(t.open_now) OVER (), false), t.opens_next, w.time_zone"
		" FROM migrator.windows w, migrator.window_times(w.opens, w.closes, w.days, w.during, w.time_zone, $2) t"
		" WHERE w.dropped_at IS NULL AND (w.service IS NULL OR w.service = $1)"
		" ORDER BY t.opens_next NULLS LAST, w.id LIMIT 1",
		2, {TEXTOID, TIMESTAMPTZOID}
	};
	Datum		values[2] = {CStringGetTextDatum(service), TimestampTzGetDatum(at)};
	WindowState *found = palloc0(sizeof(WindowState));
	Snapshot	latest = InvalidSnapshot;

	found->opens_next = DT_NOEND;
	if (IsolationUsesXactSnapshot())
		latest = RegisterSnapshot(GetLatestSnapshot());
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, latest, read_state, found);
	if (latest != InvalidSnapshot)
		UnregisterSnapshot(latest);
	*state = *found;
}

static void
read_id(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(int64 *) argument = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
}

int64
window_write(const NewWindow *window)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.windows (service, opens, closes, days, during, time_zone, note, added_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
		8, {TEXTOID, TIMEOID, TIMEOID, TEXTARRAYOID, TSTZRANGEOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[8];
	char		nulls[8];
	Datum	   *days = palloc(Max(window->day_count, 1) * sizeof(Datum));
	int64		id = 0;

	for (int i = 0; i < window->day_count; i++)
		days[i] = CStringGetTextDatum(window->days[i]);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = owner_query_text_or_null(window->service, &nulls[0]);
	values[1] = TimeADTGetDatum(window->opens);
	values[2] = TimeADTGetDatum(window->closes);
	values[3] = owner_query_array(days, window->day_count, TEXTOID);
	values[4] = PointerGetDatum(window->during);
	if (window->during != NULL)
		nulls[1] = nulls[2] = 'n';
	else
		nulls[4] = 'n';
	if (window->day_count == 0)
		nulls[3] = 'n';
	values[5] = CStringGetTextDatum(window->time_zone);
	values[6] = owner_query_text_or_null(window->note, &nulls[6]);
	values[7] = CStringGetTextDatum(who_name(GetSessionUserId()));
	(void) owner_query_run(&query, SPI_OK_INSERT_RETURNING, values, nulls, InvalidSnapshot, read_id, &id);
	return id;
}

static void
read_service(HeapTuple tuple, TupleDesc desc, void *argument)
{
	char	  **service = argument;
	char	   *text = owner_query_text(tuple, desc, 1);

	*service = text ? MemoryContextStrdup(GetMemoryChunkContext(service), text) : NULL;
}

bool
window_find(int64 id, char **service)
{
	static OwnerQuery query = {
		"SELECT service FROM migrator.windows WHERE id = $1 AND dropped_at IS NULL", 1, {INT8OID}
	};
	Datum		value = Int64GetDatum(id);
	char	  **found = palloc0(sizeof(char *));
	bool		exists = owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, read_service, found) > 0;

	*service = *found;
	return exists;
}

bool
window_drop(int64 id)
{
	static OwnerQuery query = {
		"UPDATE migrator.windows SET dropped_at = pg_catalog.clock_timestamp(), dropped_by = $2"
		" WHERE id = $1 AND dropped_at IS NULL",
		2, {INT8OID, TEXTOID}
	};
	Datum		values[2] = {Int64GetDatum(id), CStringGetTextDatum(who_name(GetSessionUserId()))};

	return owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}
