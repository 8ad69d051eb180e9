/*
 * sets.c
 *	  Tools that keep a set of versions or names, and no checksums.
 */
#include "postgres.h"

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

const HistoryTool history_dbmate = {
	.name = "dbmate",
	.tables = {"schema_migrations"},
	.columns = {{"version", HISTORY_TEXT, HISTORY_VERSION}},
	.closed = true,
	.not_beside = "ar_internal_metadata",
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
	.unknown = "goose keeps no checksums"
};
