/*
 * record.h
 *	  All reading and writing of the extension's tables, as their owner.
 */
#ifndef MIGRATOR_RECORD_RECORD_H
#define MIGRATOR_RECORD_RECORD_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "layout/migration.h"

typedef enum MigrationState
{
	MIGRATION_PENDING,			/* never stored: no row */
	MIGRATION_RUNNING,
	MIGRATION_INTERRUPTED,		/* never stored: a running row without its
								 * backend */
	MIGRATION_FAILED,
	MIGRATION_APPLIED,
	MIGRATION_ROLLED_BACK
} MigrationState;

extern const char *record_state_name(MigrationState state);

/* A row of "migrations".  Strings are NULL where the column is. */
typedef struct RecordRow
{
	char	   *version;
	char	   *name;
	char	   *file;
	char	   *layout;
	MigrationState state;
	char	   *environment;
	char	   *checksum;
	char	   *fingerprint;
	TimestampTz applied_at;		/* 0 when NULL */
	double		execution_time_ms;	/* -1 when NULL */
	char	   *applied_by;
	bool		baseline;
	bool		non_transactional;
	char	   *error_message;
	int64		run_id;
	int			statement_done; /* of a script run part by part, else 0 */
	int			statement_started;	/* 0: none */
	char	   *done_digest;	/* of the statements done, or NULL */
} RecordRow;

typedef struct Record
{
	const char *service;
	int			count;
	int			room;
	RecordRow  *rows;			/* in no order */
} Record;

/*
 * What is to be written of one migration.  Strings may be NULL.
 */
typedef struct RecordEntry
{
	const char *service;
	const char *version;
	const char *name;
	const char *file;
	const char *layout;
	MigrationState state;
	const char *environment;
	const char *checksum;
	const char *fingerprint;
	const char *description;
	const char *down_script;
	int64		run_id;			/* 0: none */
	double		execution_time_ms;	/* < 0: none */
	int			statement_total;
	int			statement_done;
	int			statement_started;	/* 0: none */
	const char *done_digest;
	bool		baseline;
	bool		non_transactional;
	int64		lock_key;

	/* of a failure */
	int			statement;		/* 1-based, 0: none */
	int			line;			/* 0: none */
	const char *error_message;
	const char *error_sqlstate;
	const char *error_detail;

	const char *event;			/* of history: applied, failed, baseline, ... */
	const char *note;

	/* who; filled from the session when applied_by is NULL */
	const char *applied_by;
	const char *run_as;
	const char *application_name;
	const char *client_addr;
	int			backend_pid;
} RecordEntry;

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

/* All rows of a service; snapshot as in owner_query_run. */
extern Record *record_load(const char *service, Snapshot snapshot);

/* The row of one version as it is on record, or NULL. */
extern const RecordRow *record_load_one(const char *service, const char *version);

/* Do two loads say the same of every migration? */
extern bool record_equal(const Record *a, const Record *b);

/* A new run_id. Its number is used up even when the transaction is undone. */
extern int64 record_new_run_id(void);

/* Fill the fields that say who from this session. */
extern void record_entry_identify(RecordEntry *entry);
extern void record_run_identify(RunEntry *run);

/*
 * Write the state row (inserted or replaced) and an event of history.  Raises
 * 40001 when the row says that the migration is applied: whatever locks were
 * lost, a migration is not put on record twice.
 */
extern void record_write(RecordEntry *entry);

/* Write the event of history alone. */
extern void record_write_event(RecordEntry *entry);

/*
 * Write a "failed" state row unless the migration is applied meanwhile (then
 * false).  Of an attempt whose transaction was undone.
 */
extern bool record_write_failed_state(const RecordEntry *entry);

/*
 * How far a migration has come that is run part by part: statements done, and
 * the one started (0: none).  done_digest covers the text of those done;
 * resume_state is JSON, of what a resume has to find or to make again:
 *
 *	  role, search_path		of the user who ran it, at its beginning
 *	  user					whom the parts that are done left
 *	  settings				what its parts changed, value by name, null for RESET
 *	  reindex				of a REINDEX CONCURRENTLY that was started (execute/resume.c)
 */
typedef struct RecordMark
{
	const char *service;
	const char *version;
	int64		run_id;
	int			done;
	int			started;
	const char *done_digest;
	const char *resume_state;
} RecordMark;

/*
 * Move the mark of a migration that run_id is running.  Raises 40001 when the
 * row is not that any more: the part is undone with its mark.
 */
extern void record_mark(const RecordMark *mark);

/* resume_state, as far as it is about the session; strings NULL: nothing is known */
typedef struct ResumeState
{
	char	   *role;
	char	   *search_path;
	char	   *user;
	List	   *settings;		/* of SettingValue *, in no order */
} ResumeState;

/* a setting and its value as text; value NULL: RESET */
typedef struct SettingValue
{
	char	   *name;
	char	   *value;
} SettingValue;

extern ResumeState *record_resume_state(const char *service, const char *version);

/* Begin and end the row of a run that commits as it goes. */
extern void record_start_run(RunEntry *run);
extern void record_finish_run(const RunEntry *run);

/* Under the lock of the service: no other run can be at work. */
extern void record_end_dead_runs(const char *service);

/* Where a run that goes on shows what it does, 0 when it does not. */
extern uint32 record_progress_handle(int64 run_id);

/* Is there a run without an end?  It may be at work. */
extern bool record_has_open_runs(const char *service);

/*
 * Change the state that is on record, and nothing else of the row but its
 * error and its marks.  Raises 40001 when the state is not "from" any more.
 */
extern void record_change_state(const char *service, const char *version, MigrationState from,
								MigrationState state);

/* Delete the state row: the migration is pending again.  40001 likewise. */
extern void record_forget(const char *service, const char *version, MigrationState from);

/*
 * Replace checksum, fingerprint and down script of an applied migration, unless
 * they are the same: then false.
 */
extern bool record_accept(const RecordEntry *entry);

extern void record_write_run(RunEntry *run);

/* Make and drop the view <service>_schema_migrations. */
extern void record_make_service_view(const char *service);
extern void record_drop_service_view(const char *service);

/* Name of that view. */
extern char *record_service_view_name(const char *service);

#endif
