/*
 * track.h
 *	  The objects of a service's schemas, as a run finds and leaves them.
 */
#ifndef MIGRATOR_RUN_TRACK_H
#define MIGRATOR_RUN_TRACK_H

#include "run/shared.h"

/*
 * The schemas of a service: those of its registration, else those of the
 * search_path that its scripts run with, else public.
 */
extern Homes *track_homes(const Scope *scope);

/* The same where no script is run: those of its last run come before search_path.  NULL: nothing was kept. */
extern Homes *track_kept_homes(const Scope *scope);

/*
 * A run begins that has something to do, and has ended, whatever became of it.
 * It has its number, and holds the service's locks.  An error is a WARNING: what
 * has been migrated must not fail for it.
 */
extern void track_begin(Run *run);
extern void track_end(Run *run);

#endif
