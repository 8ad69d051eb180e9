/*
 * lock.h
 *	  One run at a time for each service, by advisory locks.
 *
 * Two locks a service, which no SQL function can take.  "run" is held by every
 * run.  "up" is held besides by CALL migrator.up(), from before it waits for
 * "run" until it has released it.  apply() holds its caller's snapshot, and
 * CREATE INDEX CONCURRENTLY, which an up may be running, waits for old
 * snapshots: so apply() must never wait for an up.  When "run" is taken, it
 * tries "up" in share mode: if that fails, an up is in progress; if it succeeds, no
 * up can begin until the end of our transaction, and waiting for "run" is
 * waiting for another apply().  With migrator.lock_id set there is such a pair
 * for that number too, its "run" being the public key.
 */
#ifndef MIGRATOR_RECORD_LOCK_H
#define MIGRATOR_RECORD_LOCK_H

#include "datatype/timestamp.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "base/settings.h"

typedef enum LockPart
{
	LOCK_PART_RUN,
	LOCK_PART_UP
} LockPart;

typedef struct LockHolder
{
	int			pid;
	char	   *user;
	char	   *application;
	char	   *client;
	TimestampTz since;			/* 0: not known */
} LockHolder;

typedef struct LockRequest
{
	const char *service;
	IfLocked	if_locked;
	int			wait_timeout;	/* ms; 0 = no limit */
} LockRequest;

typedef struct LockResult
{
	bool		acquired;		/* false only with IF_LOCKED_SKIP */
	bool		waited;
	double		wait_ms;
	LockHolder *holder;			/* when not acquired; may be NULL */
} LockResult;

/* The public key, as documented: that of migrator.lock_id when it is set. */
extern int64 lock_key(const char *service, LockPart part);

/* That of the lock which keeps runs of the service apart. */
extern int64 lock_own_key(const char *service, LockPart part);

/*
 * Take the lock of a service for the rest of the transaction.  Raises 55P03
 * after wait_timeout, at once with IF_LOCKED_FAIL, and at once when an up
 * holds it; the message names the holder.  With IF_LOCKED_SKIP it returns
 * without the lock instead, at once.
 */
extern void lock_for_transaction(const LockRequest *request, LockResult *result);

/*
 * Take all locks of a service for the session, to be held over commits.  To be
 * called inside a CALL (base/transaction.h), in a transaction that has had no
 * snapshot: whoever waits here with one would deadlock with a CREATE INDEX
 * CONCURRENTLY of the run it waits for.  The transaction may be another one
 * afterwards.  Otherwise as lock_for_transaction.
 */
extern void lock_for_session(const LockRequest *request, LockResult *result);

/* Release what lock_for_session took.  Safe in any state of the transaction. */
extern void lock_release_session(void);

/*
 * Make sure that they are still ours: a script may have released them.  Takes
 * them again if nobody else has meanwhile; raises 55P03 otherwise, having
 * released them all.
 */
extern void lock_keep_for_session(const char *service);

/*
 * Those who keep runs of the service from beginning, as LockHolder *, runs
 * first.
 */
extern List *lock_holders(const char *service);

#endif
