/*
 * order.c
 *	  What the manifest says of a plan: the order of its steps, and what they
 *	  need.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/finding.h"
#include "layout/layout.h"
#include "plan/graph.h"
#include "plan/order.h"
#include "record/other_services.h"

static bool take_entry(const MigrationPlan *plan, Step *step, const ManifestEntry *entry);
static void leave_entry(MigrationPlan *plan, const ManifestEntry *entry, bool has_step);
static void put_in_order_of_tool(MigrationPlan *plan);
static int	rank(const Step *step);
static int	compare_places(const void *a, const void *b, void *argument);
static void find_needs(MigrationPlan *plan, int place);
static int	find_needed(const MigrationPlan *plan, const char *version, int place);
static void put_in_order(MigrationPlan *plan);
static void move_steps(MigrationPlan *plan, const int *order);
static int	compare_executions(const void *a, const void *b, void *argument);
static const char *name_step(int node, void *argument);
static bool asks_others(const Step *step, const ManifestNeed *need, const char *service);

int
order_plan(MigrationPlan *plan, const char *environment)
{
	const Manifest *manifest = plan->set ? plan->set->manifest : NULL;
	bool		has_step = false;
	int			next = 0;
	int			excluded = 0;

	plan->environment = environment;
	put_in_order_of_tool(plan);
	if (manifest == NULL)
		return 0;
	/* both are ordered by version */
	for (int i = 0; i < plan->count && next < manifest->count;)
	{
		Step	   *step = plan->by_version[i];
		int			compared = version_compare(plan->order, manifest->entries[next]->version, step->version);

		CHECK_FOR_INTERRUPTS();
		if (compared < 0)
		{
			leave_entry(plan, manifest->entries[next++], has_step);
			has_step = false;
			continue;
		}
		if (compared == 0)
		{
			has_step |= step->migration != NULL || step->state == MIGRATION_APPLIED;
			if (step->migration != NULL && take_entry(plan, step, manifest->entries[next]))
				excluded++;
		}
		i++;
	}
	for (; next < manifest->count; next++)
	{
		leave_entry(plan, manifest->entries[next], has_step);
		has_step = false;
	}
	for (int i = 0; i < plan->count; i++)
		find_needs(plan, i);
	put_in_order(plan);
	return excluded;
}

/* What stands for others comes first, what runs again last. */
static int
rank(const Step *step)
{
	if ((step->flags & FLAG_REPEATABLE) &&
		(step->migration == NULL || (step->migration->kind != MIGRATION_ON_CHANGE && step->migration->kind != MIGRATION_ALWAYS)))
		return 2;
	return step->migration != NULL && step->migration->kind == MIGRATION_BASELINE ? 0 : 1;
}

/*
 * Where versions are not all that the order is made of: what runs again is behind
 * what runs once, and a plan has its own order.  What has no file any more comes
 * first.
 */
static void
put_in_order_of_tool(MigrationPlan *plan)
{
	bool		needed = plan->order == VERSION_ORDER_PLAN;
	int		   *order;

	/* mostly they stand so already */
	for (int i = 1; i < plan->count && !needed; i++)
		needed = rank(&plan->steps[i]) < rank(&plan->steps[i - 1]);
	if (!needed)
		return;
	order = palloc(Max(plan->count, 1) * sizeof(int));
	for (int i = 0; i < plan->count; i++)
		order[i] = i;
	qsort_arg(order, plan->count, sizeof(int), compare_places, plan);
	move_steps(plan, order);
	pfree(order);
}

void
order_repeatable_last(MigrationPlan *plan)
{
	if (plan->order != VERSION_ORDER_PLAN)
		put_in_order_of_tool(plan);
}

void
order_by_execution(MigrationPlan *plan)
{
	bool		needed = plan->set != NULL && plan->set->runs_late;
	int		   *order;

	for (int i = 0; i < plan->count && plan->set == NULL && !needed; i++)
	{
		const Layout *layout = plan->steps[i].row ? layout_find(plan->steps[i].row->layout) : NULL;

		needed = layout != NULL && layout->runs_late;
	}
	if (!needed)
		return;
	order = palloc(Max(plan->count, 1) * sizeof(int));
	for (int i = 0; i < plan->count; i++)
		order[i] = i;
	qsort_arg(order, plan->count, sizeof(int), compare_executions, plan);
	move_steps(plan, order);
	pfree(order);
}

static TimestampTz
executed_at(const Step *step)
{
	return step->row != NULL && (step->state == MIGRATION_APPLIED || step->again) ? step->row->applied_at : 0;
}

static int
compare_executions(const void *a, const void *b, void *argument)
{
	const MigrationPlan *plan = argument;
	int			left = *(const int *) a;
	int			right = *(const int *) b;
	TimestampTz left_at = executed_at(&plan->steps[left]);
	TimestampTz right_at = executed_at(&plan->steps[right]);

	if (left_at != right_at)
		return left_at < right_at ? -1 : 1;
	return left < right ? -1 : 1;
}

static int
compare_places(const void *a, const void *b, void *argument)
{
	const MigrationPlan *plan = argument;
	int			left = *(const int *) a;
	int			right = *(const int *) b;
	const Migration *left_file = plan->steps[left].migration;
	const Migration *right_file = plan->steps[right].migration;
	int			left_rank = rank(&plan->steps[left]);
	int			right_rank = rank(&plan->steps[right]);
	int			left_place = left_file && plan->order == VERSION_ORDER_PLAN ? left_file->place : 0;
	int			right_place = right_file && plan->order == VERSION_ORDER_PLAN ? right_file->place : 0;

	if (left_rank != right_rank)
		return left_rank < right_rank ? -1 : 1;
	if (left_place != right_place)
		return left_place < right_place ? -1 : 1;
	return left < right ? -1 : 1;
}

/* That an applied migration's file is gone is said elsewhere. */
static void
leave_entry(MigrationPlan *plan, const ManifestEntry *entry, bool has_step)
{
	if (!has_step)
		plan->orphans = lappend(plan->orphans, (void *) entry);
}

/* True: the entry takes the step out of the chosen environment. */
static bool
take_entry(const MigrationPlan *plan, Step *step, const ManifestEntry *entry)
{
	step->entry = entry;
	if (step->entry->manual && step->state != MIGRATION_APPLIED)
		step->flags |= FLAG_MANUAL;
	if ((step->flags & FLAG_EXCLUDED) || !manifest_excludes(step->entry, plan->environment))
		return false;
	step->flags |= FLAG_EXCLUDED;
	if (step->message == NULL)
		step->message = psprintf("belongs to environment \"%s\"", finding_one_line(step->entry->environment));
	return true;
}

/* What it depends on; the places are those of the steps as yet. */
static void
find_needs(MigrationPlan *plan, int place)
{
	Step	   *step = plan->by_version[place];
	ListCell   *lc;

	if (step->entry == NULL || step->entry->depends_on == NIL)
		return;
	step->needs = palloc(list_length(step->entry->depends_on) * sizeof(int));
	foreach(lc, step->entry->depends_on)
	{
		ManifestNeed *need = lfirst(lc);
		int			needed = find_needed(plan, need->version, place);

		if (needed >= 0)
			step->needs[step->need_count++] = (int) (plan->by_version[needed] - plan->steps);
		else
			step->missing = lappend(step->missing, need);
	}
}

/*
 * The place in by_version of a version that can be or was applied, or -1.  A
 * record may have two spellings of a number; one that is applied does.  Mostly
 * it is the one before the place from where it is looked for.
 */
static int
find_needed(const MigrationPlan *plan, const char *version, int place)
{
	int			found = -1;
	int			first = place - 1;

	if (place < 2 || version_compare(plan->order, plan->by_version[first]->version, version) != 0 ||
		version_compare(plan->order, plan->by_version[first - 1]->version, version) == 0)
		first = plan_first_not_before(plan, version);
	for (int i = first;
		 i < plan->count && version_compare(plan->order, plan->by_version[i]->version, version) == 0; i++)
	{
		const Step *step = plan->by_version[i];

		if (step->state == MIGRATION_APPLIED)
			return i;
		if (step->migration != NULL)
			found = i;
	}
	return found;
}

static void
put_in_order(MigrationPlan *plan)
{
	Graph		graph = {.count = plan->count};
	int		   *order = palloc(Max(plan->count, 1) * sizeof(int));
	int		   *depths;
	bool		by_version = true;

	graph.nodes = palloc(Max(plan->count, 1) * sizeof(GraphNode));
	for (int i = 0; i < plan->count; i++)
	{
		graph.nodes[i].need_count = plan->steps[i].need_count;
		graph.nodes[i].needs = plan->steps[i].needs;
	}
	plan->rings = graph_sort(&graph, order);
	depths = graph_depths(&graph, order);
	for (int i = 0; i < plan->count; i++)
	{
		plan->steps[i].depth = depths[i];
		by_version &= order[i] == i;
	}
	if (!by_version)
		move_steps(plan, order);
	pfree(graph.nodes);
	pfree(order);
	pfree(depths);
}

/* What speaks of places follows. */
static void
move_steps(MigrationPlan *plan, const int *order)
{
	Step	   *steps = MemoryContextAllocHuge(CurrentMemoryContext, plan->count * sizeof(Step));
	int		   *places = palloc(plan->count * sizeof(int));
	ListCell   *lc;

	for (int i = 0; i < plan->count; i++)
		places[order[i]] = i;
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &steps[i];

		*step = plan->steps[order[i]];
		for (int j = 0; j < step->need_count; j++)
			step->needs[j] = places[step->needs[j]];
	}
	for (int i = 0; i < plan->count; i++)
		plan->by_version[i] = &steps[places[plan->by_version[i] - plan->steps]];
	foreach(lc, plan->rings)
	{
		ListCell   *node;

		foreach(node, (List *) lfirst(lc))
		{
			lfirst_int(node) = places[lfirst_int(node)];
		}
	}
	pfree(plan->steps);
	pfree(places);
	plan->steps = steps;
}

char *
order_ring_path(const MigrationPlan *plan, const List *ring)
{
	return graph_ring_text(ring, name_step, (void *) plan);
}

static const char *
name_step(int node, void *argument)
{
	return ((const MigrationPlan *) argument)->steps[node].version;
}

void
order_find_unmet(MigrationPlan *plan, const char *service)
{
	OtherMigration *others;
	int			count = 0;
	int			next = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].entry != NULL)
			count += list_length(plan->steps[i].entry->cross_service);
	if (count == 0)
		return;
	others = palloc0(count * sizeof(OtherMigration));
	count = 0;
	for (int i = 0; i < plan->count; i++)
	{
		ListCell   *lc;

		foreach(lc, plan->steps[i].entry ? plan->steps[i].entry->cross_service : NIL)
		{
			const ManifestNeed *need = lfirst(lc);

			if (!asks_others(&plan->steps[i], need, service))
				continue;
			others[count].service = need->service;
			others[count++].version = need->version;
		}
	}
	other_services_look(others, count);

	for (int i = 0; i < plan->count; i++)
	{
		ListCell   *lc;

		foreach(lc, plan->steps[i].entry ? plan->steps[i].entry->cross_service : NIL)
		{
			const OtherMigration *other = &others[next];
			UnmetNeed  *unmet;

			if (!asks_others(&plan->steps[i], lfirst(lc), service))
				continue;
			next++;
			if (other->state != NULL && strcmp(other->state, "applied") == 0)
			{
				plan->steps[i].others_at = Max(plan->steps[i].others_at, other->applied_at);
				continue;
			}
			unmet = palloc(sizeof(UnmetNeed));
			unmet->service = other->service;
			unmet->version = other->version;
			unmet->state = other->state;
			unmet->registered = other->registered;
			unmet->service_known = other->registered || other->has_record;
			plan->steps[i].unmet = lappend(plan->steps[i].unmet, unmet);
		}
	}
}

static bool
asks_others(const Step *step, const ManifestNeed *need, const char *service)
{
	return step->state != MIGRATION_APPLIED && (step->flags & FLAG_EXCLUDED) == 0 &&
		strcmp(need->service, service) != 0;
}
