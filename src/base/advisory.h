/*
 * advisory.h
 *	  Advisory locks, as pg_advisory_lock(bigint) takes them.
 *
 * Each function takes the kind of lock: ADVISORY_PUBLIC ones are those of
 * pg_advisory_lock(bigint), which anybody may take; ADVISORY_OWN ones no SQL
 * function takes, so nobody can keep us waiting; ADVISORY_CLUSTER ones are
 * likewise ours, and one for all databases.  (pg_advisory_unlock_all() releases
 * all of them.)  A lock of the session outlives transactions and their aborts;
 * its owner gives it back with advisory_release().
 */
#ifndef MIGRATOR_BASE_ADVISORY_H
#define MIGRATOR_BASE_ADVISORY_H

#include "storage/lock.h"

/* field 4 of the lock's tag, which is 1 or 2 for those of SQL functions */
typedef enum AdvisoryKind
{
	ADVISORY_PUBLIC = 1,
	ADVISORY_OWN = 3,
	ADVISORY_CLUSTER = 4
} AdvisoryKind;

/* The key of a name: hashtextextended(name, 0) for a deterministic collation. */
extern int64 advisory_key(const char *name);

/* Take a lock without waiting; false when somebody else is in the way. */
extern bool advisory_try(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session);

/* Take a lock, waiting under lock_timeout; raises what LockAcquire raises. */
extern void advisory_wait(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session);

extern bool advisory_held(AdvisoryKind kind, int64 key, LOCKMODE mode);

/*
 * Give a lock of the session (or of the transaction) back, if it is held: a
 * script may have done so.  The server counts how often a session took a lock,
 * so one that it held before stays.  Safe in any state of the transaction.
 */
extern void advisory_release(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session);

#endif
