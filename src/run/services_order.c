/*
 * services_order.c
 *	  In which order the services of one call are run.
 *
 * All that their runs will apply are nodes of one graph: a migration needs
 * others of its service, and others of other services.  It says which services
 * can be run as a whole, by name where several can.  Where services need each
 * other, at different versions, none can: then the first one that has something
 * ready takes a turn and runs that, and so on; each goes on as far as it gets.
 *
 * What is found here is found before anything runs, and asked again by each run
 * behind its locks.  Between the two others may have run some of it: then there
 * is less to do, never more than the runs check by themselves.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/transaction.h"
#include "plan/graph.h"
#include "run/services_order.h"
#include "run/shared.h"

/* Everything that is known of a service while the order is made. */
typedef struct Look
{
	OrderedService *service;
	Survey	   *survey;			/* NULL: see the service's error */
	int			first_node;		/* its steps are nodes from here on */
	int			outside;		/* so many needs are not met, of other
								 * services */
	List	   *ready;			/* nodes that need nothing any more */
	bool		done;
} Look;

/* What has a need that nothing will meet. */
typedef struct Hopeless
{
	Look	   *look;
	const Step *step;
	const UnmetNeed *need;
	const char *reason;
} Hopeless;

typedef struct Ordering
{
	const RunRequest *request;
	ServicesOrder *result;
	MemoryContext context;		/* of the result */
	MemoryContext work;			/* of all else */
	Look	   *looks;
	Look	  **by_name;		/* by bytes */
	Graph		graph;
	Look	  **look_of;		/* of each node */
	Look	   *current;		/* for look_at() */
	List	   *hopeless;		/* of Hopeless * */
} Ordering;

static ErrorData *try(const Ordering *ordering, TransactionBody body, void *argument);
static void look_at(void *argument);
static void give_up(const Ordering *ordering, Look *look, ErrorData *error, bool of_several);
static int	compare_names(const void *a, const void *b);
static void make_graph(Ordering *ordering);
static int	add_needs(Ordering *ordering, Look *look, const Step *step, GraphNode *node);
static int	find_node(Ordering *ordering, Look *look, const Step *step, const UnmetNeed *unmet);
static void raise_hopeless(void *argument);
static void refuse_rings(Ordering *ordering);
static void raise_ring(void *argument);
static const char *name_node(int node, void *argument);
static void close_needs(ServicesOrder *order);
static void take_turns(Ordering *ordering);
static Look *next_look(Ordering *ordering);
static void take_turn(Ordering *ordering, Look *look, int *waits_for, const int *starts, const int *needed_by);

ServicesOrder *
services_order(const RunRequest *request, List *scopes)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator order", ALLOCSET_DEFAULT_SIZES);
	ServicesOrder *result = palloc0(sizeof(ServicesOrder));
	Ordering	ordering = {request, result, context, work};
	ListCell   *lc;

	result->count = list_length(scopes);
	result->services = palloc0(result->count * sizeof(OrderedService));
	MemoryContextSwitchTo(work);
	ordering.looks = palloc0(result->count * sizeof(Look));
	ordering.by_name = palloc(result->count * sizeof(Look *));
	foreach(lc, scopes)
	{
		int			i = foreach_current_index(lc);
		Look	   *look = &ordering.looks[i];
		ErrorData  *error;

		result->services[i].scope = lfirst(lc);
		look->service = &result->services[i];
		ordering.by_name[i] = ordering.current = look;
		error = try(&ordering, look_at, &ordering);
		if (error != NULL)
			give_up(&ordering, look, error, false);
	}
	qsort(ordering.by_name, result->count, sizeof(Look *), compare_names);
	make_graph(&ordering);
	foreach(lc, ordering.hopeless)
	{
		Hopeless   *hopeless = lfirst(lc);

		give_up(&ordering, hopeless->look, try(&ordering, raise_hopeless, hopeless), true);
	}
	refuse_rings(&ordering);
	MemoryContextSwitchTo(context);
	close_needs(result);
	take_turns(&ordering);
	MemoryContextDelete(work);
	return result;
}

ServicesOrder *
services_as_they_come(List *scopes)
{
	ServicesOrder *result = palloc0(sizeof(ServicesOrder));
	ListCell   *lc;

	result->count = list_length(scopes);
	result->services = palloc0(result->count * sizeof(OrderedService));
	foreach(lc, scopes)
	{
		ServiceTurn *turn = palloc(sizeof(ServiceTurn));

		turn->service = foreach_current_index(lc);
		turn->last = true;
		result->services[turn->service].scope = lfirst(lc);
		result->turns = lappend(result->turns, turn);
	}
	return result;
}

/* The error is one of the result. */
static ErrorData *
try(const Ordering *ordering, TransactionBody body, void *argument)
{
	MemoryContext old = MemoryContextSwitchTo(ordering->context);
	ErrorData  *error = transaction_try(body, argument, false);

	MemoryContextSwitchTo(old);
	return error;
}

/* All that its run will ask before it begins, but for what other services lack. */
static void
look_at(void *argument)
{
	Ordering   *ordering = argument;
	Look	   *look = ordering->current;
	RunRequest	request = *ordering->request;
	Run			run = {0};
	ErrorContextCallback callback = {error_context_stack, run_name_service, (void *) look->service->scope};

	MemoryContextSwitchTo(ordering->work);
	error_context_stack = &callback;
	request.scope = look->service->scope;
	request.plan.others_follow = true;
	run.request = &request;
	run.direction = UNIT_UP;
	run.survey = survey_take(request.scope, CHECK_FOR_RUN);
	run_raise_what_stops(&run);
	look->survey = run.survey;
	error_context_stack = callback.previous;
}

/* A service whose run cannot begin; a cancel is meant for the whole call. */
static void
give_up(const Ordering *ordering, Look *look, ErrorData *error, bool of_several)
{
	if (ordering->request->on_error != ON_ERROR_CONTINUE || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	if (look->service->error != NULL)
		return;
	look->service->error = error;
	look->service->of_several = of_several;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(Look *const *) a)->service->scope->service, (*(Look *const *) b)->service->scope->service);
}

static void
make_graph(Ordering *ordering)
{
	Graph	   *graph = &ordering->graph;
	int			count = ordering->result->count;

	for (int i = 0; i < count; i++)
	{
		ordering->looks[i].first_node = graph->count;
		if (ordering->looks[i].survey != NULL)
			graph->count += ordering->looks[i].survey->plan->count;
	}
	graph->nodes = MemoryContextAllocHuge(CurrentMemoryContext, Max(graph->count, 1) * sizeof(GraphNode));
	ordering->look_of = MemoryContextAllocHuge(CurrentMemoryContext, Max(graph->count, 1) * sizeof(Look *));
	for (int i = 0; i < count; i++)
	{
		Look	   *look = &ordering->looks[i];

		for (int j = 0; look->survey != NULL && j < look->survey->plan->count; j++)
		{
			GraphNode  *node = &graph->nodes[look->first_node + j];

			CHECK_FOR_INTERRUPTS();
			ordering->look_of[look->first_node + j] = look;
			node->need_count = add_needs(ordering, look, &look->survey->plan->steps[j], node);
		}
	}
}

/* Returns the number of what is not applied yet. */
static int
add_needs(Ordering *ordering, Look *look, const Step *step, GraphNode *node)
{
	int			count = 0;
	ListCell   *lc;

	node->needs = NULL;
	if (!step->selected || step->need_count + list_length(step->unmet) == 0)
		return 0;
	node->needs = palloc((step->need_count + list_length(step->unmet)) * sizeof(int));
	for (int i = 0; i < step->need_count; i++)
		if (look->survey->plan->steps[step->needs[i]].selected)
			node->needs[count++] = look->first_node + step->needs[i];
	foreach(lc, step->unmet)
	{
		int			found = find_node(ordering, look, step, lfirst(lc));

		if (found >= 0)
			node->needs[count++] = found;
	}
	return count;
}

/* What another service has to do; -1 when it will not, which is noted. */
static int
find_node(Ordering *ordering, Look *look, const Step *step, const UnmetNeed *unmet)
{
	Scope		scope = {.service = unmet->service};
	OrderedService service = {.scope = &scope};
	Look		named = {.service = &service};
	Look	   *key = &named;
	Look	  **found = bsearch(&key, ordering->by_name, ordering->result->count, sizeof(Look *), compare_names);
	const MigrationPlan *plan;
	const char *reason = "No file of that service has the version.";
	Hopeless   *hopeless;
	MemoryContext old;

	if (found != NULL)
	{
		old = MemoryContextSwitchTo(ordering->context);
		look->service->needs = bms_add_member(look->service->needs, *found - ordering->looks);
		MemoryContextSwitchTo(old);
		if ((*found)->survey == NULL)
			return -1;
		plan = (*found)->survey->plan;
		for (int i = plan_first_not_before(plan, unmet->version);
			 i < plan->count && version_matches(plan->order, plan->by_version[i]->version, unmet->version); i++)
		{
			const Step *other = plan->by_version[i];

			if (other->selected)
				return (*found)->first_node + (other - plan->steps);

			/* another run did it between the two looks */
			if (other->state == MIGRATION_APPLIED)
				return -1;
			if (other->migration != NULL)
				reason = other->flags & FLAG_MANUAL ? "It is manual, and runs only when it is named in \"versions\"." :
					"It is of another environment.";
		}
	}
	else
		reason = "That service is not registered.";

	hopeless = palloc(sizeof(Hopeless));
	hopeless->look = look;
	hopeless->step = step;
	hopeless->need = unmet;
	hopeless->reason = reason;
	ordering->hopeless = lappend(ordering->hopeless, hopeless);
	return -1;
}

static void
raise_hopeless(void *argument)
{
	const Hopeless *hopeless = argument;

	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_BLOCKED),
			errmsg("migration \"%s\" of service \"%s\" needs migration \"%s\" of service \"%s\", which nothing will apply",
				   finding_one_line(hopeless->step->version), hopeless->look->service->scope->service,
				   finding_one_line(hopeless->need->version), finding_one_line(hopeless->need->service)),
			errdetail_internal("%s", hopeless->reason));
}

/* Those within one service were refused by the look at it. */
static void
refuse_rings(Ordering *ordering)
{
	int		   *order = MemoryContextAllocHuge(CurrentMemoryContext,
											   Max(ordering->graph.count, 1) * sizeof(int));
	List	   *rings = graph_sort(&ordering->graph, order);
	ListCell   *lc;

	foreach(lc, rings)
	{
		char	   *path = graph_ring_text(lfirst(lc), name_node, ordering);
		ErrorData  *error = try(ordering, raise_ring, path);
		ListCell   *node;

		foreach(node, (List *) lfirst(lc))
		{
			give_up(ordering, ordering->look_of[lfirst_int(node)], error, true);
		}
	}
}

static void
raise_ring(void *argument)
{
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_DEPENDENCY),
			errmsg("circular dependency: %s", (const char *) argument),
			errdetail("Each depends on the next, so none can be the first."));
}

static const char *
name_node(int node, void *argument)
{
	const Ordering *ordering = argument;
	const Look *look = ordering->look_of[node];

	return psprintf("%s:%s", look->service->scope->service,
					finding_one_line(look->survey->plan->steps[node - look->first_node].version));
}

static void
close_needs(ServicesOrder *order)
{
	for (int via = 0; via < order->count; via++)
		for (int i = 0; i < order->count; i++)
			if (bms_is_member(via, order->services[i].needs))
				order->services[i].needs = bms_add_members(order->services[i].needs,
														   order->services[via].needs);
}

/*
 * Play the runs.  Services that cannot begin are in nobody's way here: what
 * becomes of those that need them is seen when they were to have run.
 */
static void
take_turns(Ordering *ordering)
{
	const Graph *graph = &ordering->graph;
	int		   *starts;
	int		   *needed_by = graph_needed_by(graph, &starts);
	int		   *waits_for = MemoryContextAllocHuge(CurrentMemoryContext, Max(graph->count, 1) * sizeof(int));
	Look	   *look;

	for (int i = 0; i < graph->count; i++)
	{
		look = ordering->look_of[i];
		waits_for[i] = 0;
		if (look->service->error != NULL || !look->survey->plan->steps[i - look->first_node].selected)
			continue;
		for (int j = 0; j < graph->nodes[i].need_count; j++)
		{
			const Look *other = ordering->look_of[graph->nodes[i].needs[j]];

			if (other->service->error != NULL)
				continue;
			waits_for[i]++;
			look->outside += other != look;
		}
		if (waits_for[i] == 0)
			look->ready = lappend_int(look->ready, i);
	}
	while ((look = next_look(ordering)) != NULL)
	{
		ServiceTurn *turn = palloc(sizeof(ServiceTurn));

		turn->service = look - ordering->looks;
		turn->last = look->done = look->outside == 0;
		ordering->result->turns = lappend(ordering->result->turns, turn);
		take_turn(ordering, look, waits_for, starts, needed_by);
	}
	pfree(needed_by);
	pfree(starts);
	pfree(waits_for);
}

/* The first that can do all it has to, else the first that can do something. */
static Look *
next_look(Ordering *ordering)
{
	Look	   *some = NULL;
	bool		all_done = true;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < ordering->result->count; i++)
	{
		Look	   *look = &ordering->looks[i];

		if (look->done)
			continue;
		if (look->outside == 0)
			return look;
		if (some == NULL && look->ready != NIL)
			some = look;
		all_done = false;
	}
	if (some == NULL && !all_done)
		elog(ERROR, "no service can go on");
	return some;
}

static void
take_turn(Ordering *ordering, Look *look, int *waits_for, const int *starts, const int *needed_by)
{
	while (look->ready != NIL)
	{
		int			node = llast_int(look->ready);

		look->ready = list_delete_last(look->ready);
		for (int i = starts[node]; i < starts[node + 1]; i++)
		{
			Look	   *other = ordering->look_of[needed_by[i]];

			if (other->service->error != NULL)
				continue;
			other->outside -= other != look;
			if (--waits_for[needed_by[i]] == 0)
				other->ready = lappend_int(other->ready, needed_by[i]);
		}
	}
}
