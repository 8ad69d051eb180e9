/*
 * lock.h
 *	  One run at a time for each service, by advisory locks (product.md rule 3).
 *
 * Two keys a service.  "run" is held by every run.  "up" is held besides by
 * CALL migrator.up(), from before it waits for "run" until it has released it.
 * apply() holds its caller's snapshot, and CREATE INDEX CONCURRENTLY, which an
 * up may be running, waits for old snapshots: so apply() must never wait for
 * an up.  When "run" is taken, it tries "up" in share mode: if that fails, an
 * up is at work; if it succeeds, no up can begin until the end of our
 * transaction, and waiting for "run" is waiting for another apply().
 */
#ifndef MIGRATOR_LOCK_H
#define MIGRATOR_LOCK_H

#include "datatype/timestamp.h"

#include "nodes/pg_list.h"

#include "settings.h"

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
	char	   *since;
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

extern int64 lock_key(const char *service, LockPart part);

/*
 * Take the lock of a service for the rest of the transaction.  Raises 55P03
 * after wait_timeout, at once with IF_LOCKED_FAIL, and at once when an up
 * holds it; the message names the holder.  With IF_LOCKED_SKIP it returns
 * without the lock instead, at once.
 */
extern void lock_for_transaction(const LockRequest *request, LockResult *result);

/*
 * Take both keys of a service for the session, to be held over commits.  To be
 * called inside a CALL (transaction.h), in a transaction that has had no
 * snapshot: whoever waits here with one would deadlock with a CREATE INDEX
 * CONCURRENTLY of the run it waits for.  The transaction may be another one
 * afterwards.  Otherwise as lock_for_transaction.
 */
extern void lock_for_session(const LockRequest *request, LockResult *result);

/* Release both keys.  Safe in any state of the transaction. */
extern void lock_release_session(const char *service);

/*
 * Make sure that both keys are still ours: a script may have released them.
 * Takes them again if nobody else has meanwhile, raises 55P03 otherwise.
 */
extern void lock_keep_for_session(const char *service);

/* Those who hold the service's lock, as LockHolder *. */
extern List *lock_holders(const char *service);

#endif
