/*
 * auto_back.c
 *	  A run that failed takes back what it applied.
 *
 * It is a part of the failed run: the same locks, and the same number in the
 * record.  Each migration is taken back as down() would do it, the last first,
 * with the hooks around it.  Nobody is asked again for an approval, a window or a
 * backup: they were there for the migration, and the state before it is the one
 * that nobody had to approve.
 *
 * It ends with the first migration that cannot be taken back: those before it
 * may be needed by it.  For the same reason it does not begin where the failed
 * one is there in part.
 *
 * Whatever happens here, the CALL ends with the error that led to it.  So an error
 * may be caught by aborting the transaction (up.c).
 */
#include "postgres.h"

#include "base/transaction.h"
#include "run/auto_back.h"
#include "run/back.h"
#include "run/event.h"
#include "run/step.h"

/* What became of them, for the error. */
typedef struct Outcome
{
	StringInfoData done;		/* versions */
	int			done_count;
	const char *stopped_at;		/* a version, or NULL */
	const char *reason;			/* or NULL: nothing stopped it */
	StringInfoData left;		/* versions behind that one */
	int			left_count;
} Outcome;

static void look(Run *back, const RunRequest *request);
static void take_back(Run *back, Outcome *outcome);
static const char *take_one(Run *back, Step *step, int number);
static const char *reason_against(const Run *back, const Step *step, const FindingSink *findings);
static void add_version(StringInfo list, int *count, const char *version);
static void tell(const Outcome *outcome, ErrorData *error);

void
auto_back(Run *run, ErrorData *error)
{
	MemoryContext context = CurrentMemoryContext;
	RunRequest	request = *run->request;
	Run			back = *run;
	Outcome		outcome = {{0}};

	if (run->direction != UNIT_UP || run->failed == 0 || run->applied == 0 || run->lock_lost ||
		!run->policy.value[POLICY_AUTO_ROLLBACK_ON_FAILURE])
		return;
	initStringInfo(&outcome.done);
	initStringInfo(&outcome.left);
	request.direction = UNIT_DOWN;
	request.on_error = ON_ERROR_RAISE;
	memset(&request.back, 0, sizeof(BackRequest));
	request.back.run_id = run->run_id;
	back.note = psprintf("after the failure of %s", run->failed_version);
	PG_TRY();
	{
		look(&back, &request);
		take_back(&back, &outcome);
	}
	PG_CATCH();
	{
		outcome.reason = pstrdup(transaction_catch(context)->message);
		(void) step_restore_settings(&back);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	run->applied -= outcome.done_count;
	run->lock_lost = back.lock_lost;
	run->cancelled |= back.cancelled;
	tell(&outcome, error);
}

/* The run is one that goes back, over what the record has by now. */
static void
look(Run *back, const RunRequest *request)
{
	FindingSink sink = {0};
	MigrationPlan *plan;

	back->request = request;
	back->direction = UNIT_DOWN;
	back->applied = back->failed = back->not_run = 0;
	back->hook_error = NULL;
	/* what the failure undid was undone for it */
	memset(&back->policy, 0, sizeof(Policy));
	back->survey = survey_take(request->scope, CHECK_FOR_RUN);
	back_prepare_reader(back->survey);
	plan = back->survey->plan;
	back_select(plan, request->scope->service, &request->back, &sink);
	finding_raise_first(&sink);
	event_going_back(request->scope->service, plan->selected, plan_count_state(plan, MIGRATION_APPLIED), false);
}

static void
take_back(Run *back, Outcome *outcome)
{
	int			number = 0;

	for (int i = 0; i < back->survey->plan->count; i++)
	{
		Step	   *step = run_step_at(back, i);

		if (!step->selected)
			continue;
		if (outcome->reason == NULL)
			outcome->reason = take_one(back, step, ++number);
		if (outcome->reason == NULL)
			add_version(&outcome->done, &outcome->done_count, step->version);
		else if (outcome->stopped_at == NULL)
			outcome->stopped_at = step->version;
		else
			add_version(&outcome->left, &outcome->left_count, step->version);
	}
}

/* Returns why it was not taken back, or NULL. */
static const char *
take_one(Run *back, Step *step, int number)
{
	FindingSink findings = {.settings = &back->survey->checks};
	const char *reason;
	ErrorData  *error;

	back_load_script(back->survey, step, DOWN_SOURCE_RECORD, &findings);
	if (step->down_record != NULL)
		down_script_require_trusted(step->down_record, step->version);
	back_load_hooks(back->survey, step, &findings);
	reason = reason_against(back, step, &findings);
	if (reason != NULL)
		return reason;
	error = step_run(back, step, number);
	if (error == NULL)
		run_step_applied(back, step);
	else
	{
		run_explain_error(back, step, error);
		step_record_failure(back, step, error);
	}
	if (error == NULL && back->hook_error != NULL)
		return psprintf("it is rolled back, but its hook failed: %s", back->hook_error->message);
	return error ? error->message : NULL;
}

static const char *
reason_against(const Run *back, const Step *step, const FindingSink *findings)
{
	ListCell   *lc;

	if (step->down.unit == NULL)
		return "it has no down script";
	if (back_is_irreversible(step))
		return "it says that there is no way back";
	foreach(lc, findings->findings)
	{
		const Finding *finding = lfirst(lc);

		if (finding->severity == FINDING_ERROR)
			return finding->message;
	}
	return NULL;
}

static void
add_version(StringInfo list, int *count, const char *version)
{
	if (++*count <= 10)
		appendStringInfo(list, "%s\"%s\"", *count > 1 ? ", " : "", finding_one_line(version));
	else if (*count == 11)
		appendStringInfoString(list, ", ...");
}

static void
tell(const Outcome *outcome, ErrorData *error)
{
	if (outcome->done_count > 0)
		run_add_detail(error, psprintf("What the run applied was rolled back: %s.", outcome->done.data));
	if (outcome->reason == NULL)
		return;
	if (outcome->stopped_at != NULL)
		run_add_detail(error, psprintf("Migration \"%s\" was not rolled back: %s", finding_one_line(outcome->stopped_at),
									   finding_one_line(outcome->reason)));
	else
		run_add_detail(error, psprintf("What the run applied was not rolled back: %s", finding_one_line(outcome->reason)));
	if (outcome->left_count > 0)
		run_add_detail(error, psprintf("Nor were those before it: %s.", outcome->left.data));
}
