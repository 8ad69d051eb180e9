/*
 * gate.h
 *	  What policy demands of a run before it begins: approvals, a maintenance
 *	  window, a backup.
 */
#ifndef MIGRATOR_PLAN_GATE_H
#define MIGRATOR_PLAN_GATE_H

#include "plan/plan.h"
#include "plan/policy.h"
#include "record/approval.h"

/*
 * Raise MG006, MG007 or MG008 for what the chosen steps need and do not have
 * now.  A run that chose none needs nothing.
 */
extern void gate_raise_what_stops(const Policy *policy, const char *service, const MigrationPlan *plan);

/*
 * The same of one step of a run that is under way: its window may have closed,
 * its approval may be revoked.  A backup was there when it began.
 */
extern void gate_raise_before_step(const Policy *policy, const char *service, const MigrationPlan *plan,
								   const Step *step);

/* What an approval of a step is about: its script, and the hooks that run around it. */
extern void gate_subject(const MigrationPlan *plan, const Step *step, Approval *subject);

/*
 * The approval of a step that is applied now is used.  must_stand: raise MG006
 * when it was revoked meanwhile.
 */
extern void gate_use_approval(const char *service, const MigrationPlan *plan, const Step *step, int64 run_id,
							  bool must_stand);

#endif
