/*
 * step_gate.h
 *	  What policy has a run do before it goes on: ask again, and mark the WAL.
 *
 * Only apply.c and up.c include this.
 */
#ifndef MIGRATOR_RUN_STEP_GATE_H
#define MIGRATOR_RUN_STEP_GATE_H

#include "run/shared.h"

/*
 * Where a backup is required: make a restore point, and put it on record.
 * version is what runs next.
 */
extern void run_make_restore_point(Run *run, const char *version);

/*
 * For a run with transactions of its own, before each step, and before the
 * bootstrap script (NULL).  Returns NULL, or
 * what keeps the step and all behind it from running; what was written before
 * is to be committed.
 */
extern ErrorData *run_pass_gate(Run *run, const Step *step);

/* Is there anything to pass? */
static inline bool
run_has_gate(const Run *run)
{
	return run->policy.value[POLICY_REQUIRE_APPROVAL] ||
		run->policy.value[POLICY_MAINTENANCE_WINDOW_REQUIRED] ||
		run->policy.value[POLICY_BACKUP_REQUIRED];
}

#endif
