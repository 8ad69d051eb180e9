/*
 * write_files.c
 *	  New files in a source that is a directory.
 *
 * A folder of a dot name, which every reader passes over, is lock and workshop
 * in one.  Who makes it may look at the directory and choose a version: mkdir()
 * succeeds for one alone, on network file systems too, be he of another
 * database, of another server or a client.  The files are written in it whole,
 * and appear in their place by link(), which never replaces anything, the way
 * back first: a migration is never seen without it.  A new folder is renamed as a
 * whole: that replaces an empty folder at most.
 *
 * What dies between leaves the folder behind, and whoever finds it is told so.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/wait_event.h"

#include "base/finding.h"
#include "source/write_files.h"

/* a look takes milliseconds: who is at it for longer has died */
#define WAIT_AT_MOST_MS 5000
#define WAIT_EACH_MS 20

#define AT_MOST 2
#define NEW_FOLDER "folder"

struct FileWriter
{
	const char *shown;			/* the directory, in messages */
	int			directory;		/* descriptors; -1: none */
	int			workshop;
	int			target;			/* where files appear */
	int			folder;			/* in the workshop */
	const char *made[AT_MOST];	/* in the folder, or the workshop */
	int			made_count;
};

static void write_one(FileWriter *writer, int directory, const char *name, const char *content);
static void appear(FileWriter *writer, const NewFile *files, int count);
static void fail_at(const FileWriter *writer, const char *name);

bool
write_files_allowed(const Source *source)
{
	return source->staged == NULL && has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES);
}

FileWriter *
write_files_begin(const Source *source)
{
	FileWriter *writer = palloc0(sizeof(FileWriter));
	int			error;

	writer->shown = finding_one_line(source->given);
	writer->workshop = writer->target = writer->folder = -1;
	writer->directory = file_open_directory(&source->sandbox, source->path);
	error = errno;
	if (writer->directory < 0)
		ereport(ERROR,
				errcode(file_sqlstate(error)),
				errmsg("could not open directory \"%s\": %m", writer->shown));
	for (int waited = 0; mkdirat(writer->directory, WRITE_FILES_FOLDER, S_IRWXU | S_IRWXG | S_IRWXO) != 0; waited += WAIT_EACH_MS)
	{
		error = errno;
		if (error != EEXIST)
			ereport(ERROR,
					errcode(file_sqlstate(error)),
					errmsg("could not write into directory \"%s\": %m", writer->shown),
					errhint("The server's operating system user must be allowed to write there. Without pg_write_server_files the "
							"call returns names and contents only."));
		if (waited >= WAIT_AT_MOST_MS)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_IN_USE),
					errmsg("another call is making files in directory \"%s\"", writer->shown),
					errhint("If none is, one has died: remove \"%s\" there.", WRITE_FILES_FOLDER));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, WAIT_EACH_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	writer->workshop = openat(writer->directory, WRITE_FILES_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (writer->workshop < 0)
	{
		error = errno;
		(void) unlinkat(writer->directory, WRITE_FILES_FOLDER, AT_REMOVEDIR);
		errno = error;
		fail_at(writer, WRITE_FILES_FOLDER);
	}
	return writer;
}

void
write_files_end(FileWriter *writer)
{
	if (writer->workshop >= 0)
	{
		for (int i = 0; i < writer->made_count; i++)
			(void) unlinkat(writer->folder >= 0 ? writer->folder : writer->workshop, writer->made[i], 0);
		(void) unlinkat(writer->workshop, NEW_FOLDER, AT_REMOVEDIR);
		(void) unlinkat(writer->directory, WRITE_FILES_FOLDER, AT_REMOVEDIR);
		close(writer->workshop);
	}
	if (writer->folder >= 0)
		close(writer->folder);
	if (writer->target >= 0)
		close(writer->target);
	writer->workshop = writer->target = writer->folder = -1;
	if (writer->directory >= 0)
		CloseTransientFile(writer->directory);
	writer->directory = -1;
}

void
write_files(FileWriter *writer, const char *place, const NewFile *files, int count)
{
	const char *slash = strchr(files[0].path, '/');

	Assert(count <= AT_MOST);
	if (place != NULL && mkdirat(writer->directory, place, S_IRWXU | S_IRWXG | S_IRWXO) != 0 && errno != EEXIST)
		fail_at(writer, place);
	writer->target = openat(writer->directory, place ? place : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (writer->target < 0)
		fail_at(writer, place ? place : ".");
	if (slash != NULL)
	{
		if (mkdirat(writer->workshop, NEW_FOLDER, S_IRWXU | S_IRWXG | S_IRWXO) == 0)
			writer->folder = openat(writer->workshop, NEW_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (writer->folder < 0)
			fail_at(writer, files[0].path);
	}
	for (int i = 0; i < count; i++)
		write_one(writer, slash ? writer->folder : writer->workshop,
				  slash ? strchr(files[i].path, '/') + 1 : files[i].path, files[i].content);
	appear(writer, files, count);

	/* the names, too, are told as written; not every file system can do that */
	if (writer->folder >= 0)
		(void) pg_fsync(writer->folder);
	(void) pg_fsync(writer->target);
}

static void
write_one(FileWriter *writer, int directory, const char *name, const char *content)
{
	char	   *bytes = pg_server_to_any(content, strlen(content), PG_UTF8);
	size_t		left = strlen(bytes);
	int			fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | PG_BINARY,
							S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
	bool		whole;
	int			error;

	if (fd < 0)
		fail_at(writer, name);
	writer->made[writer->made_count++] = name;
	errno = 0;
	for (ssize_t done = 0; left > 0; bytes += done, left -= done)
	{
		done = write(fd, bytes, left);
		if (done < 0 && errno == EINTR)
			done = 0;
		else if (done <= 0)
			break;
	}
	whole = left == 0 && pg_fsync(fd) == 0;
	error = errno != 0 ? errno : ENOSPC;
	close(fd);
	errno = error;
	if (!whole)
		fail_at(writer, name);
}

/* No interrupt is looked at between the first and the last. */
static void
appear(FileWriter *writer, const NewFile *files, int count)
{
	const char *slash = strchr(files[0].path, '/');

	if (slash != NULL)
	{
		if (renameat(writer->workshop, NEW_FOLDER, writer->target, pnstrdup(files[0].path, slash - files[0].path)) != 0)
		{
			if (errno == ENOTEMPTY || errno == ENOTDIR)
				errno = EEXIST;
			fail_at(writer, files[0].path);
		}
		writer->made_count = 0;
		return;
	}
	for (int i = count - 1; i >= 0; i--)
		if (linkat(writer->workshop, files[i].path, writer->target, files[i].path, 0) != 0)
		{
			int			error = errno;

			for (int j = count - 1; j > i; j--)
				(void) unlinkat(writer->target, files[j].path, 0);
			errno = error;
			fail_at(writer, files[i].path);
		}
}

/* Raise what errno says. */
static void
fail_at(const FileWriter *writer, const char *name)
{
	int			error = errno;

	if (error == EEXIST)
		ereport(ERROR,
				errcode(ERRCODE_DUPLICATE_FILE),
				errmsg("\"%s\" exists already in directory \"%s\"", name, writer->shown));
	ereport(ERROR,
			errcode(file_sqlstate(error)),
			errmsg("could not write \"%s\" into directory \"%s\": %m", name, writer->shown));
}
