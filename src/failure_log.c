/*
 * failure_log.c
 *	  The record of a failed attempt that survives the caller's rollback.
 *
 * The caller's transaction is about to be undone and still holds its locks
 * while the worker writes.  The worker could meet them in one place only: a
 * state row of the same migration that the caller wrote before in the same
 * transaction.  Hence lock_timeout in the worker, history and state in two
 * transactions, and a bound on the caller's wait.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "failure_log.h"
#include "segment.h"

/* how long the caller waits for the worker, and the worker for a lock, in ms */
#define WAIT_AT_MOST 5000
#define LOCK_TIMEOUT "1000"

#define FAILURE_KIND 0x6d67666c

/* what goes through shared memory: this, then the strings */
typedef struct FailureMessage
{
	Oid			database;
	RecordEntry entry;			/* its pointers are not valid */
	RunEntry	run;			/* likewise */
} FailureMessage;

PGDLLEXPORT void migrator_failure_worker_main(Datum segment);

static const char ***message_strings(RecordEntry *entry, RunEntry *run, int *count);
static Size message_size(RecordEntry *entry, RunEntry *run);
static void write_message(char *to, RecordEntry *entry, RunEntry *run);
static void read_message(const char *from, const char *end, FailureMessage *message);
static void wait_for_worker(BackgroundWorkerHandle *handle);
static void write_in_transaction(FailureMessage *message, bool state);

void
failure_log_keep(RecordEntry *entry, RunEntry *run)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	dsm_segment *segment;

	/* a single-user server has no postmaster to start a worker */
	if (!IsUnderPostmaster)
		return;
	record_entry_identify(entry);
	record_run_identify(run);

	segment = segment_create(message_size(entry, run));
	if (segment == NULL)
		return;
	write_message(segment_memory(segment), entry, run);
	segment_publish(segment, FAILURE_KIND);

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "migrator");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name),
			 "migrator_failure_worker_main");
	snprintf(worker.bgw_name, BGW_MAXLEN, "migrator failure record for pid %d", MyProcPid);
	snprintf(worker.bgw_type, BGW_MAXLEN, "migrator failure record");
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;

	if (RegisterDynamicBackgroundWorker(&worker, &handle))
	{
		wait_for_worker(handle);
		pfree(handle);
	}
	dsm_detach(segment);
}

/*
 * No CHECK_FOR_INTERRUPTS here: the caller is about to raise the error we are
 * keeping, and a cancel must not take its place.  A pending one ends the wait.
 */
static void
wait_for_worker(BackgroundWorkerHandle *handle)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WAIT_AT_MOST);

	for (;;)
	{
		pid_t		pid;
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED)
			break;
		if (left <= 0 || QueryCancelPending || ProcDiePending)
		{
			TerminateBackgroundWorker(handle);
			break;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	/* whatever else set our latch must not be missed */
	SetLatch(MyLatch);
}

/* Entry point of the worker. */
void
migrator_failure_worker_main(Datum argument)
{
	dsm_segment *segment;
	FailureMessage message;
	Size		size = MAXALIGN(sizeof(FailureMessage));
	const char *memory;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* gone already: the caller did not wait */
	memory = segment_attach(DatumGetUInt32(argument), FAILURE_KIND, &size, &segment);
	if (memory == NULL)
		proc_exit(0);
	MemoryContextSwitchTo(TopMemoryContext);
	read_message(memory, memory + size, &message);

	BackgroundWorkerInitializeConnectionByOid(message.database, InvalidOid, 0);
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("default_transaction_read_only", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("synchronous_commit", "local", PGC_USERSET, PGC_S_SESSION);

	write_in_transaction(&message, false);
	write_in_transaction(&message, true);
	dsm_detach(segment);
	proc_exit(0);
}

/*
 * Write history and runs, or the state.  An error, for instance because the
 * extension was made in the caller's own transaction, ends the attempt
 * quietly: best effort.
 */
static void
write_in_transaction(FailureMessage *message, bool state)
{
	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		pgstat_report_activity(STATE_RUNNING, "recording a failed migration");
		if (state)
			record_write_failed_state(&message->entry);
		else
		{
			record_write_event(&message->entry);
			record_write_run(&message->run);
		}
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		ereport(DEBUG1,
				errmsg_internal("migrator could not keep a failure on record: %s", error->message));
	}
	PG_END_TRY();
}

/* Addresses of all strings, in the order they travel. */
static const char ***
message_strings(RecordEntry *entry, RunEntry *run, int *count)
{
	const char **all[] = {
		&entry->service, &entry->version, &entry->name, &entry->file, &entry->layout,
		&entry->environment, &entry->checksum, &entry->fingerprint, &entry->description,
		&entry->down_script, &entry->error_message, &entry->error_sqlstate, &entry->error_detail,
		&entry->event, &entry->note, &entry->applied_by, &entry->run_as,
		&entry->application_name, &entry->client_addr,
		&run->kind, &run->service, &run->source, &run->environment, &run->outcome,
		&run->started_by, &run->run_as, &run->application_name, &run->client_addr
	};
	const char ***copy = palloc(sizeof(all));

	memcpy(copy, all, sizeof(all));
	*count = lengthof(all);
	return copy;
}

static Size
message_size(RecordEntry *entry, RunEntry *run)
{
	int			count;
	const char ***strings = message_strings(entry, run, &count);
	Size		size = MAXALIGN(sizeof(FailureMessage));

	for (int i = 0; i < count; i++)
		size += 1 + (*strings[i] ? strlen(*strings[i]) + 1 : 0);
	return size;
}

/* Each string: a byte that says whether it is there, then itself with its NUL. */
static void
write_message(char *to, RecordEntry *entry, RunEntry *run)
{
	FailureMessage message = {MyDatabaseId, *entry, *run};
	int			count;
	const char ***strings = message_strings(entry, run, &count);

	memcpy(to, &message, sizeof(FailureMessage));
	to += MAXALIGN(sizeof(FailureMessage));
	for (int i = 0; i < count; i++)
	{
		*to++ = *strings[i] != NULL;
		if (*strings[i] != NULL)
		{
			strcpy(to, *strings[i]);
			to += strlen(*strings[i]) + 1;
		}
	}
}

static void
read_message(const char *from, const char *end, FailureMessage *message)
{
	int			count;
	const char ***strings;

	memcpy(message, from, sizeof(FailureMessage));
	strings = message_strings(&message->entry, &message->run, &count);
	from += MAXALIGN(sizeof(FailureMessage));
	for (int i = 0; i < count; i++)
	{
		bool		present = from < end && *from++ != 0;
		Size		length = present ? strnlen(from, end - from) : 0;

		*strings[i] = present ? pnstrdup(from, length) : NULL;
		if (present)
			from += length + 1;
	}
}
