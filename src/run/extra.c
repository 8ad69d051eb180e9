/*
 * extra.c
 *	  What a run executes besides migrations: hooks, bootstrap and seed scripts.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "base/finding.h"
#include "base/transaction.h"
#include "run/event.h"
#include "run/extra.h"
#include "run/failure_log.h"
#include "run/notify.h"

static const char *failed_kind(const Run *run);
static const char *failed_file(const Run *run);
static void fill_entry(const Run *run, const Step *step, const char *note, RecordEntry *entry);
static void record_apart(RecordEntry *entry);

void
extra_done(Run *run, const Step *step, const char *note, const char *checksum)
{
	RecordEntry entry;

	run->extra_kind = run->execution.kind;
	run->extra_file = run->execution.file;
	fill_entry(run, step, note, &entry);
	event_extra_done(entry.service, entry.event, entry.name, run->elapsed);
	if (run->request->dry_run && !run->request->undone_later)
		return;
	entry.checksum = checksum;
	entry.execution_time_ms = run->elapsed;
	record_write_event(&entry);
}

/*
 * What is no migration is running, or was done last and cannot be committed: then
 * run->execution is a migration's again.
 */
static const char *
failed_kind(const Run *run)
{
	return run->execution.kind ? run->execution.kind : run->extra_kind;
}

static const char *
failed_file(const Run *run)
{
	return run->execution.kind ? run->execution.file : run->extra_file;
}

static void
fill_entry(const Run *run, const Step *step, const char *note, RecordEntry *entry)
{
	memset(entry, 0, sizeof(RecordEntry));
	entry->service = run->request->scope->service;
	if (step != NULL)
		entry->version = step->row ? step->row->version : step->version;
	entry->name = failed_file(run);
	entry->environment = run->survey->scope->environment;
	entry->run_id = run->run_id;
	entry->execution_time_ms = -1;
	entry->event = failed_kind(run);
	entry->note = note;
}

void
extra_fill_failure(Run *run, const Step *step, const char *note, const ErrorData *error, RecordEntry *entry)
{
	fill_entry(run, step, note, entry);
	run_fill_error(run, error, entry);
	if (run->execution.kind == NULL)
		entry->statement = entry->line = 0;
	event_extra_failed(entry->service, entry->event, entry->name, error->message);
}

ErrorData *
extra_run_apart(Run *run, ExtraBody body, void *argument, const char *note, const char *kept)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator script of a run", ALLOCSET_DEFAULT_SIZES);
	ErrorData  *volatile error = NULL;
	RecordEntry entry;

	MemoryContextSwitchTo(work);
	PG_TRY();
	{
		body(run, argument);
		run_keep_locks(run);
		transaction_commit(true);
	}
	PG_CATCH();
	{
		error = transaction_catch(context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	if (error != NULL)
	{
		/* of a commit, too, which no script raises */
		if (run->execution.filled)
			execute_hide_values(&run->execution, run->survey->scope->variables, error);
		extra_fill_failure(run, NULL, note, error, &entry);
		record_apart(&entry);
		extra_explain(run, kept, error);
	}
	MemoryContextDelete(work);
	return error;
}

/* Whatever keeps a failure from the record must not take the place of the error. */
static void
record_apart(RecordEntry *entry)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		record_write_event(entry);
		notify_entry(entry);
		transaction_commit(true);
	}
	PG_CATCH();
	{
		ErrorData  *other;

		other = transaction_catch(context);
		ereport(WARNING,
				errcode(other->sqlerrcode),
				errmsg("failure of %s \"%s\" could not be kept on record: %s", entry->event,
					   finding_one_line(entry->name), other->message));
	}
	PG_END_TRY();
}

/* Behind what the error says itself; its message is on record by now. */
void
extra_explain(const Run *run, const char *kept, ErrorData *error)
{
	error->detail = error->detail ? psprintf("%s\n%s", error->detail, kept) : pstrdup(kept);
	if (error->context == NULL || strstr(error->context, failed_kind(run)) == NULL)
		error->context = psprintf("%s%s%s (%s)", error->context ? error->context : "", error->context ? "\n" : "",
								  failed_kind(run), finding_one_line(failed_file(run)));
	if (run->execution.kind != NULL)
		run_say_place(run, NULL, error);
	else
		error->message = finding_with_place(error->message, failed_kind(run), NULL, failed_file(run), 0);
}

void
extra_raise(Run *run, const char *note, ErrorData *error)
{
	RecordEntry entry;
	RunEntry	run_entry;

	if (failed_kind(run) == NULL)
		ReThrowError(error);
	extra_fill_failure(run, NULL, note, error, &entry);
	extra_explain(run, "Nothing of this call was kept.", error);
	if (!run->request->dry_run && migrator_record_failures)
	{
		run->error = error;
		run_fill_entry(run, "failed", &run_entry);
		run_entry.applied = 0;	/* all is undone */
		failure_log_keep(&entry, run->run_id != 0 ? &run_entry : NULL);
	}
	ReThrowError(error);
}
