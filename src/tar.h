/*
 * tar.h
 *	  Read the files of an archive as "tar c" and "git archive" write it, plain
 *	  or compressed with gzip.
 *
 * zlib and libarchive read it.  Whatever is no regular file or directory is
 * refused.
 */
#ifndef MIGRATOR_TAR_H
#define MIGRATOR_TAR_H

#include "nodes/pg_list.h"

typedef struct TarFile
{
	char	   *name;			/* server encoding, without "./" in front */
	struct varlena *content;	/* a bytea */
	int64		size;			/* of the content, bytes */
} TarFile;

/*
 * Called before the content of a file is read, with the number of entries and
 * the bytes of all files so far, this one included; raises when it is too much.
 */
typedef void (*TarLimit) (int64 entries, int64 size, void *argument);

/*
 * The files as TarFile *, in the archive's order.  Raises 22023 for what is no
 * such archive, damaged or truncated, or has an entry that is refused; 22021
 * for a name that is not UTF-8; what limit raises.
 */
extern List *tar_read(const void *bytes, size_t length, TarLimit limit, void *argument);

#endif
