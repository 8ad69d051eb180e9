/*
 * settings.h
 *	  The settings migrator.*, and what was wrong with them when the library
 *	  was loaded.
 *
 * Defined once, in settings.c.  Policy (environment, lock_id, source_roots,
 * backup_max_age, checksum_policy, late, max_file_size, trusted_stagers, max_stage_size,
 * max_stage_files) is not the caller's: PGC_SUSET.
 */
#ifndef MIGRATOR_BASE_SETTINGS_H
#define MIGRATOR_BASE_SETTINGS_H

#include "nodes/pg_list.h"

#define MIGRATOR_VERSION "1.0.0"
#define MIGRATOR_SCHEMA "migrator"

typedef enum ChecksumPolicy
{
	CHECKSUM_POLICY_WARN,
	CHECKSUM_POLICY_ERROR
} ChecksumPolicy;

typedef enum LatePolicy
{
	LATE_ERROR,
	LATE_ALLOW
} LatePolicy;

typedef enum IfLocked
{
	IF_LOCKED_WAIT,
	IF_LOCKED_SKIP,
	IF_LOCKED_FAIL
} IfLocked;

typedef enum OnError
{
	ON_ERROR_RAISE,
	ON_ERROR_STOP,
	ON_ERROR_CONTINUE
} OnError;

/* when the commits of a CALL migrator.up() reach the disk */
typedef enum CommitMode
{
	COMMIT_GROUPED,				/* with the last one */
	COMMIT_EACH
} CommitMode;

/* migrations when the server starts */
typedef enum AutoMigrate
{
	AUTO_MIGRATE_OFF,
	AUTO_MIGRATE_ON,
	AUTO_MIGRATE_ENVIRONMENT	/* where the environment's flag says so */
} AutoMigrate;

/* the server's */
extern int	migrator_auto_migrate;	/* AutoMigrate */
extern char *migrator_auto_migrate_role;

/* policy */
extern char *migrator_environment;	/* "" when none */
extern char *migrator_lock_id;	/* a bigint as text, "" when none */
extern char *migrator_source_roots; /* comma-separated directories */
extern int	migrator_checksum_policy;	/* ChecksumPolicy */
extern int	migrator_backup_max_age;	/* seconds */
extern int	migrator_late;		/* LatePolicy */
extern int	migrator_max_file_size; /* kB */
extern int	migrator_max_stage_size;	/* kB */
extern int	migrator_max_stage_files;

/* the user's */
extern bool migrator_enabled;
extern bool migrator_bootstrap;
extern bool migrator_track_schema;
extern bool migrator_check_schema;
extern int	migrator_if_locked; /* IfLocked */
extern double migrator_wait_timeout;	/* s; 0 = no limit */
extern int	migrator_on_error;	/* OnError */
extern bool migrator_record_failures;
extern int	migrator_commit;	/* CommitMode */
extern int	migrator_lock_retries;
extern int	migrator_ddl_lock_timeout;	/* ms; 0 = off */
extern int	migrator_migration_timeout; /* ms; 0 = off */
extern int	migrator_slow_threshold;	/* ms; -1 = none is slow */
extern char *migrator_notify_channel;	/* "" when none */
extern int	migrator_log_level; /* an elevel */

extern void settings_define(void);

/*
 * Raise 22023 when a migrator.* setting was unknown or invalid at the time the
 * library was loaded; the server itself only warned then.
 */
extern void settings_require_valid(void);

/* Numbers of an argument's words, 22023 naming the known words otherwise. */
/* migrator.wait_timeout in ms; 0 = no limit */
extern int	settings_wait_ms(void);

extern IfLocked settings_parse_if_locked(const char *word);
extern OnError settings_parse_on_error(const char *word);

/* Names of the roles in migrator.trusted_stagers. */
extern List *settings_trusted_stagers(void);

/* Names of the databases in migrator.auto_migrate_databases. */
extern List *settings_auto_migrate_databases(void);

/* true and *id set when migrator.lock_id is set */
extern bool settings_lock_id(int64 *id);

#endif
