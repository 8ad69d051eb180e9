/*
 * lock.c
 *	  One run at a time for each service, by advisory locks.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "advisory.h"
#include "lock.h"
#include "owner_query.h"
#include "transaction.h"

/* argument of wait_under_timeout() */
typedef struct Wait
{
	int64		key;
	LOCKMODE	mode;
	bool		session;
	int			timeout;		/* ms; 0 = no limit */
} Wait;

static bool wait_for_lock(int64 key, LOCKMODE mode, bool session, int timeout);
static void wait_under_timeout(void *argument);
static bool is_ours(int64 key);
static double elapsed_ms(instr_time start);
static void refuse(const LockRequest *request, const LockHolder *holder, bool timed_out, bool up);
static LockHolder *look_at_holder(const char *service);
static void copy_holder(HeapTuple tuple, TupleDesc desc, void *argument);

int64
lock_key(const char *service, LockPart part)
{
	int64		id;
	char	   *name;

	if (settings_lock_id(&id))
	{
		if (part == LOCK_PART_RUN)
			return id;
		name = psprintf("migrator:up:" INT64_FORMAT, id);
	}
	else
		name = psprintf(part == LOCK_PART_RUN ? "migrator:%s" : "migrator:up:%s", service);

	return advisory_key(name);
}

void
lock_for_transaction(const LockRequest *request, LockResult *result)
{
	int64		run_key = lock_key(request->service, LOCK_PART_RUN);
	bool		up;
	List	   *holders;
	instr_time	start;

	memset(result, 0, sizeof(LockResult));
	if (advisory_try(ADVISORY_PUBLIC, run_key, ExclusiveLock, false))
	{
		result->acquired = true;
		return;
	}

	holders = lock_holders(request->service);
	result->holder = holders ? linitial(holders) : NULL;
	if (request->if_locked == IF_LOCKED_SKIP)
		return;

	up = !advisory_try(ADVISORY_PUBLIC, lock_key(request->service, LOCK_PART_UP), ShareLock, false);
	if (up || request->if_locked == IF_LOCKED_FAIL)
		refuse(request, result->holder, false, up);

	INSTR_TIME_SET_CURRENT(start);
	if (!wait_for_lock(run_key, ExclusiveLock, false, request->wait_timeout))
	{
		holders = lock_holders(request->service);
		refuse(request, holders ? linitial(holders) : result->holder, true, false);
	}
	result->acquired = true;
	result->waited = true;
	result->wait_ms = elapsed_ms(start);
}

/*
 * Wait under lock_timeout, so that the wait is fair, seen in pg_locks, checked
 * for deadlocks and cancellable.  An error of LockAcquire may be caught only
 * round a subtransaction: its abort cleans up the wait.
 */
static bool
wait_for_lock(int64 key, LOCKMODE mode, bool session, int timeout)
{
	Wait		wait = {key, mode, session, timeout};
	ErrorData  *error = transaction_try(wait_under_timeout, &wait, false);

	if (error == NULL)
		return true;

	/* granted in the moment of the error: nobody else gives it back */
	if (session)
		advisory_release(ADVISORY_PUBLIC, key, mode, true);
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

static void
wait_under_timeout(void *argument)
{
	const Wait *wait = argument;
	int			level = NewGUCNestLevel();
	char		value[32];

	snprintf(value, sizeof(value), "%d", wait->timeout);
	(void) set_config_option("lock_timeout", value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);

	/* a catalog snapshot counts as one, for CREATE INDEX CONCURRENTLY */
	InvalidateCatalogSnapshot();
	advisory_wait(ADVISORY_PUBLIC, wait->key, wait->mode, wait->session);
	AtEOXact_GUC(true, level);
}

static void
refuse(const LockRequest *request, const LockHolder *holder, bool timed_out, bool up)
{
	char	   *detail = holder == NULL ? NULL :
		holder->pid == 0 ? pstrdup("It is held by a prepared transaction: see pg_prepared_xacts.") :
		psprintf("It is held by pid %d (user \"%s\", application \"%s\", client %s) since %s.",
				 holder->pid, holder->user, holder->application, holder->client, holder->since);

	if (up)
		ereport(ERROR,
				errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				errmsg("CALL migrator.up() of service \"%s\" is at work", request->service),
				detail ? errdetail_internal("%s", detail) : 0,
				errhint("SELECT migrator.apply() cannot wait for it, since it holds a snapshot: use CALL migrator.up(), which waits, or if_locked => 'skip'."));
	ereport(ERROR,
			errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			timed_out ?
			errmsg("could not acquire the migration lock of service \"%s\" within %d ms",
				   request->service, request->wait_timeout) :
			errmsg("another run of service \"%s\" is at work", request->service),
			detail ? errdetail_internal("%s", detail) : 0,
			timed_out ?
			errhint("Failed to acquire migration lock. Another instance may be stuck: see migrator.locks and migrator.unlock().") :
			errhint("Try again when it has ended, or use if_locked => 'wait' or 'skip'."));
}

void
lock_for_session(const LockRequest *request, LockResult *result)
{
	/* in this order everywhere; apply() tests "up" to know us */
	static const LockPart parts[] = {LOCK_PART_UP, LOCK_PART_RUN};
	instr_time	start;
	volatile int taken = 0;
	volatile bool got = false;

	memset(result, 0, sizeof(LockResult));
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < lengthof(parts); i++)
	{
		int64		key = lock_key(request->service, parts[i]);
		int			left = request->wait_timeout;

		if (advisory_try(ADVISORY_PUBLIC, key, ExclusiveLock, true))
		{
			taken++;
			continue;
		}
		if (!result->waited)
			result->holder = look_at_holder(request->service);
		if (request->if_locked != IF_LOCKED_WAIT)
			break;
		result->waited = true;
		if (left > 0)
			left = Max(left - (int) elapsed_ms(start), 1);
		PG_TRY();
		{
			got = wait_for_lock(key, ExclusiveLock, true, left);
		}
		PG_CATCH();
		{
			/* no end of the transaction releases a lock of the session */
			if (taken > 0)
				advisory_release(ADVISORY_PUBLIC, lock_key(request->service, LOCK_PART_UP), ExclusiveLock, true);
			PG_RE_THROW();
		}
		PG_END_TRY();
		if (!got)
			break;
		taken++;
	}
	if (taken == lengthof(parts))
	{
		result->acquired = true;
		result->wait_ms = elapsed_ms(start);
		return;
	}
	if (taken > 0)
		advisory_release(ADVISORY_PUBLIC, lock_key(request->service, LOCK_PART_UP), ExclusiveLock, true);
	if (request->if_locked != IF_LOCKED_SKIP)
		refuse(request, result->holder, request->if_locked == IF_LOCKED_WAIT, false);
}

/*
 * In a transaction of its own.  The locks on catalogs that the query takes must
 * not be held while we wait, for the run we wait for may want them (VACUUM
 * FULL, REINDEX SYSTEM).  And CREATE INDEX CONCURRENTLY waits for the end of a
 * transaction that had a snapshot when it looked, even if the snapshot is gone
 * by then: so we must wait in one that never had any.
 */
static LockHolder *
look_at_holder(const char *service)
{
	List	   *holders = lock_holders(service);

	transaction_commit(false);
	return holders ? linitial(holders) : NULL;
}

void
lock_release_session(const char *service)
{
	advisory_release(ADVISORY_PUBLIC, lock_key(service, LOCK_PART_RUN), ExclusiveLock, true);
	advisory_release(ADVISORY_PUBLIC, lock_key(service, LOCK_PART_UP), ExclusiveLock, true);
}

void
lock_keep_for_session(const char *service)
{
	int64		run = lock_key(service, LOCK_PART_RUN);
	int64		up = lock_key(service, LOCK_PART_UP);
	LockRequest request = {service, IF_LOCKED_FAIL, 0};
	List	   *holders;

	if (is_ours(run) && is_ours(up))
		return;
	lock_release_session(service);
	if (advisory_try(ADVISORY_PUBLIC, up, ExclusiveLock, true) && advisory_try(ADVISORY_PUBLIC, run, ExclusiveLock, true))
		return;
	lock_release_session(service);
	holders = lock_holders(service);
	refuse(&request, holders ? linitial(holders) : NULL, false, false);
}

static bool
is_ours(int64 key)
{
	return advisory_held(ADVISORY_PUBLIC, key, ExclusiveLock);
}

static double
elapsed_ms(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

typedef struct HolderList
{
	List	   *holders;
	MemoryContext context;
} HolderList;

/*
 * Read as the extension's owner: whoever is made to wait may know for whom,
 * though not what that session runs.
 */
List *
lock_holders(const char *service)
{
	static OwnerQuery query = {
		"SELECT l.pid, a.usename::pg_catalog.text, a.application_name,"
		" COALESCE(pg_catalog.host(a.client_addr), 'local'),"
		" COALESCE(a.xact_start, a.query_start, a.backend_start)::pg_catalog.text"
		" FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
		" WHERE l.locktype = 'advisory' AND l.granted AND l.database = $1"
		" AND l.classid = $2 AND l.objid = $3 AND l.objsubid = 1"
		" ORDER BY l.pid",
		3, {OIDOID, OIDOID, OIDOID}
	};
	int64		key = lock_key(service, LOCK_PART_RUN);
	Datum		values[3] = {
		ObjectIdGetDatum(MyDatabaseId),
		ObjectIdGetDatum((uint32) (key >> 32)),
		ObjectIdGetDatum((uint32) key)
	};
	HolderList	list = {NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, copy_holder, &list);
	return list.holders;
}

static void
copy_holder(HeapTuple tuple, TupleDesc desc, void *argument)
{
	HolderList *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	LockHolder *holder = palloc(sizeof(LockHolder));
	bool		isnull;
	char	  **fields[] = {&holder->user, &holder->application, &holder->client, &holder->since};

	/* a prepared transaction has no backend */
	holder->pid = DatumGetInt32(heap_getattr(tuple, 1, desc, &isnull));
	if (isnull)
		holder->pid = 0;
	for (int i = 0; i < lengthof(fields); i++)
	{
		Datum		value = heap_getattr(tuple, i + 2, desc, &isnull);

		*fields[i] = isnull ? pstrdup("unknown") : TextDatumGetCString(value);
	}
	list->holders = lappend(list->holders, holder);
	MemoryContextSwitchTo(old);
}
