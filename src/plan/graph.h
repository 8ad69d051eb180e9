/*
 * graph.h
 *	  What needs what: an order that respects it, and the rings that none can.
 *
 * Of numbers alone: nodes are 0 to count - 1, and a lower number comes first
 * where nothing else decides.  O((n + e) log n), without recursion.
 */
#ifndef MIGRATOR_PLAN_GRAPH_H
#define MIGRATOR_PLAN_GRAPH_H

#include "nodes/pg_list.h"

typedef struct GraphNode
{
	int			need_count;
	int		   *needs;			/* nodes that come before this one */
} GraphNode;

typedef struct Graph
{
	int			count;
	GraphNode  *nodes;
} Graph;

/*
 * Fill order, which has room for all nodes.  What is in a ring, or needs what
 * is, stands at the end by its number.  Returns the rings as lists of nodes,
 * each of which needs the next, and the last one the first; a ring begins with
 * its lowest node.  Of rings that share nodes one is found.
 */
extern List *graph_sort(const Graph *graph, int *order);

/* The name of a node in a message. */
typedef const char *(*GraphName) (int node, void *argument);

/* "a -> c -> b -> a", cut in the middle if it is long; palloc'd. */
extern char *graph_ring_text(const List *ring, GraphName name, void *argument);

/*
 * For each node, how many others must come one after the other before it; an
 * order of graph_sort() is given.  In a ring that means nothing, and is finite.
 */
extern int *graph_depths(const Graph *graph, const int *order);

/*
 * The nodes that need each one, directly.  *starts has count + 1 places in the
 * result: those of node i are at starts[i] to starts[i + 1] - 1.
 */
extern int *graph_needed_by(const Graph *graph, int **starts);

#endif
