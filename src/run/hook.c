/*
 * hook.c
 *	  What runs before and after a migration, and a run.
 *
 * A hook is not run by itself: whoever runs a migration calls this before and
 * after it, under the same locks.  The transaction decides what a failure means.
 * Where the migration is one transaction, or all is the caller's, the hook is in
 * it, and its failure undoes it.  Behind what is committed and stays, a failure
 * is put on record, and raised where the run ends.
 *
 * The hooks behind a migration that runs part by part share a transaction with
 * the record that says it is applied: either both are there or the migration
 * reads as interrupted, and the next run goes on at its end, with these hooks.
 * So a crash takes no hook along that should have run.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/finding.h"
#include "base/transaction.h"
#include "record/hook_function.h"
#include "run/extra.h"
#include "run/hook.h"
#include "run/migration_timeout.h"
#include "run/notify.h"
#include "run/verify.h"

/* argument of run_after() */
typedef struct StepHooks
{
	Run		   *run;
	const Step *step;
} StepHooks;

static const Hook *hook_file(const Run *run, const Step *step, bool after);
static const char *event_name(const Run *run, const Step *step, bool after);
static void run_one(Run *run, const Step *step, bool after, const Hook *file, const HookFunction *function);
static void run_functions(Run *run, const Step *step, bool after);
static void run_after(void *argument);
static void run_before_all(Run *run, void *argument);
static void run_after_all(Run *run, void *argument);

void
hook_run_migration(Run *run, Step *step)
{
	bool		filled;
	List	   *temporary;

	hook_run(run, step, false);
	filled = run->execution.filled;
	temporary = run_session_begin(run);
	run_script(run, run_step_script(run, step), step, NULL);
	run_session_end(run, temporary);
	/* what a commit says may be about any of the three */
	run->execution.filled |= filled;

	/* the script may have said that its transaction only reads */
	if (run->own_transaction)
		transaction_make_writable();
	verify_step(run, step);
	hook_run(run, step, true);
}

void
hook_prepare(Run *run)
{
	ListCell   *lc;

	run->hook_functions = hook_function_list(run->request->scope->service);
	foreach(lc, run->hook_functions)
	{
		(void) hook_function_require(lfirst(lc));
	}
}

bool
hook_any(const Run *run, const Step *step, bool after)
{
	ListCell   *lc;

	if (hook_file(run, step, after) != NULL)
		return true;
	foreach(lc, run->hook_functions)
	{
		if (strcmp(((HookFunction *) lfirst(lc))->event, event_name(run, step, after)) == 0)
			return true;
	}
	return false;
}

static const Hook *
hook_file(const Run *run, const Step *step, bool after)
{
	return plan_hook(run->survey->plan, step, after);
}

static const char *
event_name(const Run *run, const Step *step, bool after)
{
	if (step != NULL && run->direction == UNIT_DOWN)
		return after ? "post_rollback" : "pre_rollback";
	return step != NULL ? (after ? "post_migrate" : "pre_migrate") : (after ? "post_run" : "pre_run");
}

/* The files are the inner ones. */
void
hook_run(Run *run, const Step *step, bool after)
{
	const Hook *file = hook_file(run, step, after);

	run->extra_note = event_name(run, step, after);
	if (!after)
		run_functions(run, step, after);
	for (; file != NULL; file = file->next)
		run_one(run, step, after, file, NULL);
	if (after)
		run_functions(run, step, after);
}

static void
run_functions(Run *run, const Step *step, bool after)
{
	ListCell   *lc;

	foreach(lc, run->hook_functions)
	{
		const HookFunction *function = lfirst(lc);

		if (strcmp(function->event, event_name(run, step, after)) == 0)
			run_one(run, step, after, NULL, function);
	}
}

/* The time of a migration is its own, and so is the place where it failed. */
static void
run_one(Run *run, const Step *step, bool after, const Hook *file, const HookFunction *function)
{
	double		elapsed = run->elapsed;
	Execution	execution = run->execution;
	bool		filled;

	if (file != NULL)
		run_script(run, &file->script, step, "hook");
	else
	{
		/*
		 * what is to fail here may be the look at it: then this is what
		 * failed
		 */
		run_begin_execution(run, function->signature, step, "hook");
		run_function(run, hook_function_require(function), function->signature, step, "hook");
	}
	extra_done(run, step, event_name(run, step, after), file ? file->script.checksum : NULL);
	filled = run->execution.filled;
	run->elapsed = elapsed;
	run->execution = execution;
	run->execution.filled |= filled;
}

void
hook_run_behind(Run *run, const Step *step)
{
	StepHooks	hooks = {run, step};
	double		elapsed = run->elapsed;
	MemoryContext old;
	ErrorData  *error;
	RecordEntry entry;

	if (!hook_any(run, step, true))
		return;
	old = MemoryContextSwitchTo(run->context);
	migration_timeout_start();
	error = transaction_try(run_after, &hooks, false);
	migration_timeout_stop();
	if (error != NULL)
	{
		migration_timeout_explain(error);
		extra_fill_failure(run, step, event_name(run, step, true), error, &entry);
		record_write_event(&entry);
		notify_entry(&entry);
		extra_explain(run, psprintf("Migration \"%s\" is %s, and stays so.", finding_one_line(step->version),
									run->direction == UNIT_UP ? "applied" : "rolled back"), error);
		run->hook_error = error;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && !migration_timeout_expired())
			run->cancelled = true;
	}
	run->elapsed = elapsed;
	MemoryContextSwitchTo(old);
}

static void
run_after(void *argument)
{
	StepHooks  *hooks = argument;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator hook", ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(work);
	hook_run(hooks->run, hooks->step, true);
	MemoryContextSwitchTo(context);
	MemoryContextDelete(work);
}

ErrorData *
hook_run_apart(Run *run, bool after)
{
	if (!hook_any(run, NULL, after))
		return NULL;
	return extra_run_apart(run, after ? run_after_all : run_before_all, NULL, event_name(run, NULL, after),
						   !after ? "No migration was run." :
						   run->direction == UNIT_UP ? "The migrations of the run are applied, and stay so." :
						   "The migrations of the run are rolled back, and stay so.");
}

static void
run_before_all(Run *run, void *argument)
{
	hook_run(run, NULL, false);
}

static void
run_after_all(Run *run, void *argument)
{
	hook_run(run, NULL, true);
}
