/*
 * liquibase_changeset.h
 *	  A file of formatted SQL while it is read; private to this folder.
 */
#ifndef MIGRATOR_LAYOUT_LIQUIBASE_CHANGESET_H
#define MIGRATOR_LAYOUT_LIQUIBASE_CHANGESET_H

#include "layout/liquibase.h"

/* What ends a statement at the end of a line. */
typedef struct Delimiter
{
	const char *text;			/* NULL: none but a semicolon, and GO and / on
								 * a line by itself */
	bool		alone;			/* only on a line by itself, from its first
								 * column */
} Delimiter;

typedef struct ChangesetFile
{
	ChangelogState *state;
	const char *path;
	const FileContent *content;
	Sections	sections;		/* for its lines and its fault */
	char	   *checksum;		/* of the file, when first needed */
	char	   *logical_path;	/* of all its changesets, or NULL */
	int			number;			/* of the file, whose own properties count */
	List	   *claims;			/* LayoutClaim *, so far */

	/* of the current changeset */
	LayoutClaim *claim;			/* NULL: none has begun */
	char	   *author;
	char	   *id;
	int			line;
	UnitRange  *open;			/* that the next line belongs to, or NULL */
	Delimiter	delimiter;
	Delimiter	back_delimiter;
	List	   *way_back;		/* RollbackLine *, in their order */
	bool		preconditions;	/* it has said what holds for all of them */
	RequireFate on_false;
	RequireFate on_error;

	struct HTAB *by_name;		/* of claims; private to liquibase_sql.c */
} ChangesetFile;

/* A line of the way back, or what is the way back on one. */
typedef struct RollbackLine
{
	const char *text;
	const char *end;
	int			line;
	bool		joins;			/* the line before it is the one before it in
								 * the file */
} RollbackLine;

/* Words of the current line; they begin at *rest. */

/* One that ends at a blank; NULL at the end of the line. */
extern char *changeset_word(const char **rest, const char *end);

/* One, or a text in double quotes; NULL also without the second quote. */
extern char *changeset_quoted_word(const char **rest, const char *end);

/* The next "name:value"; false at the end, or with a fault. */
extern bool changeset_attribute(ChangesetFile *file, const char **rest, const char *end, char **name, char **value);

/* What is wrong with the current line. */
extern void changeset_fault(ChangesetFile *file, const char *reason);

/* With the values of the properties that count now; *wrong where one is missing. */
extern char *changeset_expand(const ChangesetFile *file, const char *text, char **wrong);

/*
 * What the line says that begins a changeset, behind its author and id.  The claim, its
 * unit and its version are made by it.
 */
extern void changeset_take_attributes(ChangesetFile *file, const char *rest);

/* "--preconditions ...", and "--precondition-KIND ..." */
extern void changeset_take_preconditions(ChangesetFile *file, const char *rest);
extern void changeset_take_precondition(ChangesetFile *file, const char *rest);

/*
 * Add a line, without its line end, to a unit.  *open is the range of the line before it,
 * which it joins, or NULL; and then its own, or NULL behind a delimiter.
 */
extern void changeset_add_line(const ChangesetFile *file, ScriptUnit *unit, const Delimiter *delimiter,
							   const char *text, const char *end, int line, UnitRange **open);

/* What the tool's delimiter ended in the middle of a string or comment goes on. */
extern void changeset_settle_delimiters(const ChangesetFile *file, ScriptUnit *unit);

/* What "endDelimiter" says; false: it is none that is known here. */
extern bool changeset_read_delimiter(const char *value, Delimiter *delimiter);

#endif
