/*
 * hooks.c
 *	  The hooks of a source and what they stand around.
 *
 * A version is found as "versions" finds it: 1 is 000001.  One whose file is
 * gone but which is on record has had its hook, which may stay.
 */
#include "postgres.h"

#include "base/finding.h"
#include "plan/hooks.h"

static Step *find_step(const MigrationPlan *plan, const char *version);
static void add_hook_finding(const HookFile *hook, const char *message, FindingSink *sink);

void
hooks_attach(MigrationPlan *plan)
{
	ListCell   *lc;

	if (plan->set == NULL)
		return;
	foreach(lc, plan->set->hooks)
	{
		const HookFile *file = lfirst(lc);
		Step	   *step = file->version ? find_step(plan, file->version) : NULL;
		Hook	  **place = step != NULL ?
			(file->after ? &step->after : &step->before) :
			(file->after ? &plan->after : &plan->before);

		if (file->version != NULL && step == NULL)
			plan->stray_hooks = lappend(plan->stray_hooks, (void *) file);
		else if (*place != NULL)
			plan->second_hooks = lappend(plan->second_hooks, (void *) file);
		else
		{
			*place = palloc0(sizeof(Hook));
			(*place)->file = file;
			(*place)->script.unit = file->unit;
		}
	}
}

static Step *
find_step(const MigrationPlan *plan, const char *version)
{
	int			low = 0,
				high = plan->count - 1;

	while (low <= high)
	{
		int			middle = low + (high - low) / 2;
		int			order = version_compare(plan->order, plan->steps[middle].version, version);

		if (order == 0)
			return &plan->steps[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return NULL;
}

void
check_hooks(const MigrationPlan *plan, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, plan->stray_hooks)
	{
		add_hook_finding(lfirst(lc), "there is no migration of that version", sink);
	}
	foreach(lc, plan->second_hooks)
	{
		const HookFile *second = lfirst(lc);
		const Step *step = second->version ? find_step(plan, second->version) : NULL;
		const Hook *first = step != NULL ?
			(second->after ? step->after : step->before) :
			(second->after ? plan->after : plan->before);

		add_hook_finding(second, psprintf("\"%s\" is for the same event", finding_one_line(first->file->unit->file)), sink);
	}
}

static void
add_hook_finding(const HookFile *hook, const char *message, FindingSink *sink)
{
	Finding		finding = {
		.check = CHECK_HOOKS,
		.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
		.file = hook->unit->file,
		.message = psprintf("hook \"%s\" cannot run: %s", finding_one_line(hook->unit->file), message),
		.hint = "Rename or remove the file; or leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()."
	};

	finding_add(sink, &finding);
}
