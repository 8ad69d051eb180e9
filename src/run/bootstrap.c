/*
 * bootstrap.c
 *	  bootstrap.sql: what a new database gets once, behind its migrations.
 *
 * It is run by the first run that finds it not on record and leaves nothing
 * pending, be there migrations to apply or not; under the service's locks, so
 * that it cannot run twice.  Script and record are one transaction.
 */
#include "postgres.h"

#include "plan/gate.h"
#include "plan/hooks.h"
#include "record/service_state.h"
#include "run/bootstrap.h"
#include "run/extra.h"

static void run_it(Run *run, void *argument);

void
bootstrap_run(Run *run)
{
	MigrationPlan *plan = run->survey->plan;
	const char *service = run->request->scope->service;
	ServiceState state;

	/*
	 * from here on whatever fails, a cancel of the look too, is the script's
	 * failure
	 */
	for (int i = SCRIPT_PLACES - 1; i >= 0; i--)
		if (plan->bootstrap[i].unit != NULL)
			run_begin_execution(run, plan->bootstrap[i].unit->file, NULL, "bootstrap");

	/* another run may have done it before we had the lock */
	service_state_read(service, &state);
	if (state.bootstrap_checksum != NULL)
		return;
	run->extra_note = NULL;
	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (plan->bootstrap[i].unit != NULL)
		{
			run_script(run, &plan->bootstrap[i], NULL, "bootstrap");
			extra_done(run, NULL, NULL, plan->bootstrap[i].checksum);
		}
	if (!run->request->dry_run || run->request->undone_later)
	{
		service_state_bootstrapped(service, hooks_checksum(plan->bootstrap), run->run_id);
		if (run->policy.value[POLICY_REQUIRE_APPROVAL])
			gate_use_approval(service, plan, NULL, run->run_id, true);
	}
}

ErrorData *
bootstrap_run_apart(Run *run)
{
	return extra_run_apart(run, run_it, NULL, NULL, "The migrations of the run are applied, and stay so; the next run tries it again.");
}

static void
run_it(Run *run, void *argument)
{
	bootstrap_run(run);
}
