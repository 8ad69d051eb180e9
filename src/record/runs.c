/*
 * runs.c
 *	  Table "runs": a row for each call that ran something.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "base/settings.h"
#include "record/runs.h"
#include "record/who.h"

/* argument of take_dead_run() */
typedef struct DeadRuns
{
	const char *service;
	List	   *runs;
	MemoryContext context;
} DeadRuns;

typedef struct RunJson
{
	MemoryContext context;
	Datum		value;
} RunJson;

static void take_dead_run(HeapTuple tuple, TupleDesc desc, void *argument);
static void read_state(HeapTuple tuple, TupleDesc desc, void *argument);
static void read_json(HeapTuple tuple, TupleDesc desc, void *argument);
static void put_error(const RunEntry *run, Datum *values, char *nulls);

static void
read_int64(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;

	*(int64 *) argument = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
}

typedef struct TakenRun
{
	LastRun    *run;
	MemoryContext context;
} TakenRun;

static void
take_last_run(HeapTuple tuple, TupleDesc desc, void *argument)
{
	TakenRun   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	LastRun    *run = palloc0(sizeof(LastRun));
	Datum		value;
	bool		isnull;

	run->run_id = DatumGetInt64(heap_getattr(tuple, 1, desc, &isnull));
	run->kind = owner_query_text(tuple, desc, 2);
	run->outcome = owner_query_text(tuple, desc, 3);
	run->started_at = DatumGetTimestampTz(heap_getattr(tuple, 4, desc, &isnull));
	value = heap_getattr(tuple, 5, desc, &isnull);
	run->finished_at = isnull ? 0 : DatumGetTimestampTz(value);
	run->applied = DatumGetInt32(heap_getattr(tuple, 6, desc, &isnull));
	run->failed = DatumGetInt32(heap_getattr(tuple, 7, desc, &isnull));
	taken->run = run;
	MemoryContextSwitchTo(old);
}

LastRun *
record_last_run(const char *service)
{
	static OwnerQuery query = {
		"SELECT run_id, kind, outcome, started_at, finished_at, COALESCE(applied, 0), COALESCE(failed, 0)"
		" FROM migrator.runs WHERE service = $1 ORDER BY run_id DESC LIMIT 1",
		1, {TEXTOID},.generic = true
	};
	Datum		value = CStringGetTextDatum(service);
	TakenRun	taken = {NULL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_last_run, &taken);
	return taken.run;
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

void
record_run_identify(RunEntry *run)
{
	run->started_by = who_name(GetSessionUserId());
	run->run_as = who_name(GetUserId());
	run->application_name = application_name ? pstrdup(application_name) : "";
	run->client_addr = who_client_addr();
	run->backend_pid = MyProcPid;
	run->backend_start = MyStartTimestamp;
}

int
record_run_strings(RunEntry *run, const char **strings[RECORD_RUN_STRINGS])
{
	const char **all[] = {
		&run->kind, &run->service, &run->source, &run->environment, &run->outcome,
		&run->started_by, &run->run_as, &run->application_name, &run->client_addr,
		&run->origin, &run->error_sqlstate, &run->error_message, &run->error_detail, &run->error_hint,
		&run->error_context
	};

	StaticAssertStmt(lengthof(all) == RECORD_RUN_STRINGS, "RECORD_RUN_STRINGS is not their number");
	memcpy(strings, all, sizeof(all));
	return lengthof(all);
}

void
record_write_run(RunEntry *run, bool finished)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.runs (run_id, kind, service, source, environment, started_at, finished_at,"
		" outcome, total, applied, failed, skipped, duration_ms, started_by, run_as, application_name,"
		" client_addr, backend_pid, extension_version, backend_start, progress_handle, origin,"
		" error_sqlstate, error_message, error_detail, error_hint, error_context, lock_wait_ms, lock_retries)"
		" VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $19 THEN pg_catalog.clock_timestamp() END,"
		" $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::pg_catalog.inet, $17, $18, $20, $21, $22, $23, $24, $25, $26, $27,"
		" $28, $29)",
		29,
		{
			INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, INT4OID, INT4OID,
			INT4OID, INT4OID, FLOAT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID, BOOLOID,
			TIMESTAMPTZOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, INT4OID
		}
	};
	Datum		values[29];
	char		nulls[29];

	if (run->started_by == NULL)
		record_run_identify(run);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(run->run_id);
	values[1] = CStringGetTextDatum(run->kind);
	values[2] = CStringGetTextDatum(run->service);
	values[3] = owner_query_text_or_null(run->source, &nulls[3]);
	values[4] = owner_query_text_or_null(run->environment, &nulls[4]);
	values[5] = TimestampTzGetDatum(run->started_at);
	values[6] = owner_query_text_or_null(run->outcome, &nulls[6]);
	values[7] = Int32GetDatum(run->total);
	values[8] = Int32GetDatum(run->applied);
	values[9] = Int32GetDatum(run->failed);
	values[10] = Int32GetDatum(run->skipped);
	values[11] = Float8GetDatum(run->duration_ms);
	values[12] = owner_query_text_or_null(run->started_by, &nulls[12]);
	values[13] = owner_query_text_or_null(run->run_as, &nulls[13]);
	values[14] = owner_query_text_or_null(run->application_name, &nulls[14]);
	values[15] = owner_query_text_or_null(run->client_addr, &nulls[15]);
	values[16] = Int32GetDatum(run->backend_pid);
	values[17] = CStringGetTextDatum(MIGRATOR_VERSION);
	values[18] = BoolGetDatum(finished);
	values[19] = TimestampTzGetDatum(run->backend_start);
	nulls[19] = run->backend_start != 0 ? ' ' : 'n';
	values[20] = Int64GetDatum((int64) run->progress_handle);
	nulls[20] = run->progress_handle != 0 ? ' ' : 'n';
	values[21] = CStringGetTextDatum(run->origin ? run->origin : "client");
	put_error(run, &values[22], &nulls[22]);
	values[27] = Float8GetDatum(run->lock_wait_ms);
	nulls[27] = run->lock_wait_ms > 0 ? ' ' : 'n';
	values[28] = Int32GetDatum(run->lock_retries);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
record_finish_run(const RunEntry *run)
{
	static OwnerQuery query = {
		"UPDATE migrator.runs SET finished_at = pg_catalog.clock_timestamp(), outcome = $2, total = $3,"
		" applied = $4, failed = $5, skipped = $6, duration_ms = $7, error_sqlstate = $8, error_message = $9,"
		" error_detail = $10, error_hint = $11, error_context = $12,"
		" lock_retries = $13 WHERE run_id = $1",
		13,
		{
			INT8OID, TEXTOID, INT4OID, INT4OID, INT4OID, INT4OID, FLOAT8OID, TEXTOID, TEXTOID, TEXTOID,
			TEXTOID, TEXTOID, INT4OID
		}
	};
	Datum		values[13] = {
		Int64GetDatum(run->run_id), CStringGetTextDatum(run->outcome), Int32GetDatum(run->total),
		Int32GetDatum(run->applied), Int32GetDatum(run->failed), Int32GetDatum(run->skipped),
		Float8GetDatum(run->duration_ms)
	};
	char		nulls[13];

	memset(nulls, ' ', sizeof(nulls));
	put_error(run, &values[7], &nulls[7]);
	values[12] = Int32GetDatum(run->lock_retries);
	(void) owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL);
}

static void
put_error(const RunEntry *run, Datum *values, char *nulls)
{
	const char *texts[] = {
		run->error_sqlstate, run->error_message, run->error_detail, run->error_hint, run->error_context
	};

	for (int i = 0; i < lengthof(texts); i++)
		values[i] = owner_query_text_or_null(texts[i], &nulls[i]);
}

List *
record_end_dead_runs(const char *service)
{
	static OwnerQuery query = {
		"UPDATE migrator.runs SET finished_at = pg_catalog.clock_timestamp(), outcome = 'interrupted',"
		" progress_handle = NULL WHERE service = $1 AND finished_at IS NULL"
		" RETURNING run_id, kind, environment",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	DeadRuns	dead = {service, NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_UPDATE_RETURNING, &value, NULL, InvalidSnapshot, take_dead_run, &dead);
	return dead.runs;
}

static void
take_dead_run(HeapTuple tuple, TupleDesc desc, void *argument)
{
	DeadRuns   *dead = argument;
	MemoryContext old = MemoryContextSwitchTo(dead->context);
	RunEntry   *run = palloc0(sizeof(RunEntry));

	read_int64(tuple, desc, &run->run_id);
	run->kind = owner_query_text(tuple, desc, 2);
	run->service = dead->service;
	run->environment = owner_query_text(tuple, desc, 3);
	run->outcome = "interrupted";
	run->duration_ms = -1;
	dead->runs = lappend(dead->runs, run);
	MemoryContextSwitchTo(old);
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

bool
record_run_state(int64 run_id, RunState *state)
{
	/* a failure that is none of the run itself is that of a migration */
	static OwnerQuery query = {
		"SELECT r.service, r.outcome, r.finished_at IS NOT NULL, COALESCE(r.backend_pid, 0),"
		" COALESCE(r.error_sqlstate, f.error_sqlstate), COALESCE(r.error_message, f.error_message),"
		" COALESCE(r.error_detail, f.error_detail), r.error_hint, r.error_context"
		" FROM migrator.runs r LEFT JOIN LATERAL"
		"  (SELECT h.error_sqlstate, h.error_message, h.error_detail FROM migrator.history h"
		"    WHERE r.outcome = 'failed' AND r.error_message IS NULL AND h.service = r.service"
		"      AND h.run_id = r.run_id AND h.error_message IS NOT NULL ORDER BY h.id LIMIT 1) f ON true"
		" WHERE r.run_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);
	Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
	bool		found;

	memset(state, 0, sizeof(RunState));
	state->context = CurrentMemoryContext;
	found = owner_query_run(&query, SPI_OK_SELECT, &value, NULL, latest, read_state, state) > 0;
	UnregisterSnapshot(latest);
	return found;
}

static void
read_state(HeapTuple tuple, TupleDesc desc, void *argument)
{
	RunState   *state = argument;
	bool		isnull;
	char	  **texts[] = {
		&state->error_sqlstate, &state->error_message, &state->error_detail, &state->error_hint,
		&state->error_context
	};
	MemoryContext old = MemoryContextSwitchTo(state->context);

	state->service = owner_query_text(tuple, desc, 1);
	state->outcome = owner_query_text(tuple, desc, 2);
	state->finished = DatumGetBool(heap_getattr(tuple, 3, desc, &isnull));
	state->backend_pid = DatumGetInt32(heap_getattr(tuple, 4, desc, &isnull));
	for (int i = 0; i < lengthof(texts); i++)
		*texts[i] = owner_query_text(tuple, desc, 5 + i);
	MemoryContextSwitchTo(old);
}

Datum
record_run_result(int64 run_id)
{
	static OwnerQuery query = {
		"SELECT pg_catalog.jsonb_build_object('run_id', r.run_id, 'service', r.service, 'outcome', r.outcome,"
		" CASE r.outcome WHEN 'rolled_back' THEN 'rolled_back' ELSE 'applied' END, r.applied, 'failed', r.failed,"
		" 'total', r.total, 'selected', r.applied + r.failed + r.skipped,"
		" 'duration_ms', pg_catalog.round(r.duration_ms::pg_catalog.numeric, 3), 'migrations', COALESCE("
		"  (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('version', h.version,"
		"    'name', COALESCE(h.name, ''), 'outcome', h.event, 'execution_time_ms',"
		"    pg_catalog.round(h.execution_time_ms::pg_catalog.numeric, 3)) ORDER BY h.id)"
		"   FROM migrator.history h WHERE h.service = r.service AND h.run_id = r.run_id AND h.version IS NOT NULL"
		"   AND h.event IN ('applied', 'rolled_back')), '[]'))"
		" FROM migrator.runs r WHERE r.run_id = $1",
		1, {INT8OID}
	};
	Datum		value = Int64GetDatum(run_id);
	RunJson		json = {CurrentMemoryContext};
	Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, latest, read_json, &json);
	UnregisterSnapshot(latest);
	return json.value;
}

static void
read_json(HeapTuple tuple, TupleDesc desc, void *argument)
{
	RunJson    *json = argument;
	bool		isnull;
	MemoryContext old = MemoryContextSwitchTo(json->context);

	json->value = datumCopy(heap_getattr(tuple, 1, desc, &isnull), false, -1);
	MemoryContextSwitchTo(old);
}

int
record_unfinished_starts(const char *service)
{
	static OwnerQuery query = {
		"SELECT pg_catalog.count(*) FROM migrator.runs r WHERE r.service = $1 AND r.run_id > COALESCE("
		"  (SELECT pg_catalog.max(o.run_id) FROM migrator.runs o WHERE o.service = $1"
		"   AND NOT (o.origin = 'server start' AND (o.finished_at IS NULL OR o.outcome = 'interrupted'))), 0)",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	int64		count = 0;

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, read_int64, &count);
	return (int) count;
}
