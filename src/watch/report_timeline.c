/*
 * report_timeline.c
 *	  The runs of a report as a drawing.
 *
 * Runs take from a millisecond to hours, and come in crowds with months between:
 * so the height is a logarithm, and each run has a place of its own, with days
 * written below where they begin.
 */
#include "postgres.h"

#include <math.h>

#include "utils/timestamp.h"

#include "watch/html.h"
#include "watch/report_timeline.h"

#define LEFT 2
#define RIGHT 56				/* where the lines say what they are */
#define BAR 9					/* with what is between two */
#define TOP 8
#define HEIGHT 128
#define BOTTOM 24
#define DAY_WIDTH 72

/* What lines are drawn at, in ms, as far as there are runs that long. */
static const double steps[] = {1, 10, 100, 1000, 10000, 60000, 600000, 3600000, 36000000};

static double height_of(double ms, double longest);
static void draw_lines(StringInfo page, double longest, int width);
static void draw_run(StringInfo page, const ReportRun *run, int x, double longest);
static bool draw_day(StringInfo page, TimestampTz time, int x, char *last);

void
report_timeline(StringInfo page, const List *runs)
{
	int			count = Min(list_length(runs), TIMELINE_RUNS);
	int			width = LEFT + Max(count * BAR, 240) + RIGHT;
	double		longest = steps[3];
	int			day_x = -DAY_WIDTH;
	char		last_day[16] = "";

	for (int i = 0; i < count; i++)
		longest = Max(longest, ((ReportRun *) list_nth(runs, i))->duration_ms);
	appendStringInfo(page, "<div class=\"scroll latest\"><svg class=\"timeline\" role=\"img\" aria-label=\"Duration of the last %d runs\""
					 " viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", count, width, TOP + HEIGHT + BOTTOM,
					 width, TOP + HEIGHT + BOTTOM);
	draw_lines(page, longest, width);
	for (int i = 0; i < count; i++)
	{
		const ReportRun *run = list_nth(runs, count - 1 - i);
		int			x = LEFT + i * BAR;

		draw_run(page, run, x, longest);
		if (x >= day_x + DAY_WIDTH && x + DAY_WIDTH <= width - RIGHT / 2 && draw_day(page, run->started_at, x, last_day))
			day_x = x;
	}
	appendStringInfoString(page, "</svg></div>\n");
}

/* A run without a time, or of less than a millisecond, can be seen, too. */
static double
height_of(double ms, double longest)
{
	return 4 + (HEIGHT - 4) * log10(Max(ms, 1)) / log10(longest);
}

static void
draw_lines(StringInfo page, double longest, int width)
{
	for (int i = 0; i < lengthof(steps) && steps[i] <= longest; i++)
	{
		double		y = TOP + HEIGHT - height_of(steps[i], longest);

		appendStringInfo(page, "<line class=\"grid\" x1=\"0\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" /><text x=\"%d\" y=\"%.1f\">",
						 y, width - RIGHT, y, width - RIGHT + 6, y + 4);
		if (steps[i] < 1000)
			appendStringInfo(page, "%.0f ms", steps[i]);
		else if (steps[i] < 60000)
			appendStringInfo(page, "%.0f s", steps[i] / 1000);
		else if (steps[i] < 3600000)
			appendStringInfo(page, "%.0f min", steps[i] / 60000);
		else
			appendStringInfo(page, "%.0f h", steps[i] / 3600000);
		appendStringInfoString(page, "</text>\n");
	}
}

static void
draw_run(StringInfo page, const ReportRun *run, int x, double longest)
{
	double		height = height_of(run->duration_ms, longest);

	appendStringInfo(page, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" rx=\"1\"><title>run " INT64_FORMAT " ",
					 report_run_class(run), x, TOP + HEIGHT - height, BAR - 2, height, run->run_id);
	html_text(page, run->kind);
	appendStringInfoString(page, " of ");
	html_text(page, run->service);
	appendStringInfoString(page, ": ");
	html_text(page, run->outcome ? run->outcome : "no end");
	appendStringInfoString(page, ", ");
	html_duration(page, run->duration_ms);
	appendStringInfoString(page, ", ");
	html_text(page, timestamptz_to_str(run->started_at));
	appendStringInfoString(page, "</title></rect>\n");
}

/* The day of a run, unless it is the last one written. */
static bool
draw_day(StringInfo page, TimestampTz time, int x, char *last)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			zone;
	char		day[16];

	if (timestamp2tm(time, &zone, &tm, &fraction, NULL, NULL) != 0)
		return false;
	snprintf(day, sizeof(day), "%04d-%02d-%02d", tm.tm_year % 10000, tm.tm_mon % 100, tm.tm_mday % 100);
	if (strcmp(day, last) == 0)
		return false;
	strlcpy(last, day, sizeof(day));
	appendStringInfo(page, "<line class=\"tick\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" /><text x=\"%d\" y=\"%d\">%s</text>\n",
					 x, TOP + HEIGHT, x, TOP + HEIGHT + 6, x, TOP + HEIGHT + 18, day);
	return true;
}

const char *
report_run_class(const ReportRun *run)
{
	if (run->outcome == NULL)
		return "open";
	if (strstr(run->outcome, "fail") != NULL || strcmp(run->outcome, "interrupted") == 0 || run->failed > 0)
		return "bad";
	return run->applied > 0 ? "good" : "idle";
}
