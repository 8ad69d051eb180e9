/*
 * record.h
 *	  What is on record of a service's migrations.
 */
#ifndef MIGRATOR_RECORD_RECORD_H
#define MIGRATOR_RECORD_RECORD_H

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

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
	char	   *stored_version; /* in the table, where files call it otherwise
								 * by now; else NULL */
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
	bool		irreversible;	/* said so when it was applied */
	bool		repeatable;		/* it runs again when it changes */
	bool		going_back;		/* it is being taken back, or was when that
								 * ended */
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
	char	   *text;			/* where the next row's texts go, */
	Size		text_room;		/* and how much has room there */
} Record;

/* All rows of a service; snapshot as in owner_query_run. */
extern Record *record_load(const char *service, Snapshot snapshot);

/* The row of one version as it is on record, or NULL. */
extern const RecordRow *record_load_one(const char *service, const char *version);

/* The number of the run that last applied a migration, as history has it; 0 for none. */
extern int64 record_last_applied_by(const char *service, const char *version);

/* Do two loads say the same of every migration? */
extern bool record_equal(const Record *a, const Record *b);

#endif
