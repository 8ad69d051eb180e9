/*
 * extra.h
 *	  What a run executes besides migrations: hooks, bootstrap and seed scripts.
 *
 * Their kind is that of run->execution: "hook", "bootstrap", "seed".  It is the
 * event in history, too.
 */
#ifndef MIGRATOR_RUN_EXTRA_H
#define MIGRATOR_RUN_EXTRA_H

#include "run/shared.h"

typedef void (*ExtraBody) (Run *run, void *argument);

/*
 * What run->execution says is done, in run->elapsed: tell, and put it on record.
 * It is one of a step, or of the run (NULL); note and checksum may be NULL.
 */
extern void extra_done(Run *run, const Step *step, const char *note, const char *checksum);

/* The entry of what failed, which run->execution says. */
extern void extra_fill_failure(Run *run, const Step *step, const char *note, const ErrorData *error,
							   RecordEntry *entry);

/*
 * In a run that commits as it goes: call body in a transaction of its own.
 * Returns what it raised, after that was undone and the failure recorded; kept
 * is a sentence that says what became of the migrations.
 */
extern ErrorData *extra_run_apart(Run *run, ExtraBody body, void *argument, const char *note,
								  const char *kept);

/*
 * Say in an error what became of the migrations, and which script it was, once
 * it is on record as it was.
 */
extern void extra_explain(const Run *run, const char *kept, ErrorData *error);

/*
 * Raise what failed in the caller's transaction, after its subtransaction was
 * undone; all that the call did goes with it.
 */
pg_noreturn extern void extra_raise(Run *run, const char *note, ErrorData *error);

#endif
