/*
 * environments.c
 *	  SQL function environments(): what a source says of its environments, and
 *	  what holds in each.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "plan/policy.h"
#include "run/survey.h"

PG_FUNCTION_INFO_V1(migrator_environments);

static void put_environment(ReturnSetInfo *result, const Survey *survey, const Environment *environment);

/* environments(source, service) */
Datum
migrator_environments(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	owner_query_check_version();
	foreach(lc, scope_resolve_each(api_text(fcinfo, 0), api_text(fcinfo, 1), NULL))
	{
		const Environments *environments;
		Survey	   *survey;
		ListCell   *inner;

		scope_require_source(lfirst(lc));
		survey = survey_take(lfirst(lc), CHECK_FOR_RUN);
		environments = survey->set->environments;
		if (environments == NULL)
			put_environment(result, survey, NULL);
		else if (environments->malformed)
			finding_raise_first(&environments->findings);
		else
			foreach(inner, environments->items)
				put_environment(result, survey, lfirst(inner));
	}
	return (Datum) 0;
}

/* A row for each flag.  NULL: of a source that says nothing of environments. */
static void
put_environment(ReturnSetInfo *result, const Survey *survey, const Environment *environment)
{
	const char *chosen = survey->scope->environment;
	const char *name = environment ? environment->name : chosen;
	const Service *registration = survey->scope->registration;
	Policy		policy;

	policy_decide(environment ? &environment->flags : NULL, registration ? &registration->flags : NULL, &policy);
	for (int i = 0; i < POLICY_FLAG_COUNT; i++)
	{
		Datum		values[8];
		bool		nulls[8] = {false};

		api_set_text(values, nulls, 0, name);
		values[1] = BoolGetDatum(environment == NULL || (chosen != NULL && strcmp(name, chosen) == 0));
		api_set_text(values, nulls, 2, environment ? environment->description : NULL);
		values[3] = Int32GetDatum(environment ? environment->migrations : survey->set->total);
		api_set_text(values, nulls, 4, policy_flag_name(i));
		values[5] = DirectFunctionCall1(jsonb_in, CStringGetDatum(policy.value[i] ? "true" : "false"));
		api_set_text(values, nulls, 6, policy.origin[i]);
		api_set_text(values, nulls, 7, survey->scope->service);
		api_put_row(result, values, nulls);
	}
}
