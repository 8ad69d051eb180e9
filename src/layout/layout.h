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
	char	   *fault;			/* it has the form of a name of this layout,
								 * but cannot be one; or NULL */
} LayoutClaim;

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
	 * those of another layout: an entry is this layout's only when the file
	 * that its claim names bears one.  Scripts of this layout are not refused
	 * for these marks, since read() follows them.
	 */
	MarkTool	marks;

	/*
	 * What the contents of a claimed file say, if its name does not say all:
	 * the parts that go up and back, or the migrations that a plan lists.
	 * Returns LayoutClaims in the place of the one by name, of ranges of this
	 * file or of whole files of the source; one with a fault is refused.  It
	 * may get a file without the marks, when the record says that the layout
	 * is this one. NULL: the claim by name is all there is.
	 */
	List	   *(*read) (const FileContent *content, const LayoutClaim *claim);

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

/* What is known of a source besides its names. */
typedef struct LayoutHints
{
	char	  **ignore;			/* patterns (base/glob.h) of what is none of
								 * ours */
	int			ignore_count;
	const char *environment;	/* the one chosen by those who may, or NULL */
	const char *recorded_layout;	/* of the service's record, or NULL */
	/* is a migration on record as applied from this file? */
	bool		(*is_recorded) (void *argument, const char *file);
	void	   *argument;
} LayoutHints;

/*
 * Read a source into a set, ordered by version.  Raises MG013 when no layout or
 * more than one fits, and for folders with migrations where there are no
 * environments.  What else is wrong with names, versions and environments is left
 * to the caller, in the set.
 */
extern MigrationSet *layout_read(const Source *source, const LayoutHints *hints);

/* The layout of that name, which is there. */
extern const Layout *layout_named(const char *name);

/* The same as layout_read() by other layouts than those of layouts.h. */
extern MigrationSet *layout_read_by(const LayoutRegistry *registry, const Source *source,
									const LayoutHints *hints);

#endif
