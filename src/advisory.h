/*
 * advisory.h
 *	  Advisory locks, as pg_advisory_lock(bigint) takes them.
 *
 * A lock of the session outlives transactions and their aborts; its owner
 * gives it back with advisory_release().
 */
#ifndef MIGRATOR_ADVISORY_H
#define MIGRATOR_ADVISORY_H

#include "storage/lock.h"

/* The key of a name: hashtextextended(name, 0) for a deterministic collation. */
extern int64 advisory_key(const char *name);

/* Take a lock without waiting; false when somebody else is in the way. */
extern bool advisory_try(int64 key, LOCKMODE mode, bool session);

/* Take a lock, waiting under lock_timeout; raises what LockAcquire raises. */
extern void advisory_wait(int64 key, LOCKMODE mode, bool session);

extern bool advisory_held(int64 key, LOCKMODE mode);

/*
 * Give a lock of the session (or of the transaction) back, if it is held: a
 * script may have done so.  Safe in any state of the transaction.
 */
extern void advisory_release(int64 key, LOCKMODE mode, bool session);

#endif
