/*
 * backup.c
 *	  Backups that somebody took and restore points that runs made.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "record/backup.h"
#include "record/who.h"

static void
read_id(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(int64 *) argument = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
}

int64
backup_write(const BackupEntry *entry)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.recorded_backups (kind, label, location, size, service, taken_at, lsn, run_id, version, recorded_by)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
		10, {TEXTOID, TEXTOID, TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID, LSNOID, INT8OID, TEXTOID, TEXTOID}
	};
	Datum		values[10];
	char		nulls[10];
	int64		id = 0;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(entry->kind);
	values[1] = CStringGetTextDatum(entry->label);
	values[2] = owner_query_text_or_null(entry->location, &nulls[2]);
	values[3] = Int64GetDatum(entry->size);
	nulls[3] = entry->size >= 0 ? ' ' : 'n';
	values[4] = owner_query_text_or_null(entry->service, &nulls[4]);
	values[5] = TimestampTzGetDatum(entry->taken_at);
	values[6] = LSNGetDatum(entry->lsn);
	nulls[6] = entry->lsn != InvalidXLogRecPtr ? ' ' : 'n';
	values[7] = Int64GetDatum(entry->run_id);
	nulls[7] = entry->run_id != 0 ? ' ' : 'n';
	values[8] = owner_query_text_or_null(entry->version, &nulls[8]);
	values[9] = CStringGetTextDatum(who_name(GetSessionUserId()));
	(void) owner_query_run(&query, SPI_OK_INSERT_RETURNING, values, nulls, InvalidSnapshot, read_id, &id);
	return id;
}

static void
read_time(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(TimestampTz *) argument = DatumGetTimestampTz(heap_getattr(tuple, 1, desc, &isnull));
}

bool
backup_newest(const char *service, TimestampTz *taken_at)
{
	static OwnerQuery query = {
		"SELECT taken_at FROM migrator.recorded_backups WHERE kind = 'backup' AND (service IS NULL OR service = $1)"
		" ORDER BY taken_at DESC LIMIT 1",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	Snapshot	latest = InvalidSnapshot;
	bool		found;

	if (IsolationUsesXactSnapshot())
		latest = RegisterSnapshot(GetLatestSnapshot());
	found = owner_query_run(&query, SPI_OK_SELECT, &value, NULL, latest, read_time, taken_at) > 0;
	if (latest != InvalidSnapshot)
		UnregisterSnapshot(latest);
	return found;
}
