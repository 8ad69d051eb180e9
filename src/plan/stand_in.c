/*
 * stand_in.c
 *	  Scripts that stand in the place of others where none of them ran.
 */
#include "postgres.h"

#include "base/finding.h"
#include "plan/stand_in.h"

static const Step *find_stand_in(const MigrationPlan *plan, const char *target);
static bool is_within(const MigrationPlan *plan, const Step *step, const char *target);
static bool stands_for(const MigrationPlan *plan, const Step *stand_in, const Step *step);
static int	exclude(Step *step, const char *message);

static inline bool
is_stand_in(const Step *step)
{
	return step->migration != NULL && step->migration->kind == MIGRATION_BASELINE;
}

int
stand_in_settle(MigrationPlan *plan, const char *target)
{
	const Step *stand_in;
	bool		any = false;
	int			excluded = 0;

	for (int i = 0; i < plan->count && !any; i++)
		any = is_stand_in(&plan->steps[i]);
	if (!any)
		return 0;
	target = plan_target_reached(plan, target);
	stand_in = find_stand_in(plan, target);
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];

		if (step == stand_in || step->row != NULL || step->migration == NULL || (step->flags & FLAG_EXCLUDED))
			continue;
		if (is_stand_in(step))
			excluded += exclude(step, !is_within(plan, step, target) ? "it stands for more than the target" :
								stand_in != NULL && stand_in->row == NULL ?
								psprintf("\"%s\" stands for it and for more", finding_one_line(stand_in->version)) :
								"it is for a database in which no migration has run");
		else if (stand_in != NULL && stands_for(plan, stand_in, step))
			excluded += exclude(step, psprintf("\"%s\" stands for it", finding_one_line(stand_in->version)));
	}
	return excluded;
}

/* The one that ran, or will; NULL when migrations ran without one. */
static const Step *
find_stand_in(const MigrationPlan *plan, const char *target)
{
	const Step *last = NULL;
	bool		others = false;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (!is_stand_in(step))
			others |= step->row != NULL && step->state != MIGRATION_FAILED;
		else if (step->row != NULL)
			return step;
		else if ((step->flags & FLAG_EXCLUDED) == 0 && is_within(plan, step, target) &&
				 (last == NULL || version_compare(plan->order, step->migration->stands_for, last->migration->stands_for) > 0))
			last = step;
	}
	return others ? NULL : last;
}

static bool
is_within(const MigrationPlan *plan, const Step *step, const char *target)
{
	return target == NULL || version_within_target(plan->order, step->migration->stands_for, target);
}

static bool
stands_for(const MigrationPlan *plan, const Step *stand_in, const Step *step)
{
	return step->migration->kind == MIGRATION_VERSIONED &&
		version_compare(plan->order, step->version, stand_in->migration->stands_for) <= 0;
}

static int
exclude(Step *step, const char *message)
{
	step->flags |= FLAG_EXCLUDED;
	step->message = message;
	return 1;
}
