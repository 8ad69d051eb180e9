/*
 * track.c
 *	  The objects of a service's schemas, as a run finds and leaves them.
 *
 * The beginning is in the transaction of the run's row in "runs": when the
 * backend dies, the next run knows that what it finds is this one's.
 *
 * To print a view takes a lock on it and its tables, as SELECT does, and others
 * may have these locked for long.  The run must not wait for that, nor for the
 * session's lock_timeout to pass.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "base/finding.h"
#include "base/settings.h"
#include "base/transaction.h"
#include "catalog/drift.h"
#include "run/notify.h"
#include "run/track.h"

/* for the locks on views; in ms */
#define LOCK_TIMEOUT 2000

static ErrorData *try(TransactionBody body, Run *run);
static void begin(void *argument);
static void end(void *argument);
static void warn(const ErrorData *error);

Homes *
track_homes(const Scope *scope)
{
	const Service *registration = scope->registration;
	const char *path = scope->search_path ? scope->search_path : GetConfigOption("search_path", false, false);
	List	   *names = NIL;
	char	  **schemas;
	int			count = 0;
	ListCell   *lc;

	if (registration != NULL && registration->schema_count > 0)
		return schema_state_homes(registration->schemas, registration->schema_count);
	if (!SplitIdentifierString(pstrdup(path), ',', &names))
		names = NIL;
	schemas = palloc((list_length(names) + 1) * sizeof(char *));
	foreach(lc, names)
	{
		char	   *name = lfirst(lc);

		if (strcmp(name, "$user") == 0)
		{
			name = GetUserNameFromId(GetUserId(), false);
			if (!OidIsValid(get_namespace_oid(name, true)))
				continue;
		}
		if (strncmp(name, "pg_", 3) != 0 && strcmp(name, "information_schema") != 0 &&
			strcmp(name, MIGRATOR_SCHEMA) != 0)
			schemas[count++] = name;
	}
	if (count == 0)
		schemas[count++] = "public";
	return schema_state_homes(schemas, count);
}

Homes *
track_kept_homes(const Scope *scope)
{
	const Service *registration = scope->registration;
	List	   *kept = schema_state_schemas_of(scope->service);
	char	  **schemas = palloc((list_length(kept) + 1) * sizeof(char *));
	ListCell   *lc;

	if (kept == NIL)
		return NULL;
	if (registration != NULL && registration->schema_count > 0)
		return track_homes(scope);
	foreach(lc, kept)
		schemas[foreach_current_index(lc)] = lfirst(lc);
	return schema_state_homes(schemas, list_length(kept));
}

void
track_begin(Run *run)
{
	ErrorData  *error;

	if (!migrator_track_schema)
		return;
	error = try(begin, run);
	if (error != NULL)
		warn(error);
}

static ErrorData *
try(TransactionBody body, Run *run)
{
	int			guc_level = NewGUCNestLevel();
	ErrorData  *error;

	if (LockTimeout == 0 || LockTimeout > LOCK_TIMEOUT)
		(void) set_config_option("lock_timeout", CppAsString2(LOCK_TIMEOUT), PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	error = transaction_try(body, run, false);
	AtEOXact_GUC(true, guc_level);
	return error;
}

static void
begin(void *argument)
{
	Run		   *run = argument;
	MemoryContext old = MemoryContextSwitchTo(run->context);
	Homes	   *homes = track_homes(run->survey->scope);

	run->drift_base = drift_begin_run(run->request->scope->service, homes, run->run_id);
	MemoryContextSwitchTo(old);
	run->homes = homes;
	if (run->drift_base->found > 0)
		notify_drift(run->run_id, run->request->scope->service, run->survey->scope->environment, run->drift_base->found, NULL);
}

void
track_end(Run *run)
{
	ErrorData  *error;

	if (run->homes == NULL)
		return;
	error = try(end, run);
	if (error != NULL)
		warn(error);
}

static void
end(void *argument)
{
	const Run  *run = argument;

	drift_end_run(run->request->scope->service, run->homes, run->run_id, run->drift_base);
}

static void
warn(const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError((ErrorData *) error);
	ereport(WARNING,
			errcode(error->sqlerrcode),
			errmsg("the objects of the schema could not be kept: %s", finding_one_line(error->message)),
			errdetail("migrator.drift() will say that what this run did is not on record."),
			errhint("Run SELECT migrator.accept_drift() when the schema is as it should be."));
}
