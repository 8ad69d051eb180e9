/*
 * seed.c
 *	  seed.sql: data that a database is filled with, as often as somebody says.
 *
 * It is no migration, so none of the gates before one is asked: there is nothing
 * that an approval or a backup would be of.  But it runs scripts from a source,
 * so whoever may not run these, or not in this environment, may not run it.  All
 * seed scripts are one subtransaction: either all are run or none.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/transaction.h"
#include "execute/constraint.h"
#include "plan/check_changes.h"
#include "run/call.h"
#include "run/event.h"
#include "run/extra.h"
#include "run/seed.h"

static bool find_scripts(Run *run);
static void tell_none(const RunRequest *request, RunReport report, void *argument);
static void run_all(void *argument);

void
run_seed(const RunRequest *request, RunReport report, void *argument)
{
	Run			run = {0};
	const Service *registration;
	ErrorData  *error;

	run.request = request;
	run.kind = "seed";
	run.direction = UNIT_UP;
	run.context = CurrentMemoryContext;
	run.report = report;
	run.report_argument = argument;
	run.started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run.start);

	if (run_is_disabled(&run))
		return;
	run_require_writable("migrator.seed()");
	scope_require_rights(request->scope, true);
	scope_require_source(request->scope);
	scope_check_search_path(request->scope);
	if (!run_take_lock(&run))
		return;

	/*
	 * the service may have become others' during the wait, or another
	 * environment's
	 */
	registration = registration_find(request->scope->service);
	registration_require_member(registration);
	scope_require_rights(request->scope, true);
	run.survey = survey_take(request->scope, CHECK_FOR_RUN);
	scope_require_decided(run.survey->scope, registration);
	source_require_runnable(run.survey->source);
	survey_raise_what_stops(run.survey, request->force);
	if (!find_scripts(&run))
	{
		tell_none(request, report, argument);
		return;
	}
	survey_decide_policy(run.survey, registration, &run.policy);
	check_destructive_extra(run.survey->plan->seeds, policy_said(&run.policy, POLICY_ALLOW_DESTRUCTIVE_OPERATIONS),
							&run.survey->plan->seed_findings);
	finding_raise_first(&run.survey->plan->seed_findings);

	constraint_check_deferred(false);
	error = transaction_try(run_all, &run, false);
	if (error != NULL)
		extra_raise(&run, NULL, error);
	event_lock_kept(request->scope->service);
}

/* What is a mistake where one service is named is none where most have no seeds. */
static void
tell_none(const RunRequest *request, RunReport report, void *argument)
{
	RunRow		row = {
		.service = request->scope->service,
		.outcome = "skipped",
		.execution_time_ms = -1,
		.message = "the source has no seed.sql"
	};

	if (!request->of_all)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_FILE),
				errmsg("source \"%s\" of service \"%s\" has no seed.sql", finding_one_line(request->scope->source),
					   request->scope->service),
				errhint("It lies at the top of the source, in common/, or in the folder of the environment."));
	report(&row, argument);
}

/* Reads them; false when there is none. */
static bool
find_scripts(Run *run)
{
	MigrationPlan *plan = run->survey->plan;
	bool		found = false;

	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (plan->seeds[i].unit != NULL)
		{
			check_extra_script(&plan->seeds[i], false, &plan->seed_findings, run->survey->reader);
			found = true;
		}
	return found;
}

static void
run_all(void *argument)
{
	Run		   *run = argument;
	MigrationPlan *plan = run->survey->plan;
	RunRow		row = {
		.service = run->request->scope->service,
		.outcome = "applied"
	};

	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (plan->seeds[i].unit != NULL)
		{
			run_script(run, &plan->seeds[i], NULL, "seed");
			extra_done(run, NULL, NULL, plan->seeds[i].checksum);
			row.name = plan->seeds[i].unit->file;
			row.execution_time_ms = run->elapsed;
			run->report(&row, run->report_argument);
		}
}
