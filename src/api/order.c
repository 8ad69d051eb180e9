/*
 * order.c
 *	  SQL functions on what needs what, and which tables: dependencies,
 *	  dependency_graph, impact.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/varlena.h"

#include "api/api.h"
#include "base/finding.h"
#include "base/nearest.h"
#include "base/owner_query.h"
#include "plan/affected.h"
#include "plan/graph.h"
#include "run/survey.h"

PG_FUNCTION_INFO_V1(migrator_dependencies);
PG_FUNCTION_INFO_V1(migrator_dependency_graph);
PG_FUNCTION_INFO_V1(migrator_impact);

typedef enum GraphFormat
{
	GRAPH_MERMAID,
	GRAPH_DOT,
	GRAPH_JSON
} GraphFormat;

static const char *const format_names[] = {"mermaid", "dot", "json"};

/* A migration that an arrow comes from, and that is none of those of the drawn services. */
typedef struct OtherNode
{
	const char *service;
	const char *version;
	int			node;
} OtherNode;

/* A drawing under way. */
typedef struct Drawing
{
	GraphFormat format;
	bool		of_all;			/* services: labels say which */
	int			nodes;			/* so far */
	StringInfoData node_text;
	StringInfoData edge_text;
	OtherNode  *others;			/* ordered, each once */
	int			other_count;
	int			other_room;
} Drawing;

/* What was drawn of a service. */
typedef struct DrawnService
{
	const Survey *survey;
	int			first;			/* number of its first step's node */
} DrawnService;

static List *take_surveys(FunctionCallInfo fcinfo, int environment_argument, CheckDepth depth);
static void put_dependencies(ReturnSetInfo *result, const Survey *survey);
static Datum needs_array(const MigrationPlan *plan, const Step *step, bool missing);
static Datum cross_array(const Step *step);
static Datum tables_array(const Step *step, bool declared);
static Datum strings_array(const List *strings);
static GraphFormat parse_format(const char *word);
static void draw_steps(Drawing *drawing, const DrawnService *drawn);
static void find_others(Drawing *drawing, const List *all);
static void add_other(Drawing *drawing, const char *service, const char *version);
static int	compare_others(const void *a, const void *b);
static void draw_needs(Drawing *drawing, const DrawnService *drawn, const List *all);
static int	node_of_step(const List *all, const char *service, const char *version);
static int	node_of(const Drawing *drawing, const List *all, const char *service, const char *version);
static void draw_node(Drawing *drawing, int id, const char *service, const char *version,
					  const char *name, const char *state);
static void draw_edge(Drawing *drawing, int from, int to, bool cross);
static void append_label(StringInfo text, GraphFormat format, const char *label);
static char *finish_drawing(Drawing *drawing);
static void put_impact(ReturnSetInfo *result, const Survey *survey, const ManifestTable *wanted);

/* source and service are arguments 0 and 1 of every function here. */
static List *
take_surveys(FunctionCallInfo fcinfo, int environment_argument, CheckDepth depth)
{
	List	   *surveys = NIL;
	ListCell   *lc;

	owner_query_check_version();
	foreach(lc, scope_resolve_each(api_text(fcinfo, 0), api_text(fcinfo, 1),
								   api_text(fcinfo, environment_argument)))
	{
		scope_require_source(lfirst(lc));
		surveys = lappend(surveys, survey_take(lfirst(lc), depth));
	}
	return surveys;
}

/* dependencies(source, service, environment) */
Datum
migrator_dependencies(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	foreach(lc, take_surveys(fcinfo, 2, CHECK_EVERYTHING))
	{
		put_dependencies(result, lfirst(lc));
	}
	return (Datum) 0;
}

static void
put_dependencies(ReturnSetInfo *result, const Survey *survey)
{
	const MigrationPlan *plan = survey->plan;
	Graph		graph = {.count = plan->count};
	int		   *needed_by;
	int		   *starts;

	graph.nodes = palloc(Max(plan->count, 1) * sizeof(GraphNode));
	for (int i = 0; i < plan->count; i++)
	{
		graph.nodes[i].need_count = plan->steps[i].need_count;
		graph.nodes[i].needs = plan->steps[i].needs;
	}
	needed_by = graph_needed_by(&graph, &starts);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		const ManifestEntry *entry = step->entry;
		List	   *required_by = NIL;
		Datum		values[13];
		bool		nulls[13] = {false};

		CHECK_FOR_INTERRUPTS();
		for (int j = starts[i]; j < starts[i + 1]; j++)
			required_by = lappend(required_by, (void *) plan->steps[needed_by[j]].version);
		api_set_text(values, nulls, 0, survey->scope->service);
		api_set_text(values, nulls, 1, step->version);
		api_set_text(values, nulls, 2, step->name);
		values[3] = needs_array(plan, step, false);
		values[4] = needs_array(plan, step, true);
		values[5] = strings_array(required_by);
		values[6] = cross_array(step);
		values[7] = Int32GetDatum(step->depth);
		values[8] = tables_array(step, true);
		values[9] = tables_array(step, false);
		nulls[9] = !step->looked_into;
		api_set_text(values, nulls, 10, entry ? entry->risk_level : NULL);
		nulls[11] = entry == NULL || !entry->tells_rollback_safe;
		values[11] = BoolGetDatum(!nulls[11] && entry->rollback_safe);
		api_set_text(values, nulls, 12, record_state_name(step->state));
		api_put_row(result, values, nulls);
	}
}

/* Of what a step depends on, what is there as its file has it, or what is missing as it is written. */
static Datum
needs_array(const MigrationPlan *plan, const Step *step, bool missing)
{
	List	   *versions = NIL;
	ListCell   *lc;

	for (int i = 0; i < step->need_count && !missing; i++)
		versions = lappend(versions, (void *) plan->steps[step->needs[i]].version);
	foreach(lc, missing ? step->missing : NIL)
	{
		versions = lappend(versions, (void *) ((ManifestNeed *) lfirst(lc))->version);
	}
	return strings_array(versions);
}

static Datum
cross_array(const Step *step)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, step->entry ? step->entry->cross_service : NIL)
	{
		const ManifestNeed *need = lfirst(lc);

		names = lappend(names, psprintf("%s:%s", need->service, need->version));
	}
	return strings_array(names);
}

static Datum
tables_array(const Step *step, bool declared)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (declared)
	{
		foreach(lc, step->entry ? step->entry->affects_tables : NIL)
		{
			names = lappend(names, (void *) ((ManifestTable *) lfirst(lc))->written);
		}
	}
	else
	{
		foreach(lc, step->touches)
		{
			const Touch *touch = lfirst(lc);

			names = lappend(names, touch_name(touch->schema, touch->name));
		}
	}
	return strings_array(names);
}

static Datum
strings_array(const List *strings)
{
	ArrayBuildState *array = initArrayResult(TEXTOID, CurrentMemoryContext, false);
	ListCell   *lc;

	foreach(lc, strings)
	{
		array = accumArrayResult(array, CStringGetTextDatum((char *) lfirst(lc)), false, TEXTOID,
								 CurrentMemoryContext);
	}
	return makeArrayResult(array, CurrentMemoryContext);
}

/* dependency_graph(source, service, environment, format) */
Datum
migrator_dependency_graph(PG_FUNCTION_ARGS)
{
	Drawing		drawing = {
		.format = parse_format(api_text(fcinfo, 3)),
		.of_all = scope_means_all(api_text(fcinfo, 1))
	};
	List	   *all = NIL;
	ListCell   *lc;

	initStringInfo(&drawing.node_text);
	initStringInfo(&drawing.edge_text);
	foreach(lc, take_surveys(fcinfo, 2, CHECK_FOR_RUN))
	{
		DrawnService *drawn = palloc(sizeof(DrawnService));

		drawn->survey = lfirst(lc);
		drawn->first = drawing.nodes + 1;
		draw_steps(&drawing, drawn);
		all = lappend(all, drawn);
	}
	find_others(&drawing, all);
	foreach(lc, all)
	{
		draw_needs(&drawing, lfirst(lc), all);
	}
	PG_RETURN_TEXT_P(cstring_to_text(finish_drawing(&drawing)));
}

static GraphFormat
parse_format(const char *word)
{
	const char *nearest;

	if (word == NULL)
		return GRAPH_MERMAID;
	for (int i = 0; i < lengthof(format_names); i++)
		if (strcmp(word, format_names[i]) == 0)
			return (GraphFormat) i;
	nearest = nearest_of(word, format_names, lengthof(format_names));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for argument \"format\": \"%s\"", finding_one_line(word)),
			errhint("Known values: \"mermaid\", \"dot\", \"json\".%s",
					nearest ? psprintf(" Perhaps you meant \"%s\".", nearest) : ""));
}

static void
draw_steps(Drawing *drawing, const DrawnService *drawn)
{
	const MigrationPlan *plan = drawn->survey->plan;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		draw_node(drawing, ++drawing->nodes, drawn->survey->scope->service,
				  step->version, step->name, record_state_name(step->state));
	}
}

/* What is needed and drawn nowhere yet gets nodes of its own. */
static void
find_others(Drawing *drawing, const List *all)
{
	int			kept = 0;
	ListCell   *lc;

	foreach(lc, all)
	{
		const Survey *survey = ((DrawnService *) lfirst(lc))->survey;

		for (int i = 0; i < survey->plan->count; i++)
		{
			const Step *step = &survey->plan->steps[i];
			ListCell   *need;

			foreach(need, step->missing)
			{
				add_other(drawing, survey->scope->service, ((ManifestNeed *) lfirst(need))->version);
			}
			foreach(need, step->entry ? step->entry->cross_service : NIL)
			{
				const ManifestNeed *cross = lfirst(need);

				if (node_of_step(all, cross->service, cross->version) == 0)
					add_other(drawing, cross->service, cross->version);
			}
		}
	}
	qsort(drawing->others, drawing->other_count, sizeof(OtherNode), compare_others);
	for (int i = 0; i < drawing->other_count; i++)
	{
		if (kept > 0 && compare_others(&drawing->others[kept - 1], &drawing->others[i]) == 0)
			continue;
		drawing->others[kept] = drawing->others[i];
		drawing->others[kept].node = ++drawing->nodes;
		draw_node(drawing, drawing->nodes, drawing->others[kept].service, drawing->others[kept].version, NULL, NULL);
		kept++;
	}
	drawing->other_count = kept;
}

static void
add_other(Drawing *drawing, const char *service, const char *version)
{
	OtherNode	other = {service, version};

	if (drawing->other_count == drawing->other_room)
	{
		drawing->other_room = Max(drawing->other_room * 2, 16);
		drawing->others = drawing->others == NULL ? palloc(drawing->other_room * sizeof(OtherNode)) :
			repalloc_huge(drawing->others, drawing->other_room * sizeof(OtherNode));
	}
	drawing->others[drawing->other_count++] = other;
}

static int
compare_others(const void *a, const void *b)
{
	const OtherNode *left = a;
	const OtherNode *right = b;
	int			order = strcmp(left->service, right->service);

	return order != 0 ? order : strcmp(left->version, right->version);
}

static void
draw_needs(Drawing *drawing, const DrawnService *drawn, const List *all)
{
	const MigrationPlan *plan = drawn->survey->plan;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		int			id = drawn->first + i;
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < step->need_count; j++)
			draw_edge(drawing, drawn->first + step->needs[j], id, false);
		foreach(lc, step->missing)
		{
			draw_edge(drawing, node_of(drawing, NIL, drawn->survey->scope->service,
									   ((ManifestNeed *) lfirst(lc))->version), id, false);
		}
		foreach(lc, step->entry ? step->entry->cross_service : NIL)
		{
			const ManifestNeed *need = lfirst(lc);

			draw_edge(drawing, node_of(drawing, all, need->service, need->version), id, true);
		}
	}
}

/* The node of a drawn service's migration, or 0. */
static int
node_of_step(const List *all, const char *service, const char *version)
{
	ListCell   *lc;

	foreach(lc, all)
	{
		const DrawnService *drawn = lfirst(lc);
		const Step *step = strcmp(drawn->survey->scope->service, service) == 0 ?
			plan_find(drawn->survey->plan, version) : NULL;

		if (step != NULL)
			return drawn->first + (int) (step - drawn->survey->plan->steps);
	}
	return 0;
}

static int
node_of(const Drawing *drawing, const List *all, const char *service, const char *version)
{
	OtherNode	other = {service, version};
	int			node = node_of_step(all, service, version);
	const OtherNode *found;

	if (node > 0)
		return node;
	found = bsearch(&other, drawing->others, drawing->other_count, sizeof(OtherNode), compare_others);
	if (found == NULL)
		elog(ERROR, "migration \"%s\" of service \"%s\" was not drawn", version, service);
	return found->node;
}

/* state NULL: nothing is known of it. */
static void
draw_node(Drawing *drawing, int id, const char *service, const char *version,
		  const char *name, const char *state)
{
	StringInfo	text = &drawing->node_text;
	char	   *label = drawing->of_all || name == NULL ? psprintf("%s:%s", service, version) : pstrdup(version);

	if (name != NULL)
		label = psprintf("%s %s", label, name);

	switch (drawing->format)
	{
		case GRAPH_MERMAID:
			appendStringInfo(text, "  n%d%s", id, state ? "[\"" : "([\"");
			append_label(text, drawing->format, label);
			appendStringInfo(text, "%s\n", state ? "\"]" : "\"])");
			break;
		case GRAPH_DOT:
			appendStringInfo(text, "  n%d [label=\"", id);
			append_label(text, drawing->format, label);
			appendStringInfo(text, "\"%s];\n", state ? "" : ", style=dashed");
			break;
		case GRAPH_JSON:
			appendStringInfo(text, "%s{\"id\": \"n%d\", \"service\": ", text->len > 0 ? ", " : "", id);
			escape_json(text, service);
			appendStringInfoString(text, ", \"version\": ");
			escape_json(text, version);
			appendStringInfoString(text, ", \"name\": ");
			if (name != NULL)
				escape_json(text, name);
			else
				appendStringInfoString(text, "null");
			appendStringInfo(text, state ? ", \"state\": \"%s\"}" : ", \"state\": null}", state);
			break;
	}
}

/* From what is needed to what needs it: so they run. */
static void
draw_edge(Drawing *drawing, int from, int to, bool cross)
{
	StringInfo	text = &drawing->edge_text;

	switch (drawing->format)
	{
		case GRAPH_MERMAID:
			appendStringInfo(text, "  n%d %s n%d\n", from, cross ? "-.->" : "-->", to);
			break;
		case GRAPH_DOT:
			appendStringInfo(text, "  n%d -> n%d%s;\n", from, to, cross ? " [style=dashed]" : "");
			break;
		case GRAPH_JSON:
			appendStringInfo(text, "%s{\"from\": \"n%d\", \"to\": \"n%d\", \"cross_service\": %s}",
							 text->len > 0 ? ", " : "", from, to, cross ? "true" : "false");
			break;
	}
}

/*
 * What has a meaning between the quotes of a label: in mermaid, markup and its
 * own way to write a character; in dot, quotes and backslashes.
 */
static void
append_label(StringInfo text, GraphFormat format, const char *label)
{
	for (const char *c = finding_one_line(label); *c != '\0'; c++)
	{
		if (format == GRAPH_DOT && (*c == '"' || *c == '\\'))
			appendStringInfo(text, "\\%c", *c);
		else if (format == GRAPH_MERMAID && strchr("\"#&;<>`\\%", *c) != NULL)
			appendStringInfo(text, "#%d;", (unsigned char) *c);
		else
			appendStringInfoChar(text, *c);
	}
}

static char *
finish_drawing(Drawing *drawing)
{
	const char *nodes = drawing->node_text.data;
	const char *edges = drawing->edge_text.data;

	switch (drawing->format)
	{
		case GRAPH_MERMAID:
			return psprintf("graph LR\n%s%s", nodes, edges);
		case GRAPH_DOT:
			return psprintf("digraph migrations {\n  rankdir=LR;\n  node [shape=box];\n%s%s}\n", nodes, edges);
		case GRAPH_JSON:
			return psprintf("{\"nodes\": [%s], \"edges\": [%s]}", nodes, edges);
	}
	return NULL;
}

/* impact(source, service, relation, environment) */
Datum
migrator_impact(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	char	   *relation = api_text(fcinfo, 2);
	ManifestTable wanted = {.written = relation};
	List	   *names = NIL;
	ListCell   *lc;

	if (relation != NULL)
	{
		if (!SplitIdentifierString(pstrdup(relation), '.', &names) ||
			list_length(names) < 1 || list_length(names) > 2)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_NAME),
					errmsg("invalid name of a table: \"%s\"", finding_one_line(relation)),
					errhint("Write schema.table, as in SQL."));
		wanted.schema = list_length(names) == 2 ? linitial(names) : NULL;
		wanted.name = llast(names);
	}
	foreach(lc, take_surveys(fcinfo, 3, CHECK_EVERYTHING))
	{
		put_impact(result, lfirst(lc), &wanted);
	}
	return (Datum) 0;
}

static void
put_impact(ReturnSetInfo *result, const Survey *survey, const ManifestTable *wanted)
{
	for (int i = 0; i < survey->plan->count; i++)
	{
		const Step *step = &survey->plan->steps[i];
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, affected_tables(step))
		{
			const AffectedTable *table = lfirst(lc);
			Datum		values[8];
			bool		nulls[8] = {false};
			bool		guessed;

			if (wanted->name != NULL &&
				!touch_same(wanted->schema, wanted->name, table->schema, table->name, &guessed))
				continue;
			api_set_text(values, nulls, 0, survey->scope->service);
			api_set_text(values, nulls, 1, step->version);
			api_set_text(values, nulls, 2, step->name);
			api_set_text(values, nulls, 3, record_state_name(step->state));
			api_set_text(values, nulls, 4, touch_name(table->schema, table->name));
			values[5] = BoolGetDatum(table->declared != NULL);
			values[6] = BoolGetDatum(table->commands != NIL);
			nulls[6] = !step->looked_into;
			values[7] = strings_array(table->commands);
			api_put_row(result, values, nulls);
		}
	}
}
