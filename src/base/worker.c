/*
 * worker.c
 *	  Have a background worker do something with a message, and wait for it.
 *
 * What must hold:
 *
 * A turn is an advisory lock of the caller's transaction, one of a few that no
 * SQL function takes and that are one for all databases.  So it is free when
 * the call is over, and also when an error or the end of the session comes
 * between.
 *
 * Nothing here is interrupted: the caller may be about to raise an error, whose
 * place a cancel must not take.  But a pending cancel, or a request to end,
 * ends each wait, and is still pending when we return.
 *
 * The memory of a message lives as long as either side has it.  A worker that
 * begins when the caller has gone on, and has detached, finds none and ends;
 * one that is at it keeps what it has, whatever becomes of the caller.
 *
 * The worker takes nothing from the caller's session, neither settings nor user
 * nor snapshot, and is in no lock group with it: it can meet the caller's locks
 * as anybody else can.  The deadlock detector does not know that the caller
 * waits for it; so what it does has to wait for locks with a limit.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/advisory.h"
#include "base/segment.h"
#include "base/worker.h"

/* how often one looks for a turn, in ms */
#define TURN_PAUSE 20

static int64 turn_key(const WorkerKind *kind, int number);
static int	take_turn(const WorkerKind *kind, TimestampTz deadline);
static bool wait_for_end(BackgroundWorkerHandle *handle, TimestampTz deadline);

const char *
worker_prepare(Size size, dsm_segment **segment)
{
	*segment = NULL;
	/* a single-user server has no postmaster to start a worker */
	if (!IsUnderPostmaster)
		return "A single-user server has no background workers.";
	*segment = segment_create(size);
	return *segment != NULL ? NULL : "No shared memory is available.";
}

const char *
worker_run(const WorkerKind *kind, dsm_segment *segment, int patience)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), patience);
	BackgroundWorkerHandle *handle;
	const char *reason = NULL;
	int			turn = take_turn(kind, deadline);

	if (turn < 0)
		return kind->busy;

	handle = worker_start(kind, segment);
	if (handle != NULL)
	{
		if (!wait_for_end(handle, deadline))
			reason = "The background worker was not done in time.";
		pfree(handle);
	}
	else
		reason = "No background worker is free: max_worker_processes may be too low.";
	advisory_release(ADVISORY_CLUSTER, turn_key(kind, turn), ExclusiveLock, false);
	return reason;
}

BackgroundWorkerHandle *
worker_start(const WorkerKind *kind, dsm_segment *segment)
{
	BackgroundWorker worker = {0};
	BackgroundWorkerHandle *handle;

	segment_publish(segment, kind->message);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "migrator");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "%s", kind->entry);
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for pid %d", kind->name, MyProcPid);
	snprintf(worker.bgw_type, BGW_MAXLEN, "%s", kind->name);
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	worker.bgw_notify_pid = MyProcPid;
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

static int64
turn_key(const WorkerKind *kind, int number)
{
	return advisory_key(psprintf("migrator:%s:%d", kind->turn, number));
}

/* -1 when the time is over, or somebody wants this session to end */
static int
take_turn(const WorkerKind *kind, TimestampTz deadline)
{
	for (;;)
	{
		for (int i = 0; i < kind->at_a_time; i++)
			if (advisory_try(ADVISORY_CLUSTER, turn_key(kind, i), ExclusiveLock, false))
				return i;
		if (GetCurrentTimestamp() >= deadline || QueryCancelPending || ProcDiePending)
			return -1;
		pg_usleep(TURN_PAUSE * 1000L);
	}
}

/* False when it had not ended in time: then it was told to. */
static bool
wait_for_end(BackgroundWorkerHandle *handle, TimestampTz deadline)
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

void *
worker_attend(const WorkerKind *kind, Datum argument, Size *size, dsm_segment **segment)
{
	void	   *message;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	message = segment_attach(DatumGetUInt32(argument), kind->message, size, segment);
	if (message == NULL)
		proc_exit(0);
	return message;
}
