/*
 * file.h
 *	  The sandbox: which directories and files of the server a user may read.
 *
 * Rights are those of pg_read_file(): members of pg_read_server_files read any
 * path, everybody else only below a directory of migrator.source_roots, also
 * where links lead (a Kubernetes ConfigMap volume is made of links).  What lies
 * outside is neither opened nor looked for: beneath.h.  Opening never blocks,
 * whatever the path turns out to be.
 */
#ifndef MIGRATOR_SOURCE_FILE_H
#define MIGRATOR_SOURCE_FILE_H

#include "nodes/pg_list.h"

typedef struct FileSandbox
{
	bool		any_path;
	List	   *roots;			/* of Root *, when not any_path */
} FileSandbox;

/* One entry of a directory; no entry's name begins with a dot. */
typedef struct DirectoryEntry
{
	char	   *name;
	bool		is_directory;
	bool		is_link;		/* and is_directory says to what */
	bool		leads_nowhere;	/* a link, and one may not know to what */
} DirectoryEntry;

/* A file's content, or why it could not be read. */
typedef struct FileContent
{
	char	   *bytes;			/* NUL-terminated; NULL on failure */
	size_t		length;
	int			sqlstate;		/* on failure */
	char	   *problem;		/* on failure: an error message */
	char	   *hint;			/* on failure, or NULL */
} FileContent;

/* What the current user may read. */
extern void file_sandbox(FileSandbox *sandbox);

/*
 * The real path of a directory given absolutely or relative to the data
 * directory; or of the one in which a file lies that is given so, whose name ends
 * in ".sql": *file is that name then, else NULL.  Raises 58P01 when it does not
 * exist, 42809 when it is neither, 58030 for a path that nobody can go, 42501
 * outside of the sandbox.
 *
 * Whether it is a file that can be read is not asked: file_read() says so, and
 * does not block, whatever it is.
 */
extern char *file_resolve(const FileSandbox *sandbox, const char *path, const char **file);

/* The real path of anything for which that would not raise; NULL where it would. */
extern char *file_real_path(const FileSandbox *sandbox, const char *path);

/* A descriptor of the server's for a directory, or -1 and errno. */
extern int	file_open_directory(const FileSandbox *sandbox, const char *path);

/*
 * Entries of a directory, ordered by bytes, and their number.  Dot entries are
 * passed over.  Raises 58P01 or 58030, 42501 outside of the sandbox.
 */
extern DirectoryEntry *file_list_directory(const FileSandbox *sandbox, const char *path, int *count);

/*
 * A directory held open for reading many small files of it, without looking up
 * its path for each; file_peek also without growing a buffer.
 */
typedef struct FilePeeker
{
	int			directory;		/* descriptor; -1: none */
	bool		any_path;
	char	   *buffer;
} FilePeeker;

/*
 * Open and close one.  It stays shut when the directory cannot be opened.  The
 * descriptor is the server's to close when an error or the end of the
 * (sub)transaction comes first.
 */
extern void file_peeker_open(FilePeeker *peeker, const FileSandbox *sandbox, const char *path);
extern void file_peeker_close(FilePeeker *peeker);

/* Does the operating system let the server read it?  True also when it cannot be told. */
extern bool file_peeker_may_read(const FilePeeker *peeker, const char *name);

/*
 * The bytes of a small file, named relative to the directory, or NULL when
 * this way cannot tell.  Whether it is a file is not judged, so the bytes are
 * good for one thing only: when they are what is expected, the file is
 * unchanged.  Otherwise file_read() says what is the matter.  They are valid
 * until the next call.
 */
extern const char *file_peek(FilePeeker *peeker, const char *name, size_t *length);

/*
 * Read a whole regular file of at most migrator.max_file_size: by its name in
 * the peeker's directory where that is open, else by its path.  Never raises for
 * what is wrong with the file; the content is palloc'd.
 */
extern void file_read(const FileSandbox *sandbox, const FilePeeker *peeker, const char *name,
					  const char *path, FileContent *content);

/* The SQLSTATE for an errno: what errcode_for_file_access() chooses, but 58030 where that sees an internal error. */
extern int	file_sqlstate(int error);

#endif
