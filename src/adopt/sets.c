/*
 * sets.c
 *	  Tools that keep a set of versions or names, and no checksums.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "adopt/history.h"

/* version_id, is_applied, tstamp, id */
static void
take_goose(HistoryEntry *entry, char *const *values)
{
	entry->undone = strcmp(values[1], "t") != 0;
	/* the row that the table begins with */
	entry->skip = strcmp(entry->version, "0") == 0;
}

static int64
lock_goose(const HistoryTable *table)
{
	return INT64CONST(4097083626);
}

/* Of a table of versions, whose other columns have values by themselves. */
#define MIRROR_OF_VERSIONS \
	.mirror_add = { \
		"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1", \
		"INSERT INTO %s (version) VALUES ($1)" \
	}, \
	.mirror_remove = {"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1"}

const HistoryTool history_dbmate = {
	.name = "dbmate",
	.tables = {"schema_migrations"},
	.columns = {{"version", HISTORY_TEXT, HISTORY_VERSION}},
	.closed = true,
	.not_beside = "ar_internal_metadata",
	MIRROR_OF_VERSIONS,
	.unknown = "dbmate keeps neither times nor checksums"
};

const HistoryTool history_goose = {
	.name = "goose",
	.tables = {"goose_db_version"},
	.columns = {
		{"version_id", HISTORY_INTEGER, HISTORY_VERSION}, {"is_applied", HISTORY_BOOLEAN},
		{"tstamp", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE}, {"id", HISTORY_INTEGER, HISTORY_SEQUENCE}
	},
	.telling = true,
	.take = take_goose,
	.lock = lock_goose,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE version_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
		"INSERT INTO %s (version_id, is_applied) VALUES ($1::pg_catalog.int8, true)"
	},
	.mirror_remove = {"DELETE FROM ONLY %s WHERE version_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8"},
	.mirror_clear = "DELETE FROM ONLY %s WHERE version_id OPERATOR(pg_catalog.<>) 0",
	.unknown = "goose keeps no checksums"
};

static int64
lock_node_pg_migrate(const HistoryTable *table)
{
	return INT64CONST(7241865325823964);
}

/* schema-evolution-manager names a file with its folder */
static void
take_file(HistoryEntry *entry, char *const *values)
{
	const char *slash = strrchr(entry->file, '/');

	if (slash != NULL)
		entry->file += slash + 1 - entry->file;
}

/* "pgmigrate baseline" leaves one row, by its description; of version 0 it is before the first */
static void
take_yandex_pgmigrate(HistoryEntry *entry, char *const *values)
{
	entry->skip = strcmp(entry->version, "0") == 0;
	entry->through = entry->baseline = strcmp(entry->name, "Forced baseline") == 0;
}

const HistoryTool history_diesel = {
	.name = "diesel",
	.tables = {"__diesel_schema_migrations"},
	.columns = {{"version", HISTORY_TEXT, HISTORY_VERSION}, {"run_on", HISTORY_TIME, HISTORY_APPLIED_AT}},
	.telling = true,
	.closed = true,
	MIRROR_OF_VERSIONS,
	.unknown = "diesel keeps no checksums"
};

const HistoryTool history_sql_migrate = {
	.name = "sql-migrate",
	.tables = {"gorp_migrations"},
	.columns = {{"id", HISTORY_TEXT, HISTORY_FILE}, {"applied_at", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE}},
	.telling = true,
	.closed = true,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE id OPERATOR(pg_catalog.=) $3",
		"INSERT INTO %s (id, applied_at) VALUES ($3, pg_catalog.now())"
	},
	.mirror_remove = {"DELETE FROM ONLY %s WHERE id OPERATOR(pg_catalog.=) $3"},
	.unknown = "sql-migrate keeps no checksums"
};

const HistoryTool history_node_pg_migrate = {
	.name = "node-pg-migrate",
	.tables = {"pgmigrations"},
	.columns = {
		{"name", HISTORY_TEXT, HISTORY_FILE}, {"run_on", HISTORY_TIME, HISTORY_APPLIED_AT},
		{"id", HISTORY_INTEGER, HISTORY_SEQUENCE}
	},
	.telling = true,
	.closed = true,
	.lock = lock_node_pg_migrate,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE name OPERATOR(pg_catalog.=) $4",
		"INSERT INTO %s (name, run_on) VALUES ($4, pg_catalog.now())"
	},
	.mirror_remove = {"DELETE FROM ONLY %s WHERE name OPERATOR(pg_catalog.=) $4"},
	.unknown = "node-pg-migrate keeps no checksums"
};

const HistoryTool history_popx = {
	.name = "popx",
	.tables = {"schema_migration"},
	.columns = {{"version", HISTORY_TEXT, HISTORY_VERSION}, {"version_self", HISTORY_ANY}},
	.telling = true,
	.closed = true,
	MIRROR_OF_VERSIONS,
	.unknown = "popx keeps neither times nor checksums"
};

const HistoryTool history_yandex_pgmigrate = {
	.name = "yandex-pgmigrate",
	.tables = {"schema_version"},
	.columns = {
		{"version", HISTORY_INTEGER, HISTORY_VERSION}, {"description", HISTORY_TEXT, HISTORY_NAME},
		{"type", HISTORY_ANY}, {"installed_by", HISTORY_TEXT, HISTORY_APPLIED_BY},
		{"installed_on", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE}
	},
	.telling = true,
	.closed = true,
	.take = take_yandex_pgmigrate,
	.unknown = "yandex-pgmigrate keeps no checksums"
};

const HistoryTool history_supabase = {
	.name = "supabase",
	.tables = {"schema_migrations"},
	.columns = {
		{"version", HISTORY_TEXT, HISTORY_VERSION}, {"name", HISTORY_TEXT, HISTORY_NAME, HISTORY_NULLABLE},
		{"statements", HISTORY_ANY}
	},
	.telling = true,
	.unknown = "Supabase keeps neither times nor checksums"
};

const HistoryTool history_schema_evolution_manager = {
	.name = "schema-evolution-manager",
	.tables = {"scripts"},
	.columns = {
		{"filename", HISTORY_TEXT, HISTORY_FILE}, {"created_at", HISTORY_TIME, HISTORY_APPLIED_AT},
		{"id", HISTORY_INTEGER, HISTORY_SEQUENCE}
	},
	.closed = true,
	.take = take_file,
	.unknown = "schema-evolution-manager keeps no checksums"
};
