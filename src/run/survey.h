/*
 * survey.h
 *	  A look at a service: its source and its record, joined and checked.
 *
 * What every call begins with, whether it then prints or runs.
 */
#ifndef MIGRATOR_RUN_SURVEY_H
#define MIGRATOR_RUN_SURVEY_H

#include "plan/check_scripts.h"
#include "plan/plan.h"
#include "plan/policy.h"
#include "plan/scope.h"
#include "source/source.h"

typedef struct Survey
{
	const Scope *scope;			/* with the environment of this look */
	Source	   *source;			/* NULL: the record alone */
	UnitReader *reader;			/* likewise */
	MigrationSet *set;			/* likewise */
	Record	   *record;
	MigrationPlan *plan;
	CheckSettings checks;		/* what configuration makes of them */
} Survey;

/*
 * Take a survey in CurrentMemoryContext.  Raises what opening and recognising
 * the source raises.
 */
extern Survey *survey_take(const Scope *asked, CheckDepth depth);

/*
 * The policy that holds for a service so registered (or NULL, not at all), with
 * what the source says of its environment.
 */
extern void survey_decide_policy(const Survey *survey, const Service *registration, Policy *policy);

/*
 * What stops every run of this source, whatever it would select: environments,
 * names, two files of one version, a layout or files that are not those of the record, a
 * source that is not the registered one.  A run and the functions that only
 * look ask the same.  force: of options, for the last two.
 */
extern void survey_find_what_stops(const Survey *survey, bool force, FindingSink *sink);

/* Raise the first of these; before them 55000, where the service's stamp is another environment. */
extern void survey_raise_what_stops(const Survey *survey, bool force);

/*
 * Of a run that goes up: choose its steps, and raise all that stops it before its
 * first statement, but who calls it and the above; fills *policy with what holds
 * for the registration (or NULL).  Where nothing is chosen, that is what keeps
 * a service from being current although nothing is pending.
 */
extern void survey_raise_before_run(const Survey *survey, const Service *registration,
									const PlanRequest *request, Policy *policy);

/* All findings, those of scripts among them: validate(). */
extern void survey_find_all(const Survey *survey, FindingSink *sink);


/* Code of that version that is not on record as applied, and no script beside it; or NULL. */
extern const RefusedEntry *survey_find_code(const Survey *survey, const char *version);

/* The step of that version, written in any way.  Raises 22023 when there is none. */
extern Step *survey_find_step(const Survey *survey, const char *version);

#endif
