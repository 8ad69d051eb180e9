/*
 * marks.c
 *	  Tools that keep one number: golang-migrate and tern.
 *
 * Everything up to it is applied; when, and by whom, nobody wrote down.
 */
#include "postgres.h"

#include <zlib.h>

#include "commands/dbcommands.h"
#include "miscadmin.h"

#include "adopt/checksum.h"
#include "adopt/history.h"

#define GOLANG_MIGRATE_SALT 1486364155

/* version, dirty */
static void
take_golang_migrate(HistoryEntry *entry, char *const *values)
{
	entry->through = true;
	if (strcmp(values[1], "t") == 0)
		entry->broken = psprintf("Version %s is marked as dirty: the run that began it did not end it.", entry->version);
	/* before the first */
	if (entry->version[0] == '-')
		entry->skip = true;
}

/* crc32("schema\0table\0database") times a number, in 32 bits */
static int64
lock_golang_migrate(const HistoryTable *table)
{
	static const Bytef zero[1] = {0};
	uint32		sum = checksum_name(0, table->schema);

	sum = checksum_name(crc32(sum, zero, 1), table->name);
	sum = checksum_name(crc32(sum, zero, 1), get_database_name(MyDatabaseId));
	return (int64) (sum * (uint32) GOLANG_MIGRATE_SALT);
}

static void
take_tern(HistoryEntry *entry, char *const *values)
{
	entry->through = true;
	entry->skip = strcmp(entry->version, "0") == 0;
}

static int64
lock_tern(const HistoryTable *table)
{
	return INT64CONST(9628173550095224);
}

const HistoryTool history_golang_migrate = {
	.name = "golang-migrate",
	.tables = {"schema_migrations"},
	.columns = {{"version", HISTORY_INTEGER, HISTORY_VERSION}, {"dirty", HISTORY_BOOLEAN}},
	.telling = true,
	.closed = true,
	.take = take_golang_migrate,
	.lock = lock_golang_migrate,
	.mirror_add = {
		"UPDATE ONLY %s SET version = $1::pg_catalog.int8, dirty = false WHERE version OPERATOR(pg_catalog.<) $1::pg_catalog.int8",
		"INSERT INTO %s (version, dirty) SELECT $1::pg_catalog.int8, false WHERE NOT EXISTS (SELECT FROM ONLY %s)"
	},
	.mirror_moves = true,
	.mirror_remove = {
		"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
		"INSERT INTO %s (version, dirty) SELECT $8::pg_catalog.int8, false WHERE $8 IS NOT NULL AND NOT EXISTS (SELECT FROM ONLY %s)"
	},
	.unknown = "golang-migrate keeps neither times nor checksums",
	.way_out = "See which of its statements are in the database, finish or undo them, and run \"migrate force VERSION\"; or do that with UPDATE."
};

const HistoryTool history_tern = {
	.name = "tern",
	.tables = {"schema_version"},
	.columns = {{"version", HISTORY_INTEGER, HISTORY_VERSION}},
	.closed = true,
	.take = take_tern,
	.lock = lock_tern,
	.unknown = "tern keeps neither times nor checksums"
};
