/*
 * staging_contents.h
 *	  The contents of a set of staged files, each once, by its checksum.
 *
 * For whoever has locked the set (staging_set.h), where nothing else is said.
 */
#ifndef MIGRATOR_SOURCE_STAGING_CONTENTS_H
#define MIGRATOR_SOURCE_STAGING_CONTENTS_H

#include "source/staging_check.h"

/*
 * The contents that a set has, those that are written meanwhile, and which of
 * them the new files use.  Contents that are new wait until there are enough of
 * them for a statement.
 */
typedef struct StagingContents StagingContents;

/* frees: each content was palloc'd, and is freed when it is written. */
extern StagingContents *staging_contents_begin(const char *name, bool frees);

/* A file with content and checksum; what the set has already is not written again. */
extern void staging_contents_take(StagingContents *contents, const StagingFile *file);

/*
 * All files of the set as it shall be.  Writes what waits, fills in the sizes
 * of the files and returns the sum; raises 42704 for a content that is neither
 * there nor was taken.
 */
extern int64 staging_contents_match(StagingContents *contents, StagingFile *files, int count);

/*
 * Mark what none of those files has any more, and take the mark from what one
 * has again.  Was anything of the contents changed, by this or by what was taken?
 */
extern bool staging_contents_mark(StagingContents *contents);

/* One content, if it is not there. */
extern void staging_contents_put(const char *name, const StagingFile *file);

/* Mark one content, if no path has it. */
extern void staging_contents_mark_unused(const char *name, const char *sha256);

/* Mark all contents, and let nobody have them by their checksums any more. */
extern void staging_contents_give_up(const char *name);

/*
 * Remove what earlier transactions marked, unless somebody is reading: of this
 * set, and of all sets that were unstaged, whose names may never come again.
 */
extern void staging_contents_sweep(const char *name);
extern void staging_contents_sweep_unstaged(void);

/*
 * Which of these checksums does the set not hold?  missing[i] is set for each.
 * The set need not be locked: whoever holds its advisory lock as a reader does
 * can rely on the others.
 */
extern void staging_contents_missing(const char *name, char *const *sha256, int count,
									 bool *missing);

#endif
