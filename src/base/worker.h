/*
 * worker.h
 *	  Have a background worker do something with a message, and wait for it.
 *
 * For what must not happen in the caller's own transaction.  Of each kind there
 * are a few at a time at most in the whole server: workers are for parallel
 * queries too.  Whatever keeps one from being available is told, never raised.
 */
#ifndef MIGRATOR_BASE_WORKER_H
#define MIGRATOR_BASE_WORKER_H

#include "postmaster/bgworker.h"
#include "storage/dsm.h"

/* PGDLLEXPORT, without which the server does not find the entry */
#include "base/compat.h"

typedef struct WorkerKind
{
	const char *name;			/* in pg_stat_activity: "migrator ..." */
	const char *entry;			/* its function in this library: void (Datum) */
	uint32		message;		/* of the segment that its message is in */
	const char *turn;			/* word in the names of its locks */
	int			at_a_time;		/* in the server */
	const char *busy;			/* a sentence: there are too many */
} WorkerKind;

/*
 * Make room for a message of size bytes, zeroed; segment_memory() is where to
 * write it.  Returns NULL, or a sentence on why there can be no worker: then
 * *segment is NULL.  To be called in a transaction.
 */
extern const char *worker_prepare(Size size, dsm_segment **segment);

/*
 * Start the worker when it is our turn, and wait until it has ended: both
 * together at most so many ms.  Returns NULL, or a sentence on why that was not
 * to be; a worker that is not done by then is told to end.  A pending cancel
 * ends the wait too, and is left pending.  To be called in a transaction, which
 * holds the turn.  The segment stays the caller's, to be read and detached.
 */
extern const char *worker_run(const WorkerKind *kind, dsm_segment *segment, int patience);

/*
 * Start one that is not waited for here, and needs no turn: its end sets our
 * latch.  NULL when no worker is free.  The handle is palloc'd.
 */
extern BackgroundWorkerHandle *worker_start(const WorkerKind *kind, dsm_segment *segment);

/*
 * In the worker, first of all: its message of *size bytes at least, which
 * receives what there are.  Ends the process when the message is gone, or not
 * of that kind.  Then BackgroundWorkerInitializeConnectionByOid() can follow.
 */
extern void *worker_attend(const WorkerKind *kind, Datum argument, Size *size, dsm_segment **segment);

#endif
