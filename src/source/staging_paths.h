/*
 * staging_paths.h
 *	  The paths of a set of staged files, and who sent each.
 *
 * For whoever has locked the set (staging_set.h) and written the contents.
 */
#ifndef MIGRATOR_SOURCE_STAGING_PATHS_H
#define MIGRATOR_SOURCE_STAGING_PATHS_H

#include "source/signature.h"
#include "source/staging_check.h"

/* What is there under a path. */
typedef struct StagingFormer
{
	bool		exists;
	char		sha256[SHA256_HEX_LENGTH + 1];
	int64		size;
} StagingFormer;

/*
 * Make these files the paths of the set: sorted, each with checksum and size,
 * all sent by one author.  False when nothing had to be written.
 */
extern bool staging_paths_replace(const char *name, StagingFile *files, int count,
								  const Author *by, const SignatureKey *key);

/*
 * One path: what is there; 22023 when it is a folder of others, or below a
 * file; write it, false when it was so already.
 */
extern void staging_paths_find(const char *name, const char *path, StagingFormer *former);
extern void staging_paths_refuse_folder(const char *name, const char *path);
extern bool staging_paths_put(const char *name, const StagingFile *file, const Author *by,
							  const SignatureKey *key);

/* Remove all. */
extern void staging_paths_remove(const char *name);

#endif
