/*
 * sqlx.c
 *	  The history of sqlx: a row for each version, with SHA-384 of the file.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"

#include "adopt/checksum.h"
#include "adopt/history.h"

enum
{
	VERSION, DESCRIPTION, AT, SUCCESS, CHECKSUM, TIME
};

#define SQLX_SALT 0x3d32ad9e

static void
take_sqlx(HistoryEntry *entry, char *const *values)
{
	if (strcmp(values[SUCCESS], "t") != 0)
		entry->broken = psprintf("Version %s is on record as not successful.", entry->version);
	/* it is kept in ns, -1 while it is not known */
	if (values[TIME] != NULL && values[TIME][0] != '-')
		entry->execution_time_ms = strtod(values[TIME], NULL) / 1e6;
}

static char *
checksum_sqlx(const Migration *migration, const Source *source)
{
	FileContent content;

	source_read(source, migration->up->file, &content);
	return content.bytes ? checksum_hex(CHECKSUM_SHA384, content.bytes, content.length) : NULL;
}

static HistoryVerdict
verify_sqlx(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	char	   *sum = checksum_sqlx(migration, reader->source);

	if (sum == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(sum, entry->checksum) == 0 ? HISTORY_VERIFIED : HISTORY_MODIFIED;
}

static int64
lock_sqlx(const HistoryTable *table)
{
	return (int64) SQLX_SALT * (int64) checksum_name(0, get_database_name(MyDatabaseId));
}

const HistoryTool history_sqlx = {
	.name = "sqlx",
	.tables = {"_sqlx_migrations"},
	.columns = {
		[VERSION] = {"version", HISTORY_INTEGER, HISTORY_VERSION},
		[DESCRIPTION] = {"description", HISTORY_TEXT, HISTORY_NAME},
		[AT] = {"installed_on", HISTORY_TIME, HISTORY_APPLIED_AT},
		[SUCCESS] = {"success", HISTORY_BOOLEAN},
		[CHECKSUM] = {"checksum", HISTORY_BYTES, HISTORY_CHECKSUM},
		[TIME] = {"execution_time", HISTORY_INTEGER}
	},
	.telling = true,
	.take = take_sqlx,
	.verify = verify_sqlx,
	.lock = lock_sqlx,
	.checksum = checksum_sqlx,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
		"INSERT INTO %s (version, description, success, checksum, execution_time) VALUES ($1::pg_catalog.int8, $2, true,"
		" pg_catalog.decode($5, 'hex'), ($6::pg_catalog.float8 OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8)"
	},
	.mirror_remove = {"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1::pg_catalog.int8"},
	.mirror_accept = "UPDATE ONLY %s SET checksum = pg_catalog.decode($5, 'hex') WHERE version OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
	.way_out = "See which of its statements are in the database, undo or finish them, and delete the row or set \"success\"."
};
