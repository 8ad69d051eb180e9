/*
 * check_order.h
 *	  The checks of dependencies: what the manifest, the files and the records
 *	  say of each other.
 *
 * Nothing is printed and nothing decided here: validate() turns the findings
 * into rows, a run into its first error.
 */
#ifndef MIGRATOR_PLAN_CHECK_ORDER_H
#define MIGRATOR_PLAN_CHECK_ORDER_H

#include "plan/plan.h"

/*
 * What is wrong with the manifest itself, dependencies that do not exist and
 * rings: stop every run.
 */
extern void check_dependencies(const MigrationPlan *plan, const char *service, FindingSink *sink);

/*
 * For validate() alone: depth, entries without files and files without entries,
 * what is blocked, tables other than those declared.
 */
extern void check_order(const MigrationPlan *plan, FindingSink *sink);

/*
 * Entries whose migration has no file and is not on record as applied, as "a,
 * b, c", at most ten; NULL when there are none.
 */
extern char *check_list_orphans(const MigrationPlan *plan, int *count);

#endif
