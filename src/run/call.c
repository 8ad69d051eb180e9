/*
 * call.c
 *	  What every call does that changes state, a run or not.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "utils/snapmgr.h"

#include "base/owner_query.h"
#include "base/settings.h"
#include "execute/constraint.h"
#include "record/lock.h"
#include "record/registration.h"
#include "run/call.h"
#include "run/current_run.h"

/* set while a run is in progress in this backend */
static bool run_active = false;

void
run_refuse_nested(const char *name)
{
	if (run_active)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("%s cannot be called from within a run of migrator", name),
				errhint("A script, or a trigger or function it uses, calls migrator."));
}

void
run_enter(const char *name)
{
	run_refuse_nested(name);
	settings_require_valid();
	owner_query_check_version();
	constraint_reset();
	run_active = true;
}

void
run_leave(void)
{
	run_active = false;
	current_run_end();
}

bool
run_in_progress(void)
{
	return run_active;
}

void
run_refuse_standby(const char *name)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				errmsg("cannot execute %s during recovery", name),
				errhint("This server is a standby: run it on the primary. status() and the other reading functions work here."));
}

void
run_require_writable(const char *name)
{
	run_refuse_standby(name);
	run_refuse_read_only(name, XactReadOnly);
}

void
run_refuse_read_only(const char *name, bool read_only)
{
	if (read_only)
		ereport(ERROR,
				errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				errmsg("cannot execute %s in a read-only transaction", name),
				DefaultXactReadOnly ?
				errhint("default_transaction_read_only is on, perhaps for maintenance. If the run is meant to pass: SET default_transaction_read_only = off.") : 0);
}

Record *
run_load_fresh(const char *service)
{
	Record	   *record = record_load(service, InvalidSnapshot);

	if (IsolationUsesXactSnapshot())
	{
		Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
		Record	   *committed = record_load(service, latest);

		UnregisterSnapshot(latest);
		if (!record_equal(record, committed))
			ereport(ERROR,
					errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access: the migrations of service \"%s\" changed since this transaction began",
						   service),
					errhint("Start the transaction again."));
	}
	return record;
}

Record *
run_lock_and_load(const char *service)
{
	LockRequest lock = {service, migrator_if_locked, settings_wait_ms()};
	LockResult	result;

	/* there is no meaning in skipping a decision */
	if (lock.if_locked == IF_LOCKED_SKIP)
		lock.if_locked = IF_LOCKED_FAIL;
	lock_for_transaction(&lock, &result);
	/* the service may have become others' during the wait */
	registration_require_member(registration_find(service));
	return run_load_fresh(service);
}
