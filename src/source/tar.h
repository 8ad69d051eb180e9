/*
 * tar.h
 *	  Read the files of an archive as "tar c" and "git archive" write it, plain
 *	  or compressed with gzip.
 *
 * zlib and libarchive read it.  Whatever is no regular file or directory is
 * refused.
 */
#ifndef MIGRATOR_SOURCE_TAR_H
#define MIGRATOR_SOURCE_TAR_H

typedef struct TarFile
{
	char	   *name;			/* server encoding, without "./" in front */
	struct varlena *content;	/* a bytea; NULL before it is read */
	int64		size;			/* of the content, bytes */
} TarFile;

/*
 * Called for each entry before anything of its content is held, with the number
 * of entries so far, the bytes of all files, and the bytes of all names, those
 * of folders too; this one is included.  Raises when it is too much.
 */
typedef void (*TarLimit) (int64 entries, int64 size, int64 names, void *argument);

/*
 * Called for each file twice: before its content is read, when it raises if the
 * name is no good, and with it.  Name and content are the callee's then, to be
 * freed when they are not needed any more: nothing else of a file is kept.
 */
typedef void (*TarTake) (TarFile *file, void *argument);

/*
 * Go through the files in the archive's order.  Raises 22023 for what is no such
 * archive, damaged or truncated, or has an entry that is refused; 22021 for a
 * name that is not UTF-8; what limit and take raise.  What is behind a file may
 * still turn out to be damaged after it was taken.
 */
extern void tar_read(const void *bytes, size_t length, TarLimit limit, TarTake take, void *argument);

#endif
