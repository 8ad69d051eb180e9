/*
 * order.h
 *	  What the manifest says of a plan: the order of its steps, and what they
 *	  need.
 */
#ifndef MIGRATOR_PLAN_ORDER_H
#define MIGRATOR_PLAN_ORDER_H

#include "plan/plan.h"

/*
 * Give each step its entry, put the steps into the order in which they run, and
 * note rings and what is missing; an entry can make its step manual, or exclude
 * it from the environment (NULL: none is known).  Without a manifest the order
 * is that of versions.  To be called on what plan_join() returns, before
 * anything keeps a pointer to a step.  Returns how many migrations of the
 * environment an entry takes out of it.
 */
extern int	order_plan(MigrationPlan *plan, const char *environment);

/*
 * The same once the scripts have been read: what says itself that it runs again goes
 * behind all others.
 */
extern void order_repeatable_last(MigrationPlan *plan);

/*
 * Ask the records of other services for what pending steps need of them.  What
 * they need of their own service by that way is left out: check_dependencies()
 * refuses it.
 */
extern void order_find_unmet(MigrationPlan *plan, const char *service);

/* "000001 -> 000003 -> 000002 -> 000001", cut in the middle if it is long; palloc'd. */
extern char *order_ring_path(const MigrationPlan *plan, const List *ring);

/*
 * Put the steps in the order in which they were applied, those on record as applied behind
 * the others, where the tool runs what is new wherever it stands: the last one was made
 * on top of all others.
 */
extern void order_by_execution(MigrationPlan *plan);

#endif
