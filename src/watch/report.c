/*
 * report.c
 *	  One page of HTML about the migrations of a database.
 *
 * It needs nothing else: no script, no font, no picture, and its policy says so to
 * the browser, so that what a name or an error message might smuggle in could not run either.  It is XML
 * as well, and ASCII.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "watch/html.h"
#include "watch/report.h"
#include "watch/report_data.h"
#include "watch/report_service.h"
#include "watch/report_style.h"
#include "watch/report_timeline.h"

/* so many rows of a table are shown */
#define RUNS_SHOWN 40
#define EVENTS_SHOWN 60

static void put_head(StringInfo page);
static void put_facts(StringInfo page);
static void put_fact(StringInfo page, const char *label, const char *value);
static void put_tiles(StringInfo page, const ReportData *data);
static void put_tile(StringInfo page, const char *class, int64 number, const char *label);
static void put_index(StringInfo page, const ReportData *data);
static void put_runs(StringInfo page, const ReportData *data);
static void put_run(StringInfo page, const ReportRun *run);
static void put_events(StringInfo page, const ReportData *data);
static void put_event(StringInfo page, const ReportEvent *event);
static void put_of(StringInfo page, int64 shown, int64 total, const char *what);

char *
report_page(const char *service)
{
	const ReportData *data = report_collect(service);
	StringInfoData page;
	ListCell   *lc;

	initStringInfo(&page);
	put_head(&page);
	put_tiles(&page, data);
	if (list_length(data->services) > 1)
		put_index(&page, data);
	put_runs(&page, data);
	foreach(lc, data->services)
	{
		report_service(&page, lfirst(lc), foreach_current_index(lc) + 1);
	}
	put_events(&page, data);
	appendStringInfo(&page, "<footer>migrator %s. Times are of time zone ", MIGRATOR_VERSION);
	html_text(&page, pg_get_timezone_name(session_timezone));
	appendStringInfoString(&page, ".</footer>\n</body>\n</html>\n");
	return page.data;
}

static void
put_head(StringInfo page)
{
	const char *database = get_database_name(MyDatabaseId);

	appendStringInfoString(page, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
						   "<meta charset=\"utf-8\" />\n"
						   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"
						   " base-uri 'none'; form-action 'none'\" />\n"
						   "<meta name=\"referrer\" content=\"no-referrer\" />\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n<title>Migrations of ");
	html_text(page, database);
	appendStringInfoString(page, "</title>\n<style>\n" REPORT_STYLE "</style>\n</head>\n<body>\n<h1>Migrations of ");
	html_text(page, database);
	appendStringInfoString(page, "</h1>\n");
	put_facts(page);
}

static void
put_facts(StringInfo page)
{
	StringInfoData now;

	appendStringInfoString(page, "<dl class=\"facts\">");
	initStringInfo(&now);
	html_time(&now, GetCurrentTimestamp());
	appendStringInfo(page, "<div><dt>at</dt><dd>%s</dd></div>", now.data);
	put_fact(page, "for", GetUserNameFromId(GetUserId(), false));
	put_fact(page, "server", psprintf("PostgreSQL %s%s", GetConfigOption("server_version", false, false),
									  RecoveryInProgress() ? ", standby" : ""));
	put_fact(page, "system identifier", psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	appendStringInfoString(page, "</dl>\n");
}

static void
put_fact(StringInfo page, const char *label, const char *value)
{
	appendStringInfo(page, "<div><dt>%s</dt><dd>", label);
	html_text(page, value);
	appendStringInfoString(page, "</dd></div>");
}

static void
put_tiles(StringInfo page, const ReportData *data)
{
	int64		applied = 0;
	int64		pending = 0;
	int64		failed = 0;
	int64		attention = 0;
	int64		drifted = 0;
	int64		refused = 0;
	ListCell   *lc;

	foreach(lc, data->services)
	{
		const ReportService *service = lfirst(lc);

		applied += service->applied;
		pending += service->pending;
		failed += service->failed;
		attention += service->attention;
		drifted += list_length(service->drifts);
		refused += service->source_problem != NULL || service->stopped != NULL;
	}
	appendStringInfoString(page, "<div class=\"tiles\">\n");
	put_tile(page, "", list_length(data->services), list_length(data->services) == 1 ? "service" : "services");
	put_tile(page, "", applied, "applied");
	put_tile(page, pending > 0 ? " open" : "", pending, "pending");
	put_tile(page, failed > 0 ? " bad" : "", failed, "failed");
	put_tile(page, attention > 0 ? " warn" : "", attention, "to look at");
	put_tile(page, drifted > 0 ? " warn" : "", drifted, "drifted");
	if (refused > 0)
		put_tile(page, " bad", refused, refused == 1 ? "service refused" : "services refused");
	appendStringInfoString(page, "</div>\n");
}

static void
put_tile(StringInfo page, const char *class, int64 number, const char *label)
{
	appendStringInfo(page, "<div class=\"tile%s\"><b>", class);
	html_number(page, number);
	appendStringInfo(page, "</b><span>%s</span></div>\n", label);
}

static void
put_index(StringInfo page, const ReportData *data)
{
	ListCell   *lc;

	appendStringInfoString(page, "<section><header><h2>Services</h2></header>\n<div class=\"scroll\"><table><tbody>\n");
	foreach(lc, data->services)
	{
		appendStringInfo(page, "<tr><td class=\"narrow\"><a href=\"#s%d\">", foreach_current_index(lc) + 1);
		html_text(page, ((ReportService *) lfirst(lc))->name);
		appendStringInfoString(page, "</a></td><td>");
		report_service_state(page, lfirst(lc));
		appendStringInfoString(page, "</td></tr>\n");
	}
	appendStringInfoString(page, "</tbody></table></div></section>\n");
}

static void
put_runs(StringInfo page, const ReportData *data)
{
	int			count = list_length(data->runs);

	appendStringInfoString(page, "<section><header><h2>Runs</h2></header>\n");
	if (count == 0)
		appendStringInfoString(page, "<p class=\"soft\">None yet.</p>\n");
	else
	{
		report_timeline(page, data->runs);
		put_of(page, Min(count, TIMELINE_RUNS), data->run_total, "runs, each as high as the logarithm of its time");
		appendStringInfoString(page, "<details><summary>The latest runs</summary>\n<div class=\"scroll\"><table><thead><tr>"
							   "<th class=\"number\">Run</th><th>Started</th><th>Service</th><th>Kind</th><th>Outcome</th>"
							   "<th class=\"number\">Applied</th><th class=\"number\">Failed</th><th class=\"number\">Time</th>"
							   "<th>By</th></tr></thead><tbody>\n");
		for (int i = 0; i < Min(count, RUNS_SHOWN); i++)
			put_run(page, list_nth(data->runs, i));
		appendStringInfoString(page, "</tbody></table></div>\n");
		put_of(page, Min(count, RUNS_SHOWN), data->run_total, "runs; <code>migrator.runs</code> has all");
		appendStringInfoString(page, "</details>\n");
	}
	appendStringInfoString(page, "</section>\n");
}

static void
put_run(StringInfo page, const ReportRun *run)
{
	appendStringInfo(page, "<tr><td class=\"number\">" INT64_FORMAT "</td><td>", run->run_id);
	html_time(page, run->started_at);
	appendStringInfoString(page, "</td><td>");
	html_text(page, run->service);
	if (run->environment != NULL)
	{
		appendStringInfoString(page, " <span class=\"soft\">");
		html_text(page, run->environment);
		appendStringInfoString(page, "</span>");
	}
	appendStringInfoString(page, "</td><td>");
	html_text(page, run->kind);
	appendStringInfo(page, "</td><td><span class=\"pill %s\">", report_run_class(run));
	html_text(page, run->outcome ? run->outcome : "no end");
	appendStringInfoString(page, "</span></td><td class=\"number\">");
	if (run->applied >= 0)
		html_number(page, run->applied);
	appendStringInfoString(page, "</td><td class=\"number\">");
	if (run->failed >= 0)
		html_number(page, run->failed);
	appendStringInfoString(page, "</td><td class=\"number\">");
	html_duration(page, run->duration_ms);
	appendStringInfoString(page, "</td><td>");
	html_text(page, run->started_by);
	if (run->application != NULL && run->application[0] != '\0')
	{
		appendStringInfoString(page, " <span class=\"soft\">");
		html_text(page, run->application);
		appendStringInfoString(page, "</span>");
	}
	appendStringInfoString(page, "</td></tr>\n");
}

static void
put_events(StringInfo page, const ReportData *data)
{
	int			count = Min(list_length(data->events), EVENTS_SHOWN);

	if (count == 0)
		return;
	appendStringInfoString(page, "<section><header><h2>History</h2></header>\n<div class=\"scroll\"><table><thead><tr><th>When</th>"
						   "<th>Service</th><th>Event</th><th>Migration</th><th class=\"number\">Time</th><th class=\"extra\">By</th>"
						   "</tr></thead><tbody>\n");
	for (int i = 0; i < count; i++)
		put_event(page, list_nth(data->events, i));
	appendStringInfoString(page, "</tbody></table></div>\n");
	put_of(page, count, data->event_total, "events; <code>migrator.history</code> has all");
	appendStringInfoString(page, "</section>\n");
}

static void
put_event(StringInfo page, const ReportEvent *event)
{
	bool		bad = event->sqlstate != NULL || strstr(event->event, "fail") != NULL;

	appendStringInfoString(page, "<tr><td>");
	html_time(page, event->at);
	appendStringInfoString(page, "</td><td>");
	html_text(page, event->service);
	appendStringInfo(page, "</td><td><span class=\"pill%s\">", bad ? " bad" : strcmp(event->event, "applied") == 0 ? " good" : "");
	html_text(page, event->event);
	appendStringInfoString(page, "</span></td><td class=\"name\"><span class=\"version\">");
	html_text(page, event->version);
	appendStringInfoString(page, "</span> ");
	html_text(page, event->name);
	if (event->message != NULL)
	{
		appendStringInfo(page, "<div class=\"message%s\">", bad ? "" : " soft");
		html_text(page, event->message);
		appendStringInfoString(page, "</div>");
	}
	appendStringInfoString(page, "</td><td class=\"number\">");
	html_duration(page, event->ms);
	appendStringInfoString(page, "</td><td class=\"extra\">");
	html_text(page, event->by);
	appendStringInfoString(page, "</td></tr>\n");
}

/* "Shown: the latest 40 of 12,345 runs; ..."; what: HTML */
static void
put_of(StringInfo page, int64 shown, int64 total, const char *what)
{
	if (shown == total)
		return;
	appendStringInfoString(page, "<p class=\"more\">The latest ");
	html_number(page, shown);
	appendStringInfoString(page, " of ");
	html_number(page, total);
	appendStringInfo(page, " %s.</p>\n", what);
}
