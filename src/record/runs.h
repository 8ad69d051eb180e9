/*
 * runs.h
 *	  Table "runs": a row for each call that ran something.
 */
#ifndef MIGRATOR_RECORD_RUNS_H
#define MIGRATOR_RECORD_RUNS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* A row of "runs". */
typedef struct RunEntry
{
	int64		run_id;
	const char *kind;
	const char *service;
	const char *source;
	const char *environment;
	TimestampTz started_at;
	const char *outcome;
	int			total;
	int			applied;
	int			failed;
	int			skipped;
	double		duration_ms;
	/* who; filled from the session when started_by is NULL */
	const char *started_by;
	const char *run_as;
	const char *application_name;
	const char *client_addr;
	int			backend_pid;
	TimestampTz backend_start;
	uint32		progress_handle;	/* 0: none */
} RunEntry;

/* What is told of a service's last run. */
typedef struct LastRun
{
	int64		run_id;
	char	   *kind;
	char	   *outcome;		/* "running" until its end */
	TimestampTz started_at;
	TimestampTz finished_at;	/* 0: not yet, or it died */
	int			applied;
	int			failed;
} LastRun;

/* NULL when there is none. */
extern LastRun *record_last_run(const char *service);

/* A new run_id. Its number is used up even when the transaction is undone. */
extern int64 record_new_run_id(void);

/* Fill the fields that say who from this session. */
extern void record_run_identify(RunEntry *run);

/* As record_entry_strings(). */
#define RECORD_RUN_STRINGS 9
extern int	record_run_strings(RunEntry *run, const char **strings[RECORD_RUN_STRINGS]);

/* Write the row of a run: complete, or of one that goes on and commits as it goes. */
extern void record_write_run(RunEntry *run, bool finished);

/* Complete it. */
extern void record_finish_run(const RunEntry *run);

/* Under the lock of the service: no other run can be in progress.  Returns those that it has ended, as RunEntry *. */
extern List *record_end_dead_runs(const char *service);

/* Where a run that goes on shows what it does, 0 when it does not. */
extern uint32 record_progress_handle(int64 run_id);

/* Is there a run without an end?  It may be in progress. */
extern bool record_has_open_runs(const char *service);

#endif
