/*
 * layout.h
 *	  A table of layouts: the naming rules by which a directory is recognised.
 *
 * A layout looks at one entry of a source at a time and says whether it is
 * its own.  A new tool's directory is one file layout_*.c and one row of the
 * table in layout.c.
 */
#ifndef MIGRATOR_LAYOUT_LAYOUT_H
#define MIGRATOR_LAYOUT_LAYOUT_H

#include "layout/names.h"
#include "layout/migration.h"
#include "source/source.h"

/* What a layout reads from an entry's name.  Strings are palloc'd, or the entry's. */
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
	const char *name;
	const char *pattern;		/* shown to users */
	VersionOrder order;
	bool		(*claim) (const SourceEntry *entry, LayoutClaim *claim);
} Layout;

extern const Layout layout_golang_migrate;
extern const Layout layout_prisma;
extern const Layout layout_diesel;
extern const Layout layout_dated;
extern const Layout layout_numbered;

/* What is known of a source besides its names. */
typedef struct LayoutHints
{
	char	  **ignore;			/* patterns (base/glob.h) of what is none of
								 * ours */
	int			ignore_count;
	const char *recorded_layout;	/* of the service's record, or NULL */
	/* is a migration on record as applied from this file? */
	bool		(*is_recorded) (void *argument, const char *file);
	void	   *argument;
} LayoutHints;

/*
 * Read a source's names into a set, ordered by version.  Raises MG013 when no
 * layout or more than one fits, 0A000 for environment folders and JSON files
 * that are not supported yet.  Duplicate versions and names that stop a run
 * are left to the caller, in the set.
 */
extern MigrationSet *layout_read(const Source *source, const LayoutHints *hints);

#endif
