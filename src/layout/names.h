/*
 * names.h
 *	  What a name says by itself, whatever the layout of its directory.
 */
#ifndef MIGRATOR_LAYOUT_NAMES_H
#define MIGRATOR_LAYOUT_NAMES_H

#include "source/source.h"

/*
 * Why a file is no script that goes up although a layout may take its name for
 * one; NULL when nothing speaks against it.  A name ".down.sql" is left to the
 * layouts, some of which know it.
 */
extern const char *name_never_up(const SourceEntry *entry);

/* The same if it is because the name says that it goes back, or may hide that. */
extern const char *name_goes_back(const SourceEntry *entry);

/* Does a file say something to people, and nothing to a tool? */
extern bool name_is_document(const char *name);

/* JSON files that say what must not run */
#define ENVIRONMENTS_FILE "environments.json"
#define MANIFEST_FILE "dependencies.json"

/* Is it one of these, in whatever folder? */
extern bool name_is_manifest(const char *path);

/*
 * Might an entry that no layout takes be a migration all the same?  Its name
 * has a version, or its files are those of a migration.
 */
extern bool name_may_be_migration(const SourceEntry *entry);

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

/* Is the entry a folder that holds a file of this name? */
extern bool layout_has_child(const SourceEntry *entry, const char *name);

/* The name of a migration whose folder begins with its version: what stands behind the first underscore. */
extern char *layout_name_of_folder(const char *folder);

#endif
