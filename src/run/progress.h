/*
 * progress.h
 *	  What a run is doing now, for other sessions to see.
 *
 * A run that commits as it goes makes a small shared memory segment and puts
 * its handle into its row of "runs"; readers attach to it for a moment.  No
 * preloading is needed.  (Named segments exist from PostgreSQL 17 only.)
 *
 * Nobody waits for anybody: the writer counts its changes as the server does
 * for pg_stat_activity, and a reader that meets one under way tries again, a
 * bounded number of times.  A handle left behind by a run that died may be that
 * of any memory by now; what is read there is not taken for a run.
 */
#ifndef MIGRATOR_RUN_PROGRESS_H
#define MIGRATOR_RUN_PROGRESS_H

#include "datatype/timestamp.h"
#include "storage/dsm.h"

#define PROGRESS_TEXT 256

/* of its segment; see base/segment.h */
#define PROGRESS_KIND 0x6d677270

/* All strings are cut to fit, at a character's boundary. */
typedef struct Progress
{
	int64		run_id;
	Oid			database;
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

typedef struct SharedProgress
{
	uint32		changes;		/* odd while one is under way */
	Progress	progress;
} SharedProgress;

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

/*
 * Copy what a run of this database has put into the segment; false when that
 * is gone, or another, or does not come to rest.
 */
extern bool progress_read(dsm_handle handle, int64 run_id, Progress *progress);

#endif
