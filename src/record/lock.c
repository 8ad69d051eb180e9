/*
 * lock.c
 *	  One run at a time for each service, by advisory locks.
 *
 * What must hold:
 *
 * The locks that keep runs apart are ADVISORY_OWN ones: no SQL function takes
 * them, so nobody but a run can keep a run waiting, whatever key he knows.
 * Their keys come from the service's name alone: a setting that changes while
 * sessions are open cannot give two runs two locks.
 *
 * Besides there is a public key, as pg_advisory_lock(bigint) takes it, for
 * change-overs from another tool.  With migrator.lock_id set it is that number:
 * the administrator has said whom to wait for, so it is waited for, whoever
 * holds it.  Without, it is the documented key of the service.  A login that
 * may do nothing can take that one too; so a session is waited for only if its
 * user could run the service himself, and could keep others out that way
 * anyhow.  Others are passed by: then the run has its own locks, and not the
 * public key.
 *
 * Order, the same everywhere: those of lock_id, which all services share,
 * first; then the service's "up", its "run", its documented key.  up() takes
 * all of them, apply() leaves out "up" (see lock.h).  The documented key comes
 * last, so of all runs one at most waits for it, in slices: a stranger who
 * queued for it before us must not be waited for when he gets it.
 *
 * What a session took is kept here, and that is what it gives back: the server
 * counts how often a session holds a lock, so one that the user took himself
 * stays his.
 *
 * Deadlocks: the order above is the same for every run, so runs alone make
 * none.  What a caller of apply() holds besides, perhaps the locks of another
 * service, may make one.  All waits are the server's own, so its detector sees
 * them, and a slice is longer than deadlock_timeout, so it looks in each.  The one wait that it would not
 * understand, of apply() for an up() that waits for old snapshots, is refused.
 *
 * Transactions and snapshots: a wait runs in a subtransaction, for an error of
 * LockAcquire() may be caught only where an abort cleans up behind it.  That
 * abort does not take back a session's lock that was granted in the same
 * moment: wait_for_lock() does.  A session waits in a transaction that never
 * had a snapshot, see holder_of().  Whoever has waited looks at the record anew
 * afterwards: the lock says that nobody else is running, not what others did.
 *
 * After an error or a cancel, those of a transaction go with it.  Those of a
 * session do not, whatever is aborted: "held" has all of them, also when it is
 * the wait for the second that failed, and lock_release_session() must follow
 * (run/up.c: PG_FINALLY).  It touches nothing of the transaction and raises
 * nothing, so it may run in an aborted one.  When the backend dies the server
 * releases all.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/advisory.h"
#include "base/owner_query.h"
#include "base/transaction.h"
#include "record/lock.h"
#include "record/registration.h"

/* one of those that a run takes */
typedef struct ServiceLock
{
	AdvisoryKind kind;
	int64		key;
	LockPart	part;
	bool		documented;		/* the public key without lock_id */
	bool		taken;
} ServiceLock;

#define LOCKS_AT_MOST 4

/* argument of wait_under_timeout() */
typedef struct Wait
{
	const ServiceLock *lock;
	bool		session;
	int			timeout;		/* ms; 0 = no limit */
} Wait;

/* those of the run that this session is at */
static ServiceLock held[LOCKS_AT_MOST];
static int	held_count = 0;

static int	list_locks(const char *service, ServiceLock *locks);
static bool try_lock(ServiceLock *lock, bool session);
static bool take(const LockRequest *request, ServiceLock *lock, const ServiceLock *up,
				 bool session, instr_time start, LockResult *result);
static bool take_documented(const LockRequest *request, ServiceLock *lock, bool session,
							instr_time start, LockResult *result);
static LockHolder *holder_of(const char *service, bool public_only, bool session);
static bool wait_for_lock(ServiceLock *lock, bool session, int timeout);
static void wait_under_timeout(void *argument);
static int	time_left(const LockRequest *request, instr_time start);
static double elapsed_ms(instr_time start);
static void refuse(const LockRequest *request, const LockHolder *holder, bool timed_out, bool up);
static List *find_holders(const char *service, bool public_only);
static void copy_holder(HeapTuple tuple, TupleDesc desc, void *argument);

int64
lock_key(const char *service, LockPart part)
{
	int64		id;

	if (!settings_lock_id(&id))
		return lock_own_key(service, part);
	return part == LOCK_PART_RUN ? id : advisory_key(psprintf("migrator:up:" INT64_FORMAT, id));
}

int64
lock_own_key(const char *service, LockPart part)
{
	return advisory_key(psprintf(part == LOCK_PART_RUN ? "migrator:%s" : "migrator:up:%s", service));
}

/* What a run of the service takes, in order. */
static int
list_locks(const char *service, ServiceLock *locks)
{
	int64		id;
	bool		has_id = settings_lock_id(&id);
	ServiceLock up = {ADVISORY_OWN, lock_own_key(service, LOCK_PART_UP), LOCK_PART_UP};
	ServiceLock run = {ADVISORY_OWN, lock_own_key(service, LOCK_PART_RUN), LOCK_PART_RUN};
	int			count = 0;

	if (has_id)
	{
		ServiceLock up_of_all = {ADVISORY_OWN, lock_key(service, LOCK_PART_UP), LOCK_PART_UP};
		ServiceLock run_of_all = {ADVISORY_PUBLIC, id, LOCK_PART_RUN};

		locks[count++] = up_of_all;
		locks[count++] = run_of_all;
	}
	locks[count++] = up;
	locks[count++] = run;
	if (!has_id)
	{
		ServiceLock documented = {ADVISORY_PUBLIC, lock_key(service, LOCK_PART_RUN), LOCK_PART_RUN, true};

		locks[count++] = documented;
	}
	return count;
}

static bool
try_lock(ServiceLock *lock, bool session)
{
	if (advisory_try(lock->kind, lock->key, ExclusiveLock, session))
		lock->taken = true;
	return lock->taken;
}

void
lock_for_transaction(const LockRequest *request, LockResult *result)
{
	ServiceLock locks[LOCKS_AT_MOST];
	int			count = list_locks(request->service, locks);
	instr_time	start;

	memset(result, 0, sizeof(LockResult));
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < count; i++)
	{
		const ServiceLock *up = i > 0 && locks[i - 1].part == LOCK_PART_UP ? &locks[i - 1] : NULL;

		if (locks[i].part == LOCK_PART_UP || take(request, &locks[i], up, false, start, result))
			continue;

		/* skipped, so none of them was waited for: they are this statement's */
		while (i-- > 0)
			if (locks[i].taken)
				advisory_release(locks[i].kind, locks[i].key, ExclusiveLock, false);
		return;
	}
	result->acquired = true;
	result->wait_ms = elapsed_ms(start);
}

/*
 * Take one lock, or raise why it cannot be had.  False when another run is at
 * work and the request says to skip.  up is the lock by which a run in the
 * caller's transaction knows an up(), NULL where it need not.
 */
static bool
take(const LockRequest *request, ServiceLock *lock, const ServiceLock *up, bool session,
	 instr_time start, LockResult *result)
{
	bool		is_up = false;

	if (lock->documented)
		return take_documented(request, lock, session, start, result);
	if (try_lock(lock, session))
		return true;

	/* who holds it is asked when he is to be named: many may be waiting */
	if (request->if_locked == IF_LOCKED_SKIP)
	{
		result->holder = holder_of(request->service, false, session);
		return false;
	}
	if (up != NULL && !session)
		is_up = !advisory_try(up->kind, up->key, ShareLock, false);
	if (is_up || request->if_locked == IF_LOCKED_FAIL)
		refuse(request, holder_of(request->service, false, session), false, is_up);

	result->waited = true;
	if (!wait_for_lock(lock, session, time_left(request, start)))
		refuse(request, holder_of(request->service, false, session), true, false);
	return true;
}

/*
 * The documented key: wait as long as somebody holds it who could run
 * migrations; true without having it when only others do.
 */
static bool
take_documented(const LockRequest *request, ServiceLock *lock, bool session,
				instr_time start, LockResult *result)
{
	while (!try_lock(lock, session))
	{
		LockHolder *holder = holder_of(request->service, true, session);
		int			left = time_left(request, start);
		int			slice = DeadlockTimeout + 1000; /* so that deadlocks are
													 * found */

		if (holder == NULL)
			return true;
		result->holder = holder;
		if (request->if_locked == IF_LOCKED_SKIP)
			return false;
		if (request->if_locked == IF_LOCKED_FAIL)
			refuse(request, holder, false, false);
		if (request->wait_timeout > 0 && elapsed_ms(start) >= request->wait_timeout)
			refuse(request, holder, true, false);
		result->waited = true;
		if (wait_for_lock(lock, session, left > 0 ? Min(left, slice) : slice))
			return true;
	}
	return true;
}

/*
 * For the session in a transaction of its own.  The locks on catalogs that the
 * query takes must not be held while we wait, for the run we wait for may want
 * them (VACUUM FULL, REINDEX SYSTEM).  And CREATE INDEX CONCURRENTLY waits for
 * the end of a transaction that had a snapshot when it looked, even if the
 * snapshot is gone by then: so we must wait in one that never had any.
 */
static LockHolder *
holder_of(const char *service, bool public_only, bool session)
{
	List	   *holders = find_holders(service, public_only);

	if (session)
		transaction_commit(false);
	return holders ? linitial(holders) : NULL;
}

/*
 * Wait under lock_timeout, so that the wait is fair, seen in pg_locks, checked
 * for deadlocks and cancellable.  An error of LockAcquire may be caught only
 * round a subtransaction: its abort cleans up the wait.
 */
static bool
wait_for_lock(ServiceLock *lock, bool session, int timeout)
{
	Wait		wait = {lock, session, timeout};
	ErrorData  *error = transaction_try(wait_under_timeout, &wait, false);

	if (error == NULL)
	{
		lock->taken = true;
		return true;
	}

	/* granted in the moment of the error: nobody else gives it back */
	if (session)
		advisory_release(lock->kind, lock->key, ExclusiveLock, true);
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
	advisory_wait(wait->lock->kind, wait->lock->key, ExclusiveLock, wait->session);
	AtEOXact_GUC(true, level);
}

/* ms, at least one; 0 for no limit */
static int
time_left(const LockRequest *request, instr_time start)
{
	if (request->wait_timeout == 0)
		return 0;
	return Max(request->wait_timeout - (int) Min(elapsed_ms(start), INT_MAX / 2), 1);
}

static double
elapsed_ms(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

static void
refuse(const LockRequest *request, const LockHolder *holder, bool timed_out, bool up)
{
	char	   *detail = holder == NULL ? NULL :
		holder->pid == 0 ? pstrdup("It is held by a prepared transaction: see pg_prepared_xacts.") :
		psprintf("It is held by pid %d (user \"%s\", application \"%s\", client %s) since %s.",
				 holder->pid, holder->user, holder->application, holder->client,
				 holder->since == 0 ? "unknown" :
				 DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(holder->since))));

	if (up)
		ereport(ERROR,
				errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				errmsg("a CALL of service \"%s\" is in progress", request->service),
				detail ? errdetail_internal("%s", detail) : 0,
				errhint("SELECT migrator.apply() cannot wait for it, since it holds a snapshot: use CALL migrator.up(), which waits, or if_locked => 'skip'."));
	ereport(ERROR,
			errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			timed_out ?
			errmsg("could not acquire the migration lock of service \"%s\" within %d ms",
				   request->service, request->wait_timeout) :
			errmsg("another run of service \"%s\" is in progress", request->service),
			detail ? errdetail_internal("%s", detail) : 0,
			timed_out ?
			errhint("Failed to acquire migration lock. Another instance may be stuck: see migrator.locks and migrator.unlock().") :
			errhint("Try again when it has ended, or use if_locked => 'wait' or 'skip'."));
}

/*
 * Whatever it took when an error stops it is in "held": lock_release_session()
 * has to follow in any case.
 */
void
lock_for_session(const LockRequest *request, LockResult *result)
{
	instr_time	start;

	memset(result, 0, sizeof(LockResult));
	INSTR_TIME_SET_CURRENT(start);
	lock_release_session();
	held_count = list_locks(request->service, held);
	for (int i = 0; i < held_count; i++)
		if (!take(request, &held[i], NULL, true, start, result))
		{
			lock_release_session();
			return;
		}
	result->acquired = true;
	result->wait_ms = elapsed_ms(start);
}

void
lock_release_session(void)
{
	while (held_count > 0)
	{
		const ServiceLock *lock = &held[--held_count];

		if (lock->taken)
			advisory_release(lock->kind, lock->key, ExclusiveLock, true);
	}
}

void
lock_keep_for_session(const char *service)
{
	LockRequest request = {service, IF_LOCKED_FAIL, 0};

	for (int i = 0; i < held_count; i++)
	{
		ServiceLock *lock = &held[i];
		List	   *holders;

		if (!lock->taken || advisory_held(lock->kind, lock->key, ExclusiveLock))
			continue;
		lock->taken = false;
		if (try_lock(lock, true) || lock->documented)
			continue;
		lock_release_session();
		holders = lock_holders(service);
		refuse(&request, holders ? linitial(holders) : NULL, false, false);
	}
}

List *
lock_holders(const char *service)
{
	return find_holders(service, false);
}

typedef struct HolderList
{
	List	   *holders;
	MemoryContext context;
} HolderList;

/*
 * Those others who are in the way of a run (which may have some of its locks
 * already) and do not wait for another one themselves; with public_only, those of them who hold the public key.  A
 * holder of the documented key counts if he may become a role that may run
 * migrations, and one that may act for the service.  The functions are found as members of the extension: anybody
 * could be given a function "apply" that is none of ours.
 *
 * Read as the extension's owner: whoever is made to wait may know for whom,
 * though not what that session runs.
 */
static List *
find_holders(const char *service, bool public_only)
{
	static OwnerQuery query = {
		"WITH l AS MATERIALIZED ("
		" SELECT pid, virtualtransaction, granted, objsubid"
		"  FROM pg_catalog.pg_locks"
		"  WHERE locktype = 'advisory' AND database = $1"
		"   AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND (objsubid = 3"
		"   AND (classid::pg_catalog.int8 << 32) | objid::pg_catalog.int8 = ANY ($2)"
		"   OR objsubid = 1 AND (classid::pg_catalog.int8 << 32) | objid::pg_catalog.int8 = $3)),"
		" holder AS ("
		" SELECT pid, virtualtransaction, pg_catalog.bool_or(objsubid = 3) AS is_run"
		"  FROM l WHERE granted AND (objsubid = 1 OR NOT $5)"
		"  AND ($5 OR NOT EXISTS (SELECT FROM l waits WHERE waits.pid = l.pid AND NOT waits.granted))"
		"  GROUP BY pid, virtualtransaction)"
		" SELECT h.pid, COALESCE(a.usename, p.owner)::pg_catalog.text, a.application_name,"
		" COALESCE(pg_catalog.host(a.client_addr), 'local'),"
		" COALESCE(a.xact_start, p.prepared, a.query_start, a.backend_start)"
		" FROM holder h LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = h.pid"
		" LEFT JOIN (pg_catalog.pg_locks x JOIN pg_catalog.pg_prepared_xacts p"
		"   ON x.locktype = 'transactionid' AND x.pid IS NULL AND x.transactionid = p.transaction)"
		"  ON h.pid IS NULL AND x.virtualtransaction = h.virtualtransaction"
		" WHERE h.is_run OR $4 OR EXISTS ("
		"  SELECT FROM pg_catalog.pg_roles u, pg_catalog.pg_roles r, pg_catalog.pg_extension e"
		"  JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass"
		"   AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
		"  JOIN pg_catalog.pg_proc f ON f.oid = d.objid AND f.proname IN ('apply', 'up')"
		"  WHERE e.extname = 'migrator' AND u.rolname = COALESCE(a.usename, p.owner)"
		"   AND pg_catalog.pg_has_role(u.oid, r.oid, 'MEMBER')"
		"   AND pg_catalog.has_function_privilege(r.oid, f.oid, 'EXECUTE')"
		"   AND ($6 IS NULL OR EXISTS (SELECT FROM pg_catalog.unnest($6) AS m(oid)"
		"    JOIN pg_catalog.pg_roles USING (oid) WHERE pg_catalog.pg_has_role(u.oid, m.oid, 'MEMBER'))))"
		" ORDER BY h.is_run DESC, h.pid",
		6, {OIDOID, INT8ARRAYOID, INT8OID, BOOLOID, BOOLOID, OIDARRAYOID}
	};
	int64		id;
	Datum		own[3] = {
		Int64GetDatum(lock_own_key(service, LOCK_PART_RUN)),
		Int64GetDatum(lock_own_key(service, LOCK_PART_UP)),
		Int64GetDatum(lock_key(service, LOCK_PART_UP))
	};
	Datum		values[6] = {
		ObjectIdGetDatum(MyDatabaseId),
		PointerGetDatum(construct_array(own, lengthof(own), INT8OID, sizeof(int64),
										FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
		Int64GetDatum(lock_key(service, LOCK_PART_RUN)),
		BoolGetDatum(settings_lock_id(&id)),
		BoolGetDatum(public_only)
	};
	char		nulls[6] = {' ', ' ', ' ', ' ', ' ', 'n'};
	HolderList	list = {NIL, CurrentMemoryContext};
	List	   *members = registration_members(registration_find(service));
	ListCell   *lc;

	if (members != NIL)
	{
		Datum	   *roles = palloc(list_length(members) * sizeof(Datum));
		int			count = 0;

		foreach(lc, members)
		{
			roles[count++] = ObjectIdGetDatum(lfirst_oid(lc));
		}
		values[5] = PointerGetDatum(construct_array(roles, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
		nulls[5] = ' ';
	}
	(void) owner_query_run(&query, SPI_OK_SELECT, values, nulls, InvalidSnapshot, copy_holder, &list);
	return list.holders;
}

static void
copy_holder(HeapTuple tuple, TupleDesc desc, void *argument)
{
	HolderList *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	LockHolder *holder = palloc(sizeof(LockHolder));
	bool		isnull;
	char	  **fields[] = {&holder->user, &holder->application, &holder->client};
	Datum		since = heap_getattr(tuple, 5, desc, &isnull);

	holder->since = isnull ? 0 : DatumGetTimestampTz(since);

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
