/*
 * beneath.c
 *	  Opening files below a directory, wherever links lead.
 *
 * Linux does it by itself since 5.6: openat2() with RESOLVE_BENEATH.  Where
 * that is missing (an older kernel, a container that forbids it) or refuses
 * (it follows no absolute link), walk() goes step by step, with O_NOFOLLOW.
 * It reads each link it meets and begins again at a root, with a longer text.
 *
 * What must hold: openat() never gets a name with a slash, nor "..", nor
 * follows a link; ".." is taken from the text, of which all components before
 * it were found to be no links.  All that is held is one descriptor of
 * OpenTransientFile(), so errors may be raised anywhere.
 */
#include "postgres.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "source/beneath.h"

/* as in linux/openat2.h, which is younger than the system call's number */
#define MIGRATOR_RESOLVE_NO_MAGICLINKS 0x02
#define MIGRATOR_RESOLVE_BENEATH 0x08

/* as many links as the kernel follows; a path, and a link put into it */
#define LINKS_AT_MOST 40
#define PATH_AT_MOST (2 * PATH_MAX)

static int	walk(const List *roots, char *path, int flags, char **resolved);
static char *go_on(const List *roots, const char *path, int flags, int *descriptor, char **resolved, int *links);
static char *behind_link(int directory, const char *name, const Root *root, const char *done, const char *rest, int *links);
static const Root *enter_root(const List *roots, const char *path, const char **rest);
static bool is_root(const Root *root, const char *path);
static int	open_root(const Root *root);
static bool replace(int descriptor, int by);
static bool next_name(const char **rest, char *name);
static bool is_last(const char *rest);
static void close_keeping_errno(int descriptor);

Root *
beneath_root(const char *path)
{
	char		real[PATH_MAX];
	struct stat status;
	Root	   *root;

	if (realpath(path, real) == NULL || stat(real, &status) != 0 || !S_ISDIR(status.st_mode))
		return NULL;
	root = palloc(sizeof(Root));
	root->given = is_absolute_path(path) ? pstrdup(path) : psprintf("%s/%s", DataDir, path);
	canonicalize_path(root->given);
	root->real = pstrdup(real);
	root->device = status.st_dev;
	root->inode = status.st_ino;
	return root;
}

int
beneath_open(const List *roots, const char *path, int flags, char **resolved)
{
	const char *rest;
	const Root *root = enter_root(roots, path, &rest);

	if (root == NULL)
		return -1;
	if (resolved == NULL)
	{
		int			descriptor = open_root(root);
		int			found;

		if (descriptor < 0)
			return -1;
		while (*rest == '/')
			rest++;
		found = beneath_open_at(descriptor, *rest == '\0' ? "." : rest, flags);
		if (found >= 0 && replace(descriptor, found))
			return descriptor;
		close_keeping_errno(descriptor);
		if (!beneath_is_open_question(errno))
			return -1;
	}
	return walk(roots, pstrdup(path), flags, resolved);
}

int
beneath_open_at(int directory, const char *name, int flags)
{
#ifdef SYS_openat2
	struct
	{
		uint64		flags;
		uint64		mode;
		uint64		resolve;
	}			how = {
		.flags = flags | O_CLOEXEC,
		.resolve = MIGRATOR_RESOLVE_BENEATH | MIGRATOR_RESOLVE_NO_MAGICLINKS
	};

	return syscall(SYS_openat2, directory, name, &how, sizeof(how));
#else
	errno = ENOSYS;
	return -1;
#endif
}

bool
beneath_is_open_question(int error)
{
	/*
	 * EXDEV: a link that is absolute, or leads out.  EAGAIN: something was
	 * renamed meanwhile.  The others: no openat2() here.
	 */
	return error == EXDEV || error == EAGAIN || error == ENOSYS || error == EPERM ||
		error == EINVAL || error == E2BIG;
}

bool
beneath_is_hidden(int error)
{
	return error == EXDEV || error == ENOENT || error == ENOTDIR || error == ELOOP ||
		error == ENAMETOOLONG;
}

/*
 * Each round goes from a root down to the end, or to a link or "..", which
 * gives the text of the next round.  Takes path over.
 */
static int
walk(const List *roots, char *path, int flags, char **resolved)
{
	int			links = 0;
	int			descriptor = -1;

	while (path != NULL)
	{
		char	   *next;
		int			error;

		CHECK_FOR_INTERRUPTS();
		next = go_on(roots, path, flags, &descriptor, resolved, &links);
		error = errno;
		pfree(path);
		errno = error;
		path = next;
	}
	return descriptor;
}

/*
 * One round: NULL at its end, with the descriptor or -1 and errno; otherwise
 * the path to go on with, and no descriptor.
 */
static char *
go_on(const List *roots, const char *path, int flags, int *descriptor, char **resolved, int *links)
{
	const char *rest;
	const Root *root = enter_root(roots, path, &rest);
	StringInfoData done;		/* below the root, a slash before each name */
	char		name[NAME_MAX + 2];
	char	   *next = NULL;
	int			found = -1;
	int			error;

	*descriptor = -1;
	if (root == NULL)
		return NULL;
	if ((*descriptor = open_root(root)) < 0)
		return NULL;

	initStringInfo(&done);
	if (!next_name(&rest, name))
		strcpy(name, ".");
	do
	{
		if (strcmp(name, "..") == 0)
		{
			const char *before = done.len > 0 ? done.data : root->real;

			/* above the root only the text can go, perhaps to another one */
			next = psprintf("%s%.*s/%s", done.len > 0 ? root->real : "",
							(int) (strrchr(before, '/') - before), before, rest);
			break;
		}
		found = openat(*descriptor, name,
					   (is_last(rest) ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (found < 0)
		{
			next = behind_link(*descriptor, name, root, done.data, rest, links);
			break;
		}
		if (!replace(*descriptor, found))
		{
			found = -1;
			break;
		}
		if (strcmp(name, ".") != 0)
			appendStringInfo(&done, "/%s", name);
	} while (next_name(&rest, name));

	error = errno;
	if (next != NULL || found < 0)
	{
		CloseTransientFile(*descriptor);
		*descriptor = -1;
	}
	else if (resolved != NULL)
		*resolved = strcmp(root->real, "/") == 0 && done.len > 0 ? pstrdup(done.data) :
			psprintf("%s%s", root->real, done.data);
	pfree(done.data);
	errno = error;
	return next;
}

/*
 * What could not be opened may be a link: then the path through it, else NULL
 * and the errno it was called with.
 */
static char *
behind_link(int directory, const char *name, const Root *root, const char *done,
			const char *rest, int *links)
{
	int			error = errno;
	char		target[PATH_MAX];
	ssize_t		length = readlinkat(directory, name, target, sizeof(target));

	if (length <= 0)
	{
		errno = error;
		return NULL;
	}
	if (length == sizeof(target) || ++*links > LINKS_AT_MOST)
	{
		errno = ELOOP;
		return NULL;
	}
	target[length] = '\0';
	return target[0] == '/' ? psprintf("%s/%s", target, rest) :
		psprintf("%s%s/%s/%s", root->real, done, target, rest);
}

/*
 * The root that a path leads into as text alone, and the rest of the path from
 * there on.  The outermost one: what lies below an inner one lies below it.
 * NULL and errno when there is none.
 */
static const Root *
enter_root(const List *roots, const char *path, const char **rest)
{
	char		walked[PATH_AT_MOST + 2];	/* a slash before each name */
	char		name[NAME_MAX + 2];
	const Root *root = NULL;
	const char *at = path;

	if (strlen(path) > PATH_AT_MOST)
	{
		errno = ENAMETOOLONG;
		return NULL;
	}
	walked[0] = '\0';
	do
	{
		ListCell   *lc;

		foreach(lc, roots)
		{
			if (root == NULL && is_root(lfirst(lc), walked))
				root = lfirst(lc);
		}
		if (root != NULL || !next_name(&at, name))
			break;
		if (strcmp(name, "..") == 0)
		{
			char	   *slash = strrchr(walked, '/');

			if (slash != NULL)
				*slash = '\0';
		}
		else
		{
			strcat(walked, "/");
			strcat(walked, name);
		}
	} while (true);
	*rest = at;
	errno = EXDEV;
	return root;
}

static bool
is_root(const Root *root, const char *path)
{
	if (path[0] == '\0')
		path = "/";
	return strcmp(path, root->given) == 0 || strcmp(path, root->real) == 0;
}

/* To pass through, in a descriptor of the server's. */
static int
open_root(const Root *root)
{
	int			descriptor = OpenTransientFile(root->real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (descriptor < 0)
		return -1;
	if (fstat(descriptor, &status) == 0 &&
		status.st_dev == root->device && status.st_ino == root->inode)
		return descriptor;
	CloseTransientFile(descriptor);
	errno = EXDEV;
	return -1;
}

/*
 * Let a descriptor that the server knows stand for what another one does,
 * which is closed.  It is no longer closed by exec(); nothing is started while
 * one is held.
 */
static bool
replace(int descriptor, int by)
{
	bool		done = dup2(by, descriptor) >= 0;
	int			error = errno;

	close(by);
	errno = error;
	return done;
}

/* The next name of a path, without "."; false at its end. */
static bool
next_name(const char **rest, char *name)
{
	do
	{
		size_t		length;

		while (**rest == '/')
			(*rest)++;
		length = strcspn(*rest, "/");
		if (length == 0)
			return false;

		/* one that is too long stays so, and the kernel refuses it */
		strlcpy(name, *rest, Min(length, NAME_MAX + 1) + 1);
		*rest += length;
	} while (strcmp(name, ".") == 0);
	return true;
}

static bool
is_last(const char *rest)
{
	char		name[NAME_MAX + 2];

	return !next_name(&rest, name);
}

static void
close_keeping_errno(int descriptor)
{
	int			error = errno;

	CloseTransientFile(descriptor);
	errno = error;
}
