/*
 * services.h
 *	  A run of every registered service, one after the other.
 */
#ifndef MIGRATOR_RUN_SERVICES_H
#define MIGRATOR_RUN_SERVICES_H

#include "nodes/pg_list.h"

#include "run/run.h"

/* What one service's run came to, in ms; result may be changed by the next call. */
typedef void (*ServiceReport) (const Scope *scope, const RunResult *result, double ms, void *argument);

/*
 * apply() of each scope, all in the caller's transaction.  request is that of
 * each, but for its scope.  Nothing is run unless the caller may act for all of
 * them.  What becomes of a service that fails is up to on_error, as it is with
 * a migration: stop reports the services behind it as not run.
 */
extern void services_apply(const RunRequest *request, List *scopes, RunReport report, void *argument);

/*
 * up() of each scope, as run_up() is called.  The first failure is raised at
 * the end, with all that came before it committed; on_error "continue" lets
 * the services behind it run first.
 */
extern void services_up(const RunRequest *request, List *scopes, RunReport report,
						ServiceReport done, void *argument);

#endif
