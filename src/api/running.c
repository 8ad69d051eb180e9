/*
 * running.c
 *	  SQL functions about runs of other sessions: how they are kept apart, how
 *	  far one is, how to end it: lock_key, progress_of, unlock.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "record/lock.h"
#include "record/runs.h"
#include "run/progress.h"

PG_FUNCTION_INFO_V1(migrator_lock_key);
PG_FUNCTION_INFO_V1(migrator_progress_of);
PG_FUNCTION_INFO_V1(migrator_unlock);

static void require_known_service(const Scope *scope);

/* lock_key(service, part) */
Datum
migrator_lock_key(PG_FUNCTION_ARGS)
{
	char	   *service = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *part = text_to_cstring(PG_GETARG_TEXT_PP(1));

	scope_check_service_name(service);
	if (strcmp(part, "run") == 0)
		PG_RETURN_INT64(lock_key(service, LOCK_PART_RUN));
	if (strcmp(part, "up") == 0)
		PG_RETURN_INT64(lock_key(service, LOCK_PART_UP));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for argument \"part\": \"%s\"", part),
			errhint("Known values: \"run\", \"up\"."));
}

/*
 * progress_of(run_id): a row, or none when the run is over or the caller may
 * not see its session's activity (as pg_stat_activity decides).  Where its
 * memory is says the record, and nobody else.
 */
Datum
migrator_progress_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	Progress	progress;
	Datum		values[10];
	bool		nulls[10] = {false};
	int64		run_id = PG_GETARG_INT64(0);
	uint32		handle = record_progress_handle(run_id);

	if (handle == 0 || !progress_read(handle, run_id, &progress))
		return (Datum) 0;
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) &&
		!has_privs_of_role(GetUserId(), progress.user))
		return (Datum) 0;
	values[0] = Int32GetDatum(progress.pid);
	api_set_text(values, nulls, 1, progress.version);
	api_set_text(values, nulls, 2, progress.name);
	values[3] = Int32GetDatum(progress.migration);
	values[4] = Int32GetDatum(progress.migration_total);
	values[5] = Int32GetDatum(progress.statement);
	values[6] = Int32GetDatum(progress.statement_total);
	api_set_text(values, nulls, 7, progress.text);
	values[8] = Int32GetDatum(progress.attempt);
	values[9] = TimestampTzGetDatum(progress.started_at);
	api_put_row(result, values, nulls);
	return (Datum) 0;
}

/*
 * unlock(service, terminate).  pg_cancel_backend() and pg_terminate_backend()
 * check the caller's rights and raise 42501.
 */
Datum
migrator_unlock(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_values(fcinfo);
	const Scope *scope = scope_resolve(NULL, api_text(fcinfo, 0), NULL);
	bool		terminate = api_bool(fcinfo, 1, false);
	List	   *holders = lock_holders(scope->service);
	ListCell   *lc;

	registration_require_member(scope->registration);
	if (holders == NIL)
		require_known_service(scope);
	foreach(lc, holders)
	{
		Datum		pid = Int32GetDatum(((LockHolder *) lfirst(lc))->pid);
		Datum		done;
		bool		null = false;

		if (DatumGetInt32(pid) == MyProcPid || DatumGetInt32(pid) == 0)
			continue;
		done = terminate ?
			DirectFunctionCall2(pg_terminate_backend, pid, Int64GetDatum(0)) :
			DirectFunctionCall1(pg_cancel_backend, pid);
		if (DatumGetBool(done))
			api_put_row(result, &pid, &null);
	}
	return (Datum) 0;
}

/* "No run is in progress" would be no answer about a service that is misspelt. */
static void
require_known_service(const Scope *scope)
{
	if (scope->registration != NULL || strcmp(scope->service, "default") == 0 ||
		record_load(scope->service, InvalidSnapshot)->count > 0)
		return;
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("service \"%s\" does not exist", scope->service),
			errdetail("It is not registered, nothing is on record of it, and no run of it is in progress."),
			errhint("See migrator.services and column service of migrator.migrations."));
}
