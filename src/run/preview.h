/*
 * preview.h
 *	  What a run that goes back would do, as far as it can be seen beforehand.
 */
#ifndef MIGRATOR_RUN_PREVIEW_H
#define MIGRATOR_RUN_PREVIEW_H

#include "run/run.h"

/* A statement of a down script, and one object that it is about. */
typedef struct PreviewRow
{
	const char *service;
	const char *version;
	const char *name;			/* or NULL */
	int			statement;		/* from 1; 0: there is no script */
	const char *command;		/* its tag, or NULL */
	const char *object;			/* or NULL */
	Oid			relation;		/* InvalidOid: there is none now, or it is no
								 * relation */
	double		rows;			/* estimated; < 0: not known */
	int64		bytes;			/* with indexes and TOAST; < 0: none */
	List	   *dependents;		/* of char * */
	const char *down_source;	/* record, file, or NULL: there is no script */
} PreviewRow;

typedef void (*PreviewReport) (const PreviewRow *row, void *argument);

/*
 * In the order of the run, with names resolved as its scripts would.  Raises what
 * a run does for what it is asked, and for faults of a script; what else would
 * stop it is left to the run.
 */
extern void run_preview(const RunRequest *request, PreviewReport report, void *argument);

#endif
