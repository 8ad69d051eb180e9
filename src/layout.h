/*
 * layout.h
 *	  A table of layouts: the naming rules by which a directory is recognised.
 *
 * A layout looks at one entry of a source at a time and says whether it is
 * its own.  A new tool's directory is one file layout_*.c and one row of the
 * table in layout.c.
 */
#ifndef MIGRATOR_LAYOUT_H
#define MIGRATOR_LAYOUT_H

#include "migration.h"
#include "source.h"

/* What a layout reads from an entry's name.  Strings are palloc'd. */
typedef struct LayoutClaim
{
	char	   *version;
	char	   *name;
	char	   *up_file;		/* relative to the source; NULL for a down file */
	char	   *down_file;		/* NULL when the entry has none */
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

/*
 * Read a source's names into a set, ordered by version.  Raises MG013 when no
 * layout or more than one fits, 0A000 for environment folders and JSON files
 * that are not supported yet.  Duplicate versions are left to the caller, in
 * the set.
 */
extern MigrationSet *layout_read(const Source *source);

/* helpers for layouts: digits at the start of s, and the two suffixes */
extern int	layout_leading_digits(const char *s);

/*
 * If name ends with ".up.sql", ".down.sql" or ".sql" (in any case), returns
 * the length of what comes before and sets *direction to 'u', 'd' or ' '.
 * Else returns -1.
 */
extern int	layout_sql_stem(const char *name, char *direction);

/* Do the digits at s begin a calendar date YYYYMMDD, or with 14 also a time? */
extern bool layout_is_date(const char *s, int digits);

#endif
