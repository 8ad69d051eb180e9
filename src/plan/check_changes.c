/*
 * check_changes.c
 *	  The checks of what scripts take away or change.
 */
#include "postgres.h"

#include "plan/check_changes.h"

static bool is_to_run(const Step *step, bool selected);
static void check_script(const StepScript *script, const char *version, PolicyValue allowed, FindingSink *sink);
static void check_hooks_of(const Hook *hook, const char *version, PolicyValue allowed, FindingSink *sink);

void
check_destructive(const MigrationPlan *plan, PolicyValue allowed, bool selected, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (!is_to_run(step, selected))
			continue;
		check_script(plan_step_script(plan, step), step->version, allowed, sink);
		check_hooks_of(plan_hook(plan, step, false), step->version, allowed, sink);
		check_hooks_of(plan_hook(plan, step, true), step->version, allowed, sink);
	}
	if (!selected || plan->selected > 0)
	{
		check_hooks_of(plan_hook(plan, NULL, false), NULL, allowed, sink);
		check_hooks_of(plan_hook(plan, NULL, true), NULL, allowed, sink);
	}
}

void
check_destructive_extra(const StepScript scripts[SCRIPT_PLACES], PolicyValue allowed, FindingSink *sink)
{
	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (scripts[i].unit != NULL)
			check_script(&scripts[i], NULL, allowed, sink);
}

static bool
is_to_run(const Step *step, bool selected)
{
	return selected ? step->selected : step->state != MIGRATION_APPLIED && step->up.unit != NULL;
}

static void
check_hooks_of(const Hook *hook, const char *version, PolicyValue allowed, FindingSink *sink)
{
	for (; hook != NULL; hook = hook->next)
		check_script(&hook->script, version, allowed, sink);
}

static void
check_script(const StepScript *script, const char *version, PolicyValue allowed, FindingSink *sink)
{
	const ScriptChanges *changes = &script->changes;
	bool		refused = allowed == POLICY_FALSE;
	int			others = changes->destructive_count - list_length(changes->destructive);
	Finding		finding = {
		.check = refused ? CHECK_DESTRUCTIVE_REFUSED :
		allowed == POLICY_TRUE ? CHECK_DESTRUCTIVE_ALLOWED : CHECK_DESTRUCTIVE,
		.version = version
	};
	ListCell   *lc;

	foreach(lc, changes->destructive)
	{
		const ScriptChange *change = lfirst(lc);

		finding.file = script->unit->file;
		finding.line = change->line;
		finding.column = change->column;
		finding.message = psprintf(refused ? "destructive statement is not allowed: %s" : "destructive statement: %s",
								   change->what);
		finding.detail = others > 0 && lnext(changes->destructive, lc) == NULL ?
			psprintf("and %d more in this script", others) : NULL;
		finding.hint = refused ?
			"The service's registration, or environments.json, says that allow_destructive_operations is false." : NULL;
		finding_add(sink, &finding);
	}
	finding.detail = NULL;
	finding.hint = "Look whether it loses anything: no flag stops what it does.";
	finding.file = script->unit->file;
	if (changes->late.line > 0 && allowed != POLICY_TRUE)
	{
		finding.check = CHECK_DESTRUCTIVE;
		finding.line = changes->late.line;
		finding.column = changes->late.column;
		finding.message = psprintf("the statement is known to the run only: %s", changes->late.what);
		finding_add(sink, &finding);
	}
	if (changes->hidden.line > 0 && allowed != POLICY_TRUE)
	{
		finding.check = CHECK_DESTRUCTIVE;
		finding.line = changes->hidden.line;
		finding.column = changes->hidden.column;
		finding.message = psprintf("the DO block cannot be looked into, and has the word \"%s\"", changes->hidden.what);
		finding_add(sink, &finding);
	}
}

void
check_change_class(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		const ScriptChanges *changes = &step->up.changes;
		Finding		finding = {
			.check = CHECK_CHANGE_CLASS,
			.version = step->version,
			.line = changes->worst.line,
			.column = changes->worst.column
		};

		if (!is_to_run(step, false) || changes->change_class == CHANGE_SAFE)
			continue;
		finding.file = step->up.unit->file;
		finding.message = psprintf("class %s: %s", change_class_name(changes->change_class), changes->worst.what);
		finding_add(sink, &finding);
	}
}
