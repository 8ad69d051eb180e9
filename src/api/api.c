/*
 * api.c
 *	  Helpers of the SQL functions: arguments in, rows out.
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "base/glob.h"
#include "layout/layout.h"

/* keys of argument "options" of the run functions */
static const OptionKey run_options[] = {
	{"force", OPTION_BOOLEAN, "true or false"},
	{"allow_late", OPTION_STRING_OR_STRINGS, "a version or an array of versions", "Write versions as strings."},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them"},
	{"layout", OPTION_STRING, "the name of a layout"},
	{"contexts", OPTION_STRING, "contexts of Liquibase, with commas between them"},
	{"labels", OPTION_STRING, "an expression of Liquibase's labels"},
	{"verbose", OPTION_BOOLEAN, "true or false"},
	{"verify", OPTION_BOOLEAN, "true or false"},
	{NULL}
};

char *
api_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

bool
api_bool(FunctionCallInfo fcinfo, int n, bool when_null)
{
	return PG_ARGISNULL(n) ? when_null : PG_GETARG_BOOL(n);
}

char *
api_required_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be null", name));
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

char	  **
api_required_text_array(FunctionCallInfo fcinfo, int n, const char *name, int *count)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be null", name));
	return api_text_array(fcinfo, n, name, count);
}

char	  **
api_text_array(FunctionCallInfo fcinfo, int n, const char *name, int *count)
{
	Datum	   *values;
	bool	   *nulls;
	char	  **result;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, count);
	if (*count == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be empty", name));
	result = palloc(*count * sizeof(char *));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("argument \"%s\" must not contain nulls", name));
		result[i] = TextDatumGetCString(values[i]);
	}
	return result;
}

int
api_interval_ms(FunctionCallInfo fcinfo, int n, const char *name, int when_null)
{
	Interval   *interval;
	double		ms;

	if (PG_ARGISNULL(n))
		return when_null;
	interval = PG_GETARG_INTERVAL_P(n);
	ms = interval->time / 1000.0 +
		(interval->day + interval->month * (double) DAYS_PER_MONTH) * SECS_PER_DAY * 1000.0;
	if (ms < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be negative", name),
				strcmp(name, "threshold") == 0 ? 0 : errhint("Zero waits without limit."));
	/* less than a millisecond is still not "no limit" */
	return ms > INT_MAX ? INT_MAX : ms > 0 && ms < 1 ? 1 : (int) ms;
}

void
api_run_options(FunctionCallInfo fcinfo, int n, RunRequest *request)
{
	List	   *options = options_read(api_jsonb(fcinfo, n), run_options, false);
	const Option *force = options_find(options, "force");
	const Option *allow_late = options_find(options, "allow_late");
	const Option *verbose = options_find(options, "verbose");
	const Option *verify = options_find(options, "verify");

	if (verify != NULL)
	{
		request->verify = verify->boolean;
		request->no_verify = !verify->boolean;
	}
	if (force != NULL)
		request->force = force->boolean;
	request->brief = verbose == NULL || !verbose->boolean;
	if (allow_late != NULL)
	{
		request->plan.allow_late = allow_late->strings;
		request->plan.allow_late_count = allow_late->count;
	}
	api_option_ignore(options, &request->ignore, &request->ignore_count);
	api_option_layout(options, &request->layout);
	api_option_filters(options, &request->contexts, &request->labels);
}

void
api_put_run_options(const RunRequest *request, Scope *scope)
{
	if (request->ignore != NULL)
	{
		scope->ignore = request->ignore;
		scope->ignore_count = request->ignore_count;
	}
	if (request->layout != NULL)
		scope->layout = request->layout;
	if (request->contexts != NULL)
		scope->contexts = request->contexts;
	if (request->labels != NULL)
		scope->labels = request->labels;
}

void
api_option_layout(const List *options, const char **layout)
{
	const Option *chosen = options_find(options, "layout");

	if (chosen == NULL)
		return;
	layout_require_known(chosen->strings[0]);
	*layout = chosen->strings[0];
}

void
api_option_filters(const List *options, const char **contexts, const char **labels)
{
	const Option *given_contexts = options_find(options, "contexts");
	const Option *given_labels = options_find(options, "labels");

	if (given_contexts != NULL)
		*contexts = given_contexts->strings[0];
	if (given_labels != NULL)
		*labels = given_labels->strings[0];
}

void
api_option_ignore(const List *options, char ***patterns, int *count)
{
	const Option *ignore = options_find(options, "ignore");

	if (ignore == NULL)
		return;
	glob_require_valid(ignore->strings, ignore->count);
	for (int i = 0; i < ignore->count; i++)
	{
		/* whoever calls must not choose what is demanded of the call */
		if (name_is_manifest(ignore->strings[i]))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a call cannot ignore file \"%s\"", finding_one_line(ignore->strings[i])),
					errdetail("It says what must not run."),
					errhint("If it is meant for something else, register the service with it in option \"ignore\"."));
	}
	*patterns = ignore->strings;
	*count = ignore->count;
}

Jsonb *
api_jsonb(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);
}

ReturnSetInfo *
api_begin_rows(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	return (ReturnSetInfo *) fcinfo->resultinfo;
}

ReturnSetInfo *
api_begin_values(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	return (ReturnSetInfo *) fcinfo->resultinfo;
}

void
api_put_row(ReturnSetInfo *result, const Datum *values, const bool *nulls)
{
	tuplestore_putvalues(result->setResult, result->setDesc, (Datum *) values, (bool *) nulls);
}

char *
api_iso_time(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (TIMESTAMP_NOT_FINITE(time) || timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0)
		return NULL;
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec, (int) (fsec / 1000));
}

void
api_set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text ? CStringGetTextDatum(text) : (Datum) 0;
}

List *
api_scopes(FunctionCallInfo fcinfo, char **versions, int environment_argument, int variables_argument)
{
	List	   *scopes;
	ListCell   *lc;

	if (scope_means_all(api_text(fcinfo, 1)))
		scope_refuse_of_one(versions != NULL, "versions");
	scopes = scope_resolve_each(api_text(fcinfo, 0), api_text(fcinfo, 1), api_text(fcinfo, environment_argument));
	foreach(lc, scopes)
	{
		scope_take_variables(lfirst(lc), api_jsonb(fcinfo, variables_argument));
	}
	return scopes;
}
