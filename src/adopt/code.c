/*
 * code.c
 *	  Tools whose migrations are code, which nothing here runs: their histories
 *	  are sets of names.
 *
 * Where the SQL of a migration lies in a file of that name, it is the file's.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "adopt/checksum.h"
#include "adopt/history.h"
#include "adopt/table.h"

#define RAILS_SALT 2053462845

static int64
lock_rails(const HistoryTable *table)
{
	return (int64) RAILS_SALT * (int64) checksum_name(0, get_database_name(MyDatabaseId));
}

/* Alembic keeps the heads alone; what is before them only its code knows. */
static void
take_alembic(HistoryEntry *entry, char *const *values)
{
	entry->note = "Alembic keeps the last of each branch alone: those before it are for baseline()";
}

/* name, applied, id, app: one name may be of several apps */
static void
take_django(HistoryEntry *entry, char *const *values)
{
	entry->version = psprintf("%s.%s", values[3], entry->name);
}

static void
require_knex_idle(const HistoryTable *table)
{
	static const HistoryColumn columns[HISTORY_COLUMNS] = {{"is_locked", HISTORY_INTEGER}};

	history_require_unlocked(table, psprintf("%s_lock", table->name), columns, "knex migrate:unlock");
}

/* a row while it runs */
static void
require_yoyo_idle(const HistoryTable *table)
{
	static const HistoryColumn columns[HISTORY_COLUMNS] = {{"locked", HISTORY_INTEGER}};

	history_require_unlocked(table, "yoyo_lock", columns, "yoyo break-lock");
}

const HistoryTool history_rails = {
	.name = "rails",
	.tables = {"schema_migrations"},
	.columns = {{"version", HISTORY_TEXT, HISTORY_VERSION}},
	.closed = true,
	.beside = "ar_internal_metadata",
	.lock = lock_rails,
	.code = true,
	.unknown = "Rails keeps neither times nor checksums"
};

const HistoryTool history_ecto = {
	.name = "ecto",
	.tables = {"schema_migrations"},
	.columns = {{"version", HISTORY_INTEGER, HISTORY_VERSION}, {"inserted_at", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE}},
	.telling = true,
	.closed = true,
	.code = true,
	.times_are_utc = true,
	.unknown = "Ecto keeps no checksums"
};

const HistoryTool history_alembic = {
	.name = "alembic",
	.tables = {"alembic_version"},
	.columns = {{"version_num", HISTORY_TEXT, HISTORY_FILE}},
	.telling = true,
	.closed = true,
	.take = take_alembic,
	.code = true,
	.unknown = "Alembic keeps neither times nor checksums"
};

const HistoryTool history_django = {
	.name = "django",
	.tables = {"django_migrations"},
	.columns = {
		{"name", HISTORY_TEXT, HISTORY_NAME}, {"applied", HISTORY_TIME, HISTORY_APPLIED_AT},
		{"id", HISTORY_INTEGER, HISTORY_SEQUENCE}, {"app", HISTORY_TEXT}
	},
	.telling = true,
	.closed = true,
	.take = take_django,
	.code = true,
	.unknown = "Django keeps no checksums"
};

const HistoryTool history_ef_core = {
	.name = "ef-core",
	.tables = {"__EFMigrationsHistory"},
	.columns = {{"MigrationId", HISTORY_TEXT, HISTORY_FILE}, {"ProductVersion", HISTORY_ANY}},
	.telling = true,
	.closed = true,
	.code = true,
	.unknown = "EF Core keeps neither times nor checksums"
};

const HistoryTool history_knex = {
	.name = "knex",
	.tables = {"knex_migrations"},
	.columns = {
		{"name", HISTORY_TEXT, HISTORY_FILE}, {"migration_time", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE},
		{"id", HISTORY_INTEGER, HISTORY_SEQUENCE}, {"batch", HISTORY_ANY}
	},
	.telling = true,
	.closed = true,
	.require_idle = require_knex_idle,
	.code = true,
	.unknown = "Knex keeps no checksums"
};

/* SQL or Python; the hash is of the name */
const HistoryTool history_yoyo = {
	.name = "yoyo",
	.tables = {"_yoyo_migration"},
	.columns = {
		{"migration_hash", HISTORY_ANY}, {"migration_id", HISTORY_TEXT, HISTORY_VERSION},
		{"applied_at_utc", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE}
	},
	.telling = true,
	.closed = true,
	.require_idle = require_yoyo_idle,
	.code = true,
	.times_are_utc = true,
	.unknown = "yoyo keeps no checksums"
};
