/*
 * metrics.c
 *	  Metrics as rows, behind view "metrics", and as Prometheus' text.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "api/api.h"
#include "base/compat.h"
#include "base/owner_query.h"
#include "watch/metrics.h"

PG_FUNCTION_INFO_V1(migrator_metric_rows);
PG_FUNCTION_INFO_V1(migrator_metrics_text);

static void require_select(void);
static Datum labels_jsonb(const MetricSample *sample);
static void append_sample(StringInfo text, const MetricFamily *family, const MetricSample *sample);
static void append_escaped(StringInfo text, const char *value, bool quote);
static void append_number(StringInfo text, double value);

/*
 * The source of view "metrics".  A view's functions run with the rights of whoever
 * reads the view, so this one may be called by everybody, and looks after the
 * rights on the view by itself.
 */
Datum
migrator_metric_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	owner_query_check_version();
	require_select();
	foreach(lc, metrics_collect())
	{
		const MetricFamily *family = lfirst(lc);
		ListCell   *inner;

		foreach(inner, family->samples)
		{
			const MetricSample *sample = lfirst(inner);
			Datum		values[5];
			bool		nulls[5] = {false};

			api_set_text(values, nulls, 0, psprintf("%s%s", family->name, sample->suffix));
			api_set_text(values, nulls, 1, family->kind);
			values[2] = labels_jsonb(sample);
			values[3] = Float8GetDatum(sample->value);
			api_set_text(values, nulls, 4, family->help);
			api_put_row(result, values, nulls);
		}
	}
	return (Datum) 0;
}

static void
require_select(void)
{
	Oid			view = get_relname_relid("metrics", get_namespace_oid(MIGRATOR_SCHEMA, false));

	if (!OidIsValid(view) || pg_class_aclcheck(view, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_VIEW, "metrics");
}

static Datum
labels_jsonb(const MetricSample *sample)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < METRIC_LABELS && sample->labels[i][0] != NULL; i++)
	{
		appendStringInfo(&json, "%s\"%s\": ", i > 0 ? ", " : "", sample->labels[i][0]);
		escape_json(&json, sample->labels[i][1]);
	}
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* Exposition format 0.0.4; a family without samples is left out. */
Datum
migrator_metrics_text(PG_FUNCTION_ARGS)
{
	StringInfoData text;
	ListCell   *lc;

	owner_query_check_version();
	initStringInfo(&text);
	foreach(lc, metrics_collect())
	{
		const MetricFamily *family = lfirst(lc);
		ListCell   *inner;

		if (family->samples == NIL)
			continue;
		appendStringInfo(&text, "# HELP %s ", family->name);
		append_escaped(&text, family->help, false);
		appendStringInfo(&text, "\n# TYPE %s %s\n", family->name, family->kind);
		foreach(inner, family->samples)
		{
			append_sample(&text, family, lfirst(inner));
		}
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

static void
append_sample(StringInfo text, const MetricFamily *family, const MetricSample *sample)
{
	appendStringInfo(text, "%s%s", family->name, sample->suffix);
	for (int i = 0; i < METRIC_LABELS && sample->labels[i][0] != NULL; i++)
	{
		appendStringInfo(text, "%s%s=\"", i > 0 ? "," : "{", sample->labels[i][0]);
		append_escaped(text, sample->labels[i][1], true);
		appendStringInfoChar(text, '"');
	}
	appendStringInfoString(text, sample->labels[0][0] != NULL ? "} " : " ");
	append_number(text, sample->value);
	appendStringInfoChar(text, '\n');
}

static void
append_escaped(StringInfo text, const char *value, bool quote)
{
	for (; *value != '\0'; value++)
	{
		if (*value == '\n')
			appendStringInfoString(text, "\\n");
		else
		{
			if (*value == '\\' || (quote && *value == '"'))
				appendStringInfoChar(text, '\\');
			appendStringInfoChar(text, *value);
		}
	}
}

/* As the server prints a float8, but for what has no digits. */
static void
append_number(StringInfo text, double value)
{
	if (isnan(value))
		appendStringInfoString(text, "NaN");
	else if (isinf(value))
		appendStringInfoString(text, value < 0 ? "-Inf" : "+Inf");
	else
		appendStringInfoString(text, psprintf("%.15g", value));
}
