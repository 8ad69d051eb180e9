/*
 * record.c
 *	  All reading and writing of the extension's tables, as their owner.
 *
 * Every statement here is a constant with parameters; see base/owner_query.h.
 * Columns are read by position in the SELECT lists below.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "record/record.h"
#include "base/settings.h"

static Record *new_record(const char *service);
static void load_row(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_texts(RecordRow *row, const Datum *values, const bool *nulls);
static const RecordRow **sorted_rows(const Record *record);
static int	compare_rows(const void *a, const void *b);
static bool same_text(const char *a, const char *b);
static Datum text_or_null(const char *value, char *null);
static const char *session_client_addr(void);
static char *user_name(Oid user);
static const char *stored_state_name(MigrationState state);
static bool write_state(const RecordEntry *entry);
static void refuse_stale(const char *service, const char *version);
static void take_grantee(HeapTuple tuple, TupleDesc desc, void *argument);
static void revoke_from_others(const char *view);

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
	" error_message, run_id, statement_done, statement_started, done_digest," \
	/* is the backend that began it still at it, with the lock that nobody but a \
	 * run can hold?  A standby cannot tell. */ \
	" CASE WHEN state = 'running' THEN NOT pg_catalog.pg_is_in_recovery() AND NOT EXISTS (" \
	"  SELECT FROM pg_catalog.pg_stat_get_activity(backend_pid) a" \
	"  JOIN pg_catalog.pg_locks l ON l.pid = a.pid" \
	"  WHERE a.backend_start = m.backend_start AND l.locktype = 'advisory' AND l.granted" \
	"  AND l.objsubid = 3" \
	"  AND ((l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8) = m.lock_key) END" \
	" FROM migrator.migrations m WHERE service = $1"

Record *
record_load(const char *service, Snapshot snapshot)
{
	static OwnerQuery query = {LOAD_COLUMNS, 1, {TEXTOID}};
	Record	   *record = new_record(service);
	Datum		value = CStringGetTextDatum(service);

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, snapshot, load_row, record);
	return record;
}

const RecordRow *
record_load_one(const char *service, const char *version)
{
	static OwnerQuery query = {LOAD_COLUMNS " AND version = $2", 2, {TEXTOID, TEXTOID}};
	Record	   *record = new_record(service);
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, load_row, record);
	return record->count > 0 ? record->rows : NULL;
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

#define RECORD_COLUMNS 19

/* The row's strings go where the record lives. */
static void
load_row(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Record	   *record = argument;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(record));
	Datum		values[RECORD_COLUMNS];
	bool		nulls[RECORD_COLUMNS];
	RecordRow  *row;

	if (record->count == record->room)
	{
		record->room *= 2;
		record->rows = repalloc_huge(record->rows, record->room * sizeof(RecordRow));
	}
	row = &record->rows[record->count++];

	/* at once: attributes behind a NULL are slow to reach one by one */
	heap_deform_tuple(tuple, desc, values, nulls);
	take_texts(row, values, nulls);
	row->state = state_of_name(values[4]);
	row->applied_at = nulls[8] ? 0 : DatumGetTimestampTz(values[8]);
	row->execution_time_ms = nulls[9] ? -1 : DatumGetFloat8(values[9]);
	row->baseline = !nulls[11] && DatumGetBool(values[11]);
	row->non_transactional = !nulls[12] && DatumGetBool(values[12]);
	row->run_id = nulls[14] ? 0 : DatumGetInt64(values[14]);
	row->statement_done = nulls[15] ? 0 : DatumGetInt32(values[15]);
	row->statement_started = nulls[16] ? 0 : DatumGetInt32(values[16]);
	if (row->state == MIGRATION_RUNNING && !nulls[18] && DatumGetBool(values[18]))
		row->state = MIGRATION_INTERRUPTED;
	MemoryContextSwitchTo(old);
}

/*
 * The row's texts, one behind the other in one piece of memory: a run without
 * work spends much of its own time on loading thousands of rows.
 */
static void
take_texts(RecordRow *row, const Datum *values, const bool *nulls)
{
	char	  **const fields[RECORD_COLUMNS] = {
		&row->version, &row->name, &row->file, &row->layout, NULL,
		&row->environment, &row->checksum, &row->fingerprint, NULL, NULL,
		&row->applied_by, NULL, NULL, &row->error_message, NULL,
		NULL, NULL, &row->done_digest, NULL
	};
	text	   *texts[RECORD_COLUMNS] = {NULL};
	Size		size = 0;
	char	   *to;

	for (int i = 0; i < RECORD_COLUMNS; i++)
		if (fields[i] != NULL && !nulls[i])
		{
			texts[i] = DatumGetTextPP(values[i]);
			size += VARSIZE_ANY_EXHDR(texts[i]) + 1;
		}
	to = palloc(size);
	for (int i = 0; i < RECORD_COLUMNS; i++)
	{
		Size		length;

		if (fields[i] == NULL)
			continue;
		*fields[i] = NULL;
		if (texts[i] == NULL)
			continue;
		length = VARSIZE_ANY_EXHDR(texts[i]);
		memcpy(to, VARDATA_ANY(texts[i]), length);
		to[length] = '\0';
		*fields[i] = to;
		to += length + 1;
	}
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

static void
read_int64(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(int64 *) argument = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
}

int64
record_new_run_id(void)
{
	static OwnerQuery query = {
		"SELECT pg_catalog.nextval('migrator.runs_run_id_seq')", 0
	};
	int64		run_id = 0;

	(void) owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, read_int64, &run_id);
	return run_id;
}

/* NULL over a Unix socket and in a background worker */
static const char *
session_client_addr(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	Datum		address;

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	address = inet_client_addr(fcinfo);
	return fcinfo->isnull ? NULL : DatumGetCString(DirectFunctionCall1(inet_out, address));
}

/* A session goes on when its role was dropped; that is no other's deed then. */
static char *
user_name(Oid user)
{
	char	   *name = GetUserNameFromId(user, true);

	return name ? name : psprintf("oid %u (dropped)", user);
}

void
record_entry_identify(RecordEntry *entry)
{
	entry->applied_by = user_name(GetSessionUserId());
	entry->run_as = user_name(GetUserId());
	entry->application_name = application_name ? pstrdup(application_name) : "";
	entry->client_addr = session_client_addr();
	entry->backend_pid = MyProcPid;
}

void
record_run_identify(RunEntry *run)
{
	run->started_by = user_name(GetSessionUserId());
	run->run_as = user_name(GetUserId());
	run->application_name = application_name ? pstrdup(application_name) : "";
	run->client_addr = session_client_addr();
	run->backend_pid = MyProcPid;
	run->backend_start = MyStartTimestamp;
}

static Datum
text_or_null(const char *value, char *null)
{
	*null = value ? ' ' : 'n';
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

void
record_write(RecordEntry *entry)
{
	if (entry->applied_by == NULL)
		record_entry_identify(entry);
	if (!write_state(entry))
		refuse_stale(entry->service, entry->version);
	record_write_event(entry);
}

/* The state is not the one that was acted upon. */
static void
refuse_stale(const char *service, const char *version)
{
	ereport(ERROR,
			errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("migration \"%s\" of service \"%s\" was settled by another session meanwhile",
				   version, service),
			errdetail("Its row in the record is not overwritten, and what this transaction did is undone."),
			errhint("Run it again: what is applied is not run twice."));
}

/*
 * What is applied stays so: this is the fence between runs, whatever became of
 * the locks that should have kept them apart.  A row whose version is the same
 * number, spelled otherwise, is the migration's row: index migrations_number
 * says that there is one at most.
 */
#define STATE_COLUMNS \
	"INSERT INTO migrator.migrations AS m (service, version, name, file, layout, state, environment," \
	" checksum, fingerprint, description, down_script, run_id, applied_at, execution_time_ms, applied_by," \
	" statement_total, statement_done, lock_key, backend_pid, baseline, non_transactional," \
	" error_message, error_sqlstate, statement_started, done_digest, backend_start)" \
	" VALUES ($1, COALESCE((SELECT o.version FROM migrator.migrations o WHERE o.service = $1" \
	" AND o.version OPERATOR(pg_catalog.~) '^[0-9]+$' AND $2 OPERATOR(pg_catalog.~) '^[0-9]+$'" \
	" AND pg_catalog.ltrim(o.version, '0') = pg_catalog.ltrim($2, '0')), $2)," \
	" $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, pg_catalog.clock_timestamp(), $13, $14," \
	" $15, $22, $16, $17, $18, $19, $20, $21, $23, $24, $25)" \
	" ON CONFLICT (service, version) DO UPDATE SET" \
	" name = excluded.name, file = excluded.file, layout = excluded.layout, state = excluded.state," \
	" environment = excluded.environment, checksum = excluded.checksum, fingerprint = excluded.fingerprint," \
	" description = excluded.description, down_script = excluded.down_script, run_id = excluded.run_id," \
	" applied_at = excluded.applied_at, execution_time_ms = excluded.execution_time_ms," \
	" applied_by = excluded.applied_by, statement_total = excluded.statement_total," \
	" statement_done = excluded.statement_done, statement_started = excluded.statement_started," \
	" done_digest = excluded.done_digest, backend_start = excluded.backend_start," \
	" resume_state = CASE WHEN excluded.state IN ('running', 'failed') AND" \
	" (excluded.statement_done > 0 OR excluded.statement_started > 0) THEN m.resume_state END," \
	" lock_key = excluded.lock_key, backend_pid = excluded.backend_pid," \
	" baseline = excluded.baseline, non_transactional = excluded.non_transactional," \
	" error_message = excluded.error_message, error_sqlstate = excluded.error_sqlstate" \
	" WHERE m.state <> 'applied'"

#define STATE_PARAMETERS \
	25, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, \
		TEXTOID, INT8OID, FLOAT8OID, TEXTOID, INT4OID, INT8OID, INT4OID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, \
		INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID}

/* False when the migration is applied already: then nothing was written. */
static bool
write_state(const RecordEntry *entry)
{
	static OwnerQuery query = {STATE_COLUMNS, STATE_PARAMETERS};
	Datum		values[25];
	char		nulls[25];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(entry->service);
	values[1] = CStringGetTextDatum(entry->version);
	values[2] = text_or_null(entry->name, &nulls[2]);
	values[3] = text_or_null(entry->file, &nulls[3]);
	values[4] = text_or_null(entry->layout, &nulls[4]);
	values[5] = CStringGetTextDatum(record_state_name(entry->state));
	values[6] = text_or_null(entry->environment, &nulls[6]);
	values[7] = text_or_null(entry->checksum, &nulls[7]);
	values[8] = text_or_null(entry->fingerprint, &nulls[8]);
	values[9] = text_or_null(entry->description, &nulls[9]);
	values[10] = text_or_null(entry->down_script, &nulls[10]);
	values[11] = Int64GetDatum(entry->run_id);
	nulls[11] = entry->run_id != 0 ? ' ' : 'n';
	values[12] = Float8GetDatum(entry->execution_time_ms);
	nulls[12] = entry->execution_time_ms >= 0 ? ' ' : 'n';
	values[13] = text_or_null(entry->applied_by, &nulls[13]);
	values[14] = Int32GetDatum(entry->statement_total);
	values[15] = Int64GetDatum(entry->lock_key);
	values[16] = Int32GetDatum(entry->backend_pid);
	values[17] = BoolGetDatum(entry->baseline);
	values[18] = BoolGetDatum(entry->non_transactional);
	values[19] = text_or_null(entry->error_message, &nulls[19]);
	values[20] = text_or_null(entry->error_sqlstate, &nulls[20]);
	values[21] = Int32GetDatum(entry->statement_done);
	values[22] = Int32GetDatum(entry->statement_started);
	nulls[22] = entry->statement_started > 0 ? ' ' : 'n';
	values[23] = text_or_null(entry->done_digest, &nulls[23]);
	values[24] = TimestampTzGetDatum(MyStartTimestamp);
	return owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL) > 0;
}

bool
record_write_failed_state(const RecordEntry *entry)
{
	return write_state(entry);
}

void
record_write_event(RecordEntry *entry)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.history (run_id, service, version, name, event, environment, checksum,"
		" execution_time_ms, statement, line, error_message, error_sqlstate, error_detail, note,"
		" applied_by, run_as, application_name, client_addr, backend_pid, extension_version)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
		" $18::pg_catalog.inet, $19, $20)",
		20, {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, INT4OID, INT4OID,
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID}
	};
	Datum		values[20];
	char		nulls[20];

	if (entry->applied_by == NULL)
		record_entry_identify(entry);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(entry->run_id);
	nulls[0] = entry->run_id != 0 ? ' ' : 'n';
	values[1] = CStringGetTextDatum(entry->service);
	values[2] = text_or_null(entry->version, &nulls[2]);
	values[3] = text_or_null(entry->name, &nulls[3]);
	values[4] = CStringGetTextDatum(entry->event);
	values[5] = text_or_null(entry->environment, &nulls[5]);
	values[6] = text_or_null(entry->checksum, &nulls[6]);
	values[7] = Float8GetDatum(entry->execution_time_ms);
	nulls[7] = entry->execution_time_ms >= 0 ? ' ' : 'n';
	values[8] = Int32GetDatum(entry->statement);
	nulls[8] = entry->statement > 0 ? ' ' : 'n';
	values[9] = Int32GetDatum(entry->line);
	nulls[9] = entry->line > 0 ? ' ' : 'n';
	values[10] = text_or_null(entry->error_message, &nulls[10]);
	values[11] = text_or_null(entry->error_sqlstate, &nulls[11]);
	values[12] = text_or_null(entry->error_detail, &nulls[12]);
	values[13] = text_or_null(entry->note, &nulls[13]);
	values[14] = text_or_null(entry->applied_by, &nulls[14]);
	values[15] = text_or_null(entry->run_as, &nulls[15]);
	values[16] = text_or_null(entry->application_name, &nulls[16]);
	values[17] = text_or_null(entry->client_addr, &nulls[17]);
	values[18] = Int32GetDatum(entry->backend_pid);
	values[19] = CStringGetTextDatum(MIGRATOR_VERSION);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
record_mark(const RecordMark *mark)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET statement_done = $4, statement_started = $5, done_digest = $6,"
		" resume_state = $7::pg_catalog.jsonb"
		" WHERE service = $1 AND version = $2 AND run_id = $3 AND state = 'running'",
		7, {TEXTOID, TEXTOID, INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID}
	};
	Datum		values[7] = {
		CStringGetTextDatum(mark->service), CStringGetTextDatum(mark->version),
		Int64GetDatum(mark->run_id), Int32GetDatum(mark->done), Int32GetDatum(mark->started)
	};
	char		nulls[7] = {' ', ' ', ' ', ' ', mark->started > 0 ? ' ' : 'n'};

	values[5] = text_or_null(mark->done_digest, &nulls[5]);
	values[6] = text_or_null(mark->resume_state, &nulls[6]);
	if (owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) != 1)
		refuse_stale(mark->service, mark->version);
}

/* One row for each setting, or a single one without. */
static void
take_resume_state(HeapTuple tuple, TupleDesc desc, void *argument)
{
	ResumeState *state = argument;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(state));
	char	   *name = owner_query_text(tuple, desc, 4);

	state->role = owner_query_text(tuple, desc, 1);
	state->search_path = owner_query_text(tuple, desc, 2);
	state->user = owner_query_text(tuple, desc, 3);
	if (name != NULL)
	{
		SettingValue *setting = palloc(sizeof(SettingValue));

		setting->name = name;
		setting->value = owner_query_text(tuple, desc, 5);
		state->settings = lappend(state->settings, setting);
	}
	MemoryContextSwitchTo(old);
}

ResumeState *
record_resume_state(const char *service, const char *version)
{
	static OwnerQuery query = {
		"SELECT m.resume_state ->> 'role', m.resume_state ->> 'search_path', m.resume_state ->> 'user',"
		" s.key, s.value FROM migrator.migrations m LEFT JOIN LATERAL"
		" pg_catalog.jsonb_each_text(m.resume_state -> 'settings') s ON true"
		" WHERE m.service = $1 AND m.version = $2",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};
	ResumeState *state = palloc0(sizeof(ResumeState));

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot,
						   take_resume_state, state);
	return state;
}

/* "interrupted" is told from "running" when the row is read */
static const char *
stored_state_name(MigrationState state)
{
	return record_state_name(state == MIGRATION_INTERRUPTED ? MIGRATION_RUNNING : state);
}

void
record_change_state(const char *service, const char *version, MigrationState from,
					MigrationState state)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET state = $3, error_message = NULL, error_sqlstate = NULL,"
		" statement_started = NULL, resume_state = NULL, applied_at = pg_catalog.clock_timestamp(),"
		" baseline = baseline AND $3 = 'applied'"
		" WHERE service = $1 AND version = $2 AND state = $4",
		4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[4] = {
		CStringGetTextDatum(service), CStringGetTextDatum(version),
		CStringGetTextDatum(record_state_name(state)),
		CStringGetTextDatum(stored_state_name(from))
	};

	if (owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) != 1)
		refuse_stale(service, version);
}

void
record_forget(const char *service, const char *version, MigrationState from)
{
	static OwnerQuery query = {
		"DELETE FROM migrator.migrations WHERE service = $1 AND version = $2 AND state = $3",
		3, {TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[3] = {
		CStringGetTextDatum(service), CStringGetTextDatum(version),
		CStringGetTextDatum(stored_state_name(from))
	};

	if (owner_query_run(&query, SPI_OK_DELETE, values, NULL, InvalidSnapshot, NULL, NULL) != 1)
		refuse_stale(service, version);
}

bool
record_accept(const RecordEntry *entry)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET checksum = $3, fingerprint = $4, down_script = $5"
		" WHERE service = $1 AND version = $2 AND state = 'applied'"
		" AND (checksum, fingerprint, down_script) IS DISTINCT FROM ($3, $4, $5)",
		5, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[5] = {CStringGetTextDatum(entry->service), CStringGetTextDatum(entry->version)};
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};

	values[2] = text_or_null(entry->checksum, &nulls[2]);
	values[3] = text_or_null(entry->fingerprint, &nulls[3]);
	values[4] = text_or_null(entry->down_script, &nulls[4]);
	return owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) > 0;
}

/* finished says whether the row is complete, or of a run that goes on */
static void
write_run(RunEntry *run, bool finished)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.runs (run_id, kind, service, source, environment, started_at, finished_at,"
		" outcome, total, applied, failed, skipped, duration_ms, started_by, run_as, application_name,"
		" client_addr, backend_pid, extension_version, backend_start, progress_handle)"
		" VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $19 THEN pg_catalog.clock_timestamp() END,"
		" $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::pg_catalog.inet, $17, $18, $20, $21)",
		21,
		{
			INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, INT4OID, INT4OID,
			INT4OID, INT4OID, FLOAT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID, BOOLOID,
			TIMESTAMPTZOID, INT8OID
		}
	};
	Datum		values[21];
	char		nulls[21];

	if (run->started_by == NULL)
		record_run_identify(run);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(run->run_id);
	values[1] = CStringGetTextDatum(run->kind);
	values[2] = CStringGetTextDatum(run->service);
	values[3] = text_or_null(run->source, &nulls[3]);
	values[4] = text_or_null(run->environment, &nulls[4]);
	values[5] = TimestampTzGetDatum(run->started_at);
	values[6] = text_or_null(run->outcome, &nulls[6]);
	values[7] = Int32GetDatum(run->total);
	values[8] = Int32GetDatum(run->applied);
	values[9] = Int32GetDatum(run->failed);
	values[10] = Int32GetDatum(run->skipped);
	values[11] = Float8GetDatum(run->duration_ms);
	values[12] = text_or_null(run->started_by, &nulls[12]);
	values[13] = text_or_null(run->run_as, &nulls[13]);
	values[14] = text_or_null(run->application_name, &nulls[14]);
	values[15] = text_or_null(run->client_addr, &nulls[15]);
	values[16] = Int32GetDatum(run->backend_pid);
	values[17] = CStringGetTextDatum(MIGRATOR_VERSION);
	values[18] = BoolGetDatum(finished);
	values[19] = TimestampTzGetDatum(run->backend_start);
	nulls[19] = run->backend_start != 0 ? ' ' : 'n';
	values[20] = Int64GetDatum((int64) run->progress_handle);
	nulls[20] = run->progress_handle != 0 ? ' ' : 'n';
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
record_write_run(RunEntry *run)
{
	write_run(run, true);
}

void
record_start_run(RunEntry *run)
{
	write_run(run, false);
}

void
record_finish_run(const RunEntry *run)
{
	static OwnerQuery query = {
		"UPDATE migrator.runs SET finished_at = pg_catalog.clock_timestamp(), outcome = $2, total = $3,"
		" applied = $4, failed = $5, skipped = $6, duration_ms = $7 WHERE run_id = $1",
		7, {INT8OID, TEXTOID, INT4OID, INT4OID, INT4OID, INT4OID, FLOAT8OID}
	};
	Datum		values[7] = {
		Int64GetDatum(run->run_id), CStringGetTextDatum(run->outcome), Int32GetDatum(run->total),
		Int32GetDatum(run->applied), Int32GetDatum(run->failed), Int32GetDatum(run->skipped),
		Float8GetDatum(run->duration_ms)
	};

	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
record_end_dead_runs(const char *service)
{
	static OwnerQuery query = {
		"UPDATE migrator.runs SET finished_at = pg_catalog.clock_timestamp(), outcome = 'interrupted',"
		" progress_handle = NULL WHERE service = $1 AND finished_at IS NULL",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);

	(void) owner_query_run(&query, SPI_OK_UPDATE, &value, NULL, InvalidSnapshot, NULL, NULL);
}

uint32
record_progress_handle(int64 run_id)
{
	static OwnerQuery query = {
		"SELECT COALESCE(progress_handle, 0) FROM migrator.runs WHERE run_id = $1 AND finished_at IS NULL",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);
	int64		handle = 0;

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, read_int64, &handle);
	return (uint32) handle;
}

bool
record_has_open_runs(const char *service)
{
	static OwnerQuery query = {
		"SELECT FROM migrator.runs WHERE service = $1 AND finished_at IS NULL LIMIT 1",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);

	return owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

char *
record_service_view_name(const char *service)
{
	char	   *name = psprintf("%s_schema_migrations", service);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/*
 * version and dirty are golang-migrate's columns, the rest those of
 * schema_migrations.  Not updatable and a security barrier, as the views of the
 * install script, and no more is left to others than SELECT, which default
 * privileges may give (docs/security.md).
 */
void
record_make_service_view(const char *service)
{
	const char *name = record_service_view_name(service);
	const char *view = quote_identifier(name);

	owner_query_utility(psprintf(
								 "CREATE OR REPLACE VIEW migrator.%s WITH (security_barrier) AS"
								 " SELECT version, state IN ('failed', 'running') AS dirty,"
								 " COALESCE(pg_catalog.regexp_replace(pg_catalog.regexp_replace(file,"
								 " '/(up|migration)[.]sql$', ''), '([.]up)?[.]sql$', '', 'i'), version) AS migration_name,"
								 " applied_at, execution_time_ms,"
								 " CASE state WHEN 'applied' THEN 'success' ELSE 'failed' END AS status,"
								 " error_message, checksum FROM migrator.migrations, (SELECT) AS not_updatable"
								 " WHERE service = %s AND state IN ('applied', 'failed', 'running')",
								 view, quote_literal_cstr(service)));
	owner_query_utility(psprintf("COMMENT ON VIEW migrator.%s IS %s", view,
								 quote_literal_cstr(psprintf("Migrations of service %s.", service))));
	revoke_from_others(name);
	owner_query_utility(psprintf("GRANT SELECT ON migrator.%s TO pg_database_owner", view));
}

/* Whom default privileges, or earlier grants, gave anything on a view. */
typedef struct Grantees
{
	List	   *all;			/* char *, quoted */
	List	   *readers;		/* those of them that may read it */
	MemoryContext context;
} Grantees;

static void
take_grantee(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Grantees   *grantees = argument;
	MemoryContext old = MemoryContextSwitchTo(grantees->context);
	bool		isnull;
	char	   *role = TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull));

	grantees->all = lappend(grantees->all, role);
	if (DatumGetBool(heap_getattr(tuple, desc->natts, desc, &isnull)))
		grantees->readers = lappend(grantees->readers, role);
	MemoryContextSwitchTo(old);
}

static void
revoke_from_others(const char *view)
{
	static OwnerQuery query = {
		"SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
		" pg_catalog.bool_or(a.privilege_type = 'SELECT')"
		" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
		" pg_catalog.aclexplode(c.relacl) a"
		" WHERE n.nspname = 'migrator' AND c.relname = $1 AND a.grantee <> c.relowner GROUP BY a.grantee",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(view);
	Grantees	grantees = {NIL, NIL, CurrentMemoryContext};
	ListCell   *lc;

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_grantee, &grantees);
	view = quote_identifier(view);
	foreach(lc, grantees.all)
	{
		owner_query_utility(psprintf("REVOKE ALL ON migrator.%s FROM %s CASCADE", view, (char *) lfirst(lc)));
	}
	foreach(lc, grantees.readers)
	{
		owner_query_utility(psprintf("GRANT SELECT ON migrator.%s TO %s", view, (char *) lfirst(lc)));
	}
}

void
record_drop_service_view(const char *service)
{
	owner_query_utility(psprintf("DROP VIEW IF EXISTS migrator.%s",
								 quote_identifier(record_service_view_name(service))));
}
