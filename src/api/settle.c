/*
 * settle.c
 *	  SQL functions that settle what is on record: register, unregister,
 *	  baseline, resolve, accept, unlock.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "api/api.h"
#include "base/glob.h"
#include "record/lock.h"
#include "run/settle.h"

PG_FUNCTION_INFO_V1(migrator_register);
PG_FUNCTION_INFO_V1(migrator_unregister);
PG_FUNCTION_INFO_V1(migrator_baseline);
PG_FUNCTION_INFO_V1(migrator_resolve);
PG_FUNCTION_INFO_V1(migrator_accept);
PG_FUNCTION_INFO_V1(migrator_unlock);

static void require_known_service(const Scope *scope);

/* keys of argument "options" of baseline() */
static const OptionKey baseline_options[] = {
	{"force", OPTION_BOOLEAN, "true or false"},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them"},
	{"layout", OPTION_LATER},
	{NULL}
};

/* register(service, source, environment, search_path, options) */
Datum
migrator_register(PG_FUNCTION_ARGS)
{
	run_enter("migrator.register()");
	PG_TRY();
	{
		Service		service = {
			.service = api_required_text(fcinfo, 0, "service"),
			.source = api_required_text(fcinfo, 1, "source"),
			.environment = api_text(fcinfo, 2),
			.search_path = api_text(fcinfo, 3)
		};

		settle_register(&service, api_jsonb(fcinfo, 4));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

Datum
migrator_unregister(PG_FUNCTION_ARGS)
{
	run_enter("migrator.unregister()");
	PG_TRY();
	{
		settle_unregister(api_required_text(fcinfo, 0, "service"));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

/* baseline(source, service, version, environment, options) */
Datum
migrator_baseline(PG_FUNCTION_ARGS)
{
	volatile int written = 0;

	run_enter("migrator.baseline()");
	PG_TRY();
	{
		List	   *options = options_read(api_jsonb(fcinfo, 4), baseline_options, false);
		const Option *force = options_find(options, "force");
		const Option *ignore = options_find(options, "ignore");
		Scope	   *scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, 3));

		if (ignore != NULL)
		{
			glob_require_valid(ignore->strings, ignore->count);
			scope->ignore = ignore->strings;
			scope->ignore_count = ignore->count;
		}
		scope_require_rights(scope, false);
		written = settle_baseline(scope, api_text(fcinfo, 2), force != NULL && force->boolean);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_INT32(written);
}

/* resolve(version, state, service, note, source) */
Datum
migrator_resolve(PG_FUNCTION_ARGS)
{
	run_enter("migrator.resolve()");
	PG_TRY();
	{
		char	   *version = api_required_text(fcinfo, 0, "version");
		char	   *state = api_required_text(fcinfo, 1, "state");
		const Scope *scope = scope_resolve(api_text(fcinfo, 4), api_text(fcinfo, 2), NULL);

		registration_require_member(scope->registration);
		settle_resolve(scope, version, state, api_text(fcinfo, 3));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

/* accept(version, service, note, source) */
Datum
migrator_accept(PG_FUNCTION_ARGS)
{
	run_enter("migrator.accept()");
	PG_TRY();
	{
		char	   *version = api_required_text(fcinfo, 0, "version");
		const Scope *scope = scope_resolve(api_text(fcinfo, 3), api_text(fcinfo, 1), NULL);

		scope_require_rights(scope, false);
		settle_accept(scope, version, api_text(fcinfo, 2));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

/* "No run is at work" would be no answer about a service that is misspelt. */
static void
require_known_service(const Scope *scope)
{
	if (scope->registration != NULL || strcmp(scope->service, "default") == 0 ||
		record_load(scope->service, InvalidSnapshot)->count > 0)
		return;
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_OBJECT),
			errmsg("service \"%s\" does not exist", scope->service),
			errdetail("It is not registered, nothing is on record of it, and no run of it is at work."),
			errhint("See migrator.services and column service of migrator.migrations."));
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
