/*
 * current_run.h
 *	  What the run of this session is about at the moment, for the scripts and
 *	  hooks of it that want to know.
 */
#ifndef MIGRATOR_RUN_CURRENT_RUN_H
#define MIGRATOR_RUN_CURRENT_RUN_H

/* Strings may be NULL but for the first two. */
typedef struct CurrentRun
{
	const char *kind;			/* apply, up, seed */
	const char *service;
	int64		run_id;			/* 0: none, as in a dry run */
	const char *environment;
	const char *direction;		/* up, down */
	const char *version;		/* of the migration; NULL: a hook of the run */
	const char *name;
	const char *file;			/* of the script */
} CurrentRun;

/* Strings are not copied: they live as long as the call. */
extern void current_run_set(const CurrentRun *run);

/* Nothing is under way any more. */
extern void current_run_end(void);

/* NULL outside of a run. */
extern const CurrentRun *current_run_get(void);

#endif
