/*
 * graph.c
 *	  What needs what: an order that respects it, and the rings that none can.
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "plan/graph.h"

/* nodes of a long ring that are named at its begin, and at its end */
#define RING_BEGIN 8
#define RING_END 3

static int	compare_nodes(Datum a, Datum b, void *argument);
static List *find_rings(const Graph *graph, const int *waits_for);
static List *ring_of(const int *next, int node);

List *
graph_sort(const Graph *graph, int *order)
{
	int		   *waits_for = palloc(Max(graph->count, 1) * sizeof(int));
	int		   *starts;
	int		   *needed_by = graph_needed_by(graph, &starts);
	binaryheap *ready = binaryheap_allocate(Max(graph->count, 1), compare_nodes, NULL);
	int			done = 0;
	List	   *rings = NIL;

	for (int i = 0; i < graph->count; i++)
	{
		waits_for[i] = graph->nodes[i].need_count;
		if (waits_for[i] == 0)
			binaryheap_add(ready, Int32GetDatum(i));
	}
	while (!binaryheap_empty(ready))
	{
		int			node = DatumGetInt32(binaryheap_remove_first(ready));

		CHECK_FOR_INTERRUPTS();
		order[done++] = node;
		for (int i = starts[node]; i < starts[node + 1]; i++)
		{
			if (--waits_for[needed_by[i]] == 0)
				binaryheap_add(ready, Int32GetDatum(needed_by[i]));
		}
	}
	if (done < graph->count)
	{
		rings = find_rings(graph, waits_for);
		for (int i = 0; i < graph->count; i++)
			if (waits_for[i] > 0)
				order[done++] = i;
	}
	binaryheap_free(ready);
	pfree(waits_for);
	pfree(needed_by);
	pfree(starts);
	return rings;
}

/* The heap's first is its largest. */
static int
compare_nodes(Datum a, Datum b, void *argument)
{
	return DatumGetInt32(a) < DatumGetInt32(b) ? 1 : DatumGetInt32(a) > DatumGetInt32(b) ? -1 : 0;
}

int *
graph_needed_by(const Graph *graph, int **starts)
{
	int		   *at = palloc0((graph->count + 2) * sizeof(int));
	int			edges = 0;
	int		   *result;

	/*
	 * counted one place ahead, so that filling them in moves each to where it
	 * belongs
	 */
	for (int i = 0; i < graph->count; i++)
	{
		edges += graph->nodes[i].need_count;
		for (int j = 0; j < graph->nodes[i].need_count; j++)
			at[graph->nodes[i].needs[j] + 2]++;
	}
	for (int i = 2; i < graph->count + 2; i++)
		at[i] += at[i - 1];
	result = palloc(Max(edges, 1) * sizeof(int));
	for (int i = 0; i < graph->count; i++)
		for (int j = 0; j < graph->nodes[i].need_count; j++)
			result[at[graph->nodes[i].needs[j] + 1]++] = i;
	*starts = at;
	return result;
}

/*
 * What was not sorted waits for something that was not.  From each such node
 * one step to its lowest one: where that walk meets itself is a ring.
 */
static List *
find_rings(const Graph *graph, const int *waits_for)
{
	int		   *next = palloc(graph->count * sizeof(int));
	int		   *walk = palloc0(graph->count * sizeof(int)); /* that came by, from 1 */
	List	   *rings = NIL;

	for (int i = 0; i < graph->count; i++)
	{
		next[i] = -1;
		for (int j = 0; waits_for[i] > 0 && j < graph->nodes[i].need_count; j++)
		{
			int			need = graph->nodes[i].needs[j];

			if (waits_for[need] > 0 && (next[i] < 0 || need < next[i]))
				next[i] = need;
		}
	}
	for (int i = 0; i < graph->count; i++)
	{
		int			node = i;

		CHECK_FOR_INTERRUPTS();
		while (next[node] >= 0 && walk[node] == 0)
		{
			walk[node] = i + 1;
			node = next[node];
		}
		if (next[node] >= 0 && walk[node] == i + 1)
			rings = lappend(rings, ring_of(next, node));
	}
	pfree(next);
	pfree(walk);
	return rings;
}

static List *
ring_of(const int *next, int node)
{
	int			lowest = node;
	List	   *ring;

	for (int i = next[node]; i != node; i = next[i])
		lowest = Min(lowest, i);
	ring = list_make1_int(lowest);
	for (int i = next[lowest]; i != lowest; i = next[i])
		ring = lappend_int(ring, i);
	return ring;
}

char *
graph_ring_text(const List *ring, GraphName name, void *argument)
{
	StringInfoData path;
	int			count = list_length(ring);
	ListCell   *lc;

	initStringInfo(&path);
	foreach(lc, ring)
	{
		int			i = foreach_current_index(lc);

		if (i < RING_BEGIN || i >= count - RING_END)
			appendStringInfo(&path, "%s -> ", name(lfirst_int(lc), argument));
		else if (i == RING_BEGIN)
			appendStringInfo(&path, "... (%d) -> ", count - RING_BEGIN - RING_END);
	}
	appendStringInfoString(&path, name(linitial_int(ring), argument));
	return path.data;
}

int *
graph_depths(const Graph *graph, const int *order)
{
	int		   *depths = palloc0(Max(graph->count, 1) * sizeof(int));

	for (int i = 0; i < graph->count; i++)
	{
		const GraphNode *node = &graph->nodes[order[i]];

		for (int j = 0; j < node->need_count; j++)
			depths[order[i]] = Max(depths[order[i]], depths[node->needs[j]] + 1);
	}
	return depths;
}
