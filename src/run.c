/*
 * run.c
 *	  The protocol of a run: look, lock, look again, check, execute each,
 *	  record, tell.
 *
 * An error may be caught only round a subtransaction, so each migration has
 * one; its record is written in it, and what the script SET ends with it.
 */
#include "postgres.h"

#include "access/twophase.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "check.h"
#include "constraint.h"
#include "errors.h"
#include "event.h"
#include "execute.h"
#include "failure_log.h"
#include "lock.h"
#include "owner_query.h"
#include "run.h"
#include "survey.h"

/* A run under way and what it did so far. */
typedef struct Run
{
	const RunRequest *request;
	Survey	   *survey;
	int64		run_id;
	TimestampTz started_at;
	instr_time	start;
	int			applied;
	int			failed;
	int			not_run;

	/* the migration at work, for whoever catches its error */
	Step	   *current;
	Execution	execution;
	double		elapsed;		/* ms */

	RunReport	report;
	void	   *report_argument;
} Run;

/* What runs in a subtransaction; step is NULL where it is about all of them. */
typedef void (*GuardedBody) (Run *run, Step *step);

/* set while a run is at work in this backend */
static bool run_active = false;

static void apply_locked(Run *run);
static bool acquire_lock(Run *run, bool *waited);
static Record *load_fresh(const char *service);
static void check_source_is_registered(const Run *run);
static void raise_what_stops(Run *run);
static void refuse_non_transactional(const Run *run, const Step *step);
static void warn_once(const Run *run);
static void warn_of_lock_table(const Run *run);
static void apply_steps(Run *run);
static ErrorData *in_subtransaction(Run *run, GuardedBody body, Step *step, bool undo);
static void apply_all(Run *run, Step *unused);
static void apply_each(Run *run, Step *unused);
static void apply_one(Run *run, Step *step);
static void run_script(Run *run, Step *step);
static void step_applied(Run *run, Step *step);
static bool step_not_run(Run *run, Step *step, const char *reason);
static void record_step(Run *run, const Step *step);
static char *read_down_script(const Run *run, const Step *step);
static void step_failed(Run *run, Step *step, ErrorData *error);
static void fill_failure(const Run *run, const Step *step, const ErrorData *error,
						 RecordEntry *entry);
static double elapsed_since(instr_time start);
static void fill_run_entry(const Run *run, const char *outcome, RunEntry *entry);
static void add_hint(ErrorData *error);
static void report_step(Run *run, const Step *step, const char *outcome, double elapsed,
						const char *message);
static void finish(Run *run);

void
run_enter(const char *name)
{
	if (run_active)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("%s cannot be called from within a run of migrator", name),
				errhint("A script, or a trigger or function it uses, calls migrator."));
	settings_require_valid();
	owner_query_check_version();
	constraint_reset();
	run_active = true;
}

void
run_leave(void)
{
	run_active = false;
}

static void
refuse_standby(const char *name)
{
	if (RecoveryInProgress())
		ereport(ERROR,
				errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				errmsg("cannot execute %s during recovery", name),
				errhint("This server is a standby: run it on the primary. status() and the other reading functions work here."));
}

void
run_require_writable(const char *name)
{
	refuse_standby(name);
	PreventCommandIfReadOnly(name);
}

void
run_apply(const RunRequest *request, RunReport report, void *argument)
{
	Run			run = {0};
	RunRow		skipped = {0};

	run.request = request;
	run.report = report;
	run.report_argument = argument;
	run.started_at = GetCurrentTimestamp();
	INSTR_TIME_SET_CURRENT(run.start);

	if (!migrator_enabled)
	{
		event_disabled(request->scope->service);
		skipped.service = request->scope->service;
		skipped.outcome = "skipped";
		skipped.execution_time_ms = -1;
		skipped.message = "migrator.enabled is off";
		report(&skipped, argument);
		return;
	}
	refuse_standby("migrator.apply()");

	if (request->scope->source == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no source is given, and service \"%s\" is not registered with one",
					   request->scope->service),
				errhint("Give a directory on the database server, or register the service with migrator.register()."));
	scope_check_search_path(request->scope);

	/* the first look, without the lock: an up-to-date database costs no wait */
	run.survey = survey_take(request->scope, CHECK_FOR_RUN);
	check_source_is_registered(&run);
	raise_what_stops(&run);
	if (run.survey->plan->selected == 0)
	{
		warn_once(&run);
		event_up_to_date(request->scope->service);
		return;
	}
	apply_locked(&run);
}

static void
apply_locked(Run *run)
{
	const RunRequest *request = run->request;
	bool		waited;
	Record	   *fresh;

	run_require_writable("migrator.apply()");
	if (!acquire_lock(run, &waited))
		return;

	/* what was seen before the lock may be history by now */
	fresh = load_fresh(request->scope->service);
	if (waited || !record_equal(fresh, run->survey->record))
	{
		run->survey = survey_take(request->scope, CHECK_FOR_RUN);
		raise_what_stops(run);
	}
	warn_once(run);
	if (run->survey->plan->selected == 0)
	{
		event_up_to_date(request->scope->service);
		event_lock_kept(request->scope->service);
		return;
	}
	warn_of_lock_table(run);

	/* what the caller left to be checked at commit is not a migration's fault */
	constraint_check_deferred(false);

	event_pending(request->scope->service, run->survey->plan->selected,
				  run->survey->set->count);
	if (!request->dry_run)
		run->run_id = record_new_run_id();
	apply_steps(run);
	finish(run);
}

/* False when another run is at work and the request says to skip. */
static bool
acquire_lock(Run *run, bool *waited)
{
	const RunRequest *request = run->request;
	LockRequest lock = {request->scope->service, request->if_locked, request->wait_timeout};
	LockResult	result;
	RunRow		row = {0};

	lock_for_transaction(&lock, &result);
	*waited = result.waited;
	if (result.acquired)
	{
		event_lock_acquired(lock.service, result.waited, result.wait_ms);
		return true;
	}

	row.service = lock.service;
	row.outcome = "skipped";
	row.execution_time_ms = -1;
	row.message = result.holder ?
		psprintf("another run is at work (pid %d)", result.holder->pid) :
		"another run is at work";
	ereport(WARNING,
			errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			errmsg("migrations of service \"%s\" are skipped: %s", lock.service, row.message));
	run->report(&row, run->report_argument);
	return false;
}

/*
 * The record as it is committed now.  A transaction with one snapshot for all
 * its statements may be older than the record it would act on; its inserts
 * would then contradict what it can see, so it has to start again.
 */
static Record *
load_fresh(const char *service)
{
	Record	   *record = record_load(service, InvalidSnapshot);

	if (IsolationUsesXactSnapshot())
	{
		Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());
		Record	   *committed = record_load(service, latest);

		UnregisterSnapshot(latest);
		if (!record_equal(record, committed))
			ereport(ERROR,
					errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("could not serialize access: the migrations of service \"%s\" changed since this transaction began",
						   service),
					errhint("Start the transaction again."));
	}
	return record;
}

Record *
run_lock_and_load(const char *service)
{
	LockRequest lock = {service, migrator_if_locked, migrator_wait_timeout};
	LockResult	result;

	/* there is no meaning in skipping a decision */
	if (lock.if_locked == IF_LOCKED_SKIP)
		lock.if_locked = IF_LOCKED_FAIL;
	lock_for_transaction(&lock, &result);
	return load_fresh(service);
}

/*
 * A service whose registered source is another one: a wrong path would show as
 * all migrations missing and all files pending.
 */
static void
check_source_is_registered(const Run *run)
{
	const Scope *scope = run->request->scope;

	if (run->request->force || scope->registration == NULL ||
		scope->registration->source == NULL ||
		source_same(scope->registration->source, scope->source) ||
		plan_count_state(run->survey->plan, MIGRATION_APPLIED) == 0)
		return;
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("service \"%s\" is registered with source \"%s\", not \"%s\"",
				   scope->service, scope->registration->source, scope->source),
			errhint("Register the new source with migrator.register(), name another service, or use options => '{\"force\": true}'."));
}

/* Everything that is wrong is raised before the first statement runs. */
static void
raise_what_stops(Run *run)
{
	Survey	   *survey = run->survey;
	MigrationPlan	   *plan = survey->plan;
	FindingSink sink = {0};

	check_duplicates(survey->set, &sink);
	if (!run->request->force)
	{
		check_layout(plan, &sink);
		check_same_files(plan, &sink);
	}
	finding_raise_first(&sink);

	plan_select(plan, &run->request->plan, &sink);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		ListCell   *lc;

		/* an applied script that cannot be read can be no proof of anything */
		if (!step->selected && step->state != MIGRATION_APPLIED)
			continue;
		foreach(lc, step->findings.findings)
			if (((Finding *) lfirst(lc))->severity == FINDING_ERROR)
				finding_add(&sink, lfirst(lc));
	}
	finding_raise_first(&sink);

	if (migrator_checksum_policy == CHECKSUM_POLICY_ERROR)
	{
		int			count;
		char	   *modified = plan_list_flag(plan, FLAG_MODIFIED, &count);

		if (count > 0)
			ereport(ERROR,
					errcode(ERRCODE_MIGRATOR_MODIFIED),
					errmsg("%d applied migration(s) were modified: %s", count, modified),
					errhint("Create a new migration instead of changing an applied one, or set migrator.checksum_policy to warn."));
	}
	if (!run->request->dry_run)
		for (int i = 0; i < plan->count; i++)
			if (plan->steps[i].selected && plan->steps[i].call_reason != NULL)
				refuse_non_transactional(run, &plan->steps[i]);
}

static void
refuse_non_transactional(const Run *run, const Step *step)
{
	ereport(ERROR,
			errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			errmsg("migration \"%s\" cannot run in the caller's transaction: %s",
				   step->version, step->call_reason),
			errdetail("Nothing was run."),
			errhint("Use CALL migrator.up(), which gives each migration its own transaction and runs such statements outside of one."),
			errcontext("migration \"%s\" (file \"%s\", line %d, column %d)",
					   step->version, step->migration->up_file, step->call_line, 1));
}

static void
warn_of_flag(const Run *run, PlanFlag flag, const char *what, const char *hint)
{
	int			count;
	char	   *list = plan_list_flag(run->survey->plan, flag, &count);

	if (count > 0)
		ereport(WARNING,
				errmsg("%d applied migration(s) %s: %s", count, what, list),
				hint ? errhint("%s", hint) : 0);
}

/* What does not stop a run is said once. */
static void
warn_once(const Run *run)
{
	const MigrationPlan *plan = run->survey->plan;
	int			ignored = 0;
	const char *first = NULL;
	ListCell   *lc;

	warn_of_flag(run, FLAG_MODIFIED, "were modified after they were applied",
				 "Create a new migration instead of changing an applied one.");
	warn_of_flag(run, FLAG_REFORMATTED, "were reformatted after they were applied", NULL);
	for (int i = 0; i < plan->count; i++)
		if ((plan->steps[i].flags & FLAG_MISSING) && plan->steps[i].state == MIGRATION_APPLIED)
		{
			warn_of_flag(run, FLAG_MISSING, "have no file any more", NULL);
			break;
		}
	foreach(lc, run->survey->set->ignored)
	{
		const IgnoredEntry *entry = lfirst(lc);

		if (entry->looks_like_sql && ignored++ == 0)
			first = psprintf("\"%s\": %s", entry->file, entry->reason);
	}
	if (ignored > 0)
		ereport(NOTICE,
				errmsg("%d name(s) were ignored, first %s", ignored, first),
				errhint("migrator.validate() lists all."));
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
			needed += plan->steps[i].lock_estimate;
	if (needed > room)
		ereport(WARNING,
				errmsg("this run may need about " INT64_FORMAT " locks in one transaction, and the lock table has room for about " INT64_FORMAT,
					   needed, room),
				errhint("Raise max_locks_per_transaction, use \"target\" to apply fewer at a time, or CALL migrator.up()."));
}

/*
 * A run that raises its first error needs one subtransaction for all: what it
 * undoes is the same, and thousands of them would cost time in proportion to
 * their square (the server walks its lists of pending files and of locks at
 * the end of each) and an xid each.  A run that goes on needs one for each
 * migration.  A dry run is undone as a whole: later migrations must see what
 * earlier ones made.
 */
static void
apply_steps(Run *run)
{
	bool		dry_run = run->request->dry_run;

	if (run->request->on_error == ON_ERROR_RAISE)
	{
		ErrorData  *error = in_subtransaction(run, apply_all, NULL, dry_run);

		if (error != NULL && run->current == NULL)
			ReThrowError(error);
		if (error != NULL)
			step_failed(run, run->current, error);
	}
	else if (dry_run)
	{
		ErrorData  *error = in_subtransaction(run, apply_each, NULL, true);

		if (error != NULL)
			ReThrowError(error);
	}
	else
		apply_each(run, NULL);
}

/*
 * Call body in a subtransaction, and release or (undo) roll it back.  Returns
 * NULL, or the error that body raised, after the subtransaction was undone.
 */
static ErrorData *
in_subtransaction(Run *run, GuardedBody body, Step *step, bool undo)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body(run, step);
		if (undo)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* Until the first error, which the caller catches. */
static void
apply_all(Run *run, Step *unused)
{
	MigrationPlan *plan = run->survey->plan;

	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];

		if (!step->selected || step_not_run(run, step, step->call_reason))
			continue;
		apply_one(run, step);
		step_applied(run, step);
	}
}

/* All, or until the first error, by the policy of the run. */
static void
apply_each(Run *run, Step *unused)
{
	MigrationPlan *plan = run->survey->plan;
	bool		stopped = false;

	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];
		ErrorData  *error;

		if (!step->selected ||
			step_not_run(run, step, stopped ? "an earlier migration failed" : step->call_reason))
			continue;
		error = in_subtransaction(run, apply_one, step, false);
		if (error == NULL)
			step_applied(run, step);
		else
		{
			step_failed(run, step, error);
			stopped = run->request->on_error == ON_ERROR_STOP;
		}
	}
}

/* Run one migration and write its record. */
static void
apply_one(Run *run, Step *step)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator migration",
											   ALLOCSET_DEFAULT_SIZES);

	run->current = step;
	MemoryContextSwitchTo(work);
	run_script(run, step);
	if (!run->request->dry_run)
		record_step(run, step);
	MemoryContextSwitchTo(context);
	MemoryContextDelete(work);
}

/*
 * What the script SETs ends at the GUC nest level made here, and so does the
 * registered search_path.
 */
static void
run_script(Run *run, Step *step)
{
	const Scope *scope = run->request->scope;
	instr_time	start;
	int			level = NewGUCNestLevel();

	memset(&run->execution, 0, sizeof(Execution));
	run->execution.version = step->version;
	run->execution.file = step->migration->up_file;
	run->execution.statement = -1;
	if (scope->search_path != NULL)
		(void) set_config_option("search_path", scope->search_path, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	INSTR_TIME_SET_CURRENT(start);
	PG_TRY();
	{
		run->execution.script = check_load_script(run->survey->source, step);
		execute_script(&run->execution, step->mentions_deferrable);
	}
	PG_FINALLY();
	{
		run->elapsed = elapsed_since(start);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, level);
}

static void
step_applied(Run *run, Step *step)
{
	run->applied++;
	event_applied(run->request->scope->service, step->version, step->name, run->elapsed);
	report_step(run, step, "applied", run->elapsed,
				run->request->dry_run ? "dry run: undone" : NULL);
}

/* Reports a step as not run when there is a reason. */
static bool
step_not_run(Run *run, Step *step, const char *reason)
{
	if (reason == NULL)
		return false;
	report_step(run, step, "not_run", -1, reason);
	run->not_run++;
	return true;
}

static void
record_step(Run *run, const Step *step)
{
	const Scope *scope = run->request->scope;
	RecordEntry entry = {
		.service = scope->service,
		.version = step->row ? step->row->version : step->version,
		.name = step->name,
		.file = step->migration->up_file,
		.layout = run->survey->set->layout,
		.state = MIGRATION_APPLIED,
		.environment = scope->environment,
		.checksum = step->checksum,
		.fingerprint = step->fingerprint,
		.description = step->description,
		.down_script = read_down_script(run, step),
		.run_id = run->run_id,
		.execution_time_ms = run->elapsed,
		.statement_total = step->statement_total,
		.lock_key = lock_key(scope->service, LOCK_PART_RUN),
		.event = "applied"
	};

	record_write(&entry);
}

/*
 * The down script of record: the file may be gone or changed when it is
 * needed.  One that cannot be read now is validate()'s to report.
 */
static char *
read_down_script(const Run *run, const Step *step)
{
	SourceScript read;

	if (step->migration->down_file == NULL)
		return NULL;
	source_read_script(run->survey->source, step->migration->down_file, &read);
	return read.text;
}

/* By the policy of the run: raise, or record and go on. */
static void
step_failed(Run *run, Step *step, ErrorData *error)
{
	const RunRequest *request = run->request;
	RecordEntry entry;

	run->failed++;
	add_hint(error);
	fill_failure(run, step, error, &entry);
	event_failed(request->scope->service, step->version, step->name, error->message);

	/* a user's cancel is meant for the whole call */
	if (request->on_error == ON_ERROR_RAISE || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
	{
		if (!request->dry_run && migrator_record_failures)
		{
			RunEntry	run_entry;

			fill_run_entry(run, "failed", &run_entry);
			failure_log_keep(&entry, &run_entry);
		}
		ReThrowError(error);
	}

	ereport(WARNING,
			errcode(error->sqlerrcode),
			errmsg("migration \"%s\" failed: %s", step->version, error->message),
			error->detail ? errdetail_internal("%s", error->detail) : 0,
			error->hint ? errhint("%s", error->hint) : 0,
			error->context ? errcontext("%s", error->context) : 0);
	if (!request->dry_run)
		record_write(&entry);
	report_step(run, step, "failed", run->elapsed, error->message);
}

static void
fill_failure(const Run *run, const Step *step, const ErrorData *error, RecordEntry *entry)
{
	const Scope *scope = run->request->scope;

	memset(entry, 0, sizeof(RecordEntry));
	entry->service = scope->service;
	entry->version = step->row ? step->row->version : step->version;
	entry->name = step->name;
	entry->file = step->migration->up_file;
	entry->layout = run->survey->set->layout;
	entry->state = MIGRATION_FAILED;
	entry->environment = scope->environment;
	entry->checksum = step->checksum;
	entry->fingerprint = step->fingerprint;
	entry->description = step->description;
	entry->run_id = run->run_id;
	entry->execution_time_ms = run->elapsed;
	entry->statement_total = step->statement_total;
	entry->lock_key = lock_key(scope->service, LOCK_PART_RUN);
	entry->statement = run->execution.statement + 1;
	entry->line = run->execution.error_line;
	entry->error_message = error->message;
	entry->error_sqlstate = pstrdup(unpack_sql_state(error->sqlerrcode));
	entry->error_detail = error->detail;
	entry->event = "failed";
}

static double
elapsed_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

static void
fill_run_entry(const Run *run, const char *outcome, RunEntry *entry)
{
	const Scope *scope = run->request->scope;

	memset(entry, 0, sizeof(RunEntry));
	entry->run_id = run->run_id;
	entry->kind = "apply";
	entry->service = scope->service;
	entry->source = scope->source;
	entry->environment = scope->environment;
	entry->started_at = run->started_at;
	entry->outcome = outcome;
	entry->total = run->survey->set->count;
	entry->failed = run->failed;
	entry->skipped = run->not_run;
	/* of a call that raises nothing stays applied */
	entry->applied = run->request->on_error == ON_ERROR_RAISE && run->failed > 0 ? 0 : run->applied;
	entry->duration_ms = elapsed_since(run->start);
}

/*
 * Errors that another way of running avoids say so, behind the hint they may
 * have.
 */
static void
add_hint(ErrorData *error)
{
	const char *hint;

	switch (error->sqlerrcode)
	{
		case ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE:
			hint = "CALL migrator.up() commits each migration by itself.";
			break;
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
			hint = "COMMIT and ROLLBACK inside DO or CALL need CALL migrator.up() and \"-- migrator: no-transaction\" in the script.";
			break;
		case ERRCODE_ACTIVE_SQL_TRANSACTION:
			hint = "Use CALL migrator.up(), which runs such statements outside of a transaction block.";
			break;
		default:
			return;
	}
	error->hint = error->hint ? psprintf("%s %s", error->hint, hint) : pstrdup(hint);
}

static void
report_step(Run *run, const Step *step, const char *outcome, double elapsed, const char *message)
{
	RunRow		row = {
		.service = run->request->scope->service,
		.version = step->version,
		.name = step->name,
		.outcome = outcome,
		.execution_time_ms = elapsed,
		.message = message
	};

	run->report(&row, run->report_argument);
}

static void
finish(Run *run)
{
	const char *service = run->request->scope->service;
	RunEntry	entry;

	if (!run->request->dry_run)
	{
		fill_run_entry(run, run->failed > 0 ? "failed" : "applied", &entry);
		record_write_run(&entry);
	}
	event_done(service, run->applied, run->failed, run->survey->set->count,
			   elapsed_since(run->start));
	event_lock_kept(service);
}
