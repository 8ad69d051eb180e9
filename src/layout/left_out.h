/*
 * left_out.h
 *	  Entries that are no migrations: kept in the set, with the reason.
 */
#ifndef MIGRATOR_LAYOUT_LEFT_OUT_H
#define MIGRATOR_LAYOUT_LEFT_OUT_H

#include "layout/migration.h"
#include "source/source.h"

/* A name as it is shown: of one line, and valid in the database's encoding.  palloc'd. */
extern char *left_out_name(const char *name);

/* It may be meant to run, and cannot: this stops a run. */
extern RefusedEntry *left_out_refuse(MigrationSet *set, const char *file, const char *reason);

/*
 * No rule of the set's layout fits it, and it is not named like a migration.
 * path is its own in the source; deeper is what folders inside of a folder have,
 * or NULL.
 */
extern IgnoredEntry *left_out_ignore(MigrationSet *set, const SourceEntry *entry, const char *path,
									 const char *deeper);

/* Why an entry that may be a migration is none of the set's layout. */
extern const char *left_out_reason(const MigrationSet *set, const SourceEntry *entry,
								   const char *deeper);

/* Is it a file of code, by its ending? */
extern bool left_out_is_code(const SourceEntry *entry);

#endif
