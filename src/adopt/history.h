/*
 * history.h
 *	  The history of another tool: what its table looks like, and what its rows
 *	  say.
 *
 * A file of this folder fills one or more HistoryTools, each of which has a row
 * in histories.h; nothing else knows them.
 */
#ifndef MIGRATOR_ADOPT_HISTORY_H
#define MIGRATOR_ADOPT_HISTORY_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "layout/migration.h"
#include "source/source.h"

/* What may be in a column, and how its value is handed out. */
typedef enum HistoryType
{
	HISTORY_TEXT,
	HISTORY_INTEGER,
	HISTORY_BOOLEAN,			/* "t" or "f" */
	HISTORY_TIME,				/* text, and HistoryEntry.applied_at */
	HISTORY_BYTES,				/* lower-case hex */
	HISTORY_ANY					/* has to be there, and is not read */
} HistoryType;

/* What it is; a tool's take() looks at the others. */
typedef enum HistoryRole
{
	HISTORY_OTHER,
	HISTORY_VERSION,
	HISTORY_FILE,				/* its name, with or without what follows the
								 * last dot */
	HISTORY_NAME,
	HISTORY_APPLIED_AT,
	HISTORY_APPLIED_BY,
	HISTORY_CHECKSUM,
	HISTORY_SEQUENCE			/* a number by which rows are ordered */
} HistoryRole;

typedef struct HistoryColumn
{
	const char *name;
	HistoryType type;
	HistoryRole role;
	int			flags;			/* of the following */
} HistoryColumn;

#define HISTORY_OPTIONAL	1	/* not every version of the tool has it */
#define HISTORY_NULLABLE	2

/* What a row says of a migration.  Strings are palloc'd, or NULL. */
typedef struct HistoryEntry
{
	char	   *version;
	char	   *file;
	char	   *name;
	TimestampTz applied_at;		/* 0: the tool does not say */
	char	   *applied_by;
	double		execution_time_ms;	/* < 0: likewise */
	char	   *checksum;
	int64		sequence;		/* a later row of the same migration counts */
	bool		skip;			/* it is about no migration */
	bool		undone;			/* it says that the migration was taken back */
	bool		through;		/* it stands for all versions up to this one */
	bool		baseline;
	bool		by_place;		/* it is of the n-th migration, as the n-th
								 * row */
	int			place;			/* n, from 1, of such ones */
	int			rework;			/* of those of its name the n-th, from 1; 0:
								 * it is not numbered */
	char	   *group;			/* of several that are in one table, or NULL */
	char	   *id;				/* by which settle() knows it, or NULL */
	char	   *broken;			/* why nothing can be adopted: the tool did
								 * not end what it began */
	const char *note;			/* for whoever reads the result */
	const RefusedEntry *code;	/* its file in the source, which is code; or
								 * NULL */
} HistoryEntry;

/* Do the file's contents give the checksum that the tool has? */
typedef enum HistoryVerdict
{
	HISTORY_UNVERIFIED,
	HISTORY_VERIFIED,
	HISTORY_MODIFIED
} HistoryVerdict;

/* A table that was found. */
typedef struct HistoryTable
{
	const struct HistoryTool *tool;
	Oid			relation;
	const char *schema;
	const char *name;
	const char *shown;			/* both, quoted where need be */
} HistoryTable;

#define HISTORY_COLUMNS 20

/* The parameters of what is mirrored; NULL where there is no such thing. */
typedef enum MirrorParameter
{
	MIRROR_VERSION,				/* $1, as the file has it */
	MIRROR_NAME,				/* $2, with blanks for underscores */
	MIRROR_FILE,				/* $3, without its folder */
	MIRROR_STEM,				/* $4, and without .sql or .up.sql */
	MIRROR_CHECKSUM,			/* $5, the tool's */
	MIRROR_TIME,				/* $6, in ms */
	MIRROR_PREVIOUS,			/* $7, hash of the migration before */
	MIRROR_HIGHEST,				/* $8, of the versions that are applied now */
	MIRROR_KIND					/* $9: versioned, repeatable, baseline */
} MirrorParameter;

#define MIRROR_PARAMETERS (MIRROR_KIND + 1)

typedef struct HistoryTool
{
	const char *name;			/* of its layout, where it has one */
	const char *tables[3];		/* names that it gives its table */
	HistoryColumn columns[HISTORY_COLUMNS];

	/*
	 * No other table looks like it: found under any name.  Else the name has
	 * to be one of the above, unless the caller says which table it is.
	 */
	bool		telling;
	bool		closed;			/* its table has no other columns */
	const char *beside;			/* a table that is in the same schema; or NULL */
	const char *not_beside;		/* one that must not be there; or NULL */

	/*
	 * The rest of an entry, by the row's values in the order of columns;
	 * NULL: nothing.
	 */
	void		(*take) (HistoryEntry *entry, char *const *values);

	/* The group whose rows are the source's, or NULL: it does not say. */
	char	   *(*group_of) (const Source *source);

	/*
	 * Looks at all entries together, in their order, with the source: it may
	 * say which migration each is of, and add notes.  NULL: nothing.
	 */
	void		(*settle) (List *entries, const Source *source);

	/*
	 * NULL: the tool keeps no checksums.  Its message, if it has one, is a
	 * constant: what it allocates goes.  The reader is for units that are
	 * parts of files, which it keeps.
	 */
	HistoryVerdict (*verify) (const HistoryEntry *entry, const Migration *migration, UnitReader *reader,
							  const char **message);

	/* The key of the advisory lock that its runs hold; NULL: there is none. */
	int64		(*lock) (const HistoryTable *table);

	/*
	 * Raises what keeps the tool's state from being adopted that is not in
	 * this table; or NULL.
	 */
	void		(*require_idle) (const HistoryTable *table);

	/*
	 * What the table would have by a run of the tool, as statements in which
	 * %s is the table and the parameters are texts (MirrorParameter, from
	 * $1). All NULL: it is not mirrored.
	 */
	const char *mirror_add[2];	/* the second one writes a row */
	bool		mirror_moves;	/* but where the table has one row, of the
								 * last version, which may be a later one */
	const char *mirror_remove[2];
	const char *mirror_accept;	/* NULL: nothing */
	const char *mirror_clear;	/* NULL: all rows go */
	char	   *(*checksum) (const Migration *migration, const Source *source); /* NULL: none */

	bool		paths;			/* its versions begin with a path, perhaps
								 * from another root than the source */
	bool		reworks;		/* several rows of one name are NAME@TAG, in
								 * the order of the plan, and last NAME */
	bool		code;			/* its migrations are code: none has a file
								 * here */
	bool		times_are_utc;	/* of those without a time zone; else they are
								 * of the session's */
	const char *unknown;		/* what it does not say of any migration; or
								 * NULL */
	const char *way_out;		/* hint where an entry is broken */
} HistoryTool;

#endif
