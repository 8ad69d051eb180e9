/*
 * layout.h
 *	  What a layout is, and how a source is read by one.
 *
 * A layout is what a tool's directory looks like: the names of its files, the
 * marks in them, the order of its versions.  A file of this folder fills one
 * Layout and has a row in layouts.h; nothing else knows it.
 */
#ifndef MIGRATOR_LAYOUT_LAYOUT_H
#define MIGRATOR_LAYOUT_LAYOUT_H

#include "common/hashfn.h"

#include "layout/migration.h"
#include "layout/names.h"
#include "layout/new_names.h"
#include "script/mark.h"
#include "source/source.h"

/* A migration as a layout finds it.  Strings are palloc'd, or the entry's. */
typedef struct LayoutClaim
{
	char	   *version;
	char	   *name;
	ScriptUnit *up;				/* NULL for a down file */
	ScriptUnit *down;			/* NULL when the entry has none */
	ScriptUnit *verify;			/* that looks whether it is as it should be,
								 * behind it; or NULL */
	bool		superseded;		/* a later one makes anew what it made */
	char	   *fault;			/* it has the form of a name of this layout,
								 * but cannot be one; or its contents are not
								 * what the tool reads; or NULL */
	int			fault_line;		/* of the file; 0: it is about the name */
	char	   *left_out;		/* of a file found by expand() that is no
								 * migration: why, which is worth a warning */
	bool		many;			/* it is of an entry that Layout.expand()
								 * takes apart */
	MigrationKind kind;
	char	   *stands_for;		/* of MIGRATION_BASELINE: the last version in
								 * whose place it runs */
	int			place;			/* in the tool's plan or journal, from 1, with
								 * VERSION_ORDER_PLAN */
	const char *excluded;		/* why the tool would not run it here, as of
								 * another kind of database; or NULL */
	char	   *hash;			/* by the tool's own rule, and that of the one
								 * before it, for verify(); or NULL */
	char	   *previous;
	List	   *tags;			/* names of the place behind it in the plan,
								 * char *, each with its "@" */
	const ManifestEntry *entry; /* what it needs, as the tool says it, with
								 * what else a manifest can say; or NULL */
} LayoutClaim;

/* Of a name, as the key of a hash table: two that have the same are one in 2^64. */
static inline uint64
layout_hash(const char *name)
{
	return hash_bytes_extended((const unsigned char *) name, strlen(name), 0);
}

/* The file is all of the script: the way back if that is 'd' (layout_sql_stem()), else what goes up. */
static inline void
claim_way(LayoutClaim *claim, const char *file, char direction)
{
	if (direction == 'd')
		claim->down = unit_of_file(UNIT_DOWN, file);
	else
		claim->up = unit_of_file(UNIT_UP, file);
}

/* How many of a source's files must bear a layout's marks for the source to be its. */
typedef enum MarksNeeded
{
	MARKS_IN_MOST,				/* each file has them; one without is faulty */
	MARKS_IN_ANY				/* a file has them when it needs them */
} MarksNeeded;

/* Where the way back is. */
typedef enum LayoutDown
{
	DOWN_NONE,
	DOWN_IN_FILE,				/* in a file of its own */
	DOWN_IN_SECTION				/* in a part of the same */
} LayoutDown;

/* What is known of a source besides its names. */
typedef struct LayoutHints
{
	char	  **ignore;			/* patterns (base/glob.h) of what is none of
								 * ours */
	int			ignore_count;
	const char *layout;			/* the chosen one, or NULL: it is recognised */
	const char *environment;	/* the one chosen by those who may, or NULL */
	const char *contexts;		/* which migrations of a layout that has such
								 * are meant, or NULL */
	const char *labels;			/* likewise */
	const char *recorded_layout;	/* of the service's record, or NULL */
	/* is a migration on record as applied from this file? */
	bool		(*is_recorded) (void *argument, const char *file);
	void	   *argument;
} LayoutHints;

typedef struct Layout
{
	const char *name;			/* of the tool; it is recorded */
	const char *pattern;		/* of the names, shown to users */
	VersionOrder order;

	/*
	 * A file that is in every source of this layout, at the top or in a
	 * folder there, if the names of the others are those of another layout
	 * too: without it the layout is not asked.  NULL: there is none.
	 */
	const char *sign;

	/*
	 * The entry is named as this layout names what it has at the top of a
	 * source: fills the claim, all zero before, and returns true.  A claim
	 * has a unit, also one whose file is only to be read.
	 */
	bool		(*claim) (const SourceEntry *entry, LayoutClaim *claim);

	/*
	 * The tool whose marks are in the files, if they are what tells them from
	 * those of another layout: a source is this layout's only when so many
	 * files bear one.  Scripts of this layout are not refused for these
	 * marks, since read() follows them.
	 */
	MarkTool	marks;
	MarksNeeded marks_needed;
	const char *marks_shown;	/* to users; NULL: there are none */
	MarkTool	follows;		/* marks that its scripts are not refused for,
								 * though its names are enough to tell it */
	bool		any_name;		/* names say nothing: a file without marks is
								 * no migration, whatever it is called */

	/*
	 * Nothing in the source tells it from another layout: it is read so only
	 * when option "layout" says so, or the record.
	 */
	bool		chosen_only;

	/*
	 * One file is all of the source, whatever it is called: nothing is a hook
	 * or of an environment.  A file that is given as source is read so.
	 */
	bool		whole_source;

	LayoutDown	down;
	bool		down_called_back;	/* its file is called like one that others
									 * refuse, since that goes back */
	bool		repeatable;		/* it knows scripts that run again */
	bool		sums_as_listed; /* Atlas sums its files up in an order of
								 * their own, and those of folders too */

	/*
	 * What the contents of a claimed file say, if its name does not say all:
	 * the parts that go up and back, or the migrations that a plan lists.
	 * Returns LayoutClaims in the place of the one by name, of ranges of this
	 * file or of whole files of the source; one with a fault is refused.  It
	 * may get a file without the marks. NULL: the claim by name is all there
	 * is.
	 */
	List	   *(*read) (const Source *source, const FileContent *content, const LayoutClaim *claim);

	/*
	 * Is the entry, at the top, a file that names all others?  Where there is
	 * one the source is this layout's, and its folders are none of anybody
	 * else.  NULL: it knows none.
	 */
	bool		(*is_root) (const Source *source, const SourceEntry *entry);

	/*
	 * The claims of all files at once, in the order in which they run: of
	 * those that the roots name, or where there is no root of the claimed
	 * ones.  Their units are bound (claim_bind()); one with a fault is
	 * refused, by the file of its unit.  Roots and files are paths, char *.
	 * What else is wrong goes to the set.  NULL: each file is read by itself.
	 */
	List	   *(*read_all) (const Source *source, const LayoutHints *hints, List *roots, List *files, MigrationSet *set);
	bool		runs_late;		/* its tool runs what is new, wherever it
								 * stands */
	bool		filters;		/* by contexts and labels */
	bool		own_sessions;	/* its tool runs each script in a session of
								 * its own */

	/*
	 * Of an entry that claim() takes as one of many migrations, a folder say:
	 * the claims of all, each of which then goes through read(), with files
	 * relative to the source; path is the entry's.  One without a version is
	 * of a script that is no migration.  NULL: no entry is.
	 */
	List	   *(*expand) (const Source *source, const SourceEntry *entry, const char *path);

	/*
	 * Is an entry that it does not claim a part of it all the same, which
	 * needs no word?  NULL: none is.
	 */
	bool		(*belongs) (const SourceEntry *entry);

	/*
	 * A file beside a claimed one, called like it with this ending behind it,
	 * which says more of it: take_side() puts that into the claim, or a
	 * fault. NULL: there are none.
	 */
	const char *side_ending;
	void		(*take_side) (const FileContent *content, LayoutClaim *claim);

	/*
	 * Is a file called like a hook one of the tool's, by its name without
	 * folders?  Fills what it stands around.  NULL: it knows none.
	 */
	bool		(*hook) (const char *name, HookFile *hook);
	const char *hook_names;		/* what they are called, for a message */
	FillStyle	hook_fill;		/* whose references it has, and a way back
								 * whose file is gone */

	/*
	 * Is a file that would be refused, by its name, for another database
	 * system, and passed over by the tool?  NULL: it knows none.
	 */
	bool		(*is_foreign) (const char *name);

	/*
	 * What the tool keeps of all files together: sums, a chain, a journal.
	 * Gives migrations their places, and refuses what does not fit.  NULL:
	 * nothing.
	 */
	void		(*verify) (const Source *source, MigrationSet *set);

	/*
	 * Names the files of a new migration, behind all others: new_names.h has
	 * what helps.  False: there is no name for it.  NULL: names are like
	 * those of the latest migration, where neither marks nor read() say more.
	 */
	bool		(*name_new) (NewMigration *fresh);
} Layout;

/* each one, of its own file */
#define LAYOUT(layout) extern const Layout layout;
#include "layout/layouts.h"
#undef LAYOUT

/* All layouts, those with narrower rules before those with wider ones. */
typedef struct LayoutRegistry
{
	const Layout *const *rows;
	int			count;
} LayoutRegistry;

/* Those of layouts.h. */
extern const LayoutRegistry *layout_registry(void);

/* Raise 22023 unless there is one of that name. */
extern void layout_require_known(const char *name);

/*
 * Read a source into a set, ordered by version.  Raises MG013 when no layout or
 * more than one fits, or the chosen one does not, and for folders with migrations where there are no
 * environments.  What else is wrong with names, versions and environments is left
 * to the caller, in the set.
 */
extern MigrationSet *layout_read(const Source *source, const LayoutHints *hints);

/* The layout of a name that is on record; NULL, also for a name (NULL, or any) that is none. */
extern const Layout *layout_find(const char *name);

/* The layout of that name, which is there. */
extern const Layout *layout_named(const char *name);

/* The same as layout_read() by other layouts than those of layouts.h. */
extern MigrationSet *layout_read_by(const LayoutRegistry *registry, const Source *source,
									const LayoutHints *hints);

#endif
