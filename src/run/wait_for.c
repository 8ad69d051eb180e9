/*
 * wait_for.c
 *	  Waiting for the end of a run, whoever runs it.
 *
 * The record says when a run has ended, and is asked again and again, half a
 * second apart at most.  (Its lock would wake us at once; but who waits for that
 * is taken for another run.)  A run whose session has died leaves no end there;
 * then nobody holds its lock any more.
 *
 * We wait with a snapshot, as any statement has one, and CREATE INDEX
 * CONCURRENTLY waits for older snapshots.  The deadlock detector sees only half
 * of that.  So once a second we look whether the run waits for us.  The client's
 * own statement then ends without a result, and its snapshot with it: the
 * client asks again.  Where the snapshot would outlive our return, in a
 * transaction block or in a function that may well ask again at once, it is
 * an error, which ends both.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/execdesc.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "tcop/pquery.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "base/errors.h"
#include "base/settings.h"
#include "record/lock.h"
#include "record/registration.h"
#include "record/runs.h"
#include "run/background.h"
#include "run/wait_for.h"

/* ms between two looks at the record, and at who waits for whom */
#define FIRST_PAUSE 10
#define LAST_PAUSE 500
#define LOOK_PAUSE 1000

static void require_visible(const RunState *state);
static bool still_holds(const RunState *state);
static bool give_way(int64 run_id);
static bool is_clients_statement(void);
static void raise_failure(int64 run_id, const RunState *state);

bool
wait_for(int64 run_id, int patience, Datum *result)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator wait", ALLOCSET_SMALL_SIZES);
	TimestampTz begin = GetCurrentTimestamp();
	TimestampTz looked = begin;
	long		pause = FIRST_PAUSE;
	RunState	state;

	if (!record_run_state(run_id, &state))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("run " INT64_FORMAT " does not exist", run_id),
				errhint("See table migrator.runs."));
	require_visible(&state);
	while (!state.finished)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		left = patience == 0 ? LAST_PAUSE :
			TimestampDifferenceMilliseconds(now, TimestampTzPlusMilliseconds(begin, patience));

		if (left <= 0)
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, Min(pause, left), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pause = Min(pause * 2, LAST_PAUSE);

		MemoryContextReset(work);
		MemoryContextSwitchTo(work);
		(void) record_run_state(run_id, &state);
		if (!state.finished && GetCurrentTimestamp() >= TimestampTzPlusMilliseconds(looked, LOOK_PAUSE))
		{
			looked = GetCurrentTimestamp();
			if (background_waits_for_us(state.backend_pid))
			{
				MemoryContextSwitchTo(context);
				return give_way(run_id);
			}
			if (!still_holds(&state))
			{
				/* it may have ended between the two looks */
				(void) record_run_state(run_id, &state);
				break;
			}
		}
		MemoryContextSwitchTo(context);
	}
	MemoryContextSwitchTo(context);
	if (!state.finished || strcmp(state.outcome, "failed") == 0 || strcmp(state.outcome, "interrupted") == 0)
		raise_failure(run_id, &state);
	*result = record_run_result(run_id);
	return true;
}

/* Whoever may read the record, or act for the service. */
static void
require_visible(const RunState *state)
{
	Oid			runs = get_relname_relid("runs", get_namespace_oid(MIGRATOR_SCHEMA, false));

	if (pg_class_aclcheck(runs, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		registration_require_member(registration_find(state->service));
}

/* A session of that number which holds the lock is the run's, or that of one that ended it on record. */
static bool
still_holds(const RunState *state)
{
	ListCell   *lc;

	foreach(lc, lock_holders(state->service))
	{
		if (((LockHolder *) lfirst(lc))->pid == state->backend_pid)
			return true;
	}
	return false;
}

/* Always false: there is no result. */
static bool
give_way(int64 run_id)
{
	if (!is_clients_statement())
		ereport(ERROR,
				errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				errmsg("run " INT64_FORMAT " waits for this transaction, which waits for it", run_id),
				errhint("Call migrator.wait_for() outside of a transaction block."));
	ereport(NOTICE,
			errmsg("run " INT64_FORMAT " waits for the end of this statement, as CREATE INDEX CONCURRENTLY does", run_id),
			errhint("Call migrator.wait_for() again."));
	return false;
}

/* A query inside of a function has a snapshot of its own. */
static bool
is_clients_statement(void)
{
	return !IsTransactionBlock() && ActivePortal != NULL && ActivePortal->queryDesc != NULL && ActiveSnapshotSet() &&
		GetActiveSnapshot() == ActivePortal->queryDesc->snapshot;
}

static void
raise_failure(int64 run_id, const RunState *state)
{
	const char *code = state->error_sqlstate;

	if (!state->finished || state->error_message == NULL)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_INTERRUPTED),
				errmsg("run " INT64_FORMAT " was interrupted", run_id),
				errdetail("Its session ended before it was done."),
				errhint("Run it again, which goes on behind what is applied."));
	ereport(ERROR,
			errcode(code != NULL && strlen(code) == 5 ? MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]) :
					ERRCODE_INTERNAL_ERROR),
			errmsg_internal("%s", state->error_message),
			state->error_detail ? errdetail_internal("%s", state->error_detail) : 0,
			state->error_hint ? errhint("%s", state->error_hint) : 0,
			state->error_context ? errcontext("%s", state->error_context) : 0);
}
