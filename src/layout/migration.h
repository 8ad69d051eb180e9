/*
 * migration.h
 *	  What a layout makes of a source: a set of migrations, and the entries
 *	  that are none.
 */
#ifndef MIGRATOR_LAYOUT_MIGRATION_H
#define MIGRATOR_LAYOUT_MIGRATION_H

#include "nodes/pg_list.h"

#include "base/version.h"
#include "layout/environments.h"
#include "layout/manifest.h"
#include "layout/unit.h"
#include "script/mark.h"

/* What its tool makes of a script. */
typedef enum MigrationKind
{
	MIGRATION_VERSIONED,		/* it runs once, in its place */
	MIGRATION_REPEATABLE,		/* behind all versioned ones, and again when
								 * it was changed */
	MIGRATION_BASELINE,			/* in the place of all versioned ones up to
								 * its version, where none of them ran */
	MIGRATION_ON_CHANGE,		/* in its place, and again when it was changed */
	MIGRATION_ALWAYS			/* in its place, in each run */
} MigrationKind;

typedef struct Migration
{
	char	   *version;		/* as the file shows it */
	char	   *name;
	ScriptUnit *up;
	ScriptUnit *down;			/* or NULL */
	ScriptUnit *verify;			/* see LayoutClaim */
	bool		superseded;		/* likewise */
	MarkTool	marks;			/* whose marks its layout follows, so that
								 * they are no reason to refuse it */
	MigrationKind kind;
	char	   *stands_for;		/* of MIGRATION_BASELINE: that version */
	char	   *hash;			/* see LayoutClaim */
	char	   *previous;
	int			place;			/* of those of a plan, from 1 */
	List	   *tags;			/* names of the place behind it, char * */
	bool		claimed_twice;	/* is among the duplicates of its set */
	const char *folder;			/* of environments, that its files are in;
								 * NULL: at the top */
	const char *environment;	/* that it belongs to; NULL: to all */
	bool		elsewhere;		/* of other environments than the one chosen */
	const char *excluded;		/* see LayoutClaim */
} Migration;

/* A file or folder that is no migration, and why. */
typedef struct IgnoredEntry
{
	char	   *file;
	char	   *reason;
	bool		looks_like_sql; /* worth a warning, not only a mention */
	bool		by_pattern;		/* the user said that it is none of ours */
	bool		elsewhere;		/* in another environment's folder */
} IgnoredEntry;

/* A file or folder that may be meant to run and cannot; it stops a run. */
typedef struct RefusedEntry
{
	char	   *file;
	char	   *reason;
	bool		is_hook;
	bool		is_misspelt;	/* the form is right, and the content not */
	int			line;			/* what is in it is at fault, there; or 0 */
	bool		elsewhere;		/* in another environment's folder: it stops
								 * no run of this one */
	bool		hook_name;		/* it lies where hooks do, and is none by its
								 * name */
	char	   *version;		/* of code that goes up, which another tool
								 * runs: what it would be if it were SQL; else
								 * NULL */
	char	   *name;
} RefusedEntry;

/* A script that runs before or after a migration, or a run. */
typedef struct HookFile
{
	bool		after;
	bool		back;			/* of what is rolled back */
	bool		each;			/* of every migration of a run */
	bool		shell;			/* a shell script, which no server runs */
	char	   *version;		/* as its name has it; NULL: of a run */
	char	   *rank;			/* several of one event run in the order of
								 * its bytes; NULL: there is only one */
	ScriptUnit *unit;
} HookFile;

/* Where a script may lie that there is one of in each place, in the order in which they run. */
typedef enum ScriptPlace
{
	PLACE_TOP,
	PLACE_COMMON,				/* the folder of all environments */
	PLACE_ENVIRONMENT			/* that of the chosen one */
} ScriptPlace;

#define SCRIPT_PLACES (PLACE_ENVIRONMENT + 1)

typedef struct MigrationSet
{
	const char *layout;			/* name of the layout */
	VersionOrder order;
	bool		runs_late;		/* see Layout */
	bool		own_sessions;	/* likewise */
	bool		verifies;		/* a run is to verify what it applied, unless
								 * it is told otherwise */
	int			count;
	int			room;
	Migration **migrations;		/* by version */
	int			total;			/* those of the chosen environment */
	Environments *environments; /* NULL: the source has none */
	const char *environment;	/* the chosen one, or NULL */
	List	   *ignored;		/* of IgnoredEntry * */
	List	   *refused;		/* of RefusedEntry * */
	List	   *duplicates;		/* of DuplicateVersion * */
	List	   *hooks;			/* of HookFile * */
	List	   *entries;		/* ManifestEntry *, of what the layout itself
								 * knows of needs */
	const char *entries_file;	/* that these are of */
	const Manifest *manifest;	/* NULL: nobody says what needs what */
	const char *sums_file;		/* in which another program keeps sums of all
								 * files, which must fit; or NULL */
	const char *sums_hint;		/* then: what is to be done when one is new */
	ScriptUnit *bootstrap[SCRIPT_PLACES];	/* by ScriptPlace, or NULL */
	ScriptUnit *seeds[SCRIPT_PLACES];	/* likewise */
} MigrationSet;

/* Two files that claim one version. */
typedef struct DuplicateVersion
{
	char	   *version;
	const char *first_file;
	const char *second_file;
	bool		twins;			/* the names differ in words between dots only */
	bool		elsewhere;		/* one of them is of another environment than
								 * the one chosen: no run has both */
} DuplicateVersion;

#endif
