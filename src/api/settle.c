/*
 * settle.c
 *	  SQL functions that settle what is on record: register, unregister,
 *	  baseline, resolve, accept, set_environment.
 */
#include "postgres.h"

#include "utils/jsonb.h"

#include "adopt/mirror.h"
#include "api/api.h"
#include "run/adopt.h"
#include "run/settle.h"

PG_FUNCTION_INFO_V1(migrator_register);
PG_FUNCTION_INFO_V1(migrator_unregister);
PG_FUNCTION_INFO_V1(migrator_baseline);
PG_FUNCTION_INFO_V1(migrator_resolve);
PG_FUNCTION_INFO_V1(migrator_accept);
PG_FUNCTION_INFO_V1(migrator_set_environment);

/* keys of argument "options" of baseline() */
static const OptionKey baseline_options[] = {
	{"force", OPTION_BOOLEAN, "true or false"},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them"},
	{"layout", OPTION_STRING, "the name of a layout"},
	{"contexts", OPTION_STRING, "contexts of Liquibase, with commas between them"},
	{"labels", OPTION_STRING, "an expression of Liquibase's labels"},
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

		Jsonb	   *options = api_jsonb(fcinfo, 4);

		settle_register(&service, options);
		if (mirror_is_in_options(options))
			adopt_fill_mirror(scope_resolve(NULL, service.service, NULL));
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
		Scope	   *scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, 3));

		api_option_ignore(options, &scope->ignore, &scope->ignore_count);
		api_option_layout(options, &scope->layout);
		api_option_filters(options, &scope->contexts, &scope->labels);
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

/* set_environment(environment, service, note) */
Datum
migrator_set_environment(PG_FUNCTION_ARGS)
{
	run_enter("migrator.set_environment()");
	PG_TRY();
	{
		const Scope *scope = scope_resolve(NULL, api_text(fcinfo, 1), NULL);

		registration_require_member(scope->registration);
		settle_environment(scope, api_text(fcinfo, 0), api_text(fcinfo, 2));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}
