/*
 * hook.h
 *	  What runs before and after a migration, and a run.
 *
 * A hook is run as a migration's script is, with the caller's rights and
 * settings that end with it.  Around a migration that is one transaction it is a
 * part of that; its failure is the migration's.
 */
#ifndef MIGRATOR_RUN_HOOK_H
#define MIGRATOR_RUN_HOOK_H

#include "run/shared.h"

/*
 * Under the lock, before anything runs: which functions are hooks of the service.
 * Raises what hook_function_require() does for one that could not be run.
 */
extern void hook_prepare(Run *run);

/* Is there a hook of a step, or (NULL) of the run? */
extern bool hook_any(const Run *run, const Step *step, bool after);

/*
 * Run a step's script with its hooks around, in the current (sub)transaction.
 * Raises what one of them raises; run->execution says which.
 */
extern void hook_run_migration(Run *run, Step *step);

/* Run the hooks of a step, or (NULL) of the run, in the current (sub)transaction. */
extern void hook_run(Run *run, const Step *step, bool after);

/*
 * Those behind a step that is done and stays whatever they come to: in a
 * subtransaction.  A failure goes on record in the current transaction, and to
 * run->hook_error.
 */
extern void hook_run_behind(Run *run, const Step *step);

/*
 * Those of a run that commits as it goes, in a transaction of their own.
 * Returns the error after that was undone, and the failure recorded.
 */
extern ErrorData *hook_run_apart(Run *run, bool after);

#endif
