/*
 * chains.c
 *	  Tools whose hashes their layout verifies, or whose order is a journal:
 *	  graphile-migrate, Atlas, drizzle.
 */
#include "postgres.h"

#include "adopt/checksum.h"
#include "adopt/history.h"

/*
 * Of graphile-migrate the hash is in the file, and of Atlas in atlas.sum: the layout refuses a
 * file that has another one.
 */
static HistoryVerdict
verify_hash(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	if (migration->hash == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(migration->hash, entry->checksum) == 0 ? HISTORY_VERIFIED : HISTORY_MODIFIED;
}

static char *
checksum_graphile_migrate(const Migration *migration, const Source *source)
{
	return migration->hash;
}

/* It keeps the number of a file, without the words behind it. */
static void
take_graphile_migrate(HistoryEntry *entry, char *const *values)
{
	entry->version = pnstrdup(entry->file, strspn(entry->file, "0123456789"));
	if (entry->version[0] == '\0')
		entry->version = NULL;
}

/* GRAPHILE MIGRATE on the keys of a telephone */
static int64
lock_graphile_migrate(const HistoryTable *table)
{
	return INT64CONST(4727445306447283);
}

/* in the order of columns */
enum
{
	VERSION, DESCRIPTION, TYPE, APPLIED, TOTAL, AT, TIME, ERROR_TEXT, HASH
};

#define ATLAS_BASELINE 1

static void
take_atlas(HistoryEntry *entry, char *const *values)
{
	if (entry->version[0] == '.')
	{
		/* of Atlas itself */
		entry->skip = true;
		return;
	}
	if (atoi(values[TYPE]) & ATLAS_BASELINE)
	{
		entry->through = true;
		entry->baseline = true;
	}
	else if (atoi(values[APPLIED]) < atoi(values[TOTAL]) || (values[ERROR_TEXT] != NULL && values[ERROR_TEXT][0] != '\0'))
		entry->broken = psprintf("Version %s has %s of its %s statements applied.", entry->version, values[APPLIED], values[TOTAL]);
	if (values[TIME] != NULL)
		entry->execution_time_ms = strtod(values[TIME], NULL) / 1e6;
	if (entry->checksum != NULL && entry->checksum[0] == '\0')
		entry->checksum = NULL;
}

/* FNV-1 of the name of its lock */
static int64
lock_atlas(const HistoryTable *table)
{
	uint32		hash = 2166136261U;

	for (const char *c = "atlas_migrate_execute"; *c != '\0'; c++)
		hash = (hash * 16777619U) ^ (unsigned char) *c;
	return hash;
}

/* The row of the n-th migration of the journal. */
static void
take_drizzle(HistoryEntry *entry, char *const *values)
{
	entry->by_place = true;
	entry->version = values[1];
}

static HistoryVerdict
verify_drizzle(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	FileContent content;

	source_read(reader->source, migration->up->file, &content);
	if (content.bytes == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(checksum_hex(CHECKSUM_SHA256, content.bytes, content.length), entry->checksum) == 0 ?
		HISTORY_VERIFIED : HISTORY_MODIFIED;
}

const HistoryTool history_graphile_migrate = {
	.name = "graphile-migrate",
	.tables = {"migrations"},
	.columns = {
		{"filename", HISTORY_TEXT, HISTORY_FILE}, {"hash", HISTORY_TEXT, HISTORY_CHECKSUM},
		{"date", HISTORY_TIME, HISTORY_APPLIED_AT}, {"previous_hash", HISTORY_ANY}
	},
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE filename OPERATOR(pg_catalog.=) ($1 OPERATOR(pg_catalog.||) '.sql')",
		"INSERT INTO %s (hash, previous_hash, filename) VALUES ($5, $7, $1 OPERATOR(pg_catalog.||) '.sql')"
	},
	.mirror_remove = {"DELETE FROM ONLY %s WHERE filename OPERATOR(pg_catalog.=) ($1 OPERATOR(pg_catalog.||) '.sql')"},
	.checksum = checksum_graphile_migrate,
	.take = take_graphile_migrate,
	.telling = true,
	.closed = true,
	.verify = verify_hash,
	.lock = lock_graphile_migrate
};

const HistoryTool history_atlas = {
	.name = "atlas",
	.tables = {"atlas_schema_revisions"},
	.columns = {
		[VERSION] = {"version", HISTORY_TEXT, HISTORY_VERSION},
		[DESCRIPTION] = {"description", HISTORY_TEXT, HISTORY_NAME},
		[TYPE] = {"type", HISTORY_INTEGER},
		[APPLIED] = {"applied", HISTORY_INTEGER},
		[TOTAL] = {"total", HISTORY_INTEGER},
		[AT] = {"executed_at", HISTORY_TIME, HISTORY_APPLIED_AT},
		[TIME] = {"execution_time", HISTORY_INTEGER},
		[ERROR_TEXT] = {"error", HISTORY_TEXT, HISTORY_OTHER, HISTORY_NULLABLE},
		[HASH] = {"hash", HISTORY_TEXT, HISTORY_CHECKSUM, HISTORY_NULLABLE}
	},
	.telling = true,
	.take = take_atlas,
	.verify = verify_hash,
	.lock = lock_atlas,
	.way_out = "Let \"atlas migrate apply\" end it; or see which of its statements are in the database, and set what is applied with \"atlas migrate set\"."
};

const HistoryTool history_drizzle = {
	.name = "drizzle",
	.tables = {"__drizzle_migrations"},
	.columns = {
		{"hash", HISTORY_TEXT, HISTORY_CHECKSUM}, {"created_at", HISTORY_INTEGER, HISTORY_SEQUENCE}, {"id", HISTORY_INTEGER}
	},
	.telling = true,
	.closed = true,
	.take = take_drizzle,
	.verify = verify_drizzle,
	.unknown = "drizzle keeps no times"
};
