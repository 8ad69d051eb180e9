/*
 * report_graph.h
 *	  What needs what, as a drawing in a report.
 */
#ifndef MIGRATOR_WATCH_REPORT_GRAPH_H
#define MIGRATOR_WATCH_REPORT_GRAPH_H

#include "lib/stringinfo.h"

#include "plan/plan.h"

/* So many migrations are drawn: the last ones that need others, with these. */
#define GRAPH_NODES 200

/*
 * Append an SVG of the migrations that have declared what they need, and of
 * what they need; nothing where none has.  Returns how many are left out.
 */
extern int	report_graph(StringInfo page, const MigrationPlan *plan);

/* The class of a step by its state. */
extern const char *report_step_class(const Step *step);

#endif
