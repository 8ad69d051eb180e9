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

static void take_row(const Datum *values, const bool *nulls, void *argument);

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
