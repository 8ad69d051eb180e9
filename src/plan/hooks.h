/*
 * hooks.h
 *	  The hooks of a source and what they stand around.
 */
#ifndef MIGRATOR_PLAN_HOOKS_H
#define MIGRATOR_PLAN_HOOKS_H

#include "plan/plan.h"

/*
 * Give each hook of the plan's set to its step, or to the run, and the plan what
 * runs behind all of them.  To be called
 * while the steps are in the order of their versions.
 */
extern void hooks_attach(MigrationPlan *plan);

/*
 * Shell scripts.  They stop a run, which asks for those around what it has chosen,
 * and no look: what is pending is known all the same.
 */
extern void check_shell_hooks(const MigrationPlan *plan, bool chosen, FindingSink *sink);

/* One for all scripts of their kind, palloc'd: that of the only one, or of theirs together. */
extern char *hooks_checksum(const StepScript scripts[SCRIPT_PLACES]);

/* Hooks for a version that nobody knows, and two for one event: both stop every run. */
extern void check_hooks(const MigrationPlan *plan, FindingSink *sink);

#endif
