/*
 * wait_for.h
 *	  Waiting for the end of a run, whoever runs it.
 */
#ifndef MIGRATOR_RUN_WAIT_FOR_H
#define MIGRATOR_RUN_WAIT_FOR_H

#include "postgres_ext.h"

/*
 * Wait until the run has ended, for so many ms at most (0: without limit).
 * False when the time is over, or when the run waits for the statement that waits
 * for it, which is said.  Raises 42704 when there is no such run, 42501 when it
 * is not the caller's to see, the run's own error when it failed, MG011 when
 * it ended without one, and 40P01 when it waits for a transaction of several
 * statements.
 */
extern bool wait_for(int64 run_id, int patience, Datum *result);

#endif
