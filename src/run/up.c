/*
 * up.c
 *	  CALL migrator.up(), or down(): a run that commits each migration as it goes.
 *
 * What must hold, and why it does:
 *
 * Transactions end and begin under the portal of the CALL, as
 * base/transaction.h says.  That is sound only because the procedure is the
 * outermost user of SPI, in a context that is not atomic, and has no snapshot
 * of its own pushed: api/run.c refuses any other caller.  Whatever outlives a
 * commit lives in the context of the call, which is a child of PortalContext;
 * what one migration needs dies with it.
 *
 * No snapshot is held while we wait.  The transaction is committed before the
 * service's locks are waited for, and before the pause between two attempts:
 * a CREATE INDEX CONCURRENTLY of the run that is waited for would wait for us.
 *
 * The first look is taken without a lock, so that a database that is up to date
 * costs no wait.  Everything it said is asked again under the service's locks,
 * in READ COMMITTED, so with snapshots that are younger than the locks.  They
 * are the session's and outlive the commits; run_up() gives them back however
 * it ends.  A script can release them behind our back, by a function that calls
 * pg_advisory_unlock_all().  So each migration ends with run_keep_locks(), before
 * its record and in the same transaction: it takes them again, or raises when
 * somebody else has them.  Then the transaction is undone, the state on record
 * is left alone, and no other migration is run.  The last fence does not
 * depend on locks: record_write() overwrites no row that says applied.
 *
 * An error is caught by aborting the transaction; so no subtransaction is
 * needed, and a statement that refuses one can run.  But the abort drops the
 * plan that the CALL itself is executed from: the CALL must not return normally
 * any more.  So whatever was caught that way is raised at the end of the run,
 * also when on_error lets it go on.  What may be followed by success, an
 * attempt that is repeated, or whose failure is of no account, the look for
 * what a statement left, runs in a subtransaction instead.
 *
 * A script's settings end with its GUC nest level; step.c says what becomes of
 * those of one that runs part by part.
 *
 * A cancel is an error like any other, but that no more migrations are run
 * (migrator.migration_timeout makes one that is about its migration alone).  It
 * may come during the bookkeeping too.  So the record of a failure, the
 * restoring of settings and the end of the run are tried once more.
 *
 * When the backend or the server dies, no code of ours runs.  What is left:
 *
 *	  before the row of "runs" is committed: nothing, but a number used up;
 *	  within a migration that is one transaction: nothing of it, for script,
 *	  state and history are one commit;
 *	  within one that runs part by part: its row, "running" since before its
 *	  first statement.  It reads as interrupted, since the backend is gone, and
 *	  the next run resumes it (execute/parts.c);
 *	  behind the last migration: a row of "runs" without an end.  Under the
 *	  locks no other run can be in progress, so the next one ends it.
 *
 * Locks, settings and the shared memory of our progress go with the process.
 * With migrator.commit = grouped, the commit of a migration does not wait for
 * the disk, but the last one of the run does, and so does the one before
 * something that cannot be undone.  WAL is
 * ordered: a crash of the server takes the newest migrations, each with its
 * record, and never one from the middle.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/transaction.h"
#include "record/lock.h"
#include "run/auto_back.h"
#include "run/back.h"
#include "run/background.h"
#include "run/bootstrap.h"
#include "run/call.h"
#include "run/event.h"
#include "run/hook.h"
#include "run/migration_timeout.h"
#include "run/notify.h"
#include "run/progress.h"
#include "run/reworked.h"
#include "run/shared.h"
#include "run/step.h"
#include "run/step_gate.h"
#include "run/track.h"

static void fill_result(const Run *run, RunResult *result);
static bool look(Run *run);
static void up_locked(Run *run);
static void finish_run(Run *run, const char *outcome);
static void try_finish_run(Run *run, const char *outcome);
static void end_dead_runs(const Run *run);
static ErrorData *up_steps(Run *run, StringInfo failed);
static bool goes_on(const Run *run);
static ErrorData *up_gate(Run *run, const Step *step);

void
run_up(const RunRequest *request, RunReport report, void *argument, RunResult *result)
{
	Run			run = {0};
	const char *service = request->scope->service;
	volatile bool acquired = false;

	run.request = request;
	run.direction = request->direction;
	run.kind = run.direction == UNIT_UP ? "up" : "down";
	run.context = CurrentMemoryContext;
	run.own_transaction = true;
	run.lock_timeout = migrator_ddl_lock_timeout;
	run.before_statement = progress_statement;
	run.report = report;
	run.report_argument = argument;
	run.started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run.start);

	if (!run_up_may_begin(request, run_function_name(&run)))
	{
		result->outcome = "skipped";
		result->total = -1;
		return;
	}

	/* the first look, without the lock: an up-to-date database costs no wait */
	if (!look(&run))
	{
		end_dead_runs(&run);
		fill_result(&run, result);
		return;
	}
	run_refuse_read_only(run_function_name(&run), XactReadOnly);
	if (get_timeout_active(STATEMENT_TIMEOUT))
		ereport(NOTICE,
				errmsg("statement_timeout spans the whole CALL"));

	/* from here on in transactions of our own; this one held a snapshot */
	transaction_commit(true);
	PG_TRY();
	{
		/* a wait that is cancelled may hold one of the two keys already */
		acquired = run_take_lock(&run);
		if (acquired)
		{
			if (request->scope->source != NULL)
				source_keep(request->scope->source);
			up_locked(&run);
		}
	}
	PG_FINALLY();
	{
		result->failed = run.failed;
		result->cancelled = run.cancelled;
		progress_end();
		if (request->scope->source != NULL)
			source_let_go(request->scope->source);
		lock_release_session();
	}
	PG_END_TRY();
	fill_result(&run, result);
	if (acquired)
		event_lock_released(service);
	else
		result->outcome = "skipped";
}

bool
run_up_may_begin(const RunRequest *request, const char *name)
{
	if (!migrator_enabled)
	{
		event_disabled(request->scope->service);
		return false;
	}
	run_refuse_standby(name);
	scope_require_rights(request->scope, true);
	if (request->direction == UNIT_UP)
		scope_require_source(request->scope);
	scope_check_search_path(request->scope);
	return true;
}

static void
fill_result(const Run *run, RunResult *result)
{
	const MigrationPlan *plan = run->survey->plan;

	result->outcome = run->applied > 0 ? run_done_outcome(run) :
		run->direction == UNIT_DOWN || run->vanished || plan_count_pending(plan) > 0 ? "nothing_to_do" : "up_to_date";
	result->run_id = run->run_id;
	result->applied = run->applied;
	result->failed = run->failed;
	result->total = run->survey->set ? run->survey->set->total : -1;
	result->selected = plan->selected;
}

/*
 * A run that died when its work was done leaves nothing to do, and no end: its
 * row is completed if nobody else is running.
 */
static void
end_dead_runs(const Run *run)
{
	LockRequest lock = {run->request->scope->service, IF_LOCKED_SKIP, 0};
	LockResult	result;

	if (XactReadOnly || !record_has_open_runs(lock.service))
		return;
	transaction_commit(true);
	PG_TRY();
	{
		lock_for_session(&lock, &result);
		if (result.acquired)
		{
			run_end_dead(lock.service);
			transaction_commit(true);
		}
	}
	PG_FINALLY();
	{
		lock_release_session();
	}
	PG_END_TRY();
}

/* Is there anything to do? */
static bool
look(Run *run)
{
	run_look_again(run);
	back_or_up_raise_what_stops(run);
	if (run->survey->plan->selected > 0 || run_bootstrap_follows(run))
		return true;
	back_or_up_warn_once(run);
	return !run_nothing_to_do(run);
}

static void
up_locked(Run *run)
{
	const char *service = run->request->scope->service;
	MemoryContext context = CurrentMemoryContext;
	RunEntry	entry;
	StringInfoData failed;
	ErrorData  *volatile error = NULL;
	const char *volatile outcome = "interrupted";

	/* what was seen before the lock may be history by now */
	if (!look(run))
		return;

	/*
	 * Our own transactions are READ WRITE whatever the default is; but a
	 * default that became read-only while we waited for the lock is a fence
	 * that we must not pass.  The server reads its files between two
	 * statements of a client, and we are within one: so we do that here.
	 */
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	run_refuse_read_only(run_function_name(run), DefaultXactReadOnly);
	scope_require_decided(run->survey->scope, run->survey->scope->registration);

	back_or_up_warn_once(run);
	run_interrupt_running(run);
	if (run->survey->plan->selected > 0)
	{
		hook_prepare(run);
		run_tell_begin(run);
	}

	run_end_dead(service);
	run->run_id = record_new_run_id();
	run_fill_entry(run, "running", &entry);
	entry.progress_handle = progress_begin(run->run_id, run->survey->plan->selected);
	record_write_run(&entry, false);
	notify_run_started(&entry, run->survey->plan->selected);
	run_stamp_environment(run);
	reworked_write(run->survey->record);
	track_begin(run);
	transaction_commit(migrator_commit == COMMIT_EACH || background_flushes_entry());
	background_entered(run->run_id);

	initStringInfo(&failed);
	PG_TRY();
	{
		error = up_steps(run, &failed);
		if (error != NULL)
			auto_back(run, error);
		if (error != NULL && run->failed > 1)
			run_add_detail(error, psprintf("%d migrations failed: %s", run->failed, failed.data));
		run->error = error;
		outcome = error != NULL ? "failed" : run_done_outcome(run);
		track_end(run);
		finish_run(run, outcome);
	}
	PG_CATCH();
	{
		/*
		 * no error of the bookkeeping leaves a run without an end, or the
		 * script's settings
		 */
		run->error = error = transaction_catch(context);
		(void) step_restore_settings(run);
		try_finish_run(run, outcome);
		ReThrowError(error);
	}
	PG_END_TRY();
	run_tell_end(run);
	if (error != NULL)
	{
		lock_release_session();
		event_lock_released(service);
		ReThrowError(error);
	}
}

/* This commit takes all those before it to the disk. */
static void
finish_run(Run *run, const char *outcome)
{
	RunEntry	entry;

	run_fill_entry(run, outcome, &entry);
	record_finish_run(&entry);
	notify_run_finished(&entry);
	transaction_commit(true);
}

/* After an error, which is the one to be raised; the next run ends what this cannot. */
static void
try_finish_run(Run *run, const char *outcome)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		finish_run(run, outcome);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		transaction_abort();
	}
	PG_END_TRY();
}

/* Returns the first error; the versions that failed are listed in failed. */
static ErrorData *
up_steps(Run *run, StringInfo failed)
{
	MigrationPlan *plan = run->survey->plan;
	ErrorData  *first = plan->selected > 0 ? hook_run_apart(run, false) : NULL;
	bool		begun = first == NULL;
	int			number = 0;

	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = run_step_at(run, i);
		ErrorData  *error;

		if (!step->selected)
			continue;
		if (run_step_not_run(run, step, NULL))
			continue;
		if (begun && (first == NULL || goes_on(run)))
		{
			error = up_gate(run, step);
			if (first == NULL)
				first = error;
			else if (error != NULL)
				ereport(WARNING,
						errcode(error->sqlerrcode),
						errmsg("no more migrations are run: %s", error->message));
		}
		if (first != NULL && !(begun && goes_on(run)))
		{
			(void) run_step_not_run(run, step, run->stopped ? run->stopped :
									run->failed > 0 ? "an earlier migration failed" : "a hook failed");
			continue;
		}
		number++;
		error = step_run(run, step, number);
		if (error == NULL)
		{
			run_step_applied(run, step);
			if (first == NULL)
				first = run->hook_error;
			continue;
		}
		run->failed++;
		if (run->failed_version == NULL)
			run->failed_version = step->version;
		step->failed = step->broken = true;
		run_explain_error(run, step, error);
		step_record_failure(run, step, error);
		run_report_step(run, step, "failed", run->elapsed, error->message);
		run_say_place(run, step, error);
		appendStringInfo(failed, "%s%s", first ? ", " : "", step->version);
		if (first == NULL)
			first = error;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED && !migration_timeout_expired())
			run->cancelled = true;
	}
	if (first == NULL && run_bootstrap_follows(run))
	{
		first = up_gate(run, NULL);
		if (first == NULL)
			first = bootstrap_run_apart(run);
	}
	if (first == NULL && plan->selected > 0)
		first = hook_run_apart(run, true);
	return first;
}

/* Does a failed migration let others run? */
static bool
goes_on(const Run *run)
{
	return run->request->on_error == ON_ERROR_CONTINUE &&
		!run->cancelled && !run->lock_lost && run->stopped == NULL;
}

/* What the policy of the run has against the next step, and so against all that are left. */
static ErrorData *
up_gate(Run *run, const Step *step)
{
	ErrorData  *error;

	if (!run_has_gate(run))
		return NULL;
	error = run_pass_gate(run, step);
	if (error != NULL)
	{
		run->stopped = error->message;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			run->cancelled = true;
		run_add_detail(error, step != NULL ?
					   psprintf("The run stopped before migration \"%s\". What it has %s stays.",
								finding_one_line(step->version), run->direction == UNIT_UP ? "applied" : "taken back") :
					   pstrdup("The run stopped before the bootstrap script. What it has applied stays."));
	}
	transaction_commit(false);
	return error;
}
