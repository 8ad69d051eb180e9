/*
 * verify.c
 *	  Scripts that look whether a migration is as it should be.
 *
 * They end with ROLLBACK, or might as well: each runs in a subtransaction that is
 * undone.  Behind a migration that is in its transaction, so that what fails there
 * undoes the migration; of one that runs part by part, which stays, it is put on
 * record as the failure of its last part.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/finding.h"
#include "base/transaction.h"
#include "plan/check_scripts.h"
#include "run/event.h"
#include "run/verify.h"

/* argument of run_one() */
typedef struct Verified
{
	Run		   *run;
	const Step *step;
} Verified;

static bool is_wanted(const Run *run);
static void run_one(void *argument);
static void look(Run *run, const RunRequest *request);
static const char *reason_not_to_run(const Step *step);
static void report_step(Run *run, Step *step, VerifyReport report, void *argument);

static bool
is_wanted(const Run *run)
{
	return run->direction == UNIT_UP && !run->request->no_verify &&
		(run->request->verify || run->survey->set->verifies);
}

void
verify_require(Run *run)
{
	MigrationPlan *plan = run->survey->plan;
	FindingSink sink = {.settings = &run->survey->checks};
	bool		any = false;

	if (!is_wanted(run))
		return;
	for (int i = 0; i < plan->count; i++)
	{
		any |= plan->steps[i].verify.unit != NULL;
		if (plan->steps[i].selected && plan->steps[i].verify.unit != NULL)
			check_verify_script(&plan->steps[i], run->survey->reader, &sink);
	}
	if (run->request->verify && !any)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"verify\": no migration of the source has a verify script"),
				errdetail("It has layout \"%s\".", run->survey->set->layout),
				errhint("Layout \"sqitch\" has them; in others a hook may look, as post_migrate_VERSION.sql."));
	finding_raise_first(&sink);
}

/* The time of a migration is its own, and so is the place where it failed. */
void
verify_step(Run *run, const Step *step)
{
	Verified	verified = {run, step};
	double		elapsed = run->elapsed;
	Execution	execution = run->execution;
	bool		own_transaction = run->own_transaction;
	ErrorData  *error;

	if (!is_wanted(run))
		return;
	if (step->verify.unit == NULL)
	{
		ereport(NOTICE,
				errmsg("migration \"%s\" has no verify script", finding_one_line(step->version)));
		return;
	}
	/* it is a part of another one's */
	run->own_transaction = false;
	error = transaction_try(run_one, &verified, true);
	run->own_transaction = own_transaction;
	if (error != NULL)
		ReThrowError(error);
	execution.filled |= run->execution.filled;
	run->elapsed = elapsed;
	run->execution = execution;
}

static void
run_one(void *argument)
{
	Verified   *verified = argument;

	run_script(verified->run, &verified->step->verify, verified->step, VERIFY_SCRIPT_KIND);
}

void
run_verify(const RunRequest *request, char **versions, int version_count, VerifyReport report, void *argument)
{
	Run			run = {0};
	MigrationPlan *plan;
	bool	   *named;

	if (!migrator_enabled)
	{
		VerifyRow	row = {
			.service = request->scope->service,
			.verdict = "not_run",
			.execution_time_ms = -1,
			.message = "migrator.enabled is off"
		};

		event_disabled(request->scope->service);
		report(&row, argument);
		return;
	}
	look(&run, request);
	plan = run.survey->plan;
	for (int i = 0; i < version_count; i++)
		if (plan_find(plan, versions[i]) == NULL)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("version \"%s\" is neither in the source nor on record", finding_one_line(versions[i])));
	named = plan_mark_named(plan, versions, version_count);
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];
		MemoryContext work;
		MemoryContext keep;

		if (version_count > 0 ? !named[i] : step->state != MIGRATION_APPLIED)
			continue;
		CHECK_FOR_INTERRUPTS();
		work = AllocSetContextCreate(CurrentMemoryContext, "migrator verify script", ALLOCSET_DEFAULT_SIZES);
		keep = MemoryContextSwitchTo(work);
		report_step(&run, step, report, argument);
		MemoryContextSwitchTo(keep);
		MemoryContextDelete(work);
	}
}

/* Scripts are executed: whoever calls needs what a run needs. */
static void
look(Run *run, const RunRequest *request)
{
	const Service *registration;

	run->request = request;
	run->direction = UNIT_UP;
	run->kind = "verify";
	run->context = CurrentMemoryContext;
	run->started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run->start);
	scope_require_rights(request->scope, true);
	scope_require_source(request->scope);
	scope_check_search_path(request->scope);
	registration = registration_find(request->scope->service);
	registration_require_member(registration);
	run->survey = survey_take(request->scope, CHECK_FOR_RUN);
	scope_require_decided(run->survey->scope, registration);
	source_require_runnable(run->survey->source);
	survey_raise_what_stops(run->survey, request->force);
}

static const char *
reason_not_to_run(const Step *step)
{
	return step->state != MIGRATION_APPLIED ? "it is not applied" :
		step->migration == NULL ? "it is not in the source" :
		step->migration->superseded ? "it was reworked later" :
		step->verify.unit == NULL ? "it has no verify script" : NULL;
}

static void
report_step(Run *run, Step *step, VerifyReport report, void *argument)
{
	Verified	verified = {run, step};
	FindingSink sink = {.settings = &run->survey->checks};
	VerifyRow	row = {
		.service = run->request->scope->service,
		.version = step->version,
		.name = step->name,
		.verdict = "not_run",
		.execution_time_ms = -1,
		.message = reason_not_to_run(step)
	};
	ErrorData  *error;
	ListCell   *lc;

	if (row.message == NULL)
		check_verify_script(step, run->survey->reader, &sink);
	foreach(lc, sink.findings)
	{
		const Finding *finding = lfirst(lc);

		if (finding->severity != FINDING_ERROR)
			continue;
		row.verdict = "failed";
		row.message = psprintf("%s (file \"%s\", line %d)", finding->message, finding_one_line(step->verify.unit->file),
							   Max(finding->line, 1));
		break;
	}
	if (row.message == NULL)
	{
		run->current = step;
		error = transaction_try(run_one, &verified, true);
		if (error != NULL && run_error_tells_nothing(error))
			ReThrowError(error);
		row.verdict = error != NULL ? "failed" : "passed";
		row.message = error != NULL ? run_error_line(run, error) : NULL;
		row.execution_time_ms = run->elapsed;
	}
	report(&row, argument);
}
