/*
 * background.h
 *	  A run of up() in a background worker, which outlives its client.
 */
#ifndef MIGRATOR_RUN_BACKGROUND_H
#define MIGRATOR_RUN_BACKGROUND_H

#include "run/call_up.h"

/*
 * Start it with the session's user, role and settings, and wait until its row
 * of "runs" is committed.  Returns its run_id; or 0, and what the call came to
 * in *outcome, when nothing was run.  Raises 53000 when there can be no worker,
 * 40P01 when the run waits for what this transaction holds, and what keeps the
 * run from beginning.  Whoever is interrupted here ends the worker.
 */
extern int64 background_start(const CallUp *arguments, const char **outcome);

/* Does that session wait for this one, by itself or by others it waits for? */
extern bool background_waits_for_us(int pid);

/*
 * What a run in this process says of itself: who began it, for its row of
 * "runs"; and that this row is committed.
 */
extern const char *background_origin(void);
extern void background_entered(int64 run_id);

/* Is this row to be on disk before anything runs? */
extern bool background_flushes_entry(void);

/* Of a worker that is no client's: "server start". */
extern void background_set_origin(const char *origin);

#endif
