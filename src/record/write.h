/*
 * write.h
 *	  Writing of one migration: its row of "migrations", its events of "history".
 */
#ifndef MIGRATOR_RECORD_WRITE_H
#define MIGRATOR_RECORD_WRITE_H

#include "base/compat.h"
#include "record/record.h"

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
	bool		irreversible;
	bool		repeatable;
	const char *replaces;		/* of one that is applied and ran again: the
								 * checksum that is on record of it; NULL: it
								 * must not be applied */
	int64		lock_key;
	bool		going_back;		/* of what is taken back */

	/* of a failure */
	int			statement;		/* 1-based, 0: none */
	int			line;			/* 0: none */
	const char *error_message;
	const char *error_sqlstate;
	const char *error_detail;

	TimestampTz applied_at;		/* 0: now; of what another tool did, its time */
	const char *event;			/* of history: applied, failed, baseline, ... */
	const char *note;

	/* who; filled from the session when applied_by is NULL */
	const char *applied_by;
	const char *run_as;
	const char *application_name;
	const char *client_addr;
	int			backend_pid;
} RecordEntry;

/* Fill the fields that say who from this session. */
extern void record_entry_identify(RecordEntry *entry);

/* Where all its strings are, for whoever sends an entry elsewhere.  Returns how many they are. */
#define RECORD_ENTRY_STRINGS 21
extern int	record_entry_strings(RecordEntry *entry, const char **strings[RECORD_ENTRY_STRINGS]);

/*
 * Write the state row (inserted or replaced) and an event of history.  Raises
 * 40001 when the row says that the migration is applied: whatever locks were
 * lost, a migration is not put on record twice.
 */
extern void record_write(RecordEntry *entry);

/* Write the event of history alone. */
extern void record_write_event(RecordEntry *entry);

/*
 * Write the state row alone; false, and nothing written, when the migration is
 * applied meanwhile.  Of an attempt whose transaction was undone.
 */
extern bool record_write_state(const RecordEntry *entry);

/*
 * The same of a migration that is taken back: the state, how far that came and
 * when, and nothing of the migration itself.  Raises 40001 when it is neither
 * applied nor being taken back.  record_write_back() writes the event, too.
 */
extern void record_write_back(RecordEntry *entry);
extern void record_write_back_state(const RecordEntry *entry);

/*
 * Change the state that is on record, and nothing else of the row but its
 * error and its marks.  Raises 40001 when the state is not "from" any more.
 */
extern void record_change_state(const char *service, const char *version, MigrationState from,
								MigrationState state);

/* Another version for a row, and the file that it is of: its plan calls it so by now. */
extern void record_rename(const char *service, const char *version, const char *renamed, const char *file);

/* Delete the state row: the migration is pending again.  40001 likewise. */
extern void record_forget(const char *service, const char *version, MigrationState from);

/* Delete all state rows of a service; history stays. */
extern void record_forget_all(const char *service);

/*
 * Replace checksum, fingerprint, down script and whether there is a way back of an applied migration, unless
 * they are the same: then false.
 */
extern bool record_accept(const RecordEntry *entry);

/* Raise 40001: the state is not the one that was acted upon. */
pg_noreturn extern void record_refuse_stale(const char *service, const char *version);

#endif
