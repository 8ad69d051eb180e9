/*
 * file.c
 *	  The sandbox: which directories and files of the server a user may read.
 *
 * The rules follow src/backend/utils/adt/genfile.c, whose functions are
 * static.  O_NONBLOCK makes opening a FIFO return at once; fstat() then
 * refuses everything that is no regular file.
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "common/file_utils.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/varlena.h"

#include "file.h"
#include "settings.h"

static char *real_path(const char *path);
static bool is_below(const char *path, const char *root);
static bool allowed(const FileSandbox *sandbox, const char *resolved);
static bool descriptor_allowed(const FileSandbox *sandbox, int fd, const char *path);
static int	compare_entries(const ListCell *a, const ListCell *b);
static bool read_descriptor(int fd, const struct stat *status, FileContent *content);
static void fail(FileContent *content, int sqlstate, char *problem, char *hint);
static void deny(FileContent *content, const char *path);
static int	sqlstate_of(int error);

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
		char	   *root = real_path(lfirst(lc));

		if (root != NULL)
			sandbox->roots = lappend(sandbox->roots, root);
	}
}

char *
file_resolve_directory(const FileSandbox *sandbox, const char *path)
{
	char	   *absolute = is_absolute_path(path) ? pstrdup(path) :
		psprintf("%s/%s", DataDir, path);
	char	   *resolved = real_path(absolute);
	struct stat status;

	/*
	 * Someone without the right to read must not learn by our errors what
	 * exists outside of the roots.
	 */
	if (!sandbox->any_path && (resolved == NULL || !allowed(sandbox, resolved)))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for directory \"%s\"", path),
				errdetail("Only members of role pg_read_server_files may read directories outside of migrator.source_roots."),
				errhint("Ask the administrator to add the directory to migrator.source_roots, or check that it exists."));
	if (resolved == NULL || stat(resolved, &status) != 0)
		ereport(ERROR,
				errcode_for_file_access(),
				errmsg("could not open directory \"%s\": %m", path),
				errhint("The directory must lie on the database server and be readable by its operating system user."));
	if (!S_ISDIR(status.st_mode))
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is not a directory", path));
	return resolved;
}

List *
file_list_directory(const FileSandbox *sandbox, const char *path)
{
	List	   *entries = NIL;
	DIR		   *dir;
	struct dirent *item;

	if (!sandbox->any_path)
	{
		char	   *resolved = real_path(path);

		if (resolved == NULL || !allowed(sandbox, resolved))
			ereport(ERROR,
					errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied for directory \"%s\"", path));
	}

	dir = AllocateDir(path);
	while ((item = ReadDir(dir, path)) != NULL)
	{
		DirectoryEntry *entry;
		char		full[MAXPGPATH * 2];

		CHECK_FOR_INTERRUPTS();
		if (item->d_name[0] == '.')
			continue;
		entry = palloc(sizeof(DirectoryEntry));
		entry->name = pstrdup(item->d_name);
		snprintf(full, sizeof(full), "%s/%s", path, item->d_name);
		entry->is_directory =
			get_dirent_type(full, item, true, DEBUG2) == PGFILETYPE_DIR;
		entries = lappend(entries, entry);
	}
	FreeDir(dir);
	list_sort(entries, compare_entries);
	return entries;
}

void
file_read(const FileSandbox *sandbox, const char *path, FileContent *content)
{
	struct stat status;
	int			fd;

	memset(content, 0, sizeof(FileContent));
	fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK | PG_BINARY);
	if (fd < 0)
	{
		int			error = errno;
		char	   *resolved = sandbox->any_path ? NULL : real_path(path);

		/* what exists outside of the roots must not be told by our errors */
		if (!sandbox->any_path && (resolved == NULL || !allowed(sandbox, resolved)))
			deny(content, path);
		else
		{
			errno = error;
			fail(content, sqlstate_of(error), psprintf("could not open file \"%s\": %m", path),
				 error == EACCES ?
				 "The server's operating system user must be allowed to read it." : NULL);
		}
		return;
	}

	if (fstat(fd, &status) != 0)
		fail(content, sqlstate_of(errno), psprintf("could not stat file \"%s\": %m", path), NULL);
	else if (!S_ISREG(status.st_mode))
		fail(content, ERRCODE_WRONG_OBJECT_TYPE,
			 psprintf("\"%s\" is not a regular file", path), NULL);
	else if (!sandbox->any_path && !descriptor_allowed(sandbox, fd, path))
		deny(content, path);
	else if (!read_descriptor(fd, &status, content))
		fail(content, content->sqlstate,
			 content->sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ?
			 psprintf("file \"%s\" is larger than %d kB", path, migrator_max_file_size) :
			 psprintf("could not read file \"%s\": %m", path),
			 content->sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED ?
			 "Split it, or raise migrator.max_file_size." : NULL);
	CloseTransientFile(fd);
}

/* larger files are not for peeking */
#define PEEK_AT_MOST (64 * 1024)

void
file_peeker_open(FilePeeker *peeker, const FileSandbox *sandbox, const char *path)
{
	peeker->directory = -1;
	if (!sandbox->any_path)
		return;
	peeker->buffer = palloc(PEEK_AT_MOST + 1);
	peeker->directory = OpenTransientFile(path, O_RDONLY | O_DIRECTORY);
}

void
file_peeker_close(FilePeeker *peeker)
{
	if (peeker->directory >= 0)
		CloseTransientFile(peeker->directory);
	peeker->directory = -1;
}

/*
 * Three system calls a file: this is most of what an up-to-date run costs.
 * The descriptor is not registered with the server, so nothing between
 * openat() and close() may raise an error.
 */
const char *
file_peek(FilePeeker *peeker, const char *name, size_t *length)
{
	ssize_t		got;
	int			fd;

	if (peeker->directory < 0)
		return NULL;
	fd = openat(peeker->directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | PG_BINARY);
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
			content->sqlstate = sqlstate_of(errno);
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

static void
deny(FileContent *content, const char *path)
{
	fail(content, ERRCODE_INSUFFICIENT_PRIVILEGE,
		 psprintf("permission denied for file \"%s\"", path),
		 "It does not exist, or lies outside of migrator.source_roots once links are resolved.");
}

/* as errcode_for_file_access() chooses */
static int
sqlstate_of(int error)
{
	switch (error)
	{
		case EPERM:
		case EACCES:
		case EROFS:
			return ERRCODE_INSUFFICIENT_PRIVILEGE;
		case ENOENT:
			return ERRCODE_UNDEFINED_FILE;
		case ENOTDIR:
		case EISDIR:
			return ERRCODE_WRONG_OBJECT_TYPE;
		case ENFILE:
		case EMFILE:
			return ERRCODE_INSUFFICIENT_RESOURCES;
		default:
			return ERRCODE_IO_ERROR;
	}
}

/* realpath() with the result palloc'd; NULL and errno when it fails */
static char *
real_path(const char *path)
{
	char		resolved[PATH_MAX];

	return realpath(path, resolved) ? pstrdup(resolved) : NULL;
}

static bool
is_below(const char *path, const char *root)
{
	size_t		length = strlen(root);

	if (strcmp(root, "/") == 0)
		return true;
	return strncmp(path, root, length) == 0 &&
		(path[length] == '\0' || path[length] == '/');
}

static bool
allowed(const FileSandbox *sandbox, const char *resolved)
{
	ListCell   *lc;

	foreach(lc, sandbox->roots)
		if (is_below(resolved, lfirst(lc)))
			return true;
	return false;
}

/*
 * Does the open descriptor stand for a file below a root?  The path is
 * resolved again and must lead to the very file we hold open: if somebody
 * changed a link in between, it does not, and the file is refused.
 */
static bool
descriptor_allowed(const FileSandbox *sandbox, int fd, const char *path)
{
	char	   *resolved = real_path(path);
	struct stat held,
				found;

	return resolved != NULL &&
		allowed(sandbox, resolved) &&
		fstat(fd, &held) == 0 &&
		lstat(resolved, &found) == 0 &&
		held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

static int
compare_entries(const ListCell *a, const ListCell *b)
{
	const DirectoryEntry *left = lfirst(a);
	const DirectoryEntry *right = lfirst(b);

	return strcmp(left->name, right->name);
}
