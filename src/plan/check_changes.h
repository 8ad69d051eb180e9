/*
 * check_changes.h
 *	  The checks of what scripts take away or change: destructive statements,
 *	  and the class of a migration.
 */
#ifndef MIGRATOR_PLAN_CHECK_CHANGES_H
#define MIGRATOR_PLAN_CHECK_CHANGES_H

#include "base/policy_flag.h"
#include "plan/plan.h"

/*
 * The destructive statements of migrations and hooks that are to run, by what
 * flag allow_destructive_operations says.  selected: of what this run has
 * chosen, else of all that is not applied.
 */
extern void check_destructive(const MigrationPlan *plan, PolicyValue allowed, bool selected, FindingSink *sink);

/* Those of scripts that stand by themselves: bootstrap.sql, seed.sql.  One without a unit is none. */
extern void check_destructive_extra(const StepScript scripts[SCRIPT_PLACES], PolicyValue allowed, FindingSink *sink);

/* Check change_class: what is worth care in migrations that are not applied. */
extern void check_change_class(const MigrationPlan *plan, FindingSink *sink);

#endif
