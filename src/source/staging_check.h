/*
 * staging_check.h
 *	  What can be said of files that a client sends before the tables are
 *	  touched.
 */
#ifndef MIGRATOR_SOURCE_STAGING_CHECK_H
#define MIGRATOR_SOURCE_STAGING_CHECK_H

#include "base/digest.h"

typedef struct StagingFile
{
	const char *path;			/* in the server encoding */
	struct varlena *content;	/* a bytea; NULL: it is stored already */
	int64		size;			/* of the content, if there is one */
	char		sha256[SHA256_HEX_LENGTH + 1];	/* given, or filled in */
} StagingFile;

/*
 * A path as it is stored: relative, without empty, "." or ".." parts.  Raises
 * 22023.
 */
extern void staging_check_path(const char *path);

/* Raise 54000 when so much is too much for one set; size in bytes. */
extern void staging_check_limits(const char *name, int64 count, int64 size);

/* The same for the names of an archive together, in bytes. */
extern void staging_check_names_size(const char *name, int64 size);

/* A checksum in hex, upper or lower case; raises 22023 when it is none. */
extern void staging_parse_sha256(const char *text, char *sha256);

/*
 * Fill in the checksum of the content, and compare it with the given one, if
 * there is one: 22023.  Without content it must be there: 22004.
 */
extern void staging_check_content(StagingFile *file);

/*
 * All of this for a set of files, and no path twice, nor one that is a file and
 * a folder: 22023.  Sorts them by path, in byte order.
 */
extern void staging_check_files(const char *name, StagingFile *files, int count);

/* The last of it: sorts them by path, and no path twice. */
extern void staging_sort_files(StagingFile *files, int count);

/* A file of a sorted set by its path, or NULL. */
extern StagingFile *staging_find(StagingFile *files, int count, const char *path);

#endif
