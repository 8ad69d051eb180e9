/*
 * staging.h
 *	  Take in files that a client sends, to be a source: stage:NAME.
 *
 * Everything happens in the caller's transaction.  A set belongs to the role
 * that staged it first; only those who have that role's privileges may change
 * it.  All functions raise 42501 otherwise, 22023 for an invalid name or path,
 * 54000 when a limit is exceeded.
 */
#ifndef MIGRATOR_SOURCE_STAGING_H
#define MIGRATOR_SOURCE_STAGING_H

#include "source/staging_check.h"

/*
 * Make these files the whole of the set; returns their number.  A file without
 * content must have a checksum, and its content be in the set as it is now.
 * sha256 of a file with content is compared with it, if given.  Sorts files.
 */
extern int	staging_replace(const char *name, StagingFile *files, int count);

/*
 * The same, of files that come one after the other: what is handed on to
 * staging_take() is written when some megabytes are together, so that never all
 * contents are held.  frees: each content was palloc'd, and is freed.
 *
 * staging_take(): a file with content and checksum.  staging_finish(): all files
 * of the set, checked and sorted by staging_sort_files(), without contents.
 */
typedef struct Staging Staging;
extern Staging *staging_begin(const char *name, bool frees);
extern void staging_take(Staging *staging, const StagingFile *file);
extern int	staging_finish(Staging *staging, StagingFile *files, int count);

/* Add one file with content to the set, or replace it; returns the number in the set. */
extern int	staging_put(const char *name, StagingFile *file);

/* Remove the set; returns the number of files it had. */
extern int	staging_remove(const char *name);

/*
 * Which of these checksums does the set not hold?  missing[i] is set for each.
 * The others stay to be used to the end of the transaction.
 */
extern void staging_missing(const char *name, char *const *sha256, int count, bool *missing);

#endif
