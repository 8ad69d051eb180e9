/*
 * prove.c
 *	  Does the down script of a migration undo its up script?
 *
 * All happens in one subtransaction that is undone at the end.  In it the up
 * scripts of pending migrations are run one after the other, each in a
 * subtransaction that stays, so that the next one finds what it needs.  Behind
 * each the down script and the up script again are run in another one that is
 * always undone: whatever a bad down script leaves is gone for the next
 * migration, and it takes no rows of others away.  Undoing it gives back the
 * locks on what was made in it, too.
 *
 * Between them the objects of the whole database are looked at.  What another session commits
 * meanwhile is seen as the script's work: nothing keeps others from changing
 * the schema, short of locking it all.
 *
 * Hooks, bootstrap and seeds are not run: they are not what is proven.  Nothing is
 * recorded.  For the rest it is a dry run (apply.c): the same rights, policy and
 * locks, for scripts are executed.  That down scripts drop what the up scripts have
 * made needs nobody's permission, since it is undone.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/transaction.h"
#include "catalog/comparison.h"
#include "execute/constraint.h"
#include "execute/temporary.h"
#include "run/back.h"
#include "run/call.h"
#include "run/event.h"
#include "run/prove.h"

typedef struct Proof
{
	Run			run;
	const bool *named;			/* for each step; NULL: all */
	ObjectList *before;			/* the schema before the current migration, or
								 * (outdated) earlier; NULL: not known */
	bool		outdated;
	ObjectList *after;			/* behind the current migration */
	const char *left_out;		/* version of the first that was not run, or
								 * NULL */
	const char *running;		/* what an error would be of; NULL: not of a
								 * script */
	List	   *temporary;		/* relations, before it */
	bool		unnamed;		/* the current migration: nothing is reported */
	List	   *differences;	/* of it */
	bool		compared;		/* else nothing is known of differences */
	int			counts[4];		/* by verdict */
	ProofReport report;
	void	   *argument;
} Proof;

typedef enum Verdict
{
	REVERSIBLE,
	DIFFERS,
	NO_DOWN,
	NOT_PROVABLE
} Verdict;

static const char *const verdict_names[] = {"reversible", "differs", "no_down", "not_provable"};

static void report_run_row(const RunRow *row, void *argument);
static void report_verdict(Proof *proof, const Step *step, Verdict verdict, const char *message);
static void look(Proof *proof, RunRequest *request, char **versions, int version_count, bool locked);
static void choose(Proof *proof, RunRequest *request, char **versions, int version_count);
static void report_applied(Proof *proof);
static void prove_all(void *argument);
static void prove_step(Proof *proof, Step *step);
static void advance(Proof *proof, ObjectList *now);
static ObjectList *take_objects(Run *run, const ObjectList *known);
static bool find_obstacle(const Run *run, Step *step, Verdict *verdict, const char **message);
static void go_up(void *argument);
static void go_back_and_up(void *argument);
static void compare_with(Proof *proof, const ObjectList *expected, const char *prefix);
static const char *explain(Proof *proof, ErrorData *error);

void
run_prove(const RunRequest *asked, char **versions, int version_count, ProofReport report, void *argument)
{
	RunRequest	request = *asked;
	Proof		proof = {.report = report,.argument = argument};
	Run		   *run = &proof.run;
	const char *service = request.scope->service;
	ErrorData  *error;

	request.dry_run = true;
	request.plan.late_allowed = migrator_late == LATE_ALLOW;
	run->request = &request;
	run->direction = UNIT_UP;
	run->kind = "prove";
	run->context = CurrentMemoryContext;
	run->report = report_run_row;
	run->report_argument = &proof;
	run->started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run->start);

	if (!migrator_enabled)
	{
		event_disabled(service);
		report_verdict(&proof, NULL, NOT_PROVABLE, "migrator.enabled is off");
		return;
	}
	run_require_writable(run_function_name(run));
	scope_require_rights(request.scope, true);
	scope_require_source(request.scope);
	scope_check_search_path(request.scope);
	look(&proof, &request, versions, version_count, false);
	if (run->survey->plan->selected > 0)
	{
		if (!run_take_lock(run))
			return;
		(void) run_load_fresh(service);
		look(&proof, &request, versions, version_count, true);
	}
	if (run->survey->plan->selected == 0)
	{
		report_applied(&proof);
		(void) run_nothing_to_do(run);
		return;
	}
	run_warn_once(run);
	constraint_check_deferred(false);
	event_proof_begins(service, run->survey->plan->selected);
	error = transaction_try(prove_all, &proof, true);
	if (error != NULL)
		ReThrowError(error);
	event_proof_done(service, proof.counts[REVERSIBLE], proof.counts[DIFFERS], proof.counts[NO_DOWN],
					 proof.counts[NOT_PROVABLE], run_elapsed_since(run->start));
	event_lock_kept(service);
}

/* What the protocol of a run has to say of a step that is not run, or of the service. */
static void
report_run_row(const RunRow *row, void *argument)
{
	Proof	   *proof = argument;
	ProofRow	made = {
		.service = row->service,
		.version = row->version,
		.name = row->name,
		.verdict = verdict_names[NOT_PROVABLE],
		.message = row->message
	};

	if (proof->unnamed)
		return;
	proof->counts[NOT_PROVABLE]++;
	proof->report(&made, proof->argument);
}

static void
report_verdict(Proof *proof, const Step *step, Verdict verdict, const char *message)
{
	ProofRow	row = {
		.service = proof->run.request->scope->service,
		.version = step ? step->version : NULL,
		.name = step ? step->name : NULL,
		.verdict = verdict_names[verdict],
		.differences = proof->differences,
		.compared = proof->compared,
		.message = message
	};

	if (proof->unnamed)
		return;
	proof->counts[verdict]++;
	proof->report(&row, proof->argument);
}

static void
look(Proof *proof, RunRequest *request, char **versions, int version_count, bool locked)
{
	run_look_again(&proof->run);
	if (locked)
		run_interrupt_running(&proof->run);
	if (version_count > 0)
		choose(proof, request, versions, version_count);
	run_raise_what_stops(&proof->run);
}

/* Those that are named, and what is pending before the last of them. */
static void
choose(Proof *proof, RunRequest *request, char **versions, int version_count)
{
	MigrationPlan *plan = proof->run.survey->plan;
	bool	   *named = plan_mark_named(plan, versions, version_count);
	PlanRequest *chosen = &request->plan;
	int			last = plan->count - 1;

	while (last >= 0 && !named[last])
		last--;
	proof->named = named;
	chosen->versions = palloc(sizeof(char *) * (version_count + last + 1));
	memcpy(chosen->versions, versions, version_count * sizeof(char *));
	chosen->version_count = version_count;
	for (int i = 0; i < last; i++)
		if (plan_step_is_pending(&plan->steps[i]))
			chosen->versions[chosen->version_count++] = pstrdup(plan->steps[i].version);
}

/* A down script undoes an up script where what the latter made was not yet there. */
static void
report_applied(Proof *proof)
{
	const MigrationPlan *plan = proof->run.survey->plan;

	for (int i = 0; proof->named != NULL && i < plan->count; i++)
		if (proof->named[i] && plan->steps[i].state == MIGRATION_APPLIED)
			report_verdict(proof, &plan->steps[i], NOT_PROVABLE, "it is applied: only a pending migration can be proven");
}

static void
prove_all(void *argument)
{
	Proof	   *proof = argument;
	Run		   *run = &proof->run;
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator proof", ALLOCSET_DEFAULT_SIZES);

	report_applied(proof);
	for (int i = 0; i < run->survey->plan->count; i++)
	{
		Step	   *step = run_step_at(run, i);
		MemoryContext keep;

		CHECK_FOR_INTERRUPTS();
		if (!step->selected)
			continue;
		proof->unnamed = proof->named != NULL && !proof->named[i];
		if (run_step_not_run(run, step, step->up.call_reason))
		{
			if (proof->left_out == NULL)
				proof->left_out = step->version;
			continue;
		}
		keep = MemoryContextSwitchTo(work);
		prove_step(proof, step);
		MemoryContextSwitchTo(keep);
		MemoryContextReset(work);
	}
	MemoryContextDelete(work);
}

/* One whose up script fails is not there for those behind it. */
static void
prove_step(Proof *proof, Step *step)
{
	Run		   *run = &proof->run;
	Verdict		verdict = NOT_PROVABLE;
	const char *message = NULL;
	bool		compare = !proof->unnamed && !find_obstacle(run, step, &verdict, &message);
	ErrorData  *error;

	run->current = step;
	proof->temporary = temporary_objects();
	proof->differences = NIL;
	proof->compared = false;
	if (compare && (proof->before == NULL || proof->outdated))
		advance(proof, take_objects(run, proof->before));
	error = transaction_try(go_up, proof, false);
	if (error != NULL)
	{
		step->failed = step->broken = true;
		message = explain(proof, error);
		if (proof->left_out != NULL)
			message = psprintf("%s; migration \"%s\" was not run before it", message, finding_one_line(proof->left_out));
		else
			proof->left_out = step->version;
		report_verdict(proof, step, NOT_PROVABLE, message);
		return;
	}
	if (compare)
	{
		proof->after = take_objects(run, proof->before);
		error = transaction_try(go_back_and_up, proof, true);
		run->direction = UNIT_UP;
		if (error != NULL)
			message = explain(proof, error);
		verdict = error != NULL || proof->differences != NIL ? DIFFERS : REVERSIBLE;
	}
	run_session_end(run, proof->temporary);
	report_verdict(proof, step, verdict, message);
	if (compare)
		advance(proof, proof->after);
	else
		proof->outdated = true;
}

static void
advance(Proof *proof, ObjectList *now)
{
	object_list_free(proof->before);
	proof->before = now;
	proof->after = NULL;
	proof->outdated = false;
}

/* They outlive the migration. */
static ObjectList *
take_objects(Run *run, const ObjectList *known)
{
	MemoryContext keep = MemoryContextSwitchTo(run->context);
	ObjectList *list = object_list_take(known);

	MemoryContextSwitchTo(keep);
	return list;
}

/* Why the way back of a migration is not tried, if it is not. */
static bool
find_obstacle(const Run *run, Step *step, Verdict *verdict, const char **message)
{
	FindingSink findings = {.settings = &run->survey->checks};
	ListCell   *lc;

	back_load_script(run->survey, step, DOWN_SOURCE_FILE, &findings);
	*verdict = NOT_PROVABLE;
	if (back_is_irreversible(step))
		*message = "it says that there is no way back";
	else if (step->down.unit == NULL)
	{
		*verdict = NO_DOWN;
		*message = NULL;
	}
	else if (step->down.call_reason != NULL)
		*message = psprintf("the down script cannot run in a transaction block: %s (file \"%s\", line %d)", step->down.call_reason,
							finding_one_line(step->down.unit->file), step->down.call_line);
	else
	{
		foreach(lc, findings.findings)
		{
			const Finding *finding = lfirst(lc);

			if (finding->severity != FINDING_ERROR)
				continue;
			*verdict = DIFFERS;
			*message = psprintf("the down script cannot run: %s (file \"%s\", line %d)", finding->message,
								finding_one_line(step->down.unit->file), finding->line);
			return true;
		}
		return false;
	}
	return true;
}

static void
go_up(void *argument)
{
	Proof	   *proof = argument;

	proof->running = "the up script fails";
	run_script(&proof->run, &proof->run.current->up, proof->run.current, NULL);
	proof->running = NULL;
}

static void
go_back_and_up(void *argument)
{
	Proof	   *proof = argument;
	Run		   *run = &proof->run;

	temporary_drop_others(proof->temporary);
	run->direction = UNIT_DOWN;
	proof->running = "the down script fails";
	run_script(run, &run->current->down, run->current, NULL);
	proof->running = NULL;
	compare_with(proof, proof->before, "");

	/*
	 * what comes of it says nothing more where the schema is not that of the
	 * first time
	 */
	temporary_drop_others(proof->temporary);
	run->direction = UNIT_UP;
	proof->running = "the up script fails behind the down script";
	run_script(run, &run->current->up, run->current, NULL);
	proof->running = NULL;
	if (proof->differences == NIL)
		compare_with(proof, proof->after, "up again: ");
}

/* The schema as it is now. */
static void
compare_with(Proof *proof, const ObjectList *expected, const char *prefix)
{
	ObjectList *now = object_list_take(proof->after);
	ListCell   *lc;

	foreach(lc, object_list_differences(expected, now))
	{
		proof->differences = lappend(proof->differences, psprintf("%s%s", prefix, (char *) lfirst(lc)));
	}
	proof->compared = true;
	object_list_free(now);
}

/* What an error says of a script.  One that tells nothing of it ends the call. */
static const char *
explain(Proof *proof, ErrorData *error)
{
	const char *message;

	if (proof->running == NULL || run_error_tells_nothing(error))
		ReThrowError(error);
	message = psprintf("%s: %s", proof->running, run_error_line(&proof->run, error));
	proof->running = NULL;
	return message;
}
