/*
 * step.h
 *	  One migration of a run that commits as it goes.
 */
#ifndef MIGRATOR_RUN_STEP_H
#define MIGRATOR_RUN_STEP_H

#include "run/shared.h"

/*
 * Run a step's script with its hooks, and commit it with its record; number is
 * its place among those of the run.  Returns its error, after its transaction was
 * aborted: then the CALL must not return normally any more.
 */
extern ErrorData *step_run(Run *run, Step *step, int number);

/* Put the failure of a step on record, in a transaction of its own.  Raises nothing. */
extern void step_record_failure(Run *run, const Step *step, const ErrorData *error);

/*
 * Put back the session's settings, if a script that runs part by part left its
 * own.  Returns the error; a session in which that cannot be done is ended.
 */
extern ErrorData *step_restore_settings(Run *run);

#endif
