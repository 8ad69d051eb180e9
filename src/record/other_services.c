/*
 * other_services.c
 *	  What is on record of other services' migrations.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "record/other_services.h"

/* argument of take_shared() */
typedef struct TakenShared
{
	SharedSchema *shared;
	MemoryContext context;
} TakenShared;

static void take_row(const Datum *values, const bool *nulls, void *argument);
static void take_shared(HeapTuple tuple, TupleDesc desc, void *argument);

/*
 * Versions are compared as those of a service's own files are: digits as
 * numbers, others by their bytes.  Without its zeros a number has one spelling,
 * so that thousands of them are found by hashing.
 */
void
other_services_look(OtherMigration *migrations, int count)
{
	static OwnerQuery query = {
		"SELECT n.place,"
		" EXISTS (SELECT FROM migrator.services s WHERE s.service = n.service),"
		" EXISTS (SELECT FROM migrator.migrations o WHERE o.service = n.service),"
		" m.state, m.applied_at"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
		"  WITH ORDINALITY AS n (service, version, place)"
		" LEFT JOIN migrator.migrations m ON m.service = n.service"
		"  AND pg_catalog.ltrim(m.version, '0') = pg_catalog.ltrim(n.version, '0')"
		"  AND (m.version = n.version OR (m.version ~ '^[0-9]+$' AND n.version ~ '^[0-9]+$'))",
		2, {TEXTARRAYOID, TEXTARRAYOID}
	};
	Datum	   *services = palloc(Max(count, 1) * sizeof(Datum));
	Datum	   *versions = palloc(Max(count, 1) * sizeof(Datum));
	Datum		values[2];

	if (count == 0)
		return;
	for (int i = 0; i < count; i++)
	{
		services[i] = CStringGetTextDatum(migrations[i].service);
		versions[i] = CStringGetTextDatum(migrations[i].version);
	}
	values[0] = owner_query_array(services, count, TEXTOID);
	values[1] = owner_query_array(versions, count, TEXTOID);
	owner_query_scan(&query, values, InvalidSnapshot, take_row, migrations);
}

/* Of two rows that spell one number, the one that is applied counts. */
static void
take_row(const Datum *values, const bool *nulls, void *argument)
{
	OtherMigration *migrations = argument;
	OtherMigration *found = &migrations[DatumGetInt64(values[0]) - 1];

	found->registered = DatumGetBool(values[1]);
	found->has_record = DatumGetBool(values[2]);
	if (!nulls[3] && (found->state == NULL || strcmp(found->state, "applied") != 0))
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(migrations));

		found->state = TextDatumGetCString(values[3]);
		found->applied_at = nulls[4] ? 0 : DatumGetTimestampTz(values[4]);
		MemoryContextSwitchTo(old);
	}
}

const SharedSchema *
other_services_share(const char *service, const List *schemas)
{
	static OwnerQuery query = {
		"SELECT o.schema, o.service FROM ("
		"  SELECT h AS schema, t.service FROM migrator.tracked_services t, pg_catalog.unnest(t.homes) h"
		"  UNION ALL SELECT h, s.service FROM migrator.services s,"
		"   pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(s.options->'schemas')"
		"    WHEN 'array' THEN s.options->'schemas' ELSE '[]' END) h) o"
		" WHERE o.service <> $1 AND o.schema = ANY ($2)"
		" AND EXISTS (SELECT FROM migrator.migrations m WHERE m.service = o.service AND m.state = 'applied')"
		" ORDER BY 1, 2 LIMIT 1",
		2, {TEXTOID, TEXTARRAYOID}
	};
	Datum	   *names = palloc(Max(list_length(schemas), 1) * sizeof(Datum));
	Datum		values[2] = {CStringGetTextDatum(service)};
	TakenShared taken = {NULL, CurrentMemoryContext};
	ListCell   *lc;

	foreach(lc, schemas)
	{
		names[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	}
	values[1] = owner_query_array(names, list_length(schemas), TEXTOID);
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_shared, &taken);
	return taken.shared;
}

static void
take_shared(HeapTuple tuple, TupleDesc desc, void *argument)
{
	TakenShared *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);

	taken->shared = palloc(sizeof(SharedSchema));
	taken->shared->schema = owner_query_text(tuple, desc, 1);
	taken->shared->service = owner_query_text(tuple, desc, 2);
	MemoryContextSwitchTo(old);
}
