/*
 * record.c
 *	  What is on record of a service's migrations: reading table "migrations".
 *
 * Columns are read by position in the SELECT lists below.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "record/record.h"

static Record *new_record(const char *service);
static void load_row(const Datum *values, const bool *nulls, void *argument);
static void find_interrupted(Record *record, Snapshot snapshot);
static void mark_interrupted(const Datum *values, const bool *nulls, void *argument);
static void take_texts(Record *record, RecordRow *row, const Datum *values, const bool *nulls);
static const RecordRow **sorted_rows(const Record *record);
static int	compare_rows(const void *a, const void *b);
static bool same_text(const char *a, const char *b);

const char *
record_state_name(MigrationState state)
{
	switch (state)
	{
		case MIGRATION_PENDING:
			return "pending";
		case MIGRATION_RUNNING:
			return "running";
		case MIGRATION_INTERRUPTED:
			return "interrupted";
		case MIGRATION_FAILED:
			return "failed";
		case MIGRATION_APPLIED:
			return "applied";
		case MIGRATION_ROLLED_BACK:
			return "rolled_back";
	}
	return "unknown";
}

/* value is a text of the column "state" */
static MigrationState
state_of_name(Datum value)
{
	text	   *name = DatumGetTextPP(value);

	for (int state = MIGRATION_PENDING; state <= MIGRATION_ROLLED_BACK; state++)
	{
		const char *known = record_state_name(state);

		if (strlen(known) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(known, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) == 0)
			return state;
	}
	elog(ERROR, "unknown state in table \"migrations\"");
}

#define LOAD_COLUMNS \
	"SELECT version, name, file, layout, state, environment, checksum, fingerprint," \
	" applied_at, execution_time_ms, applied_by, baseline, non_transactional," \
	" error_message, run_id, statement_done, statement_started, done_digest, direction, irreversible, repeatable" \
	" FROM migrator.migrations WHERE service = $1"

Record *
record_load(const char *service, Snapshot snapshot)
{
	static OwnerQuery query = {LOAD_COLUMNS, 1, {TEXTOID},.generic = true};
	Record	   *record = new_record(service);
	Datum		value = CStringGetTextDatum(service);

	owner_query_scan(&query, &value, snapshot, load_row, record);
	find_interrupted(record, snapshot);
	return record;
}

const RecordRow *
record_load_one(const char *service, const char *version)
{
	static OwnerQuery query = {LOAD_COLUMNS " AND version = $2", 2, {TEXTOID, TEXTOID},.generic = true};
	Record	   *record = new_record(service);
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};

	owner_query_scan(&query, values, InvalidSnapshot, load_row, record);
	find_interrupted(record, InvalidSnapshot);
	return record->count > 0 ? record->rows : NULL;
}

/*
 * Of rows that say "running": is the backend that began it still at it, with the
 * lock that nobody but a run can hold?  A standby cannot tell.  A query of its
 * own, since there hardly ever is such a row, and planning this one takes a new
 * session as long as all the rest.
 */
static void
find_interrupted(Record *record, Snapshot snapshot)
{
	static OwnerQuery query = {
		"SELECT version FROM migrator.migrations m WHERE service = $1 AND state = 'running'"
		" AND NOT pg_catalog.pg_is_in_recovery() AND NOT EXISTS ("
		"  SELECT FROM pg_catalog.pg_stat_get_activity(backend_pid) a"
		"  JOIN pg_catalog.pg_locks l ON l.pid = a.pid"
		"  WHERE a.backend_start = m.backend_start AND l.locktype = 'advisory' AND l.granted"
		"  AND l.objsubid = 3"
		"  AND ((l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8) = m.lock_key)",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(record->service);

	for (int i = 0; i < record->count; i++)
		if (record->rows[i].state == MIGRATION_RUNNING)
		{
			owner_query_scan(&query, &value, snapshot, mark_interrupted, record);
			return;
		}
}

static void
mark_interrupted(const Datum *values, const bool *nulls, void *argument)
{
	Record	   *record = argument;
	const		text *version = DatumGetTextPP(values[0]);
	Size		length = VARSIZE_ANY_EXHDR(version);

	for (int i = 0; i < record->count; i++)
	{
		RecordRow  *row = &record->rows[i];

		if (row->state == MIGRATION_RUNNING && strlen(row->version) == length &&
			memcmp(row->version, VARDATA_ANY(version), length) == 0)
			row->state = MIGRATION_INTERRUPTED;
	}
}

static Record *
new_record(const char *service)
{
	Record	   *record = palloc0(sizeof(Record));

	record->service = pstrdup(service);
	record->room = 64;
	record->rows = MemoryContextAllocHuge(CurrentMemoryContext, record->room * sizeof(RecordRow));
	return record;
}

#define RECORD_COLUMNS 21

/* The row's strings go where the record lives. */
static void
load_row(const Datum *values, const bool *nulls, void *argument)
{
	Record	   *record = argument;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(record));
	RecordRow  *row;

	if (record->count == record->room)
	{
		record->room *= 2;
		record->rows = repalloc_huge(record->rows, record->room * sizeof(RecordRow));
	}
	row = &record->rows[record->count];
	take_texts(record, row, values, nulls);
	record->count++;
	row->state = state_of_name(values[4]);
	row->applied_at = nulls[8] ? 0 : DatumGetTimestampTz(values[8]);
	row->execution_time_ms = nulls[9] ? -1 : DatumGetFloat8(values[9]);
	row->baseline = !nulls[11] && DatumGetBool(values[11]);
	row->non_transactional = !nulls[12] && DatumGetBool(values[12]);
	row->run_id = nulls[14] ? 0 : DatumGetInt64(values[14]);
	row->statement_done = nulls[15] ? 0 : DatumGetInt32(values[15]);
	row->statement_started = nulls[16] ? 0 : DatumGetInt32(values[16]);
	row->going_back = !nulls[18];
	row->irreversible = !nulls[19] && DatumGetBool(values[19]);
	row->stored_version = NULL;
	row->repeatable = !nulls[20] && DatumGetBool(values[20]);
	MemoryContextSwitchTo(old);
}

#define TEXT_PIECE 8192

/*
 * The row's texts, one behind the other in pieces of memory for many rows, and
 * what is the same as in the row before is its: a run without work spends much
 * of its own time on loading thousands of rows, and most of that on memory that
 * it touches for the first time.
 */
static void
take_texts(Record *record, RecordRow *row, const Datum *values, const bool *nulls)
{
	char	  **const fields[RECORD_COLUMNS] = {
		&row->version, &row->name, &row->file, &row->layout, NULL,
		&row->environment, &row->checksum, &row->fingerprint, NULL, NULL,
		&row->applied_by, NULL, NULL, &row->error_message, NULL,
		NULL, NULL, &row->done_digest, NULL, NULL
	};
	const RecordRow *before = record->count > 0 ? row - 1 : NULL;

	for (int i = 0; i < RECORD_COLUMNS; i++)
	{
		char	   *same = NULL;
		text	   *value;
		Size		length;

		if (fields[i] == NULL)
			continue;
		*fields[i] = NULL;
		if (nulls[i])
			continue;
		value = DatumGetTextPP(values[i]);
		length = VARSIZE_ANY_EXHDR(value);
		if (before != NULL)
			same = *(char **) ((char *) before + ((char *) fields[i] - (char *) row));
		if (same == NULL || strncmp(same, VARDATA_ANY(value), length) != 0 || same[length] != '\0')
		{
			if (record->text_room < length + 1)
			{
				record->text_room = Max(TEXT_PIECE, length + 1);
				record->text = palloc(record->text_room);
			}
			same = record->text;
			memcpy(same, VARDATA_ANY(value), length);
			same[length] = '\0';
			record->text += length + 1;
			record->text_room -= length + 1;
		}
		*fields[i] = same;
	}
}

static void
take_run_id(HeapTuple tuple, TupleDesc desc, void *argument)
{
	int64	   *run_id = argument;
	bool		isnull;
	Datum		value = heap_getattr(tuple, 1, desc, &isnull);

	*run_id = isnull ? 0 : DatumGetInt64(value);
}

int64
record_last_applied_by(const char *service, const char *version)
{
	static OwnerQuery query = {
		"SELECT run_id FROM migrator.history WHERE service = $1 AND version = $2 AND event = 'applied'"
		" ORDER BY id DESC LIMIT 1",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};
	int64		run_id = 0;

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_run_id, &run_id);
	return run_id;
}

bool
record_equal(const Record *a, const Record *b)
{
	const RecordRow **lefts;
	const RecordRow **rights;

	if (a->count != b->count)
		return false;
	/* the rows stay where they are: plans point at them */
	lefts = sorted_rows(a);
	rights = sorted_rows(b);
	for (int i = 0; i < a->count; i++)
	{
		const RecordRow *left = lefts[i];
		const RecordRow *right = rights[i];

		if (strcmp(left->version, right->version) != 0 ||
			left->state != right->state ||
			left->run_id != right->run_id ||
			!same_text(left->checksum, right->checksum))
			return false;
	}
	return true;
}

static const RecordRow **
sorted_rows(const Record *record)
{
	const RecordRow **rows = MemoryContextAllocHuge(CurrentMemoryContext,
													Max(record->count, 1) * sizeof(RecordRow *));

	for (int i = 0; i < record->count; i++)
		rows[i] = &record->rows[i];
	qsort(rows, record->count, sizeof(RecordRow *), compare_rows);
	return rows;
}

static int
compare_rows(const void *a, const void *b)
{
	return strcmp((*(const RecordRow *const *) a)->version,
				  (*(const RecordRow *const *) b)->version);
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}
