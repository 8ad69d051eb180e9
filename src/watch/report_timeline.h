/*
 * report_timeline.h
 *	  The runs of a report as a drawing.
 */
#ifndef MIGRATOR_WATCH_REPORT_TIMELINE_H
#define MIGRATOR_WATCH_REPORT_TIMELINE_H

#include "lib/stringinfo.h"

#include "watch/report_data.h"

/* So many of the latest are drawn. */
#define TIMELINE_RUNS 115

/* Append an SVG: a bar for each run (ReportRun *, the latest first), as high as the logarithm of its time. */
extern void report_timeline(StringInfo page, const List *runs);

/* The class of a run by its outcome: good, bad, open, idle. */
extern const char *report_run_class(const ReportRun *run);

#endif
