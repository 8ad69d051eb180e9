/*
 * file.c
 *	  The sandbox: which directories and files of the server a user may read.
 *
 * The rules follow src/backend/utils/adt/genfile.c, whose functions are
 * static.  O_NONBLOCK makes opening a FIFO return at once; fstat() then
 * refuses everything that is no regular file.
 *
 * A user with roots gets one answer for what does not exist and for what lies
 * outside, and neither is looked for.
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/varlena.h"

#include "base/finding.h"
#include "base/settings.h"
#include "source/beneath.h"
#include "source/file.h"

/* opening waits for nobody, and makes no terminal ours */
#define READ_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | PG_BINARY)

static char *real_directory(const FileSandbox *sandbox, const char *path);
static char *real_source(const FileSandbox *sandbox, const char *path, const char **file);
static int	open_path(const FileSandbox *sandbox, const char *path, int flags);
static void deny_directory(const char *path);
static DirectoryEntry *read_entries(const FileSandbox *sandbox, const char *path, DIR *dir, int *count);
static void look_at_entry(const FileSandbox *sandbox, const char *path, int directory,
						  const struct dirent *item, DirectoryEntry *entry);
static int	compare_entries(const void *a, const void *b);
static int	open_held(const FilePeeker *peeker, const char *name);
static void read_opened(int fd, const char *shown, FileContent *content);
static bool read_descriptor(int fd, const struct stat *status, FileContent *content);
static void fail(FileContent *content, int sqlstate, char *problem, char *hint);

void
file_sandbox(FileSandbox *sandbox)
{
	List	   *names = NIL;
	ListCell   *lc;

	sandbox->roots = NIL;
	sandbox->any_path = has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES);
	if (sandbox->any_path)
		return;

	/* a root that does not exist now allows nothing */
	if (!SplitDirectoriesString(pstrdup(migrator_source_roots), ',', &names))
		return;
	foreach(lc, names)
	{
		Root	   *root = beneath_root(lfirst(lc));

		if (root != NULL)
			sandbox->roots = lappend(sandbox->roots, root);
	}
}

/* A descriptor of the server's, for what this user may read; else -1 and errno. */
static int
open_path(const FileSandbox *sandbox, const char *path, int flags)
{
	return sandbox->any_path ? OpenTransientFile(path, flags) :
		beneath_open(sandbox->roots, path, flags, NULL);
}

int
file_open_directory(const FileSandbox *sandbox, const char *path)
{
	return open_path(sandbox, path, O_RDONLY | O_DIRECTORY);
}

char *
file_real_path(const FileSandbox *sandbox, const char *path)
{
	const char *file;
	char	   *directory = real_source(sandbox, path, &file);

	return directory != NULL && file != NULL ? psprintf("%s/%s", directory, file) : directory;
}

/* NULL and errno on failure. */
static char *
real_source(const FileSandbox *sandbox, const char *path, const char **file)
{
	char	   *resolved = real_directory(sandbox, path);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int			length = strlen(name);

	*file = NULL;
	if (resolved != NULL || errno != ENOTDIR)
		return resolved;
	if (length <= 4 || pg_strcasecmp(name + length - 4, ".sql") != 0)
	{
		errno = ENOTDIR;
		return NULL;
	}
	*file = pstrdup(name);
	return real_directory(sandbox, slash == NULL ? "." : pnstrdup(path, Max(slash - path, 1)));
}

static char *
real_directory(const FileSandbox *sandbox, const char *path)
{
	char		real[PATH_MAX];
	char	   *resolved = NULL;
	struct stat status;
	int			fd;

	/*
	 * relative paths begin at the data directory, which may have been named
	 * by a link
	 */
	if (!is_absolute_path(path))
		path = psprintf("%s/%s", realpath(DataDir, real) ? real : DataDir, path);

	if (sandbox->any_path)
	{
		if (realpath(path, real) == NULL || stat(real, &status) != 0)
			return NULL;
		if (S_ISDIR(status.st_mode))
			return pstrdup(real);
		errno = ENOTDIR;
		return NULL;
	}
	fd = beneath_open(sandbox->roots, path, O_PATH | O_DIRECTORY, &resolved);
	if (fd >= 0)
		CloseTransientFile(fd);
	return resolved;
}

char *
file_resolve(const FileSandbox *sandbox, const char *path, const char **file)
{
	char	   *resolved = real_source(sandbox, path, file);
	int			error = errno;

	if (resolved != NULL)
		return resolved;
	if (error == ENOTDIR)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is not a directory", finding_one_line(path)),
				errhint("A source is a directory, or one file whose name ends in \".sql\"."));
	if (!sandbox->any_path && beneath_is_hidden(error))
		deny_directory(path);
	ereport(ERROR,
			errcode(file_sqlstate(error)),
			errmsg("could not open directory \"%s\": %m", finding_one_line(path)),
			errhint("The directory must lie on the database server and be readable by its operating system user."));
	pg_unreachable();
}

/*
 * Someone without the right to read must not learn by our errors what exists
 * outside of the roots.
 */
static void
deny_directory(const char *path)
{
	ereport(ERROR,
			errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			errmsg("permission denied for directory \"%s\"", finding_one_line(path)),
			errdetail("Only members of role pg_read_server_files may read directories outside of migrator.source_roots."),
			errhint("Ask the administrator to add the directory to migrator.source_roots, or check that it exists; migrator.help() shows what makes a runner."));
}

DirectoryEntry *
file_list_directory(const FileSandbox *sandbox, const char *path, int *count)
{
	DirectoryEntry *volatile entries = NULL;
	int			fd = file_open_directory(sandbox, path);
	int			own = fd < 0 ? -1 : dup(fd);
	DIR		   *dir = own < 0 ? NULL : fdopendir(own);

	if (dir == NULL)
	{
		int			error = errno;

		if (own >= 0)
			close(own);
		if (!sandbox->any_path && beneath_is_hidden(error))
			deny_directory(path);
		errno = error;
		ereport(ERROR,
				errcode(file_sqlstate(error)),
				errmsg("could not open directory \"%s\": %m", finding_one_line(path)));
	}

	/* fd is the server's to close after an error, dir is ours */
	PG_TRY();
	{
		entries = read_entries(sandbox, path, dir, count);
	}
	PG_FINALLY();
	{
		closedir(dir);
	}
	PG_END_TRY();
	CloseTransientFile(fd);
	qsort(entries, *count, sizeof(DirectoryEntry), compare_entries);
	return entries;
}

static DirectoryEntry *
read_entries(const FileSandbox *sandbox, const char *path, DIR *dir, int *count)
{
	int			room = 64;
	DirectoryEntry *entries = MemoryContextAllocHuge(CurrentMemoryContext, room * sizeof(DirectoryEntry));
	struct dirent *item;
	int			error;

	*count = 0;

	while (errno = 0, (item = readdir(dir)) != NULL)
	{
		DirectoryEntry *entry;

		CHECK_FOR_INTERRUPTS();
		if (item->d_name[0] == '.')
			continue;
		if (*count == room)
		{
			room *= 2;
			entries = repalloc_huge(entries, room * sizeof(DirectoryEntry));
		}
		entry = &entries[(*count)++];
		*entry = (DirectoryEntry)
		{
			.name = pstrdup(item->d_name)
		};
		look_at_entry(sandbox, path, dirfd(dir), item, entry);
	}
	error = errno;
	if (error != 0)
		ereport(ERROR,
				errcode(file_sqlstate(error)),
				errmsg("could not read directory \"%s\": %m", finding_one_line(path)));
	return entries;
}

/* What an entry is, or what it leads to if that may be known. */
static void
look_at_entry(const FileSandbox *sandbox, const char *path, int directory,
			  const struct dirent *item, DirectoryEntry *entry)
{
	struct stat status;
	int			fd;

#if defined(DT_REG) && defined(DT_DIR)
	entry->is_directory = item->d_type == DT_DIR;
	if (item->d_type == DT_DIR || item->d_type == DT_REG)
		return;
#endif

	/* what was removed meanwhile is told of when it is to be read */
	if (fstatat(directory, entry->name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	entry->is_link = S_ISLNK(status.st_mode);
	if (S_ISLNK(status.st_mode) && sandbox->any_path)
		entry->leads_nowhere = fstatat(directory, entry->name, &status, 0) != 0;
	if (!S_ISLNK(status.st_mode) || sandbox->any_path)
	{
		entry->is_directory = !entry->leads_nowhere && S_ISDIR(status.st_mode);
		return;
	}

	fd = beneath_open_at(directory, entry->name, O_PATH | O_DIRECTORY);
	if (fd >= 0)
		close(fd);
	else if (beneath_is_open_question(errno))
	{
		char	   *full = psprintf("%s/%s", path, entry->name);

		fd = beneath_open(sandbox->roots, full, O_PATH | O_DIRECTORY, NULL);
		if (fd >= 0)
			CloseTransientFile(fd);
	}
	entry->is_directory = fd >= 0;
	entry->leads_nowhere = fd < 0 && errno != ENOTDIR;
}

/*
 * Where the directory is held open, one call opens a file of it instead of five
 * that begin at a root.  What this does not open is tried by its path, which
 * says why.
 */
void
file_read(const FileSandbox *sandbox, const FilePeeker *peeker, const char *name,
		  const char *path, FileContent *content)
{
	int			fd = open_held(peeker, name);
	const char *shown = finding_one_line(path);

	memset(content, 0, sizeof(FileContent));
	if (fd >= 0)
	{
		PG_TRY();
		{
			read_opened(fd, shown, content);
		}
		PG_FINALLY();
		{
			close(fd);
		}
		PG_END_TRY();
		return;
	}
	fd = open_path(sandbox, path, READ_FILE);
	if (fd >= 0)
	{
		read_opened(fd, shown, content);
		CloseTransientFile(fd);
	}
	else if (!sandbox->any_path && beneath_is_hidden(errno))
		fail(content, ERRCODE_INSUFFICIENT_PRIVILEGE,
			 psprintf("permission denied for file \"%s\"", shown),
			 "It does not exist, or lies outside of migrator.source_roots once links are resolved.");
	else
	{
		int			error = errno;

		fail(content, file_sqlstate(error), psprintf("could not open file \"%s\": %m", shown),
			 error == EACCES ?
			 "The server's operating system user must be allowed to read it." : NULL);
	}
}

static void
read_opened(int fd, const char *shown, FileContent *content)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		fail(content, file_sqlstate(errno), psprintf("could not stat file \"%s\": %m", shown), NULL);
	else if (!S_ISREG(status.st_mode))
		fail(content, ERRCODE_WRONG_OBJECT_TYPE,
			 psprintf("\"%s\" is not a regular file", shown), NULL);
	else if (!read_descriptor(fd, &status, content))
		fail(content, content->sqlstate,
			 content->sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ?
			 psprintf("file \"%s\" is larger than %d kB", shown, migrator_max_file_size) :
			 psprintf("could not read file \"%s\": %m", shown),
			 content->sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ?
			 "Split it, or raise migrator.max_file_size." : NULL);
}

/* larger files are not for peeking */
#define PEEK_AT_MOST (64 * 1024)

void
file_peeker_open(FilePeeker *peeker, const FileSandbox *sandbox, const char *path)
{
	peeker->buffer = palloc(PEEK_AT_MOST + 1);
	peeker->any_path = sandbox->any_path;
	peeker->directory = file_open_directory(sandbox, path);
}

bool
file_peeker_may_read(const FilePeeker *peeker, const char *name)
{
	return peeker->directory < 0 || faccessat(peeker->directory, name, R_OK, 0) == 0;
}

void
file_peeker_close(FilePeeker *peeker)
{
	if (peeker->directory >= 0)
		CloseTransientFile(peeker->directory);
	peeker->directory = -1;
}

/*
 * Open a file by its name in the directory that is held open; -1 where that is
 * not to be had by one call, or by two without openat2().  Any name for one who
 * may read any path; else one that leads to no other directory.  The descriptor
 * is not registered with the server: the caller closes it, whatever happens.
 */
static int
open_held(const FilePeeker *peeker, const char *name)
{
	int			fd;

	if (peeker->directory < 0)
		return -1;
	if (peeker->any_path)
		return openat(peeker->directory, name, READ_FILE | O_CLOEXEC);
	fd = beneath_open_at(peeker->directory, name, READ_FILE);
	if (fd < 0 && beneath_is_open_question(errno) && strchr(name, '/') == NULL)
		fd = openat(peeker->directory, name, READ_FILE | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

/* Three system calls a file: this is most of what an up-to-date run costs. */
const char *
file_peek(FilePeeker *peeker, const char *name, size_t *length)
{
	ssize_t		got;
	int			fd = open_held(peeker, name);

	if (fd < 0)
		return NULL;
	got = read(fd, peeker->buffer, PEEK_AT_MOST + 1);
	close(fd);

	/* a read that fills less than it was given ended at the end of the file */
	if (got < 0 || got > PEEK_AT_MOST)
		return NULL;
	*length = got;
	return peeker->buffer;
}

/*
 * Read to the end of the file, which may grow or shrink meanwhile: the size
 * limit holds for what is read, st_size is only a first guess.
 */
static bool
read_descriptor(int fd, const struct stat *status, FileContent *content)
{
	size_t		limit = (size_t) migrator_max_file_size * 1024;
	size_t		room;
	size_t		length = 0;
	char	   *bytes;

	if (status->st_size < 0 || (size_t) status->st_size > limit)
	{
		content->sqlstate = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		return false;
	}
	room = (size_t) status->st_size + 2;
	bytes = palloc(room);

	for (;;)
	{
		ssize_t		got = read(fd, bytes + length, room - length - 1);

		if (got < 0 && errno == EINTR)
		{
			CHECK_FOR_INTERRUPTS();
			continue;
		}
		if (got < 0)
		{
			content->sqlstate = file_sqlstate(errno);
			pfree(bytes);
			return false;
		}
		if (got == 0)
			break;
		length += got;
		if (length > limit)
		{
			content->sqlstate = ERRCODE_PROGRAM_LIMIT_EXCEEDED;
			pfree(bytes);
			return false;
		}
		if (room - length < 2)
		{
			room = Min(room * 2, limit + 2);
			bytes = repalloc(bytes, room);
		}
	}
	bytes[length] = '\0';
	content->bytes = bytes;
	content->length = length;
	return true;
}

static void
fail(FileContent *content, int sqlstate, char *problem, char *hint)
{
	content->bytes = NULL;
	content->length = 0;
	content->sqlstate = sqlstate;
	content->problem = problem;
	content->hint = hint;
}

int
file_sqlstate(int error)
{
	switch (error)
	{
		case EPERM:
		case EACCES:
		case EROFS:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case ENOENT:
			return ERRCODE_UNDEFINED_FILE;
		case EEXIST:
			return ERRCODE_DUPLICATE_FILE;
		case ENOTDIR:
		case EISDIR:
			return ERRCODE_WRONG_OBJECT_TYPE;
		case ENOSPC:
			return ERRCODE_DISK_FULL;
		case ENOMEM:
			return ERRCODE_OUT_OF_MEMORY;
		case ENFILE:
		case EMFILE:
			return ERRCODE_INSUFFICIENT_RESOURCES;
		default:
			return ERRCODE_IO_ERROR;
	}
}

static int
compare_entries(const void *a, const void *b)
{
	const DirectoryEntry *left = a;
	const DirectoryEntry *right = b;

	return strcmp(left->name, right->name);
}
