/*
 * progress.h
 *	  What a run is doing now, for other sessions to see.
 *
 * A run that commits as it goes makes a small shared memory segment and puts
 * its handle into its row of "runs"; readers attach to it for a moment.  No
 * preloading is needed.  (Named segments exist from PostgreSQL 17 only.)
 */
#ifndef MIGRATOR_PROGRESS_H
#define MIGRATOR_PROGRESS_H

#include "datatype/timestamp.h"

#define PROGRESS_TEXT 256

/* All strings are cut to fit, at a character's boundary. */
typedef struct Progress
{
	int64		run_id;
	int			pid;
	Oid			user;
	char		version[PROGRESS_TEXT];
	char		name[PROGRESS_TEXT];
	int			migration;		/* n of total */
	int			migration_total;
	int			statement;		/* k of total */
	int			statement_total;
	char		text[PROGRESS_TEXT];
	int			attempt;
	TimestampTz started_at;		/* of the migration */
} Progress;

/*
 * Make the segment of this backend's run.  Returns its handle, 0 when none can
 * be had: then the others do nothing.
 */
extern uint32 progress_begin(int64 run_id, int migration_total);
extern void progress_migration(int migration, const char *version, const char *name,
							   int statement_total, int attempt);
extern void progress_statement(int statement, const char *text, int length);

/* Safe in any state. */
extern void progress_end(void);

/* Copy what a run has put into the segment; false when it is gone. */
extern bool progress_read(uint32 handle, int64 run_id, Progress *progress);

#endif
