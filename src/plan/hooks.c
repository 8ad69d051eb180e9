/*
 * hooks.c
 *	  The hooks of a source and what they stand around.
 *
 * A version is found as "versions" finds it: 1 is 000001.  One whose file is
 * gone but which is on record has had its hook, which may stay.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/digest.h"
#include "base/finding.h"
#include "plan/hooks.h"

static bool are_one(const HookFile *a, const HookFile *b);
static const HookFile *first_each(const List *hooks, const HookFile *file);
static bool put_hook(Hook **place, const HookFile *file);
static Hook **hook_place(MigrationPlan *plan, Step *step, const HookFile *file);
static const HookFile *first_placed(const MigrationPlan *plan, const HookFile *file);
static void add_hook_finding(const HookFile *hook, const char *message, FindingSink *sink);

void
hooks_attach(MigrationPlan *plan)
{
	ListCell   *lc;

	if (plan->set == NULL)
		return;
	for (int i = 0; i < SCRIPT_PLACES; i++)
	{
		plan->bootstrap[i].unit = plan->set->bootstrap[i];
		plan->seeds[i].unit = plan->set->seeds[i];
	}
	foreach(lc, plan->set->hooks)
	{
		const HookFile *file = lfirst(lc);
		Step	   *step = file->version ? plan_find(plan, file->version) : NULL;

		if (file->each && first_each(plan->set->hooks, file) != file)
			plan->second_hooks = lappend(plan->second_hooks, (void *) file);
		else if (file->each)
		{
			/* one of a migration's own comes first */
			for (int i = 0; i < plan->count; i++)
				(void) put_hook(hook_place(plan, &plan->steps[i], file), file);
		}
		else if (file->version != NULL && step == NULL)
			plan->stray_hooks = lappend(plan->stray_hooks, (void *) file);
		else if (file->shell)
			plan->shell_hooks = lappend(plan->shell_hooks, (void *) file);
		else if (!put_hook(hook_place(plan, step, file), file))
			plan->second_hooks = lappend(plan->second_hooks, (void *) file);
	}
}

/* Two of one event: may only one of them be there? */
static bool
are_one(const HookFile *a, const HookFile *b)
{
	return a->rank == NULL || b->rank == NULL || strcmp(a->rank, b->rank) == 0;
}

/* Of those around each migration, the first of the same event: perhaps the file itself. */
static const HookFile *
first_each(const List *hooks, const HookFile *file)
{
	ListCell   *lc;

	foreach(lc, hooks)
	{
		const HookFile *other = lfirst(lc);

		if (other->each && other->after == file->after && other->back == file->back && are_one(other, file))
			return other;
	}
	return file;
}

/* Among those of its event, in their order.  False: there is one that it cannot be beside. */
static bool
put_hook(Hook **place, const HookFile *file)
{
	Hook	   *hook;

	while (*place != NULL)
	{
		if (are_one((*place)->file, file))
			return false;
		if (strcmp((*place)->file->rank, file->rank) > 0)
			break;
		place = &(*place)->next;
	}
	hook = palloc0(sizeof(Hook));
	hook->file = file;
	hook->script.unit = file->unit;
	hook->next = *place;
	*place = hook;
	return true;
}

/* Where the hook of a step, or (NULL) of the run, belongs. */
static Hook **
hook_place(MigrationPlan *plan, Step *step, const HookFile *file)
{
	if (file->back)
		return step != NULL ?
			(file->after ? &step->back_after : &step->back_before) :
			(file->after ? &plan->back_after : &plan->back_before);
	return step != NULL ?
		(file->after ? &step->after : &step->before) :
		(file->after ? &plan->after : &plan->before);
}

/* The one because of which the file has no place. */
static const HookFile *
first_placed(const MigrationPlan *plan, const HookFile *file)
{
	const Step *step = file->version ? plan_find(plan, file->version) : NULL;
	const Hook *hook = *hook_place((MigrationPlan *) plan, (Step *) step, file);

	while (!are_one(hook->file, file))
		hook = hook->next;
	return hook->file;
}

char *
hooks_checksum(const StepScript scripts[SCRIPT_PLACES])
{
	StringInfoData all;
	char	   *checksum = palloc(SHA256_HEX_LENGTH + 1);

	initStringInfo(&all);
	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (scripts[i].checksum != NULL)
			appendStringInfoString(&all, scripts[i].checksum);
	if (all.len <= SHA256_HEX_LENGTH)
		return all.data;
	digest_sha256(all.data, all.len, checksum);
	return checksum;
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
		const HookFile *first = second->each ? first_each(plan->set->hooks, second) : first_placed(plan, second);

		add_hook_finding(second, psprintf("\"%s\" is for the same event", finding_one_line(first->unit->file)), sink);
	}
}

void
check_shell_hooks(const MigrationPlan *plan, bool chosen, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, plan->shell_hooks)
	{
		const HookFile *hook = lfirst(lc);
		const Step *step = hook->version ? plan_find(plan, hook->version) : NULL;
		Finding		finding = {
			.check = CHECK_HOOKS,
			.idle = !hook->back && step != NULL && step->state == MIGRATION_APPLIED,
			.version = step ? step->version : NULL,
			.file = hook->unit->file,
			.message = psprintf("hook \"%s\" cannot run: a database server runs no shell", finding_one_line(hook->unit->file)),
			.hint = "migrator-push --hooks runs it on the client; or leave it out with options => '{\"ignore\": [\"*.sh\"]}', here or in migrator.register()."
		};

		if (chosen && hook->back != (plan->direction == UNIT_DOWN))
			continue;
		if (!chosen || (step != NULL ? step->selected : plan->selected > 0))
			finding_add(sink, &finding);
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
