/*
 * staged.h
 *	  Files that a client sent, as a source: stage:NAME, or stage:NAME/FOLDER.
 *
 * A set is seen as it was committed when it was opened.  Its contents are
 * found by their checksums, and what a later stage() replaces is not removed
 * while anybody who opened the set is still reading: see staging.h.
 */
#ifndef MIGRATOR_SOURCE_STAGED_H
#define MIGRATOR_SOURCE_STAGED_H

#include "base/digest.h"
#include "source/file.h"
#include "base/trust.h"

#define STAGED_PREFIX "stage:"

typedef struct StagedFile
{
	const char *path;			/* relative to the source */
	char		sha256[SHA256_HEX_LENGTH + 1];
	int64		size;			/* bytes */
	Author		by;
} StagedFile;

typedef struct StagedSet
{
	const char *given;			/* stage:NAME... as the user wrote it */
	char	   *name;
	int			count;
	StagedFile *files;			/* by path, in byte order */
} StagedSet;

/* Is this the name of a staged source? */
extern bool staged_is(const char *source);

/* The NAME of a staged source; raises 22023 when it cannot be one. */
extern const char *staged_name(const char *source);

/* Do two staged sources name the same folder of the same set? */
extern bool staged_same(const char *a, const char *b);

/*
 * Open a staged source, whose contents stay to be read until the end of the
 * transaction.  Raises 22023 for an invalid name, 42704 when nothing is staged
 * under it.  The set lives in CurrentMemoryContext.
 */
extern StagedSet *staged_open(const char *source);

/*
 * Bracket in which contents stay over commits; the end is safe in any state.
 * To keep what is kept already does nothing: a script may have let it go.
 */
extern void staged_keep(const char *source);
extern void staged_let_go(const char *source);

/* A file of the set by its path, or NULL. */
extern const StagedFile *staged_find(const StagedSet *set, const char *path);

/*
 * Read one file, of at most migrator.max_file_size.  As file_read(), it does
 * not raise for what is wrong with the file.
 */
extern void staged_read(const StagedSet *set, const char *path, FileContent *content);

/*
 * Raise 42501 unless whoever sent a file could have run it with the caller's
 * rights, or is named in migrator.trusted_stagers.
 */
extern void staged_require_trusted(const StagedSet *set);

/* Raise 22023 unless name may be that of a set. */
extern void staged_check_name(const char *name);

/* Key of the lock (ADVISORY_OWN) that keeps replaced contents from being removed. */
extern int64 staged_lock_key(const char *name);

#endif
