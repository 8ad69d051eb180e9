/*
 * call.h
 *	  What every call does that changes state, a run or not.
 */
#ifndef MIGRATOR_RUN_CALL_H
#define MIGRATOR_RUN_CALL_H

#include "record/record.h"

/*
 * Bracket: refuses a call from within a run (55006), settings that were lost at
 * load (22023), a library of another version.  name is for messages.  The end
 * must be reached in every exit: use PG_TRY/PG_FINALLY.
 */
extern void run_enter(const char *name);
extern void run_leave(void);

/* The first of these refusals alone. */
extern void run_refuse_nested(const char *name);

/* Between the two: is something of ours going on in this backend? */
extern bool run_in_progress(void);

/* Raise 25006 on a standby. */
extern void run_refuse_standby(const char *name);

/* Raise 25006 for a transaction that may not write. */
extern void run_refuse_read_only(const char *name, bool read_only);

/* Both, of the current transaction. */
extern void run_require_writable(const char *name);

/*
 * The record as it is committed now.  A transaction with one snapshot for all
 * its statements may be older than the record it would act on; its inserts
 * would then contradict what it can see, so it has to start again: 40001.
 */
extern Record *run_load_fresh(const char *service);

/*
 * Lock the service for the rest of the transaction, waiting as the settings
 * say, and read its record as run_load_fresh() does.  Raises 42501 when the
 * service is others' by then.  For what settles a state without a run.
 */
extern Record *run_lock_and_load(const char *service);

#endif
