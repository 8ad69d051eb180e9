/*
 * stage.c
 *	  SQL functions that take in files from a client.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "api/api.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "run/shared.h"
#include "source/staged.h"
#include "source/staging.h"
#include "source/tar.h"

PG_FUNCTION_INFO_V1(migrator_stage_file);
PG_FUNCTION_INFO_V1(migrator_stage_text);
PG_FUNCTION_INFO_V1(migrator_stage_files);
PG_FUNCTION_INFO_V1(migrator_stage_archive);
PG_FUNCTION_INFO_V1(migrator_stage_missing);
PG_FUNCTION_INFO_V1(migrator_unstage);

static void enter(const char *name);
static bytea *required_bytes(FunctionCallInfo fcinfo, int n, const char *name);
static void take_contents(FunctionCallInfo fcinfo, int n, StagingFile *files, int count);
static void take_checksums(FunctionCallInfo fcinfo, int n, StagingFile *files, int count);
static void refuse_lengths(const char *name);
static void check_limits(int64 entries, int64 size, int64 names, void *argument);
static void take_entry(TarFile *entry, void *argument);

/* The files of an archive, whose contents go into the set as they come. */
typedef struct ArchiveFiles
{
	const char *name;
	Staging    *staging;
	StagingFile *files;
	int			count;
	int			room;
} ArchiveFiles;

/* Not from within a run, which reads what it would change. */
static void
enter(const char *name)
{
	run_refuse_nested(name);
	owner_query_check_version();
	run_require_writable(name);
}

/* stage(name, path, content) */
Datum
migrator_stage_file(PG_FUNCTION_ARGS)
{
	char	   *name = api_required_text(fcinfo, 0, "name");
	StagingFile file = {
		.path = api_required_text(fcinfo, 1, "path"),
		.content = required_bytes(fcinfo, 2, "content")
	};

	enter("migrator.stage()");
	file.size = VARSIZE_ANY_EXHDR(file.content);
	PG_RETURN_INT32(staging_put(name, &file));
}

/*
 * stage(name, path, content text): the one that arguments without a type lead
 * to.  Those that were meant for the others are refused.
 */
Datum
migrator_stage_text(PG_FUNCTION_ARGS)
{
	char	   *name = api_required_text(fcinfo, 0, "name");
	char	   *path = api_required_text(fcinfo, 1, "path");
	char	   *content = api_required_text(fcinfo, 2, "content");
	char	   *bytes;
	StagingFile file = {.path = path};

	enter("migrator.stage()");
	if ((path[0] == '{' && path[strlen(path) - 1] == '}') ||
		(content[0] == '\\' && content[1] == 'x' &&
		 strspn(content + 2, "0123456789abcdefABCDEF") == strlen(content + 2)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("file \"%s\" looks like an array, or its content like a bytea, without a type",
					   finding_one_line(path)),
				errhint("Cast the arguments: stage(name, path, content::bytea), or stage(name, paths::text[], contents::bytea[])."));
	bytes = pg_server_to_any(content, strlen(content), PG_UTF8);
	file.size = strlen(bytes);
	file.content = (bytea *) cstring_to_text_with_len(bytes, file.size);
	PG_RETURN_INT32(staging_put(name, &file));
}

/* stage(name, paths, contents, sha256s) */
Datum
migrator_stage_files(PG_FUNCTION_ARGS)
{
	char	   *name = api_required_text(fcinfo, 0, "name");
	StagingFile *files;
	char	  **paths;
	int			count;

	enter("migrator.stage()");
	paths = api_required_text_array(fcinfo, 1, "paths", &count);
	staging_check_limits(name, count, 0);
	files = palloc0(count * sizeof(StagingFile));
	for (int i = 0; i < count; i++)
		files[i].path = paths[i];
	take_contents(fcinfo, 2, files, count);
	take_checksums(fcinfo, 3, files, count);
	PG_RETURN_INT32(staging_replace(name, files, count));
}

/* Elements may be null, and so may be all together: nothing is sent then. */
static void
take_contents(FunctionCallInfo fcinfo, int n, StagingFile *files, int count)
{
	Datum	   *values;
	bool	   *nulls;
	int			found;

	if (PG_ARGISNULL(n))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), BYTEAOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &found);
	if (found != count)
		refuse_lengths("contents");
	for (int i = 0; i < count; i++)
		if (!nulls[i])
		{
			files[i].content = PG_DETOAST_DATUM_PACKED(values[i]);
			files[i].size = VARSIZE_ANY_EXHDR(files[i].content);
		}
}

static void
take_checksums(FunctionCallInfo fcinfo, int n, StagingFile *files, int count)
{
	char	  **checksums;
	int			found;

	if (PG_ARGISNULL(n))
		return;
	checksums = api_text_array(fcinfo, n, "sha256s", &found);
	if (found != count)
		refuse_lengths("sha256s");
	for (int i = 0; i < count; i++)
		staging_parse_sha256(checksums[i], files[i].sha256);
}

static void
refuse_lengths(const char *name)
{
	ereport(ERROR,
			errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			errmsg("arguments \"paths\" and \"%s\" must have the same length", name));
}

/* stage_archive(name, archive) */
Datum
migrator_stage_archive(PG_FUNCTION_ARGS)
{
	char	   *name = api_required_text(fcinfo, 0, "name");
	bytea	   *archive = required_bytes(fcinfo, 1, "archive");
	ArchiveFiles all = {
		.name = name,
		.room = 256
	};

	enter("migrator.stage_archive()");
	all.staging = staging_begin(name, true);
	all.files = palloc(all.room * sizeof(StagingFile));
	tar_read(VARDATA_ANY(archive), VARSIZE_ANY_EXHDR(archive), check_limits, take_entry, &all);
	if (all.count == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("the archive holds no files"),
				errhint("Use migrator.unstage() to remove what is staged."));
	staging_sort_files(all.files, all.count);
	PG_RETURN_INT32(staging_finish(all.staging, all.files, all.count));
}

/* The names are held to the end as well, or were unpacked at least. */
static void
check_limits(int64 entries, int64 size, int64 names, void *argument)
{
	const ArchiveFiles *all = argument;

	staging_check_limits(all->name, entries, size);
	staging_check_names_size(all->name, names);
}

/* Only path and checksum are kept; the content is handed on. */
static void
take_entry(TarFile *entry, void *argument)
{
	ArchiveFiles *all = argument;
	StagingFile file = {
		.path = entry->name,
		.content = entry->content,
		.size = entry->size
	};

	if (entry->content == NULL)
	{
		staging_check_path(entry->name);
		return;
	}
	staging_check_content(&file);
	staging_take(all->staging, &file);
	if (all->count == all->room)
	{
		all->room *= 2;
		all->files = repalloc(all->files, all->room * sizeof(StagingFile));
	}
	file.content = NULL;
	all->files[all->count++] = file;
}

/* stage_missing(name, paths, sha256s) */
Datum
migrator_stage_missing(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_values(fcinfo);
	char	   *name = api_required_text(fcinfo, 0, "name");
	char	  **paths;
	char	  **checksums;
	int			count;
	int			found;
	bool	   *missing;

	owner_query_check_version();
	paths = api_required_text_array(fcinfo, 1, "paths", &count);
	checksums = api_required_text_array(fcinfo, 2, "sha256s", &found);
	if (found != count)
		refuse_lengths("sha256s");
	staging_check_limits(name, count, 0);
	for (int i = 0; i < count; i++)
	{
		staging_check_path(paths[i]);
		staging_parse_sha256(checksums[i], checksums[i]);
	}
	missing = palloc0(count * sizeof(bool));
	staging_missing(name, checksums, count, missing);
	for (int i = 0; i < count; i++)
		if (missing[i])
		{
			Datum		values[1];
			bool		nulls[1];

			api_set_text(values, nulls, 0, paths[i]);
			api_put_row(result, values, nulls);
		}
	return (Datum) 0;
}

/* unstage(name) */
Datum
migrator_unstage(PG_FUNCTION_ARGS)
{
	char	   *name = api_required_text(fcinfo, 0, "name");
	int			removed;

	enter("migrator.unstage()");
	removed = staging_remove(name);
	if (removed == 0)
		ereport(NOTICE,
				errmsg("no files are staged under the name \"%s\"", name));
	PG_RETURN_INT32(removed);
}

static bytea *
required_bytes(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"%s\" must not be null", name));
	return PG_GETARG_BYTEA_PP(n);
}
