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
static void find_needs(MigrationPlan *plan, int place, int *seen);
static int	find_needed(const MigrationPlan *plan, const char *version, int place);
static void put_in_order(MigrationPlan *plan);
static void move_steps(MigrationPlan *plan, const int *order);
static int	compare_executions(const void *a, const void *b, void *argument);
static const char *name_step(int node, void *argument);
static void look_without_tags(OtherMigration *others, int count);
static bool is_applied(const OtherMigration *other);
static void settle_need(Step *step, const OtherMigration *other, bool conflict);
static bool asks_others(const Step *step, const ManifestNeed *need, const char *service);

int
order_plan(MigrationPlan *plan, const char *environment)
{
	const Manifest *manifest = plan->set ? plan->set->manifest : NULL;
	bool		has_step = false;
	int			next = 0;
	int			excluded = 0;
	int		   *seen;

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
	seen = palloc0(Max(plan->count, 1) * sizeof(int));
	for (int i = 0; i < plan->count; i++)
		find_needs(plan, i, seen);
	pfree(seen);
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

/* What the tool knows of it besides the version; 0: nothing. */
static int
place(const MigrationPlan *plan, const Migration *migration)
{
	return migration != NULL && (plan->order == VERSION_ORDER_PLAN || migration->kind == MIGRATION_REPEATABLE) ? migration->place : 0;
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
	{
		const Step *step = &plan->steps[i];

		needed = rank(step) < rank(step - 1) || place(plan, step->migration) < place(plan, step[-1].migration);
	}
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
	int			left_place = place(plan, left_file);
	int			right_place = place(plan, right_file);

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

/*
 * What it depends on, each once; the places are those of the steps as yet.  seen has
 * the place, plus 1, from where a version was found last.
 */
static void
find_needs(MigrationPlan *plan, int place, int *seen)
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

		if (needed < 0)
			step->missing = lappend(step->missing, need);
		else if (seen[needed] != place + 1)
		{
			seen[needed] = place + 1;
			step->needs[step->need_count++] = (int) (plan->by_version[needed] - plan->steps);
		}
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
	bool	   *conflicts;
	Step	  **steps;
	int			room = 0;
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].entry != NULL)
			room += list_length(plan->steps[i].entry->cross_service) + list_length(plan->steps[i].entry->conflicts);
	if (room == 0)
		return;
	others = palloc0(room * sizeof(OtherMigration));
	conflicts = palloc0(room * sizeof(bool));
	steps = palloc0(room * sizeof(Step *));
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];
		int			needs = step->entry ? list_length(step->entry->cross_service) : 0;

		for (int j = 0; step->entry != NULL && j < needs + list_length(step->entry->conflicts); j++)
		{
			const ManifestNeed *need = j < needs ? list_nth(step->entry->cross_service, j) :
				list_nth(step->entry->conflicts, j - needs);

			if (!asks_others(step, need, service))
				continue;
			others[count].service = need->service;
			others[count].version = need->version;
			conflicts[count] = j >= needs;
			steps[count++] = step;
		}
	}
	other_services_look(others, count);
	if (plan->order == VERSION_ORDER_PLAN)
		look_without_tags(others, count);
	for (int i = 0; i < count; i++)
		settle_need(steps[i], &others[i], conflicts[i]);
}

/*
 * "a@tag" is called "a" where nobody reworked it since; and where "a" was reworked,
 * and is applied, what it was before has been.
 */
static void
look_without_tags(OtherMigration *others, int count)
{
	OtherMigration *plain = palloc0(Max(count, 1) * sizeof(OtherMigration));
	int		   *places = palloc(Max(count, 1) * sizeof(int));
	int			found = 0;

	for (int i = 0; i < count; i++)
	{
		const char *tag = strchr(others[i].version, '@');

		if (tag == NULL || tag == others[i].version || is_applied(&others[i]))
			continue;
		plain[found].service = others[i].service;
		plain[found].version = pnstrdup(others[i].version, tag - others[i].version);
		places[found++] = i;
	}
	other_services_look(plain, found);
	for (int i = 0; i < found; i++)
		if (is_applied(&plain[i]))
		{
			others[places[i]].state = plain[i].state;
			others[places[i]].applied_at = plain[i].applied_at;
		}
}

static bool
is_applied(const OtherMigration *other)
{
	return other->state != NULL && strcmp(other->state, "applied") == 0;
}

static void
settle_need(Step *step, const OtherMigration *other, bool conflict)
{
	UnmetNeed  *unmet;

	if (is_applied(other) && !conflict)
		step->others_at = Max(step->others_at, other->applied_at);
	if (is_applied(other) != conflict)
		return;
	unmet = palloc(sizeof(UnmetNeed));
	unmet->service = other->service;
	unmet->version = other->version;
	unmet->state = other->state;
	unmet->conflict = conflict;
	unmet->registered = other->registered;
	unmet->service_known = other->registered || other->has_record;
	step->unmet = lappend(step->unmet, unmet);
}

static bool
asks_others(const Step *step, const ManifestNeed *need, const char *service)
{
	return step->state != MIGRATION_APPLIED && (step->flags & FLAG_EXCLUDED) == 0 &&
		strcmp(need->service, service) != 0;
}
