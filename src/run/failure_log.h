/*
 * failure_log.h
 *	  The record of a failed attempt that survives the caller's rollback.
 */
#ifndef MIGRATOR_RUN_FAILURE_LOG_H
#define MIGRATOR_RUN_FAILURE_LOG_H

#include "record/runs.h"
#include "record/write.h"

/*
 * Have a short-lived background worker write the failure (history, runs, and
 * the state unless the migration is applied; of what is no run, run NULL, history
 * alone), and tell of it.  Best effort: says in a WARNING
 * when it cannot be kept, and why; returns after a few seconds in any case, so
 * it can never hang, nor deadlock with the caller's transaction.  Raises
 * nothing but out of memory.
 */
extern void failure_log_keep(RecordEntry *entry, RunEntry *run);

#endif
