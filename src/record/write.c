/*
 * write.c
 *	  Writing of one migration: its row of "migrations", its events of "history".
 *
 * Whatever locks were lost, a row that says "applied" is not overwritten by
 * what a run writes, and a state is changed only from the one that was acted
 * upon: else 40001.  The server's row lock puts two writers in order, and the
 * condition is looked at again by the second.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "base/settings.h"
#include "record/author.h"
#include "record/who.h"
#include "record/write.h"

static bool write_new_state(const RecordEntry *entry);
static void state_values(const RecordEntry *entry, Datum *values, char *nulls);
static void down_author_values(const char *down_script, Datum *values, char *nulls);
static const char *stored_state_name(MigrationState state);

void
record_entry_identify(RecordEntry *entry)
{
	entry->applied_by = who_name(GetSessionUserId());
	entry->run_as = who_name(GetUserId());
	entry->application_name = application_name ? pstrdup(application_name) : "";
	entry->client_addr = who_client_addr();
	entry->backend_pid = MyProcPid;
}

int
record_entry_strings(RecordEntry *entry, const char **strings[RECORD_ENTRY_STRINGS])
{
	const char **all[] = {
		&entry->service, &entry->version, &entry->name, &entry->file, &entry->layout,
		&entry->environment, &entry->checksum, &entry->fingerprint, &entry->description,
		&entry->down_script, &entry->done_digest, &entry->error_message, &entry->error_sqlstate,
		&entry->error_detail, &entry->event, &entry->note, &entry->applied_by, &entry->run_as,
		&entry->application_name, &entry->client_addr, &entry->replaces
	};

	StaticAssertStmt(lengthof(all) == RECORD_ENTRY_STRINGS, "RECORD_ENTRY_STRINGS is not their number");
	memcpy(strings, all, sizeof(all));
	return lengthof(all);
}

void
record_write(RecordEntry *entry)
{
	if (entry->applied_by == NULL)
		record_entry_identify(entry);
	if (!write_new_state(entry) && !record_write_state(entry))
		record_refuse_stale(entry->service, entry->version);
	record_write_event(entry);
}

/*
 * What is applied stays so, but for a repeatable one whose checksum of record is the
 * one that was acted upon: this is the fence between runs, whatever became of
 * the locks that should have kept them apart.  A row whose version is the same
 * number, spelled otherwise, is the migration's row: index migrations_number
 * says that there is one at most.  One that is being taken back is the business
 * of record_write_back().
 */
#define STATE_COLUMNS \
	"INSERT INTO migrator.migrations AS m (service, version, name, file, layout, state, environment," \
	" checksum, fingerprint, description, down_script, run_id, applied_at, execution_time_ms, applied_by," \
	" statement_total, statement_done, lock_key, backend_pid, baseline, non_transactional," \
	" error_message, error_sqlstate, statement_started, done_digest, backend_start," \
	" down_system, down_oids, down_as, down_by, down_login, irreversible, repeatable)"

#define STATE_VALUES \
	" $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, COALESCE($26, pg_catalog.clock_timestamp()), $13, $14," \
	" $15, $22, $16, $17, $18, $19, $20, $21, $23, $24, $25, $27, $28, $29, $30, $31, $32, $33)"

#define STATE_WRITE STATE_COLUMNS \
	" VALUES ($1, COALESCE((SELECT o.version FROM migrator.migrations o WHERE o.service = $1" \
	" AND o.version OPERATOR(pg_catalog.~) '^[0-9]+$' AND $2 OPERATOR(pg_catalog.~) '^[0-9]+$'" \
	" AND pg_catalog.ltrim(o.version, '0') = pg_catalog.ltrim($2, '0')), $2)," STATE_VALUES \
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
	" error_message = excluded.error_message, error_sqlstate = excluded.error_sqlstate," \
	" down_system = excluded.down_system, down_oids = excluded.down_oids, down_as = excluded.down_as," \
	" down_by = excluded.down_by, down_login = excluded.down_login, irreversible = excluded.irreversible," \
	" repeatable = excluded.repeatable" \
	" WHERE m.direction IS NULL AND (m.state <> 'applied' OR m.checksum = $34)"

#define STATE_PARAMETER_COUNT 34
#define STATE_PARAMETER_TYPES \
	TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, \
		TEXTOID, INT8OID, FLOAT8OID, TEXTOID, INT4OID, INT8OID, INT4OID, BOOLOID, BOOLOID, TEXTOID, TEXTOID, \
		INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, \
		INT8OID, OIDARRAYOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, BOOLOID, TEXTOID

bool
record_write_state(const RecordEntry *entry)
{
	static OwnerQuery query = {
		STATE_WRITE, STATE_PARAMETER_COUNT, {STATE_PARAMETER_TYPES},
		.generic = true
	};
	Datum		values[STATE_PARAMETER_COUNT];
	char		nulls[STATE_PARAMETER_COUNT];

	state_values(entry, values, nulls);
	return owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL) > 0;
}

/*
 * The row of a migration that has none yet, which a run writes a thousand times:
 * there is nothing to look for and nothing to overwrite.  False when there is a
 * row of this version, or of the same number: then nothing is written.
 */
static bool
write_new_state(const RecordEntry *entry)
{
	static OwnerQuery query = {
		STATE_COLUMNS " VALUES ($1, $2," STATE_VALUES " ON CONFLICT DO NOTHING",
		STATE_PARAMETER_COUNT - 1, {STATE_PARAMETER_TYPES},
		.generic = true
	};
	Datum		values[STATE_PARAMETER_COUNT];
	char		nulls[STATE_PARAMETER_COUNT];

	state_values(entry, values, nulls);
	return owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL) > 0;
}

static void
state_values(const RecordEntry *entry, Datum *values, char *nulls)
{
	memset(nulls, ' ', STATE_PARAMETER_COUNT);
	values[0] = CStringGetTextDatum(entry->service);
	values[1] = CStringGetTextDatum(entry->version);
	values[2] = owner_query_text_or_null(entry->name, &nulls[2]);
	values[3] = owner_query_text_or_null(entry->file, &nulls[3]);
	values[4] = owner_query_text_or_null(entry->layout, &nulls[4]);
	values[5] = CStringGetTextDatum(record_state_name(entry->state));
	values[6] = owner_query_text_or_null(entry->environment, &nulls[6]);
	values[7] = owner_query_text_or_null(entry->checksum, &nulls[7]);
	values[8] = owner_query_text_or_null(entry->fingerprint, &nulls[8]);
	values[9] = owner_query_text_or_null(entry->description, &nulls[9]);
	values[10] = owner_query_text_or_null(entry->down_script, &nulls[10]);
	values[11] = Int64GetDatum(entry->run_id);
	nulls[11] = entry->run_id != 0 ? ' ' : 'n';
	values[12] = Float8GetDatum(entry->execution_time_ms);
	nulls[12] = entry->execution_time_ms >= 0 ? ' ' : 'n';
	values[13] = owner_query_text_or_null(entry->applied_by, &nulls[13]);
	values[14] = Int32GetDatum(entry->statement_total);
	values[15] = Int64GetDatum(entry->lock_key);
	values[16] = Int32GetDatum(entry->backend_pid);
	values[17] = BoolGetDatum(entry->baseline);
	values[18] = BoolGetDatum(entry->non_transactional);
	values[19] = owner_query_text_or_null(entry->error_message, &nulls[19]);
	values[20] = owner_query_text_or_null(entry->error_sqlstate, &nulls[20]);
	values[21] = Int32GetDatum(entry->statement_done);
	values[22] = Int32GetDatum(entry->statement_started);
	nulls[22] = entry->statement_started > 0 ? ' ' : 'n';
	values[23] = owner_query_text_or_null(entry->done_digest, &nulls[23]);
	values[24] = TimestampTzGetDatum(MyStartTimestamp);
	values[25] = TimestampTzGetDatum(entry->applied_at);
	nulls[25] = entry->applied_at != 0 ? ' ' : 'n';
	down_author_values(entry->down_script, &values[26], &nulls[26]);
	values[31] = BoolGetDatum(entry->irreversible);
	values[32] = BoolGetDatum(entry->repeatable);
	values[33] = owner_query_text_or_null(entry->replaces, &nulls[33]);
}

/* Five columns: whose words the down script will be for whoever runs it. */
static void
down_author_values(const char *down_script, Datum *values, char *nulls)
{
	Author		by;

	memset(nulls, down_script ? ' ' : 'n', 5);
	if (down_script == NULL)
	{
		memset(values, 0, 5 * sizeof(Datum));
		return;
	}
	trust_signer(&by);
	values[0] = Int64GetDatum((int64) GetSystemIdentifier());
	values[1] = author_oids(&by);
	values[2] = CStringGetTextDatum(trust_role_name(by.current));
	values[3] = CStringGetTextDatum(trust_role_name(by.session));
	values[4] = CStringGetTextDatum(trust_role_name(by.login));
}

void
record_write_back(RecordEntry *entry)
{
	if (entry->applied_by == NULL)
		record_entry_identify(entry);
	record_write_back_state(entry);
	record_write_event(entry);
}

/* When, how long and by whom are those of the state that stays. */
void
record_write_back_state(const RecordEntry *entry)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET state = $3, direction = CASE WHEN $3 IN ('running', 'failed') THEN 'down' END,"
		" run_id = $4, statement_total = $5, statement_done = $6, statement_started = $7, done_digest = $8,"
		" resume_state = CASE WHEN $3 IN ('running', 'failed') AND ($6 > 0 OR $7 > 0) THEN resume_state END,"
		" lock_key = $9, backend_pid = $10, backend_start = $11, error_message = $12, error_sqlstate = $13,"
		" applied_at = CASE $3 WHEN 'rolled_back' THEN pg_catalog.clock_timestamp() ELSE applied_at END,"
		" execution_time_ms = CASE $3 WHEN 'rolled_back' THEN $14 ELSE execution_time_ms END,"
		" applied_by = CASE $3 WHEN 'rolled_back' THEN $15 ELSE applied_by END,"
		" baseline = baseline AND $3 <> 'rolled_back'"
		" WHERE service = $1 AND version = $2 AND (state = 'applied' OR direction = 'down')",
		15, {TEXTOID, TEXTOID, TEXTOID, INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, INT8OID, INT4OID, TIMESTAMPTZOID,
		TEXTOID, TEXTOID, FLOAT8OID, TEXTOID},
		.generic = true
	};
	Datum		values[15];
	char		nulls[15];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(entry->service);
	values[1] = CStringGetTextDatum(entry->version);
	values[2] = CStringGetTextDatum(stored_state_name(entry->state));
	values[3] = Int64GetDatum(entry->run_id);
	nulls[3] = entry->run_id != 0 ? ' ' : 'n';
	values[4] = Int32GetDatum(entry->statement_total);
	values[5] = Int32GetDatum(entry->statement_done);
	values[6] = Int32GetDatum(entry->statement_started);
	nulls[6] = entry->statement_started > 0 ? ' ' : 'n';
	values[7] = owner_query_text_or_null(entry->done_digest, &nulls[7]);
	values[8] = Int64GetDatum(entry->lock_key);
	values[9] = Int32GetDatum(entry->backend_pid);
	values[10] = TimestampTzGetDatum(MyStartTimestamp);
	values[11] = owner_query_text_or_null(entry->error_message, &nulls[11]);
	values[12] = owner_query_text_or_null(entry->error_sqlstate, &nulls[12]);
	values[13] = Float8GetDatum(entry->execution_time_ms);
	nulls[13] = entry->execution_time_ms >= 0 ? ' ' : 'n';
	values[14] = owner_query_text_or_null(entry->applied_by, &nulls[14]);
	if (owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) != 1)
		record_refuse_stale(entry->service, entry->version);
}

void
record_write_event(RecordEntry *entry)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.history (run_id, service, version, name, event, environment, checksum,"
		" execution_time_ms, statement, line, error_message, error_sqlstate, error_detail, note,"
		" applied_by, run_as, application_name, client_addr, backend_pid, extension_version, at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
		" $18::pg_catalog.inet, $19, $20, COALESCE($21, pg_catalog.clock_timestamp()))",
		21, {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, INT4OID, INT4OID,
		TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID, TIMESTAMPTZOID},
		.generic = true
	};
	Datum		values[21];
	char		nulls[21];

	if (entry->applied_by == NULL)
		record_entry_identify(entry);
	memset(nulls, ' ', sizeof(nulls));
	values[0] = Int64GetDatum(entry->run_id);
	nulls[0] = entry->run_id != 0 ? ' ' : 'n';
	values[1] = CStringGetTextDatum(entry->service);
	values[2] = owner_query_text_or_null(entry->version, &nulls[2]);
	values[3] = owner_query_text_or_null(entry->name, &nulls[3]);
	values[4] = CStringGetTextDatum(entry->event);
	values[5] = owner_query_text_or_null(entry->environment, &nulls[5]);
	values[6] = owner_query_text_or_null(entry->checksum, &nulls[6]);
	values[7] = Float8GetDatum(entry->execution_time_ms);
	nulls[7] = entry->execution_time_ms >= 0 ? ' ' : 'n';
	values[8] = Int32GetDatum(entry->statement);
	nulls[8] = entry->statement > 0 ? ' ' : 'n';
	values[9] = Int32GetDatum(entry->line);
	nulls[9] = entry->line > 0 ? ' ' : 'n';
	values[10] = owner_query_text_or_null(entry->error_message, &nulls[10]);
	values[11] = owner_query_text_or_null(entry->error_sqlstate, &nulls[11]);
	values[12] = owner_query_text_or_null(entry->error_detail, &nulls[12]);
	values[13] = owner_query_text_or_null(entry->note, &nulls[13]);
	values[14] = owner_query_text_or_null(entry->applied_by, &nulls[14]);
	values[15] = owner_query_text_or_null(entry->run_as, &nulls[15]);
	values[16] = owner_query_text_or_null(entry->application_name, &nulls[16]);
	values[17] = owner_query_text_or_null(entry->client_addr, &nulls[17]);
	values[18] = Int32GetDatum(entry->backend_pid);
	values[19] = CStringGetTextDatum(MIGRATOR_VERSION);
	values[20] = TimestampTzGetDatum(entry->applied_at);
	nulls[20] = entry->applied_at != 0 ? ' ' : 'n';
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
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
		" statement_started = NULL, resume_state = NULL, direction = NULL, applied_at = pg_catalog.clock_timestamp(),"
		" baseline = baseline AND $3 = 'applied',"
		" run_id = CASE WHEN direction = 'down' AND $3 = 'applied' THEN"
		"  (SELECT h.run_id FROM migrator.history h WHERE h.service = $1 AND h.version = $2 AND h.event = 'applied'"
		"   ORDER BY h.id DESC LIMIT 1) ELSE run_id END"
		" WHERE service = $1 AND version = $2 AND state = $4",
		4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[4] = {
		CStringGetTextDatum(service), CStringGetTextDatum(version),
		CStringGetTextDatum(record_state_name(state)),
		CStringGetTextDatum(stored_state_name(from))
	};

	if (owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) != 1)
		record_refuse_stale(service, version);
}

void
record_rename(const char *service, const char *version, const char *renamed, const char *file)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET version = $3, file = $4 WHERE service = $1 AND version = $2",
		4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[4] = {
		CStringGetTextDatum(service), CStringGetTextDatum(version),
		CStringGetTextDatum(renamed), CStringGetTextDatum(file)
	};

	if (owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) != 1)
		record_refuse_stale(service, version);
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
		record_refuse_stale(service, version);
}

void
record_forget_all(const char *service)
{
	static OwnerQuery query = {"DELETE FROM migrator.migrations WHERE service = $1", 1, {TEXTOID}};
	Datum		value = CStringGetTextDatum(service);

	(void) owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
}

bool
record_accept(const RecordEntry *entry)
{
	static OwnerQuery query = {
		"UPDATE migrator.migrations SET checksum = $3, fingerprint = $4, down_script = $5,"
		" down_system = $6, down_oids = $7, down_as = $8, down_by = $9, down_login = $10, irreversible = $11"
		" WHERE service = $1 AND version = $2 AND state = 'applied'"
		" AND (checksum, fingerprint, down_script, irreversible) IS DISTINCT FROM ($3, $4, $5, $11)",
		11, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, OIDARRAYOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID}
	};
	Datum		values[11] = {CStringGetTextDatum(entry->service), CStringGetTextDatum(entry->version)};
	char		nulls[11];

	memset(nulls, ' ', sizeof(nulls));

	values[2] = owner_query_text_or_null(entry->checksum, &nulls[2]);
	values[3] = owner_query_text_or_null(entry->fingerprint, &nulls[3]);
	values[4] = owner_query_text_or_null(entry->down_script, &nulls[4]);
	down_author_values(entry->down_script, &values[5], &nulls[5]);
	values[10] = BoolGetDatum(entry->irreversible);
	return owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) > 0;
}

void
record_refuse_stale(const char *service, const char *version)
{
	ereport(ERROR,
			errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("migration \"%s\" of service \"%s\" was changed by another session meanwhile",
				   version, service),
			errdetail("Its row in the record is not overwritten, and what this transaction did is undone."),
			errhint("Run it again: what is applied is not run twice."));
}
