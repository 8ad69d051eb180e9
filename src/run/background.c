/*
 * background.c
 *	  A run of up() in a background worker, which outlives its client.
 *
 * The caller waits until it can be told which run it is: the worker reports the
 * number when the row of "runs" is committed, so that whoever has it finds the
 * row.  Until then the run is still the caller's: what keeps it from beginning is
 * raised there and logged once; and when the caller is cancelled, or ends,
 * the worker is told to end.  From then on it is nobody's.
 *
 * Caller and worker are two sessions, in no lock group.  The worker may wait for
 * what the caller's transaction holds, or for another run whose CREATE INDEX
 * CONCURRENTLY waits for the caller's snapshot, and the deadlock detector cannot
 * know that the caller waits for the worker.  So the caller looks once a second,
 * and gives up.
 *
 * Values of variables are in the segment until the worker has read them, and in
 * its memory; never in a text that anybody is shown.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/segment.h"
#include "base/session_copy.h"
#include "base/worker.h"
#include "record/who.h"
#include "run/background.h"

/* between two looks at who waits for whom, in ms */
#define LOOK_PAUSE 1000

/* bytes of each text of an error that travel */
#define TEXT_SIZE 8192

/* bytes of the caller's client's address, as text */
#define CLIENT_ADDR_SIZE 64

/* sessions that are followed on the way from one that waits */
#define WAITERS_AT_MOST 64

static const WorkerKind run_worker = {
	.name = "migrator run",
	.entry = "migrator_run_worker_main",
	.message = 0x6d67726e,
	.turn = "run"
};

typedef enum ReportState
{
	REPORT_NONE,
	REPORT_ENTERED,				/* run_id is set */
	REPORT_NOTHING,				/* outcome is: there was nothing to run */
	REPORT_FAILED				/* the error is */
} ReportState;

/* what goes through shared memory: this, then the session, then the arguments */
typedef struct RunMessage
{
	PGPROC	   *caller;
	char		client_addr[CLIENT_ADDR_SIZE];	/* "": none */
	Size		arguments;		/* where these begin */
	volatile ReportState state;
	int64		run_id;
	char		outcome[NAMEDATALEN];
	int			sqlstate;
	char		message[TEXT_SIZE];
	char		detail[TEXT_SIZE];
	char		hint[TEXT_SIZE];
	char		context[TEXT_SIZE];
} RunMessage;

#define MESSAGE_SIZE MAXALIGN(sizeof(RunMessage))

/* of the caller while it waits, for what has to be done however the wait ends */
typedef struct RunStart
{
	dsm_segment *segment;
	BackgroundWorkerHandle *handle;
} RunStart;

PGDLLEXPORT void migrator_run_worker_main(Datum segment);

/* of the worker, until it has reported */
static RunMessage *to_report = NULL;
static const char *origin = "client";

static Size arguments_size(const CallUp *arguments);
static void write_arguments(char *to, const CallUp *arguments);
static void read_arguments(char *from, CallUp *arguments);
static void abandon(int code, Datum argument);
static void wait_for_report(const RunMessage *message, BackgroundWorkerHandle *handle);
static void raise_report(const RunMessage *message);
static void report(ReportState state);
static void put_text(char *to, const char *text);

int64
background_start(const CallUp *arguments, const char **outcome)
{
	Size		session = MAXALIGN(session_copy_size());
	RunStart	start = {0};
	const char *reason;
	RunMessage *message;
	int64		run_id;

	reason = worker_prepare(MESSAGE_SIZE + session + arguments_size(arguments), &start.segment);
	if (reason != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg("the run cannot be started in the background"),
				errdetail_internal("%s", reason));
	PG_ENSURE_ERROR_CLEANUP(abandon, PointerGetDatum(&start));
	{
		message = segment_memory(start.segment);
		message->caller = MyProc;
		if (who_client_addr() != NULL)
			strlcpy(message->client_addr, who_client_addr(), CLIENT_ADDR_SIZE);
		message->arguments = MESSAGE_SIZE + session;
		session_copy_write((char *) message + MESSAGE_SIZE, session);
		write_arguments((char *) message + message->arguments, arguments);
		start.handle = worker_start(&run_worker, start.segment);
		if (start.handle == NULL)
			ereport(ERROR,
					errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					errmsg("the run cannot be started in the background: no background worker is free"),
					errhint("Increase max_worker_processes, or try again when other workers have ended; CALL migrator.up() needs none."));
		wait_for_report(message, start.handle);
		if (message->state == REPORT_FAILED)
			raise_report(message);
	}
	PG_END_ENSURE_ERROR_CLEANUP(abandon, PointerGetDatum(&start));
	run_id = message->state == REPORT_ENTERED ? message->run_id : 0;
	*outcome = pstrdup(message->outcome);
	dsm_detach(start.segment);
	return run_id;
}

/* Also when this process ends: nobody would know of the run. */
static void
abandon(int code, Datum argument)
{
	RunStart   *start = (RunStart *) DatumGetPointer(argument);

	if (start->handle != NULL)
		TerminateBackgroundWorker(start->handle);
	dsm_detach(start->segment);
}

static void
wait_for_report(const RunMessage *message, BackgroundWorkerHandle *handle)
{
	for (;;)
	{
		pid_t		pid;
		BgwHandleStatus status = GetBackgroundWorkerPid(handle, &pid);
		int			events;

		if (message->state != REPORT_NONE)
			break;
		if (status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("the background worker ended before the run began"),
					errhint("The server log says why."));
		events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_PAUSE, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if ((events & WL_TIMEOUT) && status == BGWH_STARTED && message->state == REPORT_NONE &&
			background_waits_for_us(pid))
			ereport(ERROR,
					errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
					errmsg("the run cannot begin: it waits for this transaction, which waits for it"),
					errdetail("Its worker waits for a lock that this transaction holds, or for another run that waits for it."),
					errhint("Commit first, or try again when no other run is in progress."));
	}
	pg_read_barrier();
}

/*
 * Each session is asked once for those that it waits for; a few are enough, for
 * a wait that is longer than that ends by itself.
 */
bool
background_waits_for_us(int pid)
{
	int			waiters[WAITERS_AT_MOST] = {pid};
	int			count = 1;

	for (int i = 0; i < count; i++)
	{
		ArrayType  *blockers = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(waiters[i])));
		int			n = ArrayGetNItems(ARR_NDIM(blockers), ARR_DIMS(blockers));
		int32	   *pids = (int32 *) ARR_DATA_PTR(blockers);

		for (int k = 0; k < n; k++)
		{
			bool		known = pids[k] == 0;

			if (pids[k] == MyProcPid)
				return true;
			for (int j = 0; j < count && !known; j++)
				known = waiters[j] == pids[k];
			if (!known && count < WAITERS_AT_MOST)
				waiters[count++] = pids[k];
		}
	}
	return false;
}

static void
raise_report(const RunMessage *message)
{
	ereport(ERROR,
			errcode(message->sqlstate),
			errmsg_internal("%s", pstrdup(message->message)),
			message->detail[0] ? errdetail_internal("%s", pstrdup(message->detail)) : 0,
			message->hint[0] ? errhint("%s", pstrdup(message->hint)) : 0,
			message->context[0] ? errcontext("%s", pstrdup(message->context)) : 0);
}

/* Entry point of the worker. */
void
migrator_run_worker_main(Datum argument)
{
	Size		size = MESSAGE_SIZE;
	dsm_segment *segment;
	RunMessage *message = worker_attend(&run_worker, argument, &size, &segment);
	MemoryContext context;
	CallUp		arguments;
	ErrorData  *volatile error = NULL;
	const char *volatile outcome = NULL;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	to_report = message;
	if (message->client_addr[0] != '\0')
		who_act_for(MemoryContextStrdup(TopMemoryContext, message->client_addr));
	origin = "background";
	context = AllocSetContextCreate(TopMemoryContext, "migrator run", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	read_arguments((char *) message + message->arguments, &arguments);
	session_copy_connect((char *) message + MESSAGE_SIZE);
	PG_TRY();
	{
		session_copy_take_over((char *) message + MESSAGE_SIZE);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	if (error == NULL)
	{
		ErrorData  *raised;

		outcome = call_up(&arguments, &raised);
		error = raised;
	}
	if (error == NULL && to_report != NULL)
	{
		strlcpy(to_report->outcome, outcome ? outcome : "", sizeof(to_report->outcome));
		report(REPORT_NOTHING);
	}
	else if (error != NULL && to_report != NULL)
	{
		to_report->sqlstate = error->sqlerrcode;
		put_text(to_report->message, error->message);
		put_text(to_report->detail, error->detail);
		put_text(to_report->hint, error->hint);
		put_text(to_report->context, error->context);
		report(REPORT_FAILED);
	}
	else if (error != NULL)
		call_up_log_error(error);
	dsm_detach(segment);
	proc_exit(0);
}

const char *
background_origin(void)
{
	return origin;
}

/* So that a start of the server that brings it down again is known to the next one. */
bool
background_flushes_entry(void)
{
	return strcmp(origin, "server start") == 0;
}

void
background_set_origin(const char *name)
{
	origin = name;
}

void
background_entered(int64 run_id)
{
	if (to_report == NULL)
		return;
	to_report->run_id = run_id;
	report(REPORT_ENTERED);
}

/* The caller may be gone; then a latch is set that its next owner looks at in vain. */
static void
report(ReportState state)
{
	PGPROC	   *caller = to_report->caller;

	pg_write_barrier();
	to_report->state = state;
	to_report = NULL;
	SetLatch(&caller->procLatch);
}

static void
put_text(char *to, const char *text)
{
	int			fits = text == NULL ? 0 : pg_mbcliplen(text, strlen(text), TEXT_SIZE - 1);

	if (fits > 0)
		memcpy(to, text, fits);
	to[fits] = '\0';
}

static Size
arguments_size(const CallUp *arguments)
{
	Size		size = 0;

	for (int i = 0; i < CALL_UP_ARGUMENTS; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(call_up_types[i], &length, &by_value);
		size += datumEstimateSpace(arguments->values[i], arguments->nulls[i], by_value, length);
	}
	return size;
}

static void
write_arguments(char *to, const CallUp *arguments)
{
	for (int i = 0; i < CALL_UP_ARGUMENTS; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(call_up_types[i], &length, &by_value);
		datumSerialize(arguments->values[i], arguments->nulls[i], by_value, length, &to);
	}
}

/* Nobody else needs them any more. */
static void
read_arguments(char *from, CallUp *arguments)
{
	char	   *begin = from;

	for (int i = 0; i < CALL_UP_ARGUMENTS; i++)
		arguments->values[i] = datumRestore(&from, &arguments->nulls[i]);
	explicit_bzero(begin, from - begin);
}
