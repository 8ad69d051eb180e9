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
	double		lock_wait_ms;	/* 0: it did not wait for the service's lock */
	int			lock_retries;
	/* who; filled from the session when started_by is NULL */
	const char *started_by;
	const char *run_as;
	const char *application_name;
	const char *client_addr;
	int			backend_pid;
	TimestampTz backend_start;
	uint32		progress_handle;	/* 0: none */
	const char *origin;			/* client, background, server start; NULL:
								 * client */
	/* the error that it raised, all NULL when there was none */
	const char *error_sqlstate;
	const char *error_message;
	const char *error_detail;
	const char *error_hint;
	const char *error_context;
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
#define RECORD_RUN_STRINGS 15
extern int	record_run_strings(RunEntry *run, const char **strings[RECORD_RUN_STRINGS]);

/* Write the row of a run: complete, or of one that goes on and commits as it goes. */
extern void record_write_run(RunEntry *run, bool finished);

/* Complete it. */
extern void record_finish_run(const RunEntry *run);

/* Under the lock of the service: no other run can be in progress.  Returns those that it has ended, as RunEntry *. */
extern List *record_end_dead_runs(const char *service);

/* Where a run that goes on shows what it does, 0 when it does not. */
extern uint32 record_progress_handle(int64 run_id);

/* What the record says of a run, as it is committed now. */
typedef struct RunState
{
	MemoryContext context;		/* that its texts are in */
	char	   *service;
	char	   *outcome;		/* NULL: none yet */
	bool		finished;
	int			backend_pid;
	char	   *error_sqlstate; /* these are NULL where there is none */
	char	   *error_message;
	char	   *error_detail;
	char	   *error_hint;
	char	   *error_context;
} RunState;

/*
 * False when there is no such run; whatever snapshot the caller's transaction
 * has.  Texts are in CurrentMemoryContext.
 */
extern bool record_run_state(int64 run_id, RunState *state);

/* The result that up() had of it, or would have had: JSON. */
extern Datum record_run_result(int64 run_id);

/*
 * How many runs of the service at a server start there are, behind its last other
 * one, that did not come to an end.
 */
extern int	record_unfinished_starts(const char *service);

/* Is there a run without an end?  It may be in progress. */
extern bool record_has_open_runs(const char *service);

#endif
