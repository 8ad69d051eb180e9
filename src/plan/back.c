/*
 * back.c
 *	  The way back: which migrations are taken back, and what stops that.
 *
 * They go in the reverse of the order in which they would be applied now, not
 * of the one in which they were: a late migration was written for its place.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

#include "base/errors.h"
#include "plan/affected.h"
#include "plan/back.h"
#include "plan/order.h"

#define LIST_AT_MOST 10

/* A table's name, and which of the chosen steps touch one that is called so. */
typedef struct TableEntry
{
	char		name[NAMEDATALEN];
	List	   *owners;			/* of TableOwner *, by place */
} TableEntry;

typedef struct TableOwner
{
	const char *schema;			/* or NULL */
	int			place;
} TableOwner;

/* What is said of those that depend on the chosen ones. */
typedef struct Dependents
{
	const MigrationPlan *plan;
	int			count;
	const Step *chosen;			/* of the first */
	const Step *dependent;
	StringInfoData list;
} Dependents;

static bool is_there(const Step *step);
static bool is_half_up(const Step *step);
static bool is_of_run(const Step *step, const char *service, int64 run_id);
static bool says_rollback_safe(const Step *step);
static int	place_of_target(const MigrationPlan *plan, const char *target);
static void require_known(const MigrationPlan *plan, const char *version);
static void add_half_up(const Step *step, FindingSink *sink);
static const char *file_of_need(const MigrationPlan *plan, const Step *step, const Step *need);
static HTAB *tables_of_chosen(const MigrationPlan *plan);
static void find_shared_table(Dependents *dependents, HTAB *tables, int place);
static void add_dependent(Dependents *dependents, const Step *chosen, const Step *dependent, const char *why);

bool
back_is_selective(const BackRequest *request)
{
	return request->versions != NULL || request->run_id != 0;
}

/* Is there something of it to take back? */
static bool
is_there(const Step *step)
{
	/* what runs again has no way back: it follows what it is made for */
	if ((step->flags & FLAG_REPEATABLE) && step->down.unit == NULL)
		return false;
	return step->state == MIGRATION_APPLIED || step->again || (step->row != NULL && step->row->going_back);
}

/* Is a part of it there, from its way up?  A run that is in progress is waited for. */
static bool
is_half_up(const Step *step)
{
	if (step->row == NULL || step->row->going_back)
		return false;
	return step->state == MIGRATION_INTERRUPTED ||
		(step->state == MIGRATION_FAILED && step->row->statement_done + step->row->statement_started > 0);
}

/* Of what is partly rolled back, the row has the number of the run that went back. */
static bool
is_of_run(const Step *step, const char *service, int64 run_id)
{
	if (step->row == NULL)
		return false;
	return run_id == (step->row->going_back ? record_last_applied_by(service, step->row->version) : step->row->run_id);
}

void
back_select(MigrationPlan *plan, const char *service, const BackRequest *request, FindingSink *sink)
{
	bool	   *named;
	int			stays;
	int			left = request->steps > 0 ? request->steps : 1;
	int			first = plan->count;

	order_by_execution(plan);
	named = plan_mark_named(plan, request->versions, request->version_count);
	stays = request->target != NULL ? place_of_target(plan, request->target) : -1;
	for (int i = 0; i < request->version_count; i++)
		require_known(plan, request->versions[i]);
	plan->direction = UNIT_DOWN;
	plan->selected = 0;
	for (int i = plan->count - 1; i >= 0; i--)
	{
		Step	   *step = &plan->steps[i];

		if (request->versions != NULL)
			step->selected = named[i];
		else if (request->run_id != 0)
			step->selected = is_of_run(step, service, request->run_id);
		else if (request->target != NULL)
			step->selected = i > stays && (stays < 0 || !plan_step_has_no_place(step));
		else
			step->selected = left > plan->selected && !plan_step_has_no_place(step);
		step->selected = step->selected && is_there(step);
		if (step->selected)
		{
			plan->selected++;
			first = i;
		}
	}
	for (int i = 0; i < plan->count; i++)
		if (is_half_up(&plan->steps[i]) &&
			(request->versions != NULL ? named[i] : i > first || (request->target != NULL && i > stays)))
			add_half_up(&plan->steps[i], sink);
}

/* The last place of what the target names; -1 for none at all. */
static int
place_of_target(const MigrationPlan *plan, const char *target)
{
	if (target[0] == '\0')
		return -1;
	if (plan->order == VERSION_ORDER_PLAN && plan_find(plan, target) != NULL)
		return (int) (plan_find(plan, target) - plan->steps);
	for (int i = plan->count - 1; i >= 0; i--)
		if (version_is_target(plan->order, plan->steps[i].version, target))
			return i;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("target \"%s\" is no version that is known here", finding_one_line(target)),
			errhint("It is the version that stays; an empty one takes all back."));
}

static void
require_known(const MigrationPlan *plan, const char *version)
{
	CHECK_FOR_INTERRUPTS();
	if (plan_find(plan, version) == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("version \"%s\" is neither on record nor in the source", finding_one_line(version)));
}

static void
add_half_up(const Step *step, FindingSink *sink)
{
	Finding		finding = {
		.check = CHECK_INTERRUPTED,
		.version = step->version,
		.file = step->up.unit ? step->up.unit->file : step->row->file,
		.message = psprintf("migration \"%s\" is partly applied", step->version),
		.hint = "CALL migrator.up() goes on with it; or look at what it did and resolve it with migrator.resolve()."
	};

	finding_add(sink, &finding);
}

void
back_require_scripts(const MigrationPlan *plan, const BackRequest *request)
{
	StringInfoData list;
	int			count = 0;

	initStringInfo(&list);
	for (int i = plan->count - 1; i >= 0; i--)
	{
		const Step *step = &plan->steps[i];

		if (!step->selected || step->down.unit != NULL)
			continue;
		appendStringInfo(&list, "%s\"%s\"", count++ > 0 ? ", " : "", finding_one_line(step->version));
	}
	if (count > 0)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_IRREVERSIBLE),
				errmsg_plural("%d migration has no down script: %s", "%d migrations have no down script: %s",
							  count, count, list.data),
				errdetail("Nothing was run."),
				request->down_source == DOWN_SOURCE_FILE ?
				errhint("Without down_source \"file\" those that are on record are run.") :
				errhint("Write the down scripts beside the files; what cannot be undone so is taken back by a new migration."));
}

void
back_require_files(const MigrationPlan *plan)
{
	for (int i = plan->count - 1; i >= 0; i--)
		if (plan->steps[i].selected && plan->steps[i].migration == NULL)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("migration \"%s\" has no file in this source", finding_one_line(plan->steps[i].version)),
					errdetail("It could not be applied again. Nothing was run."),
					errhint("migrator.down() takes it back."));
}

static bool
says_rollback_safe(const Step *step)
{
	return step->entry == NULL || !step->entry->tells_rollback_safe || step->entry->rollback_safe;
}

bool
back_is_irreversible(const Step *step)
{
	return !says_rollback_safe(step) || (step->flags & FLAG_IRREVERSIBLE) != 0;
}

bool
back_says_irreversible(const Step *step)
{
	return !says_rollback_safe(step) || step->says_irreversible;
}

void
back_require_reversible(const MigrationPlan *plan)
{
	for (int i = plan->count - 1; i >= 0; i--)
	{
		const Step *step = &plan->steps[i];
		bool		by_entry = !says_rollback_safe(step);

		if (!step->selected || !back_is_irreversible(step))
			continue;
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_IRREVERSIBLE),
				errmsg("migration \"%s\" is not to be taken back", finding_one_line(step->version)),
				by_entry ?
				errdetail("\"%s\" says that rollback_safe is false. Nothing was run.", plan->set->manifest->file) :
				step->says_irreversible ?
				errdetail("Its script says \"-- migrator: irreversible\". Nothing was run.") :
				errdetail("Its files said so when it was applied. Nothing was run."),
				errhint("If it is meant: options => '{\"force\": true}'."));
	}
}

void
back_require_independent(const MigrationPlan *plan)
{
	HTAB	   *tables = tables_of_chosen(plan);
	Dependents	found = {plan};

	initStringInfo(&found.list);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		CHECK_FOR_INTERRUPTS();
		if (step->selected || !(is_there(step) || is_half_up(step)))
			continue;
		for (int j = 0; j < step->need_count; j++)
		{
			const Step *need = &plan->steps[step->needs[j]];

			if (need->selected)
				add_dependent(&found, need, step, psprintf("depends on it by \"%s\"", file_of_need(plan, step, need)));
		}
		find_shared_table(&found, tables, i);
	}
	hash_destroy(tables);
	if (found.count > 0)
		ereport(ERROR,
				errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				errmsg("migration \"%s\" cannot be taken back without \"%s\"",
					   finding_one_line(found.chosen->version), finding_one_line(found.dependent->version)),
				errdetail_internal("%s", found.list.data),
				errhint("Name the later ones in \"versions\" too; or, if they can do without: options => '{\"force\": true}'."));
}

static const char *
file_of_need(const MigrationPlan *plan, const Step *step, const Step *need)
{
	const Manifest *manifest = plan->set->manifest;

	return manifest_file_of(manifest, step->entry, manifest_find_need(manifest, step->entry, need->version));
}

static HTAB *
tables_of_chosen(const MigrationPlan *plan)
{
	HASHCTL		control = {.keysize = NAMEDATALEN,.entrysize = sizeof(TableEntry),.hcxt = CurrentMemoryContext};
	HTAB	   *tables = hash_create("migrator tables", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	for (int i = 0; i < plan->count; i++)
	{
		ListCell   *lc;

		if (!plan->steps[i].selected)
			continue;
		foreach(lc, affected_tables(&plan->steps[i]))
		{
			const AffectedTable *table = lfirst(lc);
			TableOwner *owner = palloc(sizeof(TableOwner));
			bool		found;
			TableEntry *entry = hash_search(tables, table->name, HASH_ENTER, &found);

			if (!found)
				entry->owners = NIL;
			owner->schema = table->schema;
			owner->place = i;
			entry->owners = lappend(entry->owners, owner);
		}
	}
	return tables;
}

/* Does the step at a place touch what a chosen one before it touches?  One pair says enough. */
static void
find_shared_table(Dependents *dependents, HTAB *tables, int place)
{
	const Step *step = &dependents->plan->steps[place];
	ListCell   *lc;

	foreach(lc, affected_tables(step))
	{
		const AffectedTable *table = lfirst(lc);
		TableEntry *entry = hash_search(tables, table->name, HASH_FIND, NULL);
		ListCell   *owner_cell;

		foreach(owner_cell, entry ? entry->owners : NIL)
		{
			const TableOwner *owner = lfirst(owner_cell);
			bool		guessed;

			if (owner->place >= place)
				break;
			if (!touch_same(owner->schema, table->name, table->schema, table->name, &guessed))
				continue;
			add_dependent(dependents, &dependents->plan->steps[owner->place], step,
						  psprintf("is later, and touches table %s as well",
								   finding_one_line(touch_name(table->schema ? table->schema : owner->schema, table->name))));
			return;
		}
	}
}

static void
add_dependent(Dependents *dependents, const Step *chosen, const Step *dependent, const char *why)
{
	if (dependents->count++ == 0)
	{
		dependents->chosen = chosen;
		dependents->dependent = dependent;
	}
	if (dependents->count <= LIST_AT_MOST)
		appendStringInfo(&dependents->list, "%s\"%s\": applied migration \"%s\" %s.",
						 dependents->count > 1 ? "\n" : "", finding_one_line(chosen->version),
						 finding_one_line(dependent->version), why);
	else if (dependents->count == LIST_AT_MOST + 1)
		appendStringInfoString(&dependents->list, "\nAnd more.");
}
