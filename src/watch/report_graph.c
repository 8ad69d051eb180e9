/*
 * report_graph.c
 *	  What needs what, as a drawing in a report.
 *
 * From left to right in layers: a migration stands behind all that it needs.
 * In a layer those stand close to what they need that are placed by the mean of
 * its rows, which keeps most lines from crossing.  What is needed and not there, or of another
 * service, comes first of all.  Linear but for sorting the layers.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "watch/html.h"
#include "watch/report_graph.h"

#define NODE_WIDTH 196
#define NODE_HEIGHT 36
#define COLUMN 256				/* from one layer to the next */
#define ROW 46
#define MARGIN 6
#define NAME_CHARACTERS 27

typedef struct GraphBox
{
	const Step *step;			/* NULL: it is not there */
	const char *label;			/* then */
	int			layer;
	double		wanted;			/* the row */
	int			number;			/* by which equals are ordered */
	int			y;
} GraphBox;

typedef struct Drawing
{
	const MigrationPlan *plan;
	GraphBox   *nodes;
	int			count;
	int			others;			/* of them, at the end, are not there */
	int		   *node_of;		/* of each step; -1: none */
	int			layers;
	int			rows;			/* of the longest layer */
} Drawing;

static int	count_connected(const MigrationPlan *plan);
static bool is_dependent(const Step *step);
static int	choose_steps(const MigrationPlan *plan, bool *chosen);
static void add_nodes(Drawing *drawing, const bool *chosen);
static int	add_others(Drawing *drawing, const Step *step);
static void place(Drawing *drawing);
static int	place_layer(Drawing *drawing, GraphBox **order, int count);
static double mean_of_needs(const Drawing *drawing, const GraphBox *node);
static int	compare_layers(const void *a, const void *b);
static int	compare_wanted(const void *a, const void *b);
static void draw_edges(StringInfo page, const Drawing *drawing);
static void draw_edge(StringInfo page, const GraphBox *from, const GraphBox *to, bool dashed);
static void draw_node(StringInfo page, const GraphBox *node);

int
report_graph(StringInfo page, const MigrationPlan *plan)
{
	Drawing		drawing = {.plan = plan};
	bool	   *chosen = palloc0(plan->count + 1);
	int			count = choose_steps(plan, chosen);
	int			width;
	int			height;

	if (count == 0)
		return 0;
	add_nodes(&drawing, chosen);
	place(&drawing);
	width = (drawing.layers - 1) * COLUMN + NODE_WIDTH + 2 * MARGIN;
	height = drawing.rows * ROW - (ROW - NODE_HEIGHT) + 2 * MARGIN;
	appendStringInfo(page, "<div class=\"scroll graph\"><svg role=\"img\" aria-label=\"What needs what: %d migrations\""
					 " viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", count, width, height, width, height);
	draw_edges(page, &drawing);
	for (int i = 0; i < drawing.count; i++)
		draw_node(page, &drawing.nodes[i]);
	appendStringInfoString(page, "</svg></div>\n");
	return count_connected(plan) - count;
}

/* Those that need something, or are needed. */
static int
count_connected(const MigrationPlan *plan)
{
	bool	   *connected = palloc0(plan->count + 1);
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
	{
		connected[i] |= is_dependent(&plan->steps[i]);
		for (int j = 0; j < plan->steps[i].need_count; j++)
			connected[plan->steps[i].needs[j]] = true;
	}
	for (int i = 0; i < plan->count; i++)
		count += connected[i];
	pfree(connected);
	return count;
}

static bool
is_dependent(const Step *step)
{
	return step->need_count > 0 || step->missing != NIL || (step->entry != NULL && step->entry->cross_service != NIL);
}

/* The last that need something, each with what it needs. */
static int
choose_steps(const MigrationPlan *plan, bool *chosen)
{
	int			count = 0;

	for (int i = plan->count - 1; i >= 0 && count < GRAPH_NODES; i--)
	{
		const Step *step = &plan->steps[i];

		if (!is_dependent(step))
			continue;
		count += !chosen[i];
		chosen[i] = true;
		for (int j = 0; j < step->need_count && count < GRAPH_NODES; j++)
		{
			count += !chosen[step->needs[j]];
			chosen[step->needs[j]] = true;
		}
	}
	return count;
}

/* With what is not there each has as many nodes at most as it has needs. */
static void
add_nodes(Drawing *drawing, const bool *chosen)
{
	const MigrationPlan *plan = drawing->plan;
	int			room = 0;

	for (int i = 0; i < plan->count; i++)
		if (chosen[i])
			room += 1 + list_length(plan->steps[i].missing) +
				(plan->steps[i].entry ? list_length(plan->steps[i].entry->cross_service) : 0);
	drawing->nodes = palloc0(room * sizeof(GraphBox));
	drawing->node_of = palloc(plan->count * sizeof(int));
	for (int i = 0; i < plan->count; i++)
	{
		drawing->node_of[i] = -1;
		if (!chosen[i])
			continue;
		drawing->nodes[drawing->count] = (GraphBox)
		{
			.step = &plan->steps[i],.layer = plan->steps[i].depth,.number = i
		};
		drawing->node_of[i] = drawing->count++;
	}
	for (int i = 0; i < plan->count; i++)
		if (chosen[i])
			drawing->others += add_others(drawing, &plan->steps[i]);
}

/* What a step needs and has not here; the same one again for each that needs it. */
static int
add_others(Drawing *drawing, const Step *step)
{
	int			before = drawing->count;
	ListCell   *lc;

	foreach(lc, step->missing)
	{
		drawing->nodes[drawing->count++].label = ((ManifestNeed *) lfirst(lc))->version;
	}
	foreach(lc, step->entry ? step->entry->cross_service : NIL)
	{
		const ManifestNeed *need = lfirst(lc);

		drawing->nodes[drawing->count++].label = psprintf("%s:%s", need->service, need->version);
	}
	for (int i = before; i < drawing->count; i++)
	{
		drawing->nodes[i].number = step - drawing->plan->steps;
		drawing->nodes[i].layer = -1;
	}
	return drawing->count - before;
}

static void
place(Drawing *drawing)
{
	GraphBox  **order = palloc(drawing->count * sizeof(GraphBox *));
	int			layer = -1;
	int			next;

	for (int i = 0; i < drawing->count; i++)
		order[i] = &drawing->nodes[i];
	qsort(order, drawing->count, sizeof(GraphBox *), compare_layers);

	/* depths without a node, of what is left out, take no room */
	for (int i = 0, depth = INT_MIN; i < drawing->count; i++)
	{
		if (order[i]->layer != depth)
			layer++;
		depth = order[i]->layer;
		order[i]->layer = layer;
	}
	drawing->layers = layer + 1;
	for (int i = 0; i < drawing->count; i = next)
	{
		CHECK_FOR_INTERRUPTS();
		for (next = i; next < drawing->count && order[next]->layer == order[i]->layer; next++)
			;
		drawing->rows = Max(drawing->rows, place_layer(drawing, order + i, next - i));
	}
}

/* Returns its last row. */
static int
place_layer(Drawing *drawing, GraphBox **order, int count)
{
	int			row = 0;

	for (int i = 0; i < count; i++)
		order[i]->wanted = order[i]->step ? mean_of_needs(drawing, order[i]) : order[i]->number;
	qsort(order, count, sizeof(GraphBox *), compare_wanted);
	for (int i = 0; i < count; i++, row++)
	{
		/* beside what it needs, where that leaves no long gap */
		if (order[i]->step != NULL && order[i]->wanted > row && order[i]->wanted + (count - i) <= Max(drawing->rows, 1))
			row = (int) order[i]->wanted;
		order[i]->y = MARGIN + row * ROW;
	}
	return row;
}

static double
mean_of_needs(const Drawing *drawing, const GraphBox *node)
{
	double		sum = 0;
	int			count = 0;

	for (int i = 0; i < node->step->need_count; i++)
	{
		int			need = drawing->node_of[node->step->needs[i]];

		if (need < 0)
			continue;
		sum += (double) (drawing->nodes[need].y - MARGIN) / ROW;
		count++;
	}
	return count > 0 ? sum / count : 0;
}

static int
compare_layers(const void *a, const void *b)
{
	const GraphBox *left = *(GraphBox *const *) a;
	const GraphBox *right = *(GraphBox *const *) b;

	return left->layer != right->layer ? (left->layer < right->layer ? -1 : 1) :
		left->number < right->number ? -1 : left->number > right->number;
}

static int
compare_wanted(const void *a, const void *b)
{
	const GraphBox *left = *(GraphBox *const *) a;
	const GraphBox *right = *(GraphBox *const *) b;

	return left->wanted != right->wanted ? (left->wanted < right->wanted ? -1 : 1) :
		left->number < right->number ? -1 : left->number > right->number;
}

static void
draw_edges(StringInfo page, const Drawing *drawing)
{
	int			there = drawing->count - drawing->others;

	for (int i = 0; i < there; i++)
	{
		const Step *step = drawing->nodes[i].step;

		for (int j = 0; j < step->need_count; j++)
			if (drawing->node_of[step->needs[j]] >= 0)
				draw_edge(page, &drawing->nodes[drawing->node_of[step->needs[j]]], &drawing->nodes[i], false);
	}
	for (int i = there; i < drawing->count; i++)
		draw_edge(page, &drawing->nodes[i], &drawing->nodes[drawing->node_of[drawing->nodes[i].number]], true);
}

static void
draw_edge(StringInfo page, const GraphBox *from, const GraphBox *to, bool dashed)
{
	int			x1 = MARGIN + from->layer * COLUMN + NODE_WIDTH;
	int			y1 = from->y + NODE_HEIGHT / 2;
	int			x2 = MARGIN + to->layer * COLUMN;
	int			y2 = to->y + NODE_HEIGHT / 2;
	int			bend = (COLUMN - NODE_WIDTH) / 2 + 6;

	appendStringInfo(page, "<path class=\"edge%s\" d=\"M%d %dC%d %d %d %d %d %d\" />\n", dashed ? " dashed" : "",
					 x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2);
}

static void
draw_node(StringInfo page, const GraphBox *node)
{
	const Step *step = node->step;
	int			x = MARGIN + node->layer * COLUMN;

	appendStringInfo(page, "<g class=\"node %s\"><title>", step ? report_step_class(step) : "other");
	html_text(page, step ? step->version : node->label);
	if (step != NULL)
	{
		appendStringInfoChar(page, ' ');
		html_text(page, step->name);
		appendStringInfo(page, ": %s", record_state_name(step->state));
	}
	else
		appendStringInfoString(page, ": needed, and not here");
	appendStringInfo(page, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" /><text class=\"version\" x=\"%d\" y=\"%d\">",
					 x, node->y, NODE_WIDTH, NODE_HEIGHT, x + 10, node->y + (step ? 15 : 22));
	html_text_cut(page, step ? step->version : node->label, NAME_CHARACTERS);
	if (step != NULL)
	{
		appendStringInfo(page, "</text><text x=\"%d\" y=\"%d\">", x + 10, node->y + 29);
		html_text_cut(page, step->name, NAME_CHARACTERS);
	}
	appendStringInfoString(page, "</text></g>\n");
}

const char *
report_step_class(const Step *step)
{
	if (step->state == MIGRATION_FAILED || step->state == MIGRATION_INTERRUPTED)
		return "bad";
	if ((step->flags & (FLAG_BLOCKED | FLAG_LATE | FLAG_MISSING | FLAG_MODIFIED)) != 0)
		return "warn";
	if (step->state == MIGRATION_APPLIED)
		return "good";
	return step->state == MIGRATION_RUNNING ? "open" : step->state == MIGRATION_PENDING ? "open" : "idle";
}
