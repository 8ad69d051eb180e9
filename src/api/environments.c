/*
 * environments.c
 *	  SQL function environments(): what a source says of its environments, and
 *	  what holds in each.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "layout/environments.h"
#include "plan/policy.h"
#include "run/survey.h"

PG_FUNCTION_INFO_V1(migrator_environments);

/* One of a survey; environment is NULL where the source says nothing of any. */
typedef struct Shown
{
	ReturnSetInfo *result;
	const Survey *survey;
	const Environment *environment;
} Shown;

static void put_environment(const Shown *shown);
static void put_checks(const Shown *shown);
static void put_variables(const Shown *shown);
static void put_row(const Shown *shown, const char *flag, const char *value, const char *origin);
static void append_pair(StringInfo json, const char *name, const char *value);

/* environments(source, service) */
Datum
migrator_environments(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	owner_query_check_version();
	foreach(lc, scope_resolve_each(api_text(fcinfo, 0), api_text(fcinfo, 1), NULL))
	{
		Shown		shown = {.result = result};
		const Environments *environments;
		ListCell   *inner;

		scope_require_source(lfirst(lc));
		shown.survey = survey_take(lfirst(lc), CHECK_FOR_RUN);
		environments = shown.survey->set->environments;
		if (environments == NULL)
			put_environment(&shown);
		else if (environments->malformed)
			finding_raise_first(&environments->findings);
		foreach(inner, environments ? environments->items : NIL)
		{
			shown.environment = lfirst(inner);
			put_environment(&shown);
		}
	}
	return (Datum) 0;
}

/* A row for each flag, and for what else the file or the registration gives. */
static void
put_environment(const Shown *shown)
{
	const Service *registration = shown->survey->scope->registration;
	Policy		policy;

	policy_decide(shown->environment ? &shown->environment->flags : NULL,
				  registration ? &registration->flags : NULL, &policy);
	for (int i = 0; i < POLICY_FLAG_COUNT; i++)
		put_row(shown, policy_flag_name(i), policy.value[i] ? "true" : "false", policy.origin[i]);
	put_checks(shown);
	put_variables(shown);
}

/* What the registration says is a floor over what the file says. */
static void
put_checks(const Shown *shown)
{
	const JsonNode *checks = shown->environment ? shown->environment->checks : NULL;
	const Service *registration = shown->survey->scope->registration;
	StringInfoData json;
	ListCell   *lc;

	initStringInfo(&json);
	foreach(lc, checks ? checks->children : NIL)
	{
		const JsonNode *check = lfirst(lc);

		append_pair(&json, check->key, check->text);
	}
	if (json.len > 0)
		put_row(shown, "checks", psprintf("{%s}", json.data), ENVIRONMENTS_FILE);
	resetStringInfo(&json);
	for (int i = 0; registration != NULL && i < registration->check_count; i++)
		append_pair(&json, registration->check_names[i], registration->check_severities[i]);
	if (json.len > 0)
		put_row(shown, "checks", psprintf("{%s}", json.data), "registration");
}

/* Their names alone: a value may be a password. */
static void
put_variables(const Shown *shown)
{
	const JsonNode *variables = shown->environment ? shown->environment->variables : NULL;
	StringInfoData json;
	ListCell   *lc;

	initStringInfo(&json);
	foreach(lc, variables ? variables->children : NIL)
		append_pair(&json, ((const JsonNode *) lfirst(lc))->key, NULL);
	if (json.len > 0)
		put_row(shown, "variables", psprintf("[%s]", json.data), ENVIRONMENTS_FILE);
}

static void
put_row(const Shown *shown, const char *flag, const char *value, const char *origin)
{
	const Survey *survey = shown->survey;
	const Environment *environment = shown->environment;
	const char *chosen = survey->scope->environment;
	const char *name = environment ? environment->name : chosen;
	Datum		values[8];
	bool		nulls[8] = {false};

	api_set_text(values, nulls, 0, name);
	values[1] = BoolGetDatum(environment == NULL || (chosen != NULL && strcmp(name, chosen) == 0));
	api_set_text(values, nulls, 2, environment ? environment->description : NULL);
	values[3] = Int32GetDatum(environment ? environment->migrations : survey->set->total);
	api_set_text(values, nulls, 4, flag);
	values[5] = DirectFunctionCall1(jsonb_in, CStringGetDatum(value));
	api_set_text(values, nulls, 6, origin);
	api_set_text(values, nulls, 7, survey->scope->service);
	api_put_row(shown->result, values, nulls);
}

/* value NULL: the name alone */
static void
append_pair(StringInfo json, const char *name, const char *value)
{
	if (json->len > 0)
		appendStringInfoString(json, ", ");
	escape_json(json, name);
	if (value == NULL)
		return;
	appendStringInfoString(json, ": ");
	escape_json(json, value);
}
