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
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "api.h"

/* keys of argument "options" of the run functions */
static const char *const run_options[] = {"force", "allow_late"};

static void require_object(Jsonb *options);
static void run_option(RunRequest *request, const char *key, JsonbValue *value);
static void refuse_option(const char *key);
static char **strings_of(JsonbValue *value, int *count);

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

char **
api_required_text_array(FunctionCallInfo fcinfo, int n, const char *name, int *count)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be null", name));
	return api_text_array(fcinfo, n, name, count);
}

char **
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
				errhint("Zero waits without limit."));
	/* less than a millisecond is still not "no limit" */
	return ms > INT_MAX ? INT_MAX : ms > 0 && ms < 1 ? 1 : (int) ms;
}

void
api_refuse_variables(FunctionCallInfo fcinfo, int n)
{
	if (!PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("argument \"variables\" is not supported yet"),
				errdetail("Nothing was run."));
}

static void
require_object(Jsonb *options)
{
	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"options\" must be a JSON object"));
}

void
api_run_options(FunctionCallInfo fcinfo, int n, RunRequest *request)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	char	   *key = NULL;

	if (PG_ARGISNULL(n))
		return;
	require_object(PG_GETARG_JSONB_P(n));
	iterator = JsonbIteratorInit(&PG_GETARG_JSONB_P(n)->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			run_option(request, key, &value);
	}
}

static void
run_option(RunRequest *request, const char *key, JsonbValue *value)
{
	if (strcmp(key, "force") == 0)
	{
		if (value->type != jbvBool)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("option \"force\" must be true or false"));
		request->force = value->val.boolean;
	}
	else if (strcmp(key, "allow_late") == 0)
		request->plan.allow_late = strings_of(value, &request->plan.allow_late_count);
	else
		refuse_option(key);
}

/* Name the known option nearest to what was written. */
static void
refuse_option(const char *key)
{
	const char *nearest = NULL;
	int			best = INT_MAX;

	for (int i = 0; i < lengthof(run_options) && strlen(key) <= 255; i++)
	{
		int			distance = varstr_levenshtein(key, strlen(key), run_options[i],
												  strlen(run_options[i]), 1, 1, 1, true);

		if (distance < best)
		{
			best = distance;
			nearest = run_options[i];
		}
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown option \"%s\"", key),
			nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0);
}

/* A string, or an array of strings. */
static char **
strings_of(JsonbValue *value, int *count)
{
	char	  **result;

	*count = 0;
	if (value->type == jbvString)
	{
		result = palloc(sizeof(char *));
		result[0] = pnstrdup(value->val.string.val, value->val.string.len);
		*count = 1;
		return result;
	}
	if (value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data))
	{
		JsonbContainer *array = value->val.binary.data;
		int			size = JsonContainerSize(array);

		result = palloc(Max(size, 1) * sizeof(char *));
		for (int i = 0; i < size; i++)
		{
			JsonbValue *element = getIthJsonbValueFromContainer(array, i);

			if (element->type != jbvString)
				break;
			result[(*count)++] = pnstrdup(element->val.string.val, element->val.string.len);
		}
		if (*count == size)
			return result;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("option \"allow_late\" must be a version or an array of versions"),
			errhint("Write versions as strings."));
}

void
api_refuse_options(FunctionCallInfo fcinfo, int n)
{
	JsonbIterator *iterator;
	JsonbValue	value;

	if (PG_ARGISNULL(n))
		return;
	require_object(PG_GETARG_JSONB_P(n));
	iterator = JsonbIteratorInit(&PG_GETARG_JSONB_P(n)->root);
	(void) JsonbIteratorNext(&iterator, &value, true);
	if (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown option \"%s\"",
					   pnstrdup(value.val.string.val, value.val.string.len)),
				errhint("There are no options here yet."));
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

void
api_set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text ? CStringGetTextDatum(text) : (Datum) 0;
}
