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

/* What the bootstrap script is called where others have a version. */
#define GATE_BOOTSTRAP "bootstrap.sql"

/*
 * Raise MG006, MG007 or MG008 for what the chosen steps, and with bootstrap the
 * bootstrap script, need and do not have now.  A run of neither needs nothing.
 */
extern void gate_raise_what_stops(const Policy *policy, const char *service, const MigrationPlan *plan,
								  bool bootstrap);

/*
 * The same of one step (NULL: the bootstrap script) of a run that is under way: its window may have closed,
 * its approval may be revoked.  A backup was there when it began.
 */
extern void gate_raise_before_step(const Policy *policy, const char *service, const MigrationPlan *plan,
								   const Step *step);

/*
 * What an approval of a step is about: its script, and the hooks that run around
 * it; of the bootstrap script (NULL), that.  Without a checksum there is nothing
 * to approve.
 */
extern void gate_subject(const MigrationPlan *plan, const Step *step, Approval *subject);

/*
 * The approval of a step, or (NULL) of the bootstrap script, that is applied now is used.  must_stand: raise MG006
 * when it was revoked meanwhile.
 */
extern void gate_use_approval(const char *service, const MigrationPlan *plan, const Step *step, int64 run_id,
							  bool must_stand);

#endif
