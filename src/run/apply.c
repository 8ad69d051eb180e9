/*
 * apply.c
 *	  SELECT migrator.apply(), or rollback(): a run in the caller's transaction.
 *
 * What must hold, and why it does:
 *
 * Everything is the caller's to commit or to undo, record and all, and nothing
 * of it is seen by others before.  So the service's locks are held to the end of
 * his transaction, not of the call; whoever waits for them finds what he made
 * of it.
 *
 * His snapshot is held all the while.  So a run here must not wait for an up()
 * (record/lock.h); and where the snapshot is older than the record it does not
 * begin (run_load_fresh(): 40001).
 *
 * An error may be caught only round a subtransaction.  Script and record of a
 * migration are in the same one, so neither stays without the other.  What a
 * script SETs ends with its GUC nest level.  Deferred constraints are checked
 * behind each script, or a commit long after would raise its error; those that
 * were the caller's before are checked first, as nobody else's fault.
 *
 * An error that is raised undoes the record of the failure with all the rest:
 * then another process writes it (failure_log.c).  A crash leaves nothing at
 * all, but the number of a run.
 */
#include "postgres.h"

#include "access/twophase.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/transaction.h"
#include "execute/constraint.h"
#include "record/lock.h"
#include "plan/gate.h"
#include "run/back.h"
#include "run/bootstrap.h"
#include "run/call.h"
#include "run/event.h"
#include "run/extra.h"
#include "run/failure_log.h"
#include "run/hook.h"
#include "run/notify.h"
#include "run/reworked.h"
#include "run/shared.h"
#include "run/step_gate.h"
#include "run/track.h"

static const char *first_version(const Run *run);
static void refuse_what_needs_call(const Run *run);
static void warn_of_lock_table(const Run *run);
static void tell_lock_kept(const Run *run);
static void apply_steps(Run *run);
static void apply_all(void *argument);
static void apply_beginning(void *argument);
static void apply_ending(void *argument);
static void apply_each(void *argument);
static void apply_one(void *argument);
static void step_failed(Run *run, Step *step, ErrorData *error);

void
run_apply(const RunRequest *request, RunReport report, void *argument)
{
	const char *service = request->scope->service;
	Run			run = {0};
	RunEntry	entry;
	Record	   *fresh;

	run.request = request;
	run.direction = request->direction;
	run.kind = run.direction == UNIT_UP ? "apply" : "rollback";
	run.context = CurrentMemoryContext;
	run.report = report;
	run.report_argument = argument;
	run.started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run.start);

	if (run_is_disabled(&run))
		return;
	run_refuse_standby(run_function_name(&run));
	scope_require_rights(request->scope, true);

	if (run.direction == UNIT_UP)
		scope_require_source(request->scope);
	scope_check_search_path(request->scope);

	/* the first look, without the lock: an up-to-date database costs no wait */
	run_look_again(&run);
	back_or_up_raise_what_stops(&run);
	refuse_what_needs_call(&run);
	if (run.survey->plan->selected == 0 && !run_bootstrap_follows(&run))
	{
		back_or_up_warn_once(&run);
		(void) run_nothing_to_do(&run);
		return;
	}

	run_require_writable(run_function_name(&run));
	if (!run_take_lock(&run))
		return;

	/* what was seen before the lock may be history by now */
	fresh = run_load_fresh(service);
	if (run.waited || !record_equal(fresh, run.survey->record) || scope_stamp_changed(run.survey->scope))
		run_look_again(&run);
	run_interrupt_running(&run);
	back_or_up_raise_what_stops(&run);
	refuse_what_needs_call(&run);
	back_or_up_warn_once(&run);
	if (!run_bootstrap_follows(&run) && run_nothing_to_do(&run))
	{
		tell_lock_kept(&run);
		return;
	}
	if (run.survey->plan->selected > 0)
		hook_prepare(&run);
	warn_of_lock_table(&run);

	/* what the caller left to be checked at commit is not a migration's fault */
	constraint_check_deferred(false);

	if (run.survey->plan->selected > 0)
		run_tell_begin(&run);
	if (!request->dry_run || request->undone_later)
		reworked_write(run.survey->record);
	if (!request->dry_run)
	{
		run.run_id = record_new_run_id();
		run_fill_entry(&run, "running", &entry);
		notify_run_started(&entry, run.survey->plan->selected);
		run_stamp_environment(&run);
		track_begin(&run);
		run_make_restore_point(&run, first_version(&run));
	}
	apply_steps(&run);

	if (request->dry_run)
		event_dry_run_done(service, run.direction, run.applied, run.failed, run.not_run,
						   run_elapsed_since(run.start));
	else
	{
		track_end(&run);
		run_fill_entry(&run, run.failed > 0 ? "failed" : run_done_outcome(&run), &entry);
		record_write_run(&entry, true);
		if (run.first_error != NULL)
		{
			/* nobody is raised it */
			entry.error_sqlstate = pstrdup(unpack_sql_state(run.first_error->sqlerrcode));
			entry.error_message = run.first_error->message;
		}
		notify_run_finished(&entry);
		run_tell_end(&run);
	}
	tell_lock_kept(&run);
}

/* One taken in what is undone goes with it. */
static void
tell_lock_kept(const Run *run)
{
	if (!run->request->undone_later)
		event_lock_kept(run->request->scope->service);
}

/* What a run begins with that has something to do. */
static const char *
first_version(const Run *run)
{
	for (int i = 0; i < run->survey->plan->count; i++)
		if (run_step_at(run, i)->selected)
			return run_step_at(run, i)->version;
	return GATE_BOOTSTRAP;
}

/* Before anything ran.  A dry run reports such migrations as not run. */
static void
refuse_what_needs_call(const Run *run)
{
	const MigrationPlan *plan = run->survey->plan;

	if (run->request->dry_run)
		return;
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = run_step_at(run, i);
		const StepScript *script = run_step_script(run, step);

		if (step->selected && script->call_reason != NULL)
			ereport(ERROR,
					errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
					errmsg("migration \"%s\" cannot run in the caller's transaction: %s (file \"%s\", line %d)",
						   finding_one_line(step->version), script->call_reason,
						   finding_one_line(script->unit->file), script->call_line),
					errdetail("Nothing was run."),
					errhint("Use CALL migrator.%s(), which gives each migration its own transaction and runs such statements outside of one.",
							run->direction == UNIT_UP ? "up" : "down"),
					errcontext("migration \"%s\" (file \"%s\", line %d, column %d)",
							   finding_one_line(step->version), finding_one_line(script->unit->file),
							   script->call_line, 1));
	}
}

/*
 * One transaction locks every object that it makes; beyond the lock table's
 * size it fails with "out of shared memory" after much work.
 */
static void
warn_of_lock_table(const Run *run)
{
	const MigrationPlan *plan = run->survey->plan;
	int64		room = (int64) max_locks_per_xact * (MaxBackends + max_prepared_xacts);
	int64		needed = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].selected)
			needed += run_step_script(run, &plan->steps[i])->lock_estimate;
	if (needed > room)
		ereport(WARNING,
				errmsg("this run may need about " INT64_FORMAT " locks in one transaction, and the lock table has room for about " INT64_FORMAT,
					   needed, room),
				errhint("Raise max_locks_per_transaction, use \"target\" to run fewer at a time, or CALL migrator.%s().",
						run->direction == UNIT_UP ? "up" : "down"));
}

/*
 * A run that raises its first error needs one subtransaction for all: what it
 * undoes is the same, and thousands of them would cost time in proportion to
 * their square (the server walks its lists of pending files and of locks at
 * the end of each) and an xid each.  A run that goes on needs one for each
 * migration.  A dry run is undone as a whole: later migrations must see what
 * earlier ones made.  That of several services is undone by services.c: then
 * others must see what these made, and so do the records.
 */
static void
apply_steps(Run *run)
{
	bool		dry_run = run->request->dry_run && !run->request->undone_later;

	if (run->request->on_error == ON_ERROR_RAISE)
	{
		ErrorData  *error = transaction_try(apply_all, run, dry_run);

		if (error != NULL && run->current == NULL)
			extra_raise(run, run->extra_note, error);
		if (error != NULL)
			step_failed(run, run->current, error);
	}
	else if (dry_run)
	{
		ErrorData  *error = transaction_try(apply_each, run, true);

		if (error != NULL)
			ReThrowError(error);
	}
	else
		apply_each(run);
}

/* Until the first error, which the caller catches. */
static void
apply_all(void *argument)
{
	Run		   *run = argument;
	MigrationPlan *plan = run->survey->plan;

	apply_beginning(run);
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = run_step_at(run, i);

		if (!step->selected || run_step_not_run(run, step, run_step_script(run, step)->call_reason))
			continue;
		run->current = step;
		apply_one(run);
		run_step_applied(run, step);
	}
	apply_ending(run);
}

/* Without a current migration: a failure is nobody's but the hook's, or the bootstrap script's. */
static void
apply_beginning(void *argument)
{
	Run		   *run = argument;

	run->current = NULL;
	if (run->survey->plan->selected > 0)
		hook_run(run, NULL, false);
}

static void
apply_ending(void *argument)
{
	Run		   *run = argument;
	Step	   *last = run->current;

	run->current = NULL;
	if (run_bootstrap_follows(run))
		bootstrap_run(run);
	if (run->survey->plan->selected > 0)
		hook_run(run, NULL, true);
	run->current = last;
}

/*
 * All, or until the first error, by the policy of the run.  A hook of the run is
 * no migration that could be left out: its failure is raised in any case.
 */
static void
apply_each(void *argument)
{
	Run		   *run = argument;
	MigrationPlan *plan = run->survey->plan;
	ErrorData  *hook_error = hook_any(run, NULL, false) ? transaction_try(apply_beginning, run, false) : NULL;
	bool		stopped = false;

	if (hook_error != NULL)
		extra_raise(run, run->extra_note, hook_error);

	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = run_step_at(run, i);
		ErrorData  *error;

		if (!step->selected ||
			run_step_not_run(run, step, stopped ? "an earlier migration failed" :
							 run_step_script(run, step)->call_reason))
			continue;
		run->current = step;
		error = transaction_try(apply_one, run, false);
		if (error == NULL)
			run_step_applied(run, step);
		else
		{
			step_failed(run, step, error);
			stopped = run->request->on_error == ON_ERROR_STOP;
		}
	}
	if (run->failed == 0 && (run_bootstrap_follows(run) || hook_any(run, NULL, true)))
	{
		hook_error = transaction_try(apply_ending, run, false);
		if (hook_error != NULL)
			extra_raise(run, run->extra_note, hook_error);
	}
}

/* Run the current migration and write its record. */
static void
apply_one(void *argument)
{
	Run		   *run = argument;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator migration",
											   ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(work);
	hook_run_migration(run, run->current);
	if (!run->request->dry_run || run->request->undone_later)
		run_record_step(run, run->current);
	MemoryContextSwitchTo(context);
	MemoryContextDelete(work);
}

/* By the policy of the run: raise, or record and go on. */
static void
step_failed(Run *run, Step *step, ErrorData *error)
{
	const RunRequest *request = run->request;
	RecordEntry entry;

	run->failed++;
	step->failed = step->broken = true;
	run_explain_error(run, step, error);
	run_fill_failure(run, step, error, &entry);
	event_failed(request->scope->service, run->direction, step->version, step->name, error->message);

	/* a user's cancel is meant for the whole call */
	if (request->on_error == ON_ERROR_RAISE || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		run_say_place(run, step, error);
		if (!request->dry_run && migrator_record_failures)
		{
			RunEntry	run_entry;

			run->error = error;
			run_fill_entry(run, "failed", &run_entry);
			run_entry.applied = 0;	/* all is undone */
			failure_log_keep(&entry, &run_entry);
		}
		ReThrowError(error);
	}

	ereport(WARNING,
			errcode(error->sqlerrcode),
			errmsg("migration \"%s\" failed: %s", finding_one_line(step->version),
				   finding_one_line(error->message)),
			error->detail ? errdetail_internal("%s", error->detail) : 0,
			error->hint ? errhint("%s", error->hint) : 0,
			error->context ? errcontext("%s", error->context) : 0);
	if (run->first_error == NULL)
		run->first_error = error;
	if (!request->dry_run)
	{
		record_write(&entry);
		notify_entry(&entry);
	}
	run_report_step(run, step, "failed", run->elapsed, error->message);
}
