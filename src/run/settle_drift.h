/*
 * settle_drift.h
 *	  Drift of a service, and its end.
 */
#ifndef MIGRATOR_RUN_SETTLE_DRIFT_H
#define MIGRATOR_RUN_SETTLE_DRIFT_H

#include "catalog/drift.h"
#include "plan/scope.h"

/*
 * What is not as runs of the service left it, as Drift *.  Says what was not
 * compared, *kept whether anything could be.
 */
extern List *settle_find_drift(const Scope *scope, bool *kept);

/* Tell of what was found, which is not nothing, with the commit of the transaction. */
extern void settle_tell_drift(const Scope *scope, const List *drifts);

/* The present objects are the right ones.  Returns the number of those that were not on record. */
extern int	settle_accept_drift(const Scope *scope, const char *note);

#endif
