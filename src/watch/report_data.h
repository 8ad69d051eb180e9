/*
 * report_data.h
 *	  What a report tells, before it is a page.
 */
#ifndef MIGRATOR_WATCH_REPORT_DATA_H
#define MIGRATOR_WATCH_REPORT_DATA_H

#include "run/survey.h"

/* A row of "runs". */
typedef struct ReportRun
{
	int64		run_id;
	char	   *kind;
	char	   *service;
	char	   *environment;	/* or NULL */
	TimestampTz started_at;
	char	   *outcome;		/* NULL: without an end */
	int			applied;		/* -1: not told */
	int			failed;
	double		duration_ms;	/* -1: not told */
	char	   *started_by;		/* or NULL */
	char	   *application;	/* or NULL */
} ReportRun;

/* A row of "history". */
typedef struct ReportEvent
{
	TimestampTz at;
	int64		run_id;			/* 0: of none */
	char	   *service;
	char	   *version;		/* or NULL */
	char	   *name;			/* likewise */
	char	   *event;
	double		ms;				/* -1: not told */
	char	   *sqlstate;		/* or NULL */
	char	   *message;		/* the error, or the note; or NULL */
	char	   *by;				/* or NULL */
} ReportEvent;

typedef struct ReportService
{
	const char *name;
	Scope	   *scope;
	bool		of_last_run;	/* the source is not registered, but its */
	Survey	   *survey;			/* of the record alone, if source_problem is
								 * there; NULL if even that failed */
	ErrorData  *source_problem; /* why the source could not be looked at, or
								 * NULL */
	ErrorData  *stopped;		/* what every run would refuse; or NULL */
	List	   *drifts;			/* of Drift * */
	bool		drift_kept;		/* there is something to compare with */
	ErrorData  *drift_problem;	/* or NULL */
	int			applied;
	int			pending;
	int			failed;			/* or interrupted */
	int			attention;		/* steps with a flag that somebody should see,
								 * or blocked */
} ReportService;

/* So many of the latest are read. */
#define REPORT_RUNS 200
#define REPORT_EVENTS 200

typedef struct ReportData
{
	List	   *services;		/* of ReportService * */
	List	   *runs;			/* of ReportRun *, the latest first */
	int64		run_total;
	List	   *events;			/* of ReportEvent *, the latest first */
	int64		event_total;
} ReportData;

/*
 * Look at a service, or (NULL) at all that are registered or on record and that
 * the caller may see.  Raises 22023 for a name that no service has, 42501 for one of
 * others; what is wrong with sources is in the result.
 */
extern ReportData *report_collect(const char *service);

/* Does the step want somebody's attention? */
extern bool report_step_is_loud(const Step *step);

#endif
