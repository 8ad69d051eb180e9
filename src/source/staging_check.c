/*
 * staging_check.c
 *	  What can be said of files that a client sends before the tables are
 *	  touched.
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/settings.h"
#include "source/staged.h"
#include "source/staging_check.h"

#define PATH_AT_MOST (MAXPGPATH - 1)

static void check_names(StagingFile *files, int count);
static int	compare_files(const void *a, const void *b);

void
staging_check_path(const char *path)
{
	const char *part = path;
	const char *problem = NULL;

	if (*path == '\0')
		problem = "it is empty";
	else if (*path == '/')
		problem = "it is absolute";
	else if (strlen(path) > PATH_AT_MOST)
		problem = "it is too long";
	while (problem == NULL)
	{
		size_t		length = strcspn(part, "/");

		if (length == 0)
			problem = "a part of it is empty";
		else if (strncmp(part, "..", length) == 0 && length <= 2)
			problem = "\".\" and \"..\" are not allowed in it";
		else if (length > NAME_MAX)
			problem = "a part of it is too long";
		if (part[length] == '\0')
			break;
		part += length + 1;
	}
	if (problem != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid path of a staged file: \"%s\"",
					   finding_one_line(pnstrdup(path, pg_mbcliplen(path, strlen(path), 200)))),
				errdetail_internal("%s", psprintf("A path is relative to the directory; %s.", problem)));
}

void
staging_check_limits(const char *name, int64 count, int64 size)
{
	if (count > migrator_max_stage_files)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many files for \"%s%s\": more than %d",
					   STAGED_PREFIX, finding_one_line(name), migrator_max_stage_files),
				errhint("Stage the directory of migrations alone, or raise migrator.max_stage_files."));
	if (size > (int64) migrator_max_stage_size * 1024)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("files for \"%s%s\" are larger than %d kB together",
					   STAGED_PREFIX, finding_one_line(name), migrator_max_stage_size),
				errhint("Stage the directory of migrations alone, or raise migrator.max_stage_size."));
}

void
staging_check_names_size(const char *name, int64 size)
{
	if (size > (int64) migrator_max_stage_size * 1024)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("names of files and folders for \"%s%s\" are larger than %d kB together",
					   STAGED_PREFIX, finding_one_line(name), migrator_max_stage_size),
				errhint("Stage the directory of migrations alone, or raise migrator.max_stage_size."));
}

void
staging_parse_sha256(const char *text, char *sha256)
{
	if (strlen(text) != SHA256_HEX_LENGTH ||
		strspn(text, "0123456789abcdefABCDEF") != SHA256_HEX_LENGTH)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid SHA-256 checksum: \"%s\"", finding_one_line(text)),
				errhint("It has %d hexadecimal digits.", SHA256_HEX_LENGTH));
	for (int i = 0; i <= SHA256_HEX_LENGTH; i++)
		sha256[i] = pg_tolower((unsigned char) text[i]);
}

/* Everything that can be said before the tables are touched. */
void
staging_check_files(const char *name, StagingFile *files, int count)
{
	int64		size = 0;

	for (int i = 0; i < count; i++)
		size += files[i].content ? files[i].size : 0;
	staging_check_limits(name, count, size);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		staging_check_path(files[i].path);
		staging_check_content(&files[i]);
	}
	staging_sort_files(files, count);
}

void
staging_sort_files(StagingFile *files, int count)
{
	qsort(files, count, sizeof(StagingFile), compare_files);
	check_names(files, count);
}

void
staging_check_content(StagingFile *file)
{
	char		found[SHA256_HEX_LENGTH + 1];

	if (file->content == NULL)
	{
		if (file->sha256[0] == '\0')
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("content of file \"%s\" must not be null without its checksum", finding_one_line(file->path)),
					errhint("Give argument \"sha256s\" for files whose content is staged already."));
		return;
	}
	digest_sha256(VARDATA_ANY(file->content), file->size, found);
	if (file->sha256[0] != '\0' && strcmp(file->sha256, found) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("content of file \"%s\" does not have the given checksum", finding_one_line(file->path)),
				errdetail("Its SHA-256 is %s.", found));
	strcpy(file->sha256, found);
}

/* Sorted: a path twice stands together, a folder anywhere behind the file of its name. */
static void
check_names(StagingFile *files, int count)
{
	for (int i = 1; i < count; i++)
		if (strcmp(files[i - 1].path, files[i].path) == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("file \"%s\" is given twice", finding_one_line(files[i].path)));
	for (int i = 0; i < count; i++)
	{
		const char *slash = files[i].path;

		CHECK_FOR_INTERRUPTS();
		while ((slash = strchr(slash, '/')) != NULL)
		{
			char	   *folder = pnstrdup(files[i].path, slash - files[i].path);

			if (staging_find(files, count, folder) != NULL)
				ereport(ERROR,
						errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is both a file and a folder", finding_one_line(folder)));
			pfree(folder);
			slash++;
		}
	}
}

StagingFile *
staging_find(StagingFile *files, int count, const char *path)
{
	StagingFile key = {.path = path};

	return bsearch(&key, files, count, sizeof(StagingFile), compare_files);
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const StagingFile *) a)->path, ((const StagingFile *) b)->path);
}
