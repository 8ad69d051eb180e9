/*
 * report_service.c
 *	  What a report says of one service.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/settings.h"
#include "catalog/drift.h"
#include "watch/html.h"
#include "watch/report_graph.h"
#include "watch/report_service.h"

/* so many rows of a table are shown */
#define ROWS_AT_MOST 200
#define SLOWEST 10

static void put_facts(StringInfo page, const ReportService *service);
static void put_fact(StringInfo page, const char *label, const char *value, const char *remark);
static void put_problem(StringInfo page, const char *title, const ErrorData *error);
static void put_stops(StringInfo page, const ReportService *service);
static bool is_open(const Step *step);
static void put_open(StringInfo page, const ReportService *service);
static void put_applied(StringInfo page, const ReportService *service);
static void begin_steps(StringInfo page);
static void put_step(StringInfo page, const Step *step);
static void put_flags(StringInfo page, const Step *step);
static void put_left_out(StringInfo page, int64 left_out, const char *hint);
static void put_graph(StringInfo page, const ReportService *service);
static void put_drift(StringInfo page, const ReportService *service);
static void put_slowest(StringInfo page, const ReportService *service);

void
report_service(StringInfo page, const ReportService *service, int number)
{
	appendStringInfo(page, "<section id=\"s%d\"><header><h2>", number);
	html_text(page, service->name);
	appendStringInfoString(page, "</h2>");
	report_service_state(page, service);
	appendStringInfoString(page, "</header>\n");
	put_facts(page, service);
	if (service->source_problem != NULL)
		put_problem(page, "The source cannot be read; what follows is from the record alone.", service->source_problem);
	if (service->stopped != NULL)
		put_stops(page, service);
	if (service->survey != NULL)
	{
		put_open(page, service);
		put_graph(page, service);
	}
	put_drift(page, service);
	if (service->survey != NULL)
	{
		put_slowest(page, service);
		put_applied(page, service);
	}
	appendStringInfoString(page, "</section>\n");
}

void
report_service_state(StringInfo page, const ReportService *service)
{
	if (service->source_problem != NULL || service->stopped != NULL)
		appendStringInfoString(page, "<span class=\"pill bad\">a run would be refused</span>");
	if (service->failed > 0)
		appendStringInfo(page, "<span class=\"pill bad\">%d failed</span>", service->failed);
	if (service->attention > 0)
		appendStringInfo(page, "<span class=\"pill warn\">%d to look at</span>", service->attention);
	if (service->drifts != NIL)
		appendStringInfo(page, "<span class=\"pill warn\">%d drifted</span>", list_length(service->drifts));
	if (service->pending > 0)
		appendStringInfo(page, "<span class=\"pill open\">%d pending</span>", service->pending);
	else if (service->survey != NULL && service->survey->set != NULL && service->stopped == NULL)
		appendStringInfoString(page, "<span class=\"pill good\">nothing pending</span>");
	else if (service->survey != NULL && service->scope->source == NULL)
		appendStringInfoString(page, "<span class=\"pill\">no source</span>");
}

static void
put_facts(StringInfo page, const ReportService *service)
{
	const Scope *scope = service->survey ? service->survey->scope : service->scope;

	appendStringInfoString(page, "<dl class=\"facts\">");
	put_fact(page, "source", service->scope->source, service->of_last_run ? "of the last run; not registered" : NULL);
	if (service->survey != NULL && service->survey->set != NULL)
		put_fact(page, "layout", service->survey->set->layout, NULL);
	put_fact(page, "environment", scope->environment ? scope->environment : scope->stamp, NULL);
	put_fact(page, "search_path", scope->search_path, NULL);
	appendStringInfo(page, "<div><dt>applied</dt><dd>%d</dd></div></dl>\n", service->applied);
}

static void
put_fact(StringInfo page, const char *label, const char *value, const char *remark)
{
	if (value == NULL)
		return;
	appendStringInfo(page, "<div><dt>%s</dt><dd>", label);
	html_text(page, value);
	if (remark != NULL)
		appendStringInfo(page, " <span class=\"soft\">(%s)</span>", remark);
	appendStringInfoString(page, "</dd></div>");
}

static void
put_problem(StringInfo page, const char *title, const ErrorData *error)
{
	appendStringInfo(page, "<div class=\"box\"><p><b>%s</b></p><p>", title);
	html_text(page, error->message);
	appendStringInfo(page, " <code>%s</code></p>", unpack_sql_state(error->sqlerrcode));
	if (error->detail != NULL)
	{
		appendStringInfoString(page, "<p class=\"soft\">");
		html_text(page, error->detail);
		appendStringInfoString(page, "</p>");
	}
	if (error->hint != NULL)
	{
		appendStringInfoString(page, "<p class=\"soft\">");
		html_text(page, error->hint);
		appendStringInfoString(page, "</p>");
	}
	appendStringInfoString(page, "</div>\n");
}

/* The first is what a run would say; the others are as much in its way. */
static void
put_stops(StringInfo page, const ReportService *service)
{
	FindingSink sink = {.settings = &service->survey->checks};
	int			shown = 0;
	ListCell   *lc;

	put_problem(page, "A run would be refused.", service->stopped);
	survey_find_what_stops(service->survey, false, &sink);
	if (sink.errors < 2)
		return;
	appendStringInfoString(page, "<div class=\"box\">");
	foreach(lc, sink.findings)
	{
		const Finding *finding = lfirst(lc);

		if (finding->severity != FINDING_ERROR || strcmp(finding->message, service->stopped->message) == 0 ||
			++shown > ROWS_AT_MOST)
			continue;
		appendStringInfoString(page, "<p>");
		if (finding->file != NULL)
		{
			appendStringInfoString(page, "<code>");
			html_text(page, finding->file);
			appendStringInfoString(page, "</code> ");
		}
		html_text(page, finding->message);
		appendStringInfoString(page, "</p>");
	}
	appendStringInfoString(page, "</div>\n");
	put_left_out(page, shown - ROWS_AT_MOST, "<code>migrator.validate()</code> has them all");
}

/* Whatever is not simply applied, or not to be. */
static bool
is_open(const Step *step)
{
	if (step->flags & FLAG_EXCLUDED && step->state != MIGRATION_APPLIED)
		return false;
	return step->state != MIGRATION_APPLIED || report_step_is_loud(step);
}

static void
put_open(StringInfo page, const ReportService *service)
{
	const MigrationPlan *plan = service->survey->plan;
	int			shown = 0;

	for (int i = 0; i < plan->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_open(&plan->steps[i]) || ++shown > ROWS_AT_MOST)
			continue;
		if (shown == 1)
		{
			appendStringInfoString(page, "<h3>Pending, and what to look at</h3>\n");
			begin_steps(page);
		}
		put_step(page, &plan->steps[i]);
	}
	if (shown > 0)
		appendStringInfoString(page, "</tbody></table></div>\n");
	put_left_out(page, shown - ROWS_AT_MOST, "<code>migrator.status()</code> has them all");
}

/* The latest first, folded away. */
static void
put_applied(StringInfo page, const ReportService *service)
{
	const MigrationPlan *plan = service->survey->plan;
	int			applied = 0;
	int			shown = 0;

	for (int i = 0; i < plan->count; i++)
		applied += !is_open(&plan->steps[i]) && plan->steps[i].state == MIGRATION_APPLIED;
	if (applied == 0)
		return;
	appendStringInfo(page, "<details><summary>%d applied</summary>\n", applied);
	begin_steps(page);
	for (int i = plan->count - 1; i >= 0 && shown < ROWS_AT_MOST; i--)
		if (!is_open(&plan->steps[i]) && plan->steps[i].state == MIGRATION_APPLIED)
		{
			put_step(page, &plan->steps[i]);
			shown++;
		}
	appendStringInfoString(page, "</tbody></table></div>\n");
	put_left_out(page, applied - shown, "<code>migrator.status()</code> has them all");
	appendStringInfoString(page, "</details>\n");
}

static void
begin_steps(StringInfo page)
{
	appendStringInfoString(page, "<div class=\"scroll\"><table><thead><tr><th>Version</th><th>Name</th><th>State</th>"
						   "<th>Applied</th><th class=\"number\">Time</th><th class=\"extra\">By</th></tr></thead><tbody>\n");
}

static void
put_step(StringInfo page, const Step *step)
{
	const RecordRow *row = step->row;
	const char *message = plan_step_message(step);

	appendStringInfoString(page, "<tr><td class=\"version\">");
	html_text(page, step->version);
	appendStringInfoString(page, "</td><td class=\"name\">");
	html_text(page, step->name);
	if (message == NULL)
		message = step->blocked;
	if (message != NULL)
	{
		appendStringInfo(page, "<div class=\"message%s\">", strcmp(report_step_class(step), "bad") == 0 ? "" : " soft");
		html_text(page, message);
		appendStringInfoString(page, "</div>");
	}
	appendStringInfo(page, "</td><td><span class=\"pill %s\">%s</span>", report_step_class(step), record_state_name(step->state));
	put_flags(page, step);
	appendStringInfoString(page, "</td><td>");
	if (row != NULL && row->applied_at != 0)
		html_time(page, row->applied_at);
	appendStringInfoString(page, "</td><td class=\"number\">");
	if (row != NULL && row->execution_time_ms >= 0)
		html_duration(page, row->execution_time_ms);
	appendStringInfoString(page, "</td><td class=\"extra\">");
	html_text(page, row ? row->applied_by : NULL);
	if (row != NULL && row->environment != NULL)
	{
		appendStringInfoString(page, " <span class=\"soft\">");
		html_text(page, row->environment);
		appendStringInfoString(page, "</span>");
	}
	appendStringInfoString(page, "</td></tr>\n");
}

static void
put_flags(StringInfo page, const Step *step)
{
	for (int i = 0; i < PLAN_FLAGS; i++)
		if (step->flags & (1 << i))
			appendStringInfo(page, " <span class=\"pill%s\">%s</span>",
							 (1 << i) & (FLAG_MODIFIED | FLAG_MISSING | FLAG_LATE | FLAG_BLOCKED) ? " warn" : "",
							 plan_flag_names[i]);
}

/* hint: HTML */
static void
put_left_out(StringInfo page, int64 left_out, const char *hint)
{
	if (left_out <= 0)
		return;
	appendStringInfoString(page, "<p class=\"more\">");
	html_number(page, left_out);
	appendStringInfo(page, " more are left out: %s.</p>\n", hint);
}

static void
put_graph(StringInfo page, const ReportService *service)
{
	StringInfoData graph;
	int			left_out;

	initStringInfo(&graph);
	left_out = report_graph(&graph, service->survey->plan);
	if (graph.len == 0)
		return;
	appendStringInfo(page, "<h3>What needs what</h3>\n%s", graph.data);
	put_left_out(page, left_out, "<code>migrator.dependency_graph()</code> draws them all");
	pfree(graph.data);
}

static void
put_drift(StringInfo page, const ReportService *service)
{
	int			shown = 0;
	ListCell   *lc;

	if (service->drift_problem != NULL)
		put_problem(page, "Drift could not be looked for.", service->drift_problem);
	if (service->drifts == NIL)
		return;
	appendStringInfoString(page, "<h3>Changed by no run</h3>\n<div class=\"scroll\"><table><thead><tr><th>Change</th><th>Kind</th>"
						   "<th>Object</th></tr></thead><tbody>\n");
	foreach(lc, service->drifts)
	{
		const Drift *drift = lfirst(lc);
		const KeptObject *object = drift->now ? drift->now : drift->before;

		CHECK_FOR_INTERRUPTS();
		if (shown++ >= ROWS_AT_MOST)
			continue;
		appendStringInfo(page, "<tr><td><span class=\"pill warn\">%s</span></td><td>",
						 drift->now == NULL ? "removed" : drift->before == NULL ? "added" : "changed");
		html_text(page, object->kind);
		appendStringInfoString(page, "</td><td class=\"version\">");
		html_text(page, object->identity);
		appendStringInfoString(page, "</td></tr>\n");
	}
	appendStringInfoString(page, "</tbody></table></div>\n");
	put_left_out(page, shown - ROWS_AT_MOST, "<code>migrator.drift()</code> has them all, and their definitions");
}

/* The slowest applied ones, each kept in its place while they are walked through. */
static void
put_slowest(StringInfo page, const ReportService *service)
{
	const MigrationPlan *plan = service->survey->plan;
	const Step *slowest[SLOWEST];
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		int			place = count;

		if (step->state != MIGRATION_APPLIED || step->row->execution_time_ms <= 0)
			continue;
		while (place > 0 && slowest[place - 1]->row->execution_time_ms < step->row->execution_time_ms)
			place--;
		if (place == SLOWEST)
			continue;
		count = Min(count + 1, SLOWEST);
		memmove(&slowest[place + 1], &slowest[place], (count - place - 1) * sizeof(Step *));
		slowest[place] = step;
	}
	if (count < 2)
		return;
	appendStringInfoString(page, "<h3>Slowest</h3>\n<div class=\"scroll\"><table><tbody>\n");
	for (int i = 0; i < count; i++)
	{
		appendStringInfoString(page, "<tr><td class=\"version\">");
		html_text(page, slowest[i]->version);
		appendStringInfoString(page, "</td><td class=\"name\">");
		html_text(page, slowest[i]->name);
		appendStringInfoString(page, "</td><td class=\"number\">");
		if (migrator_slow_threshold >= 0 && slowest[i]->row->execution_time_ms > migrator_slow_threshold)
			appendStringInfoString(page, "<span class=\"pill warn\">slow</span> ");
		html_duration(page, slowest[i]->row->execution_time_ms);
		appendStringInfo(page, "</td><td class=\"share\"><span class=\"bar\" style=\"width: %.1f%%\"></span></td></tr>\n",
						 100 * slowest[i]->row->execution_time_ms / slowest[0]->row->execution_time_ms);
	}
	appendStringInfoString(page, "</tbody></table></div>\n");
}
