/*
 * sqlx.c
 *	  The history of sqlx: a row for each version, with SHA-384 of the file.
 */
#include "postgres.h"

#include <zlib.h>

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

static HistoryVerdict
verify_sqlx(const HistoryEntry *entry, const Migration *migration, const Source *source, const char **message)
{
	FileContent content;

	source_read(source, migration->up->file, &content);
	if (content.bytes == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(checksum_hex(CHECKSUM_SHA384, content.bytes, content.length), entry->checksum) == 0 ?
		HISTORY_VERIFIED : HISTORY_MODIFIED;
}

static int64
lock_sqlx(const HistoryTable *table)
{
	const char *database = get_database_name(MyDatabaseId);

	return (int64) SQLX_SALT * (int64) crc32(0, (const Bytef *) database, strlen(database));
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
	.way_out = "See which of its statements are in the database, undo or finish them, and delete the row or set \"success\"."
};
