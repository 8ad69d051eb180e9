/*
 * lock_retry.h
 *	  Trying a migration again that did not get its locks.
 */
#ifndef MIGRATOR_RUN_LOCK_RETRY_H
#define MIGRATOR_RUN_LOCK_RETRY_H

#include "nodes/pg_list.h"
#include "utils/elog.h"

/* Did it fail for a lock: 55P03 or 40P01? */
extern bool lock_retry_applies(const ErrorData *error);

/*
 * "pid 123 (user \"u\", application \"a\") holds AccessShareLock on t", a line
 * each, of other sessions that hold locks on relations named in a statement's
 * text; NULL when there are none.  To be called soon: the wait itself is gone.
 */
extern char *lock_retry_holders(const char *statement, int length);

/* Sleep before the attempt after this one (from 1): longer each time, jittered. */
extern void lock_retry_pause(int attempt);

#endif
