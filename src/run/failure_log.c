/*
 * failure_log.c
 *	  The record of a failed attempt that survives the caller's rollback.
 *
 * The caller's transaction is about to be undone and still holds its locks
 * while the worker writes.  The worker could meet them in one place only: a
 * state row of the same migration that the caller wrote before in the same
 * transaction.  Hence lock_timeout in the worker, history and state in two
 * transactions, and a bound on the caller's wait.
 *
 * Workers are for parallel queries too.  So of ours there are two at a time at
 * most in the whole server, by locks that a session holds while its worker is
 * running; the others wait for their turn, within the same bound.
 *
 * What cannot be kept is said: a failure that is nowhere on record looks as if
 * nobody had tried.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "mb/pg_wchar.h"
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

#include "base/advisory.h"
#include "base/compat.h"
#include "run/failure_log.h"
#include "base/segment.h"

/* how long the caller waits for the worker, and the worker for a lock, in ms */
#define WAIT_AT_MOST 5000
#define LOCK_TIMEOUT "1000"

/* how many workers at a time in the server, and how often one looks for a turn, in ms */
#define SLOTS 2
#define SLOT_PAUSE 20

#define REASON_SIZE 256

#define FAILURE_KIND 0x6d67666c

/* what goes through shared memory: this, then the strings */
typedef struct FailureMessage
{
	Oid			database;
	volatile bool kept;			/* set by the worker: history and runs are */
	char		reason[REASON_SIZE];	/* why not */
	RecordEntry entry;			/* its pointers are not valid */
	RunEntry	run;			/* likewise */
} FailureMessage;

PGDLLEXPORT void migrator_failure_worker_main(Datum segment);

static const char ***message_strings(RecordEntry *entry, RunEntry *run, int *count);
static Size message_size(RecordEntry *entry, RunEntry *run);
static void write_message(char *to, RecordEntry *entry, RunEntry *run);
static void read_message(const char *from, const char *end, FailureMessage *message);
static void warn(const RecordEntry *entry, const char *reason);
static const char *run_worker(dsm_segment *segment);
static int64 slot_key(int slot);
static int	take_slot(TimestampTz deadline);
static bool wait_for_worker(BackgroundWorkerHandle *handle, TimestampTz deadline);
static bool write_in_transaction(FailureMessage *message, bool state);

void
failure_log_keep(RecordEntry *entry, RunEntry *run)
{
	dsm_segment *segment;
	const char *reason;
	const FailureMessage *message;

	/* a single-user server has no postmaster to start a worker */
	if (!IsUnderPostmaster)
	{
		warn(entry, "A single-user server has no background workers.");
		return;
	}
	record_entry_identify(entry);
	record_run_identify(run);

	segment = segment_create(message_size(entry, run));
	if (segment == NULL)
	{
		warn(entry, "No shared memory is available.");
		return;
	}
	message = segment_memory(segment);
	write_message(segment_memory(segment), entry, run);
	segment_publish(segment, FAILURE_KIND);
	reason = run_worker(segment);
	if (!message->kept)
		warn(entry, reason ? reason : message->reason[0] ? pstrdup(message->reason) :
			 "The background worker ended before it was done.");
	dsm_detach(segment);
}

static void
warn(const RecordEntry *entry, const char *reason)
{
	ereport(WARNING,
			errmsg("the failure of migration \"%s\" is not kept on record", entry->version),
			errdetail_internal("%s", reason));
}

/*
 * Start the worker when it is our turn, and wait for its end.  Returns why that
 * was not to be, or NULL.
 */
static const char *
run_worker(dsm_segment *segment)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), WAIT_AT_MOST);
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;
	const char *reason = NULL;
	int			slot = take_slot(deadline);

	if (slot < 0)
		return "Too many other sessions keep failures at the same time.";

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
		if (!wait_for_worker(handle, deadline))
			reason = "The background worker was not done in time.";
		pfree(handle);
	}
	else
		reason = "No background worker is free: max_worker_processes may be too low.";
	advisory_release(ADVISORY_CLUSTER, slot_key(slot), ExclusiveLock, false);
	return reason;
}

static int64
slot_key(int slot)
{
	return advisory_key(psprintf("migrator:failure:%d", slot));
}

/*
 * The locks are the transaction's, so that no error leaves them behind.  -1
 * when the time is over, or somebody wants this session to end.
 */
static int
take_slot(TimestampTz deadline)
{
	for (;;)
	{
		for (int slot = 0; slot < SLOTS; slot++)
			if (advisory_try(ADVISORY_CLUSTER, slot_key(slot), ExclusiveLock, false))
				return slot;
		if (GetCurrentTimestamp() >= deadline || QueryCancelPending || ProcDiePending)
			return -1;
		pg_usleep(SLOT_PAUSE * 1000L);
	}
}

/*
 * No CHECK_FOR_INTERRUPTS here: the caller is about to raise the error we are
 * keeping, and a cancel must not take its place.  A pending one ends the wait.
 */
static bool
wait_for_worker(BackgroundWorkerHandle *handle, TimestampTz deadline)
{
	bool		stopped;

	for (;;)
	{
		pid_t		pid;
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		stopped = GetBackgroundWorkerPid(handle, &pid) == BGWH_STOPPED;
		if (stopped)
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
	return stopped;
}

/* Entry point of the worker. */
void
migrator_failure_worker_main(Datum argument)
{
	dsm_segment *segment;
	FailureMessage message;
	FailureMessage *shared;
	Size		size = MAXALIGN(sizeof(FailureMessage));

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	/* gone already: the caller did not wait */
	shared = segment_attach(DatumGetUInt32(argument), FAILURE_KIND, &size, &segment);
	if (shared == NULL)
		proc_exit(0);
	MemoryContextSwitchTo(TopMemoryContext);
	read_message((char *) shared, (char *) shared + size, &message);

	BackgroundWorkerInitializeConnectionByOid(message.database, InvalidOid, 0);
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("default_transaction_read_only", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("synchronous_commit", "local", PGC_USERSET, PGC_S_SESSION);

	/* the caller looks at these two when the worker has ended */
	shared->kept = write_in_transaction(&message, false);
	memcpy(shared->reason, message.reason, REASON_SIZE);
	(void) write_in_transaction(&message, true);
	dsm_detach(segment);
	proc_exit(0);
}

/*
 * Write history and runs, or the state.  An error, for instance because the
 * extension was made in the caller's own transaction, ends the attempt: best
 * effort.  Then message->reason says why.
 */
static bool
write_in_transaction(FailureMessage *message, bool state)
{
	volatile bool done = false;

	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		pgstat_report_activity(STATE_RUNNING, "recording a failed migration");
		if (state)
			record_write_state(&message->entry);
		else
		{
			record_write_event(&message->entry);
			record_write_run(&message->run, true);
		}
		PopActiveSnapshot();
		CommitTransactionCommand();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		strlcpy(message->reason, error->message, REASON_SIZE);
		message->reason[pg_mbcliplen(message->reason, strlen(message->reason), REASON_SIZE - 2)] = '\0';
		ereport(DEBUG1,
				errmsg_internal("migrator could not keep a failure on record: %s", error->message));
	}
	PG_END_TRY();
	return done;
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
	FailureMessage message = {MyDatabaseId, false, "", *entry, *run};
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
