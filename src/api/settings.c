/*
 * settings.c
 *	  SQL function settings(): what is in force, and where it comes from.
 */
#include "postgres.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/json.h"

#include "api/api.h"
#include "base/compat.h"
#include "base/owner_query.h"
#include "base/transaction.h"
#include "layout/environment_files.h"

PG_FUNCTION_INFO_V1(migrator_settings);

static void ask_source(void *argument);
static char *patterns_json(const Scope *scope);
static void put_setting(ReturnSetInfo *result, const char *name, const char *value,
						const char *origin);
static void put_server_settings(ReturnSetInfo *result);
static int	compare_variables(const void *a, const void *b);

/* settings(source, service) */
Datum
migrator_settings(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	Scope	   *scope;

	owner_query_check_version();
	scope = scope_resolve(api_text(fcinfo, 0), api_text(fcinfo, 1), NULL);
	scope_take_stamp(scope);
	if (scope->environment == NULL && scope->source != NULL)
	{
		/*
		 * what cannot be read says nothing, and the settings are shown all
		 * the same
		 */
		ErrorData  *error = transaction_try(ask_source, scope, false);

		if (error != NULL && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
	}
	put_setting(result, "service", scope->service, scope->service_origin);
	put_setting(result, "source", scope->source, scope->source_origin);
	put_setting(result, "environment", scope->environment, scope->environment_origin);
	put_setting(result, "search_path",
				scope->search_path ? scope->search_path :
				GetConfigOptionByName("search_path", NULL, false),
				scope->search_path_origin);
	put_setting(result, "ignore", patterns_json(scope), scope->ignore_count > 0 ? "registration" : "default");
	put_setting(result, "layout", scope->layout, scope->layout != NULL ? "registration" : "default");
	put_setting(result, "contexts", scope->contexts, scope->contexts != NULL ? "registration" : "default");
	put_setting(result, "labels", scope->labels, scope->labels != NULL ? "registration" : "default");
	put_server_settings(result);
	return (Datum) 0;
}

/* As option "ignore" takes them. */
static char *
patterns_json(const Scope *scope)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int i = 0; i < scope->ignore_count; i++)
	{
		if (i > 0)
			appendStringInfoString(&json, ", ");
		escape_json(&json, scope->ignore[i]);
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

/* The source's own word is the last. */
static void
ask_source(void *argument)
{
	Scope	   *scope = argument;
	const LayoutHints hints = {.ignore = scope->ignore,.ignore_count = scope->ignore_count};

	scope->environment = environment_files_current(source_open(scope->source), &hints);
	if (scope->environment != NULL)
		scope->environment_origin = ENVIRONMENTS_FILE;
}

static void
put_setting(ReturnSetInfo *result, const char *name, const char *value, const char *origin)
{
	Datum		values[3];
	bool		nulls[3] = {false};

	api_set_text(values, nulls, 0, name);
	api_set_text(values, nulls, 1, value);
	api_set_text(values, nulls, 2, origin);
	api_put_row(result, values, nulls);
}

/* The origin is that of pg_settings.source: default, database, user, session, ... */
static void
put_server_settings(ReturnSetInfo *result)
{
	int			count;
	struct config_generic **all = guc_variables(&count);
	struct config_generic **ours = palloc(count * sizeof(*ours));
	int			found = 0;

	for (int i = 0; i < count; i++)
		if (strncmp(all[i]->name, "migrator.", strlen("migrator.")) == 0)
			ours[found++] = all[i];
	qsort(ours, found, sizeof(*ours), compare_variables);
	for (int i = 0; i < found; i++)
		put_setting(result, ours[i]->name, GetConfigOptionByName(ours[i]->name, NULL, false),
					GucSource_Names[ours[i]->source]);
}

static int
compare_variables(const void *a, const void *b)
{
	return strcmp((*(struct config_generic *const *) a)->name,
				  (*(struct config_generic *const *) b)->name);
}
