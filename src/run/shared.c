/*
 * shared.c
 *	  The protocol of a run, as far as both transaction modes share it.
 *
 * A run looks, locks, looks again, checks, executes each migration, records,
 * tells: apply.c in the caller's transaction, up.c in one for each
 * migration.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "execute/function.h"
#include "execute/require.h"
#include "execute/temporary.h"
#include "plan/check_changes.h"
#include "plan/check_order.h"
#include "plan/gate.h"
#include "plan/hooks.h"
#include "record/service_state.h"
#include "run/mirrored.h"
#include "run/background.h"
#include "run/current_run.h"
#include "run/event.h"
#include "run/notify.h"
#include "run/shared.h"
#include "run/slow.h"
#include "run/vanished.h"

/* bytes of an error's message, and of its detail, that are put on record */
#define RECORDED_TEXT (64 * 1024)

static void run_framed(Run *run, const StepScript *script, Oid function);
static const char *bounded(const char *text);
static void warn_of_no_rollback(const Run *run);
static const char *run_call_name(const Run *run);
static const char *next_step(const Run *run, const Step *step);

/* Which migration it was is said by others. */
void
run_name_service(void *argument)
{
	errcontext("service \"%s\"", ((const Scope *) argument)->service);
}

const char *
run_function_name(const Run *run)
{
	return psprintf("migrator.%s()", run->kind);
}

/* What chosen migrations touch is asked where others stay that came later. */
void
run_look_again(Run *run)
{
	const RunRequest *request = run->request;

	run->survey = survey_take(request->scope,
							  run->direction == UNIT_DOWN && back_is_selective(&request->back) ?
							  CHECK_EVERYTHING : CHECK_FOR_RUN);
}

/* Before anything is run: whether it could be written then. */
static void
take_mirror(Run *run, const Service *registration)
{
	MemoryContext old = MemoryContextSwitchTo(run->context);

	run->mirror = mirror_of(registration);
	MemoryContextSwitchTo(old);
	if (run->mirror == NULL)
		return;
	registration_require_trusted(registration, "mirror");
	mirror_require(run->mirror);
}

/* Again behind a wait: the service may have become others' meanwhile. */
const Service *
run_require_standing(Run *run)
{
	const Scope *scope = run->request->scope;
	Survey	   *survey = run->survey;
	const Service *registration = registration_find(scope->service);

	registration_require_member(registration);
	scope_require_decided(survey->scope, registration);
	scope_require_rights(scope, true);
	if (survey->source != NULL)
		source_require_runnable(survey->source);
	survey_raise_what_stops(survey, run->request->force);
	take_mirror(run, registration);
	return registration;
}

void
run_raise_what_stops(Run *run)
{
	survey_raise_before_run(run->survey, run_require_standing(run), &run->request->plan, &run->policy);
}

bool
run_bootstrap_follows(const Run *run)
{
	return run->direction == UNIT_UP && run->failed == 0 && run->not_run == 0 &&
		plan_bootstrap_follows(run->survey->plan);
}

void
run_interrupt_running(Run *run)
{
	MigrationPlan *plan = run->survey->plan;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].state == MIGRATION_RUNNING)
			plan->steps[i].state = MIGRATION_INTERRUPTED;
}

void
run_stamp_environment(const Run *run)
{
	const Scope *scope = run->survey->scope;

	if (scope->environment != NULL && scope->stamp == NULL)
		service_state_stamp(scope->service, scope->environment);
}

/* What does not stop a run is said once. */
void
run_warn_once(const Run *run)
{
	const MigrationPlan *plan = run->survey->plan;
	int			ignored = 0;
	const char *first = NULL;
	bool		applied_is_missing = false;
	char	   *list;
	int			count;
	ListCell   *lc;

	list = plan_list_flag(plan, FLAG_MODIFIED, &count);
	if (count > 0)
		ereport(WARNING,
				errmsg_plural("%d applied migration was modified after it was applied: %s",
							  "%d applied migrations were modified after they were applied: %s",
							  count, count, finding_one_line(list)),
				errhint("Create a new migration instead of changing an applied one."));
	list = plan_list_flag(plan, FLAG_REFORMATTED, &count);
	if (count > 0)
		ereport(WARNING,
				errmsg_plural("%d applied migration was reformatted after it was applied: %s",
							  "%d applied migrations were reformatted after they were applied: %s",
							  count, count, finding_one_line(list)));
	for (int i = 0; i < plan->count && !applied_is_missing; i++)
		applied_is_missing = (plan->steps[i].flags & FLAG_MISSING) && plan->steps[i].state == MIGRATION_APPLIED;
	list = plan_list_flag(plan, FLAG_MISSING, &count);
	if (applied_is_missing && count > 0)
		ereport(WARNING,
				errmsg_plural("%d applied migration has no file any more: %s",
							  "%d applied migrations have no file any more: %s",
							  count, count, finding_one_line(list)));
	list = check_list_orphans(plan, &count);
	if (count > 0 && check_severity(&run->survey->checks, CHECK_ORPHANS_ENTRY) >= FINDING_WARNING)
		ereport(WARNING,
				errmsg_plural("%d entry of \"%s\" has no file: %s",
							  "%d entries of \"%s\" have no file: %s",
							  count, count, plan->set->manifest->file, finding_one_line(list)));
	if (run->policy.value[POLICY_AUTO_ROLLBACK_ON_FAILURE] && plan->selected > 0)
		warn_of_no_rollback(run);
	foreach(lc, run->survey->set->ignored)
	{
		const IgnoredEntry *entry = lfirst(lc);

		if (entry->looks_like_sql && !entry->elsewhere && ignored++ == 0)
			first = psprintf("\"%s\": %s", entry->file, entry->reason);
	}
	if (ignored > 0)
		ereport(NOTICE,
				errmsg_plural("%d name was ignored: %s", "%d names were ignored, first %s",
							  ignored, ignored, finding_one_line(first)),
				errhint("migrator.validate() lists all."));
}

/* Where an error does not undo the whole call, which is what the flag asks for. */
static void
warn_of_no_rollback(const Run *run)
{
	if (!run->own_transaction && run->request->on_error != ON_ERROR_RAISE && !run->request->dry_run)
		ereport(WARNING,
				errmsg("auto_rollback_on_failure is set, and on_error is not \"raise\": migrations before one that fails stay applied"));
}

void
run_begin_execution(Run *run, const char *file, const Step *step, const char *kind)
{
	BaseSettings *base = &run->execution.base;
	CurrentRun	current = {
		.kind = run->kind,
		.service = run->request->scope->service,
		.run_id = run->run_id,
		.environment = run->survey->scope->environment,
		.direction = run->direction == UNIT_UP ? "up" : "down",
		.version = step ? step->version : NULL,
		.name = step ? step->name : NULL,
		.file = file
	};

	current_run_set(&current);
	memset(&run->execution, 0, sizeof(Execution));
	run->elapsed = 0;
	run->execution.kind = kind;
	run->execution.version = step ? step->version : NULL;
	run->execution.file = file;
	run->execution.statement = -1;
	run->execution.own_transaction = run->own_transaction;
	run->execution.before_statement = run->before_statement;
	if (run->request->scope->search_path != NULL)
		session_settings_base_add(base, "search_path", run->request->scope->search_path);
	if (run->lock_timeout > 0)
		session_settings_base_add(base, "lock_timeout", psprintf("%d", run->lock_timeout));
}

void
run_script(Run *run, const StepScript *script, const Step *step, const char *kind)
{
	run_begin_execution(run, script->unit->file, step, kind);
	run_framed(run, script, InvalidOid);
}

void
run_function(Run *run, Oid function, const char *signature, const Step *step, const char *kind)
{
	run_begin_execution(run, signature, step, kind);
	run_framed(run, NULL, function);
}

/*
 * What the script or function SETs ends at the GUC nest level made here, and so
 * does the registered search_path.
 */
static void
run_framed(Run *run, const StepScript *script, Oid function)
{
	instr_time	start;
	int			level = NewGUCNestLevel();

	session_settings_base_set(&run->execution.base, GUC_ACTION_SAVE);
	INSTR_TIME_SET_CURRENT(start);
	PG_TRY();
	{
		if (script != NULL)
		{
			run->execution.script = check_load_script(run->survey->reader, script);
			if (require_all(&run->execution, run_require_sqlstate(run)))
				execute_script(&run->execution);
		}
		else
			execute_function(&run->execution, function);
	}
	PG_FINALLY();
	{
		run->elapsed = run_elapsed_since(start);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, level);
}

static bool
has_own_sessions(const Run *run)
{
	return run->survey->plan->set != NULL && run->survey->plan->set->own_sessions;
}

List *
run_session_begin(const Run *run)
{
	return has_own_sessions(run) ? temporary_objects() : NIL;
}

void
run_session_end(const Run *run, const List *before)
{
	if (has_own_sessions(run))
		temporary_drop_others(before);
}

void
run_keep_locks(Run *run)
{
	run->lock_lost = true;
	lock_keep_for_session(run->request->scope->service);
	run->lock_lost = false;
	if (run->request->scope->source != NULL)
		source_keep(run->request->scope->source);
}

/* Whichever script is run, a migration is known by the one that goes up. */
void
run_fill_step_entry(const Run *run, const Step *step, RecordEntry *entry)
{
	const Scope *scope = run->survey->scope;
	const StepScript *script = run_step_script(run, step);

	memset(entry, 0, sizeof(RecordEntry));
	entry->service = scope->service;
	entry->version = step->row ? step->row->version : step->version;
	entry->name = step->name;
	entry->file = step->up.unit ? step->up.unit->file : step->row->file;
	entry->layout = run->survey->set ? run->survey->set->layout : step->row->layout;
	entry->environment = scope->environment;
	entry->checksum = step->up.checksum;
	entry->fingerprint = step->up.fingerprint;
	entry->description = step->up.description;
	entry->run_id = run->run_id;
	entry->execution_time_ms = -1;
	entry->statement_total = script->statement_total;
	entry->non_transactional = script->call_reason != NULL;
	entry->repeatable = (step->flags & FLAG_REPEATABLE) != 0;
	entry->replaces = step->again ? step->row->checksum : NULL;
	entry->lock_key = lock_own_key(scope->service, LOCK_PART_RUN);
	if (run->direction == UNIT_DOWN)
	{
		/* what history says was run */
		entry->going_back = true;
		entry->checksum = step->down.checksum;
	}
}

void
run_fill_failure(const Run *run, const Step *step, const ErrorData *error, RecordEntry *entry)
{
	run_fill_step_entry(run, step, entry);
	entry->state = MIGRATION_FAILED;
	entry->event = run->direction == UNIT_UP ? "failed" : "rollback_failed";
	run_fill_error(run, error, entry);
	if (run->execution.kind != NULL)
		entry->note = psprintf("%s \"%s\"", run->execution.kind, run->execution.file);
}

void
run_fill_error(const Run *run, const ErrorData *error, RecordEntry *entry)
{
	entry->execution_time_ms = run->elapsed;
	entry->statement = run->execution.statement + 1;
	entry->line = run->execution.error_line;
	entry->error_message = bounded(error->message);
	entry->error_sqlstate = pstrdup(unpack_sql_state(error->sqlerrcode));
	entry->error_detail = bounded(error->detail);
}

/*
 * A script can raise hundreds of megabytes.  The client gets them; the record,
 * the memory on the way to it and every later look at it get their beginning.
 */
static const char *
bounded(const char *text)
{
	int			fits;

	if (text == NULL || strnlen(text, RECORDED_TEXT + 1) <= RECORDED_TEXT)
		return text;
	fits = pg_mbcliplen(text, RECORDED_TEXT + 1, RECORDED_TEXT);
	return psprintf("%s ... (cut)", pnstrdup(text, fits));
}

double
run_elapsed_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

void
run_fill_entry(const Run *run, const char *outcome, RunEntry *entry)
{
	const Scope *scope = run->survey->scope;

	memset(entry, 0, sizeof(RunEntry));
	entry->run_id = run->run_id;
	entry->kind = run->kind;
	entry->service = scope->service;
	entry->source = scope->source;
	entry->environment = scope->environment;
	entry->started_at = run->started_at;
	entry->outcome = outcome;
	entry->total = run->survey->set ? run->survey->set->total : 0;
	entry->failed = run->failed;
	entry->skipped = run->not_run;
	/* an error of apply() undoes what came before it */
	entry->applied = !run->own_transaction && run->failed > 0 &&
		run->request->on_error == ON_ERROR_RAISE ? 0 : run->applied;
	entry->duration_ms = run_elapsed_since(run->start);
	entry->origin = background_origin();
	if (run->error != NULL)
	{
		entry->error_sqlstate = pstrdup(unpack_sql_state(run->error->sqlerrcode));
		entry->error_message = bounded(run->error->message);
		entry->error_detail = bounded(run->error->detail);
		entry->error_hint = bounded(run->error->hint);
		entry->error_context = bounded(run->error->context);
	}
	entry->lock_wait_ms = run->lock_wait_ms;
	entry->lock_retries = run->lock_retries;
}

void
run_end_dead(const char *service)
{
	ListCell   *lc;

	foreach(lc, record_end_dead_runs(service))
	{
		RunEntry   *run = lfirst(lc);

		run->error_sqlstate = pstrdup(unpack_sql_state(ERRCODE_CRASH_SHUTDOWN));
		run->error_message = "interrupted: its session ended, or its server";
		notify_run_finished(run);
	}
}

/*
 * Errors that another way of running avoids say so, behind the hint they may
 * have; errors that did not come from a statement say which migration it was.
 */
void
run_explain_error(const Run *run, const Step *step, ErrorData *error)
{
	const char *hint = NULL;

	/* of a commit, too, which no script raises */
	if (run->execution.filled)
		execute_hide_values(&run->execution, run->survey->scope->variables, error);
	if (error->context == NULL || strstr(error->context, "migration \"") == NULL)
		error->context = psprintf("%s%smigration \"%s\" (file \"%s\")",
								  error->context ? error->context : "",
								  error->context ? "\n" : "",
								  finding_one_line(step->version),
								  finding_one_line(run_step_script(run, step)->unit->file));

	if (run->execution.kind != NULL &&
		(error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_TERMINATION ||
		 (error->sqlerrcode == ERRCODE_ACTIVE_SQL_TRANSACTION && error->hint == NULL)))
		hint = psprintf("A %s is one transaction, or a part of its migration's: take the statement out.", run->execution.kind);
	else if (error->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE && run->own_transaction &&
			 run->execution.kind != NULL && strcmp(run->execution.kind, VERIFY_SCRIPT_KIND) == 0)
		hint = "A migration is committed before it is verified if its own script says \"-- migrator: no-transaction\".";
	else if (error->sqlerrcode == ERRCODE_UNSAFE_NEW_ENUM_VALUE_USAGE)
		hint = run->own_transaction ?
			"Put \"-- migrator: no-transaction\" into the script, so that each statement is committed before the next." :
			psprintf("CALL migrator.%s() commits each migration by itself, and with \"-- migrator: no-transaction\" in the script each statement.", run_call_name(run));
	else if (error->sqlerrcode == ERRCODE_INVALID_TRANSACTION_TERMINATION)
		hint = psprintf("COMMIT and ROLLBACK inside DO or CALL need CALL migrator.%s() and \"-- migrator: no-transaction\" in the script.", run_call_name(run));
	else if (error->sqlerrcode == ERRCODE_ACTIVE_SQL_TRANSACTION && error->hint == NULL)
		hint = run->own_transaction ?
			"Put \"-- migrator: no-transaction\" into the script, so that it runs outside of a transaction block." :
			psprintf("Use CALL migrator.%s(), which runs such statements outside of a transaction block.", run_call_name(run));
	else if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE && error->hint == NULL)
		hint = "The script runs with your rights: migrator.help() shows what makes a runner. Then run again.";
	if (hint == NULL && error->hint == NULL)
		hint = next_step(run, step);
	if (hint != NULL)
		error->hint = error->hint ? psprintf("%s %s", error->hint, hint) : pstrdup(hint);
}

/*
 * Without a step, of what run->execution says.  The line is that of an error
 * which passed through the script; one of a commit, or of the record, has none,
 * and run->execution is perhaps another migration's.
 */
void
run_say_place(const Run *run, const Step *step, ErrorData *error)
{
	const Execution *execution = &run->execution;
	const char *file = execution->kind || step == NULL ? execution->file : run_step_script(run, step)->unit->file;
	const char *own = file;
	const char *line;
	bool		passed;

	if (execution->error_file[0] != '\0')
		file = execution->error_file;
	line = psprintf("(file \"%s\", line %d,", finding_one_line(file), execution->error_line);
	passed = error->context != NULL && strstr(error->context, line) != NULL;

	error->message = finding_with_place(error->message, execution->kind,
										step ? step->version : execution->version, passed ? file : own,
										passed ? execution->error_line : 0);
}

void
run_add_detail(ErrorData *error, char *sentence)
{
	error->detail = error->detail ? psprintf("%s\n%s", error->detail, sentence) : sentence;
}

/* The one that commits. */
static const char *
run_call_name(const Run *run)
{
	return run->direction == UNIT_UP ? "up" : "down";
}

/* What is left of the failed migration, and what its user does next. */
static const char *
next_step(const Run *run, const Step *step)
{
	if (run->direction == UNIT_DOWN && run_step_script(run, step)->call_reason == NULL && run->own_transaction)
		return "The migration is applied as before. Correct the cause and run again; migrator.history has the attempt.";
	if (!run->own_transaction)
		return run->request->on_error == ON_ERROR_RAISE ?
			"Nothing of this call was kept. Correct the cause and run again." :
			"Nothing of this migration was kept. Correct the cause and run again.";
	if (run_step_script(run, step)->call_reason != NULL)
		return "Finished statements of the script are kept. Correct the cause and run again, which goes on behind them; or resolve the migration with migrator.resolve().";
	return "Nothing of this migration was kept. Correct the cause and run again; migrator.history has the attempt.";
}

void
run_tell_begin(const Run *run)
{
	const MigrationPlan *plan = run->survey->plan;
	const char *service = run->request->scope->service;

	if (run->direction == UNIT_UP)
		event_pending(service, plan->selected, run->survey->set->total, run->request->dry_run);
	else
		event_going_back(service, plan->selected, plan_count_state(plan, MIGRATION_APPLIED), run->request->dry_run);
}

void
run_tell_end(const Run *run)
{
	const char *service = run->request->scope->service;
	double		elapsed = run_elapsed_since(run->start);

	if (run->direction == UNIT_UP)
		event_done(service, run->applied, run->failed, run->survey->set->total, elapsed);
	else
		event_back_done(service, run->applied, run->failed, elapsed);
}

bool
run_nothing_to_do(Run *run)
{
	const RunRequest *request = run->request;
	MigrationPlan *plan = run->survey->plan;
	int			pending = plan_count_pending(plan);

	if (plan->selected > 0)
		return false;
	if (run->direction == UNIT_DOWN)
	{
		event_nothing_back(request->scope->service, plan_count_state(plan, MIGRATION_APPLIED));
		return true;
	}
	run->vanished = pending == 0 && plan_count_state(plan, MIGRATION_APPLIED) > 0 && vanished(run->survey->scope);
	if (run->vanished)
		event_vanished(request->scope->service, plan_count_state(plan, MIGRATION_APPLIED));
	else if (pending > 0)
		event_nothing_selected(request->scope->service, request->plan.target, pending);
	else
		event_up_to_date(request->scope->service);
	return true;
}

void
run_report_step(Run *run, const Step *step, const char *outcome, double elapsed, const char *message)
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

bool
run_step_not_run(Run *run, Step *step, const char *reason)
{
	const Step *need = plan_broken_need(run->survey->plan, step);

	if (reason == NULL && need != NULL)
		reason = psprintf(need->failed ? "depends on migration \"%s\", which failed" :
						  "depends on migration \"%s\", which was not run",
						  finding_one_line(need->version));
	if (reason == NULL)
		return false;
	step->broken = true;
	run_report_step(run, step, "not_run", -1, reason);
	run->not_run++;
	return true;
}

void
run_step_applied(Run *run, Step *step)
{
	slow_warn(step, run->direction, run->elapsed);
	run->applied++;
	event_applied(run->request->scope->service, run->direction, step->version, step->name, run->elapsed,
				  run->request->dry_run);
	run_report_step(run, step, run_done_outcome(run), run->elapsed,
					run->request->dry_run ? "dry run: undone" : NULL);
}

/* In history, in runs and in results. */
const char *
run_done_outcome(const Run *run)
{
	return run->direction == UNIT_UP ? "applied" : "rolled_back";
}

int
run_require_sqlstate(const Run *run)
{
	return run->direction == UNIT_UP ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE : ERRCODE_MIGRATOR_IRREVERSIBLE;
}

void
run_record_step(Run *run, const Step *step)
{
	RecordEntry entry;

	run_fill_step_entry(run, step, &entry);
	entry.state = run->direction == UNIT_UP ? MIGRATION_APPLIED : MIGRATION_ROLLED_BACK;
	entry.event = run_done_outcome(run);
	entry.execution_time_ms = run->elapsed;
	entry.statement_done = entry.statement_total;
	entry.irreversible = back_says_irreversible(step);
	entry.note = run->note;

	/*
	 * The file may be gone or changed when it is needed.  One that cannot be
	 * read now is validate()'s to report.
	 */
	if (run->direction == UNIT_UP && step->down.unit != NULL)
		entry.down_script = unit_keep_text(run->survey->reader, step->down.unit);
	if (run->direction == UNIT_UP)
		record_write(&entry);
	else
		record_write_back(&entry);
	mirrored_write(run->mirror, run->survey, step, run->direction == UNIT_UP ? MIRROR_ADD : MIRROR_REMOVE, run->elapsed);
	notify_entry(&entry);

	/* of a script that ran part by part there is nothing left to undo */
	if (run->policy.value[POLICY_REQUIRE_APPROVAL])
		gate_use_approval(entry.service, run->survey->plan, step, run->run_id,
						  run_step_script(run, step)->call_reason == NULL);
}

bool
run_is_disabled(const Run *run)
{
	const RunRow skipped = {
		.service = run->request->scope->service,
		.outcome = "skipped",
		.execution_time_ms = -1,
		.message = "migrator.enabled is off"
	};

	if (migrator_enabled)
		return false;
	event_disabled(skipped.service);
	run->report(&skipped, run->report_argument);
	return true;
}

bool
run_take_lock(Run *run)
{
	const RunRequest *request = run->request;
	LockRequest lock = {request->scope->service, request->if_locked, request->wait_timeout};
	LockResult	result;
	RunRow		row = {0};

	if (run->own_transaction)
		lock_for_session(&lock, &result);
	else
		lock_for_transaction(&lock, &result);
	run->waited = result.waited;
	run->lock_wait_ms = result.waited ? result.wait_ms : 0;
	run->locked = result.acquired;
	if (result.acquired)
	{
		event_lock_acquired(lock.service, result.waited, result.wait_ms);
		return true;
	}

	row.service = lock.service;
	row.outcome = "skipped";
	row.execution_time_ms = -1;
	row.message = result.holder ?
		psprintf("another run is in progress (pid %d)", result.holder->pid) :
		"another run is in progress";
	ereport(WARNING,
			errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			errmsg("migrations of service \"%s\" are skipped: %s", row.service, row.message));
	run->report(&row, run->report_argument);
	return false;
}

bool
run_error_tells_nothing(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
			return true;
		default:
			return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE || error->sqlerrcode == ERRCODE_IO_ERROR;
	}
}

char *
run_error_line(const Run *run, const ErrorData *error)
{
	const Execution *execution = &run->execution;
	StringInfoData text;
	char	   *detail = error->detail ? pstrdup(error->detail) : NULL;
	char	   *rest = NULL;

	initStringInfo(&text);
	appendStringInfoString(&text, finding_one_line(error->message));
	for (char *line = detail ? strtok_r(detail, "\n", &rest) : NULL; line != NULL; line = strtok_r(NULL, "\n", &rest))
		appendStringInfo(&text, "; %s", finding_one_line(line));
	appendStringInfo(&text, " (file \"%s\"", finding_one_line(execution->error_file[0] != '\0' ? execution->error_file : execution->file));
	if (execution->error_line > 0)
		appendStringInfo(&text, ", line %d", execution->error_line);
	appendStringInfoChar(&text, ')');
	return text.data;
}
