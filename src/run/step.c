/*
 * step.c
 *	  One migration of a run that commits as it goes: its attempts, its
 *	  transactions, its record.
 *
 * An attempt that may be repeated, or whose failure is of no account, runs in a
 * subtransaction; what fails otherwise is caught by aborting the transaction,
 * and the CALL must raise at its end (up.c).
 *
 * Script, state and history of a migration that is one transaction are one
 * commit.  One that runs part by part has its row before its first statement:
 * "running", then its marks (execute/parts.c), then its end.  Its settings
 * outlive commits, and aborts: they are put back behind it, whether it failed or
 * not, and a session in which that fails twice is ended.
 *
 * A cancel may come during the bookkeeping too.  So the record of a failure and
 * the restoring of settings are tried once more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "base/transaction.h"
#include "execute/parts.h"
#include "execute/require.h"
#include "execute/session_settings.h"
#include "run/event.h"
#include "run/hook.h"
#include "run/left_behind.h"
#include "run/lock_retry.h"
#include "run/migration_timeout.h"
#include "run/notify.h"
#include "run/progress.h"
#include "run/step.h"
#include "run/verify.h"
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

static ErrorData *try_step(Run *run, Step *step, char **statement);
static void try_script(void *argument);
static ErrorData *after_attempt(const Attempt *attempt);
static ErrorData *run_once(Run *run, Step *step);
static ErrorData *abort_migration(MemoryContext context);
static void run_in_parts(Run *run, Step *step);
static ErrorData *try_restore(Run *run);
static void write_failure(Run *run, const Step *step, const ErrorData *error);
static void write_failure_back(Run *run, const Step *step, const RecordRow *row, RecordEntry *entry);

/*
 * A transactional migration that did not get a lock is tried again.  Those that
 * run part by part are not: what they did so far is committed, and the next run
 * goes on from there.
 */
ErrorData *
step_run(Run *run, Step *step, int number)
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
			return run_once(run, step);
		attempt.error = try_step(run, step, &attempt.statement);
		/* without the lock of the service nothing is tried again */
		if (attempt.error != NULL && (run->lock_lost || !lock_retry_applies(attempt.error)))
			return attempt.error;
		error = after_attempt(&attempt);
		if (error != NULL || attempt.error == NULL)
			return error;
		run->lock_retries++;
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
run_once(Run *run, Step *step)
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
	restore_error = step_restore_settings(run);
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
ErrorData *
step_restore_settings(Run *run)
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
		error = transaction_catch(context);
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
	bool		runs = true;
	List	   *temporary;
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
	temporary = run_session_begin(run);

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

	/* of parts that are done it may not be true any more */
	if (parts.done == 0 && parts.started == 0)
		runs = require_all(&run->execution, run_require_sqlstate(run));

	/* a row that says who is at it, before anything is done */
	run_fill_step_entry(run, step, &entry);
	entry.state = MIGRATION_RUNNING;
	entry.event = "started";
	if (step->state == MIGRATION_FAILED || step->state == MIGRATION_INTERRUPTED)
	{
		entry.statement_done = row->statement_done;
		entry.statement_started = row->statement_started;
		entry.done_digest = row->done_digest;
	}
	if (run->direction == UNIT_UP)
		record_write(&entry);
	else
		record_write_back(&entry);
	transaction_commit(true);

	PG_TRY();
	{
		if (runs)
			parts_run(&parts, resume ? row->done_digest : NULL);
	}
	PG_FINALLY();
	{
		run->elapsed = run_elapsed_since(start);
	}
	PG_END_TRY();
	migration_timeout_stop();
	error = step_restore_settings(run);
	if (error != NULL)
		ReThrowError(error);
	run_session_end(run, temporary);
	run_keep_locks(run);
	migration_timeout_start();
	verify_step(run, step);
	migration_timeout_stop();
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
void
step_record_failure(Run *run, const Step *step, const ErrorData *error)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	event_failed(run->request->scope->service, run->direction, step->version, step->name, error->message);
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

			other = transaction_catch(context);
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
	if (run->direction == UNIT_DOWN)
	{
		write_failure_back(run, step, row, &entry);
		return;
	}
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
	notify_entry(&entry);
	transaction_commit(true);
}

/*
 * What is not begun, or is undone, is applied as it was before.  Of a script of
 * parts something may be left: then the row says so, and how far it came.
 */
static void
write_failure_back(Run *run, const Step *step, const RecordRow *row, RecordEntry *entry)
{
	record_entry_identify(entry);
	if (!run->lock_lost && row != NULL && row->run_id == run->run_id && row->state == MIGRATION_RUNNING)
	{
		entry->statement_done = row->statement_done;
		entry->statement_started = row->statement_started;
		entry->done_digest = row->done_digest;
		if (row->statement_done + row->statement_started > 0)
			record_write_back_state(entry);
		else
		{
			RecordEntry as_before = *entry;

			as_before.state = MIGRATION_APPLIED;
			as_before.run_id = step->row->run_id;
			as_before.statement_done = as_before.statement_total = step->row->statement_done;
			as_before.done_digest = step->row->done_digest;
			as_before.error_message = as_before.error_sqlstate = NULL;
			record_write_back_state(&as_before);
		}
	}
	record_write_event(entry);
	notify_entry(entry);
	transaction_commit(true);
}
