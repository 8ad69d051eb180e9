/*
 * up.c
 *	  CALL migrator.up(): a run that commits each migration as it goes.
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
 * A script's settings end with its GUC nest level.  Those of one that runs part
 * by part outlive commits, and aborts: they are put back behind it, whether it
 * failed or not, and a session in which that fails twice is ended.
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
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/transaction.h"
#include "execute/parts.h"
#include "execute/session_settings.h"
#include "record/lock.h"
#include "run/bootstrap.h"
#include "run/call.h"
#include "run/event.h"
#include "run/hook.h"
#include "run/left_behind.h"
#include "run/lock_retry.h"
#include "run/migration_timeout.h"
#include "run/progress.h"
#include "run/shared.h"
#include "run/step_gate.h"
#include "script/parse.h"

/* One of several tries at a migration. */
typedef struct Attempt
{
	const char *version;
	int			number;
	int			of;
	ErrorData  *error;
	char	   *statement;		/* that failed, or NULL */
} Attempt;

/* argument of try_script() */
typedef struct StepTry
{
	Run		   *run;
	Step	   *step;
	MemoryContext work;
} StepTry;

static void fill_result(const Run *run, RunResult *result);
static bool look(Run *run);
static void up_locked(Run *run);
static void finish_run(Run *run, const char *outcome);
static void try_finish_run(Run *run, const char *outcome);
static void end_dead_runs(const Run *run);
static ErrorData *up_steps(Run *run, StringInfo failed);
static bool goes_on(const Run *run);
static ErrorData *up_gate(Run *run, const Step *step);
static ErrorData *up_step_with_retries(Run *run, Step *step, int number);
static ErrorData *try_step(Run *run, Step *step, char **statement);
static void try_script(void *argument);
static ErrorData *after_attempt(const Attempt *attempt);
static ErrorData *up_step(Run *run, Step *step);
static ErrorData *abort_migration(MemoryContext context);
static void run_in_parts(Run *run, Step *step);
static ErrorData *restore_settings(Run *run);
static ErrorData *try_restore(Run *run);
static void record_failure(Run *run, const Step *step, const ErrorData *error);
static void write_failure(Run *run, const Step *step, const ErrorData *error);

void
run_up(const RunRequest *request, RunReport report, void *argument, RunResult *result)
{
	Run			run = {0};
	const char *service = request->scope->service;
	volatile bool acquired = false;

	run.request = request;
	run.kind = "up";
	run.direction = UNIT_UP;
	run.context = CurrentMemoryContext;
	run.own_transaction = true;
	run.lock_timeout = migrator_ddl_lock_timeout;
	run.before_statement = progress_statement;
	run.report = report;
	run.report_argument = argument;
	run.started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run.start);

	if (!migrator_enabled)
	{
		event_disabled(service);
		result->outcome = "skipped";
		result->total = -1;
		return;
	}
	run_refuse_standby("migrator.up()");
	scope_require_rights(request->scope, true);
	scope_require_source(request->scope);
	scope_check_search_path(request->scope);

	/* the first look, without the lock: an up-to-date database costs no wait */
	if (!look(&run))
	{
		end_dead_runs(&run);
		fill_result(&run, result);
		return;
	}
	run_refuse_read_only("migrator.up()", XactReadOnly);
	if (StatementTimeout > 0)
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
			source_keep(request->scope->source);
			up_locked(&run);
		}
	}
	PG_FINALLY();
	{
		result->failed = run.failed;
		result->cancelled = run.cancelled;
		progress_end();
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

static void
fill_result(const Run *run, RunResult *result)
{
	const MigrationPlan *plan = run->survey->plan;

	result->outcome = run->applied > 0 ? "applied" :
		plan_count_pending(plan) > 0 ? "nothing_to_do" : "up_to_date";
	result->run_id = run->run_id;
	result->applied = run->applied;
	result->failed = run->failed;
	result->total = run->survey->set->total;
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
			record_end_dead_runs(lock.service);
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
	run->survey = survey_take(run->request->scope, CHECK_FOR_RUN);
	run_raise_what_stops(run);
	if (run->survey->plan->selected > 0 || run_bootstrap_follows(run))
		return true;
	run_warn_once(run);
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
	run_refuse_read_only("migrator.up()", DefaultXactReadOnly);
	scope_require_decided(run->survey->scope, run->survey->scope->registration);

	run_warn_once(run);
	run_interrupt_running(run);
	if (run->survey->plan->selected > 0)
	{
		hook_prepare(run);
		event_pending(service, run->survey->plan->selected, run->survey->set->total, false);
	}

	record_end_dead_runs(service);
	run->run_id = record_new_run_id();
	run_fill_entry(run, "running", &entry);
	entry.progress_handle = progress_begin(run->run_id, run->survey->plan->selected);
	record_write_run(&entry, false);
	run_stamp_environment(run);
	transaction_commit(migrator_commit == COMMIT_EACH);

	initStringInfo(&failed);
	PG_TRY();
	{
		error = up_steps(run, &failed);
		outcome = error != NULL ? "failed" : "applied";
		finish_run(run, outcome);
	}
	PG_CATCH();
	{
		/*
		 * no error of the bookkeeping leaves a run without an end, or the
		 * script's settings
		 */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		transaction_abort();
		(void) restore_settings(run);
		try_finish_run(run, outcome);
		ReThrowError(error);
	}
	PG_END_TRY();
	event_done(service, run->applied, run->failed, run->survey->set->total,
			   run_elapsed_since(run->start));
	if (error != NULL)
	{
		lock_release_session();
		event_lock_released(service);
		if (run->failed > 1)
			error->detail = psprintf("%s%s%d migrations failed: %s",
									 error->detail ? error->detail : "", error->detail ? "\n" : "",
									 run->failed, failed.data);
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
		Step	   *step = &plan->steps[i];
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
		error = up_step_with_retries(run, step, number);
		if (error == NULL)
		{
			run_step_applied(run, step);
			if (first == NULL)
				first = run->hook_error;
			continue;
		}
		run->failed++;
		step->failed = step->broken = true;
		run_explain_error(run, step, error);
		record_failure(run, step, error);
		run_report_step(run, step, "failed", run->elapsed, error->message);
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
					   psprintf("The run stopped before migration \"%s\". What it has applied stays.",
								finding_one_line(step->version)) :
					   pstrdup("The run stopped before the bootstrap script. What it has applied stays."));
	}
	transaction_commit(false);
	return error;
}

/*
 * A transactional migration that did not get a lock is tried again.  Those that
 * run part by part are not: what they did so far is committed, and the next run
 * goes on from there.
 */
static ErrorData *
up_step_with_retries(Run *run, Step *step, int number)
{
	const StepScript *script = run_step_script(run, step);
	int			attempts = script->call_reason == NULL ? 1 + migrator_lock_retries : 1;

	migration_timeout_begin();
	for (int i = 1;; i++)
	{
		Attempt		attempt = {
			.version = step->version,
			.number = i,
			.of = attempts
		};
		ErrorData  *error;

		/*
		 * what is said of the migration, or the attempt, before is over, and
		 * its memory gone
		 */
		memset(&run->execution, 0, sizeof(Execution));
		run->execution.statement = -1;
		run->elapsed = 0;
		progress_migration(number, step->version, step->name ? step->name : "",
						   script->statement_total, i);
		if (i >= attempts)
			return up_step(run, step);
		attempt.error = try_step(run, step, &attempt.statement);
		/* without the lock of the service nothing is tried again */
		if (attempt.error != NULL && (run->lock_lost || !lock_retry_applies(attempt.error)))
			return attempt.error;
		error = after_attempt(&attempt);
		if (error != NULL || attempt.error == NULL)
			return error;
	}
}

/*
 * An attempt that may be repeated runs in a subtransaction.  To abort the whole
 * transaction and then return normally from the CALL is not safe: abort drops
 * the plan that the CALL itself is executed from.  *statement receives the text
 * of the statement that failed.
 */
static ErrorData *
try_step(Run *run, Step *step, char **statement)
{
	MemoryContext context = CurrentMemoryContext;
	StepTry		try = {
		run, step,
		AllocSetContextCreate(context, "migrator migration", ALLOCSET_DEFAULT_SIZES)
	};
	ErrorData  *error;

	run->current = step;
	error = transaction_try(try_script, &try, false);
	if (error != NULL)
	{
		migration_timeout_explain(error);
		if (run->execution.script != NULL && run->execution.statement >= 0)
			*statement = script_statement_text(run->execution.script, run->execution.statement);
	}
	MemoryContextDelete(try.work);
	return error;
}

static void
try_script(void *argument)
{
	StepTry    *try = argument;
	Run		   *run = try->run;

	MemoryContextSwitchTo(try->work);
	PG_TRY();
	{
		migration_timeout_start();
		hook_run_migration(run, try->step);
	}
	PG_FINALLY();
	{
		migration_timeout_stop();
	}
	PG_END_TRY();
	run_keep_locks(run);
	run_record_step(run, try->step);
}

/*
 * Commit an attempt that did it.  After one that did not, say who is in the way
 * and wait: its locks are free meanwhile, and no snapshot is held.  What this
 * raises is the step's error, and not tried again: the transaction is gone.
 */
static ErrorData *
after_attempt(const Attempt *attempt)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		if (attempt->error == NULL)
			transaction_commit(migrator_commit == COMMIT_EACH);
		else
		{
			char	   *holders = attempt->statement ?
				lock_retry_holders(attempt->statement, strlen(attempt->statement)) : NULL;

			ereport(NOTICE,
					errmsg("migration \"%s\" did not get a lock, attempt %d of %d: %s",
						   attempt->version, attempt->number, attempt->of, attempt->error->message),
					holders ? errdetail_internal("%s", holders) : 0);
			transaction_commit(false);
			migration_timeout_start();
			lock_retry_pause(attempt->number);
			migration_timeout_stop();
		}
	}
	PG_CATCH();
	{
		error = abort_migration(context);
	}
	PG_END_TRY();
	return error;
}

/* Run one migration; returns its error after aborting the transaction. */
static ErrorData *
up_step(Run *run, Step *step)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator migration",
											   ALLOCSET_DEFAULT_SIZES);
	ErrorData  *volatile error = NULL;
	ErrorData  *restore_error;

	run->current = step;
	MemoryContextSwitchTo(work);
	PG_TRY();
	{
		migration_timeout_start();
		if (run_step_script(run, step)->call_reason != NULL)
			run_in_parts(run, step);
		else
		{
			hook_run_migration(run, step);
			migration_timeout_stop();
			run_keep_locks(run);
			run_record_step(run, step);
			transaction_commit(migrator_commit == COMMIT_EACH);
		}
	}
	PG_CATCH();
	{
		error = abort_migration(context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	if (error != NULL && run_step_script(run, step)->call_reason != NULL)
		left_behind_explain(run, error);
	restore_error = restore_settings(run);
	if (restore_error != NULL)
	{
		run->cancelled = true;
		if (error == NULL)
			error = restore_error;
	}
	MemoryContextDelete(work);
	return error;
}

/*
 * Put the session's settings back.  A role that stays would be the next user's
 * of a pooled connection: what fails is tried once more, in a transaction of its
 * own, and then the session ends.  Returns what it failed by at first: a cancel,
 * mostly, which is not to be lost.
 */
static ErrorData *
restore_settings(Run *run)
{
	ErrorData  *error;

	if (run->saved_settings == NULL)
		return NULL;
	error = try_restore(run);
	if (error != NULL && run->saved_settings != NULL)
	{
		ErrorData  *again = try_restore(run);

		if (again != NULL)
			ereport(FATAL,
					errcode(again->sqlerrcode),
					errmsg("terminating connection because the settings before a migration could not be restored"),
					errdetail_internal("%s", again->message));
	}
	return error;
}

static ErrorData *
try_restore(Run *run)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		session_settings_restore(run->saved_settings);

		/* or an abort would bring the script's back */
		transaction_commit(false);
		run->saved_settings = NULL;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		transaction_abort();
	}
	PG_END_TRY();
	return error;
}

/*
 * For a PG_CATCH: what went wrong with a migration, in that context, after its
 * time is stopped and its transaction aborted.
 */
static ErrorData *
abort_migration(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	migration_timeout_stop();
	migration_timeout_explain(error);
	transaction_abort();
	return error;
}

/* Settings that the script makes last over its commits, and end with it. */
static void
run_in_parts(Run *run, Step *step)
{
	const Scope *scope = run->request->scope;
	const RecordRow *row = step->row;
	bool		resume = row != NULL && row->statement_done + row->statement_started > 0 &&
		(step->state == MIGRATION_FAILED || step->state == MIGRATION_INTERRUPTED);
	Parts		parts = {
		.service = scope->service,
		.version = row ? row->version : step->version,
		.run_id = run->run_id,
		.execution = &run->execution,
		.done = resume ? row->statement_done : 0,
		.started = resume ? row->statement_started : 0,
		.retry = resume && row->statement_started > 0
	};
	BaseSettings *base = &run->execution.base;
	RecordEntry entry;
	ErrorData  *error;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	if (hook_any(run, step, false))
	{
		hook_run(run, step, false);
		run_keep_locks(run);
		transaction_commit(true);
	}
	run_begin_execution(run, run_step_script(run, step)->unit->file, step, NULL);
	run->execution.script = check_load_script(run->survey->reader, run_step_script(run, step));
	script_parse((Script *) run->execution.script);

	run->saved_settings = session_settings_save();

	/*
	 * the transactions that VACUUM and its like begin by themselves take
	 * these
	 */
	session_settings_base_add(base, "default_transaction_isolation", "read committed");
	session_settings_base_add(base, "default_transaction_read_only", "off");
	session_settings_base_add(base, "default_transaction_deferrable", "off");
	session_settings_base_set(base, GUC_ACTION_SET);
	parts.settings = session_settings_save();
	parts.role = GetUserNameFromId(GetUserId(), false);
	parts.search_path = pstrdup(GetConfigOption("search_path", false, false));

	/* a row that says who is at it, before anything is done */
	run_fill_step_entry(run, step, &entry);
	entry.state = MIGRATION_RUNNING;
	entry.event = "started";
	if (row != NULL && step->state != MIGRATION_ROLLED_BACK)
	{
		entry.statement_done = row->statement_done;
		entry.statement_started = row->statement_started;
		entry.done_digest = row->done_digest;
	}
	record_write(&entry);
	transaction_commit(true);

	PG_TRY();
	{
		parts_run(&parts, resume ? row->done_digest : NULL);
	}
	PG_FINALLY();
	{
		run->elapsed = run_elapsed_since(start);
	}
	PG_END_TRY();
	migration_timeout_stop();
	error = restore_settings(run);
	if (error != NULL)
		ReThrowError(error);
	run_keep_locks(run);
	hook_run_behind(run, step);
	run_keep_locks(run);
	run_record_step(run, step);
	transaction_commit(migrator_commit == COMMIT_EACH);
}

/*
 * The failed transaction is gone; what parts of the script committed is on
 * record, and stays.  A cancel, or whatever else keeps the failure from the
 * record, must not take the place of the error: once more then, and a WARNING
 * if that fails as well.
 */
static void
record_failure(Run *run, const Step *step, const ErrorData *error)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	event_failed(run->request->scope->service, step->version, step->name, error->message);
	for (int i = 0; i < 2 && !done; i++)
	{
		PG_TRY();
		{
			write_failure(run, step, error);
			done = true;
		}
		PG_CATCH();
		{
			ErrorData  *other;

			MemoryContextSwitchTo(context);
			other = CopyErrorData();
			FlushErrorState();
			transaction_abort();
			if (other->sqlerrcode == ERRCODE_QUERY_CANCELED)
				run->cancelled = true;
			if (i > 0)
				ereport(WARNING,
						errcode(other->sqlerrcode),
						errmsg("failure of migration \"%s\" could not be kept on record: %s",
							   step->version, other->message));
		}
		PG_END_TRY();
	}
}

static void
write_failure(Run *run, const Step *step, const ErrorData *error)
{
	RecordEntry entry;
	const RecordRow *row;

	run_fill_failure(run, step, error, &entry);
	row = record_load_one(entry.service, entry.version);
	if (run_step_script(run, step)->call_reason != NULL && row != NULL)
	{
		entry.non_transactional = true;
		entry.statement_done = row->statement_done;
		entry.statement_started = row->statement_started;
		entry.done_digest = row->done_digest;
	}
	record_entry_identify(&entry);

	/*
	 * A run that lost its lock leaves the state alone: another may be running
	 * on it, and if not, the row says where to go on.  So does one that sees
	 * another in progress.
	 */
	if (!run->lock_lost &&
		!(row != NULL && row->state == MIGRATION_RUNNING && row->run_id != run->run_id))
		record_write_state(&entry);
	record_write_event(&entry);
	transaction_commit(true);
}
