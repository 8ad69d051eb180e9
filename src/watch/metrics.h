/*
 * metrics.h
 *	  Numbers about services for those who draw curves and raise alarms.
 *
 * Families are named and kept as Prometheus does: counters never become less, as
 * long as nobody deletes from "runs" and "history".
 */
#ifndef MIGRATOR_WATCH_METRICS_H
#define MIGRATOR_WATCH_METRICS_H

#include "nodes/pg_list.h"

typedef struct MetricFamily
{
	const char *name;
	const char *kind;			/* counter, gauge, histogram */
	const char *help;
	List	   *samples;		/* of MetricSample * */
} MetricFamily;

#define METRIC_LABELS 3

typedef struct MetricSample
{
	const char *suffix;			/* of the family's name: "", or "_bucket",
								 * "_sum", "_count" of a histogram */
	const char *labels[METRIC_LABELS][2];	/* name and value, NULL behind the
											 * last */
	double		value;
} MetricSample;

/*
 * All families, as MetricFamily *, those without a sample too.  Sources are read
 * as health_look() does, with the caller's rights; the record as a whole.
 */
extern List *metrics_collect(void);

#endif
