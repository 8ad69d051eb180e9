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
 * What cannot be kept is said: a failure that is nowhere on record looks as if
 * nobody had tried.
 */
#include "postgres.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/finding.h"
#include "base/segment.h"
#include "base/settings.h"
#include "base/worker.h"
#include "run/failure_log.h"
#include "run/notify.h"

/* how long the caller waits for the worker, and the worker for a lock, in ms */
#define WAIT_AT_MOST 5000
#define LOCK_TIMEOUT "1000"

#define REASON_SIZE 256

static const WorkerKind failure_worker = {
	.name = "migrator failure record",
	.entry = "migrator_failure_worker_main",
	.message = 0x6d67666c,
	.turn = "failure",
	.at_a_time = 2,
	.busy = "Too many other sessions keep failures at the same time."
};

/* what goes through shared memory: this, then the strings */
typedef struct FailureMessage
{
	Oid			database;
	volatile bool kept;			/* set by the worker: history and runs are */
	char		reason[REASON_SIZE];	/* why not */
	char		channel[NAMEDATALEN];	/* of the caller */
	RecordEntry entry;			/* its pointers are not valid */
	RunEntry	run;			/* likewise */
} FailureMessage;

#define MESSAGE_STRINGS (RECORD_ENTRY_STRINGS + RECORD_RUN_STRINGS)

PGDLLEXPORT void migrator_failure_worker_main(Datum segment);

static int	message_strings(RecordEntry *entry, RunEntry *run, const char **strings[MESSAGE_STRINGS]);
static void write_message(char *to, RecordEntry *entry, RunEntry *run);
static void read_message(const char *from, const char *end, FailureMessage *message);
static bool write_in_transaction(FailureMessage *message, bool state);

void
failure_log_keep(RecordEntry *entry, RunEntry *run)
{
	const char **strings[MESSAGE_STRINGS];
	Size		size = MAXALIGN(sizeof(FailureMessage));
	dsm_segment *segment;
	const char *reason;
	RunEntry	none = {0};

	record_entry_identify(entry);
	if (run == NULL)
		run = &none;
	else
		record_run_identify(run);
	for (int i = message_strings(entry, run, strings) - 1; i >= 0; i--)
		size += 1 + (*strings[i] ? strlen(*strings[i]) + 1 : 0);

	reason = worker_prepare(size, &segment);
	if (segment != NULL)
	{
		const FailureMessage *message = segment_memory(segment);

		write_message(segment_memory(segment), entry, run);
		reason = worker_run(&failure_worker, segment, WAIT_AT_MOST);
		if (message->kept)
			reason = NULL;
		else if (reason == NULL)
			reason = message->reason[0] ? pstrdup(message->reason) :
				"The background worker ended before it was done.";
		dsm_detach(segment);
	}
	if (reason != NULL)
		ereport(WARNING,
				entry->version ? errmsg("the failure of migration \"%s\" is not kept on record", entry->version) :
				errmsg("the failure of %s \"%s\" is not kept on record", entry->event, finding_one_line(entry->name)),
				errdetail_internal("%s", reason));
}

/* Entry point of the worker. */
void
migrator_failure_worker_main(Datum argument)
{
	dsm_segment *segment;
	FailureMessage message;
	Size		size = MAXALIGN(sizeof(FailureMessage));
	FailureMessage *shared = worker_attend(&failure_worker, argument, &size, &segment);

	MemoryContextSwitchTo(TopMemoryContext);
	read_message((char *) shared, (char *) shared + size, &message);

	BackgroundWorkerInitializeConnectionByOid(message.database, InvalidOid, 0);
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("default_transaction_read_only", "off", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("synchronous_commit", "local", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("migrator.notify_channel", message.channel, PGC_USERSET, PGC_S_SESSION);

	/* the caller looks at these two when the worker has ended */
	shared->kept = write_in_transaction(&message, false);
	memcpy(shared->reason, message.reason, REASON_SIZE);
	/* what was to be taken back is applied as before */
	if (message.entry.version != NULL && !message.entry.going_back)
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
			notify_entry(&message->entry);
			if (message->run.run_id != 0)
			{
				record_write_run(&message->run, true);
				notify_run_finished(&message->run);
			}
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

/* In the order they travel. */
static int
message_strings(RecordEntry *entry, RunEntry *run, const char **strings[MESSAGE_STRINGS])
{
	int			count = record_entry_strings(entry, strings);

	return count + record_run_strings(run, strings + count);
}

/* Each string: a byte that says whether it is there, then itself with its NUL. */
static void
write_message(char *to, RecordEntry *entry, RunEntry *run)
{
	FailureMessage message = {.database = MyDatabaseId,.entry = *entry,.run = *run};
	const char **strings[MESSAGE_STRINGS];
	int			count = message_strings(entry, run, strings);

	strlcpy(message.channel, migrator_notify_channel, NAMEDATALEN);
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
	const char **strings[MESSAGE_STRINGS];
	int			count;

	memcpy(message, from, sizeof(FailureMessage));
	count = message_strings(&message->entry, &message->run, strings);
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
