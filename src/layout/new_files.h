/*
 * new_files.h
 *	  The files of a new migration in the layout of its source.
 */
#ifndef MIGRATOR_LAYOUT_NEW_FILES_H
#define MIGRATOR_LAYOUT_NEW_FILES_H

#include "layout/layout.h"

/* An empty source gets this one. */
#define NEW_FILES_LAYOUT "golang-migrate"

/* Is there nothing in the source that could be meant as a migration? */
extern bool new_files_source_is_empty(const Source *source);

/*
 * The highest of a version (or NULL) and those that files without a migration
 * claim, such as a way back alone.
 */
extern const char *new_files_highest(const MigrationSet *set, const char *version);

/*
 * Fill in the names of the files.  Raises 22023 for words that would make them
 * something else than a migration of the layout behind all others, or too long,
 * and for a way back where it has none; 0A000 when the layout cannot name new files.
 */
extern void new_files_name(const char *layout, NewMigration *fresh);

#endif
