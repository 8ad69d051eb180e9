/*
 * survey.c
 *	  A look at a service: its source and its record, joined and checked.
 */
#include "postgres.h"

#include "layout.h"
#include "survey.h"

Survey *
survey_take(const Scope *scope, CheckDepth depth)
{
	Survey	   *survey = palloc0(sizeof(Survey));

	survey->scope = scope;
	if (scope->source != NULL)
	{
		survey->source = source_open(scope->source);
		survey->set = layout_read(survey->source);
	}
	survey->record = record_load(scope->service, InvalidSnapshot);
	survey->plan = plan_join(survey->set, survey->record);
	if (survey->source != NULL)
		check_scripts(survey->plan, survey->source, depth);
	plan_mark_late(survey->plan);
	return survey;
}
