/*
 * staging_paths.c
 *	  The paths of a set of staged files, and who sent each.
 *
 * A path's row says who may run it: whoever sent the content, or said by its
 * checksum that it shall stay.  So each row that a call names is signed with
 * this caller (signature.c), the rows whose content stays as well, and no row
 * ever keeps a signature for what somebody else wrote.  Only the owner of the
 * tables writes here, after the set's row was locked and its rights were asked.
 *
 * Rows that stay as they are are not touched: a set that is sent again and
 * again, by every instance of a fleet, leaves no dead rows.
 *
 * Paths are compared by bytes (collation "C"), here and in the tables.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "source/signature.h"
#include "source/staging_paths.h"

/* rows that are written by one statement; an array, and what it is unpacked to, are copies of them */
#define BATCH_PATHS 4096

/*
 * What turns the set as it is into the set as it shall be.  The comparison is
 * made here and not in SQL: a plan made while the tables were empty, or for
 * arrays of unknown length, would compare all with all.
 */
typedef struct Change
{
	const char *name;
	StagingFile *files;			/* the new set, by path */
	int			count;
	bool	   *unchanged;		/* one for each of them */
	const Author *by;
	const SignatureKey *key;
	List	   *removed;		/* paths, text * */
	MemoryContext context;
} Change;

static void compare_file(HeapTuple tuple, TupleDesc desc, void *argument);
static int	put_batch(const Change *change, int first, bool *any);
static void take_former(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_text(HeapTuple tuple, TupleDesc desc, void *argument);

bool
staging_paths_replace(const char *name, StagingFile *files, int count, const Author *by,
					  const SignatureKey *key)
{
	static OwnerQuery look = {
		"SELECT path, sha256, signature"
		" FROM migrator.staged_files WHERE name = $1", 1, {TEXTOID}
	};
	static OwnerQuery remove = {
		"DELETE FROM migrator.staged_files WHERE name = $1 AND path = ANY ($2)",
		2, {TEXTOID, TEXTARRAYOID}
	};
	Change		change = {
		.name = name,
		.files = files,
		.count = count,
		.unchanged = palloc0(Max(count, 1) * sizeof(bool)),
		.by = by,
		.key = key,
		.context = CurrentMemoryContext
	};
	Datum		values[2] = {CStringGetTextDatum(name)};
	bool		changed = false;
	MemoryContext context;
	MemoryContext old;

	(void) owner_query_run(&look, SPI_OK_SELECT, values, NULL, InvalidSnapshot, compare_file, &change);
	if (change.removed != NIL)
	{
		Datum	   *paths = palloc(list_length(change.removed) * sizeof(Datum));
		ListCell   *lc;

		foreach(lc, change.removed)
		{
			paths[foreach_current_index(lc)] = PointerGetDatum(lfirst(lc));
		}
		values[1] = owner_query_array(paths, list_length(change.removed), TEXTOID);
		(void) owner_query_run(&remove, SPI_OK_DELETE, values, NULL, InvalidSnapshot, NULL, NULL);
		changed = true;
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "migrator staged paths",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	for (int first = 0; first < count;)
	{
		first = put_batch(&change, first, &changed);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return changed;
}

/* A row of the set as it is. */
static void
compare_file(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Change	   *change = argument;
	bool		isnull;
	char	   *path = TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull));
	StagingFile *file = staging_find(change->files, change->count, path);
	char		signature[SHA256_HEX_LENGTH + 1];

	if (file == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(change->context);

		change->removed = lappend(change->removed, cstring_to_text(path));
		MemoryContextSwitchTo(old);
		return;
	}
	/* the files that are the same were still sent by this caller */
	signature_make(change->key, change->name, path, file->sha256, file->size, change->by, signature);
	change->unchanged[file - change->files] =
		strcmp(file->sha256, TextDatumGetCString(heap_getattr(tuple, 2, desc, &isnull))) == 0 &&
		strcmp(signature, TextDatumGetCString(heap_getattr(tuple, 3, desc, &isnull))) == 0;
}

/* Some of those that changed, from the first; returns where to go on. */
static int
put_batch(const Change *change, int first, bool *any)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.staged_files (name, path, sha256, size, signature, staged_as, staged_by, staged_login)"
		" SELECT $1, u.path, u.sha256, u.size, u.signature, $6, $7, $8"
		" FROM unnest($2, $3, $4, $5) AS u(path, sha256, size, signature)"
		" ON CONFLICT (name, path) DO UPDATE SET sha256 = EXCLUDED.sha256, size = EXCLUDED.size,"
		" staged_as = EXCLUDED.staged_as, staged_by = EXCLUDED.staged_by,"
		" staged_login = EXCLUDED.staged_login, signature = EXCLUDED.signature, staged_at = EXCLUDED.staged_at",
		8, {TEXTOID, TEXTARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID, OIDOID, OIDOID, OIDOID}
	};
	Datum	   *paths = palloc(BATCH_PATHS * sizeof(Datum));
	Datum	   *checksums = palloc(BATCH_PATHS * sizeof(Datum));
	Datum	   *sizes = palloc(BATCH_PATHS * sizeof(Datum));
	Datum	   *signatures = palloc(BATCH_PATHS * sizeof(Datum));
	int			count = 0;
	Datum		values[8];
	char		signature[SHA256_HEX_LENGTH + 1];

	for (; first < change->count && count < BATCH_PATHS; first++)
	{
		const StagingFile *file = &change->files[first];

		if (change->unchanged[first])
			continue;
		signature_make(change->key, change->name, file->path, file->sha256, file->size, change->by,
					   signature);
		paths[count] = CStringGetTextDatum(file->path);
		checksums[count] = CStringGetTextDatum(file->sha256);
		signatures[count] = CStringGetTextDatum(signature);
		sizes[count++] = Int64GetDatum(file->size);
	}
	if (count == 0)
		return first;
	values[0] = CStringGetTextDatum(change->name);
	values[1] = owner_query_array(paths, count, TEXTOID);
	values[2] = owner_query_array(checksums, count, TEXTOID);
	values[3] = owner_query_array(sizes, count, INT8OID);
	values[4] = owner_query_array(signatures, count, TEXTOID);
	values[5] = ObjectIdGetDatum(change->by->current);
	values[6] = ObjectIdGetDatum(change->by->session);
	values[7] = ObjectIdGetDatum(change->by->login);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	*any = true;
	return first;
}

void
staging_paths_find(const char *name, const char *path, StagingFormer *former)
{
	static OwnerQuery query = {
		"SELECT sha256, size FROM migrator.staged_files WHERE name = $1 AND path = $2",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(name), CStringGetTextDatum(path)};

	memset(former, 0, sizeof(StagingFormer));
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_former, former);
}

static void
take_former(HeapTuple tuple, TupleDesc desc, void *argument)
{
	StagingFormer *former = argument;
	bool		isnull;

	former->exists = true;
	strlcpy(former->sha256, TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull)),
			sizeof(former->sha256));
	former->size = DatumGetInt64(heap_getattr(tuple, 2, desc, &isnull));
}

/* Two searches by index: paths are ordered by bytes, and '0' is the byte behind '/'. */
void
staging_paths_refuse_folder(const char *name, const char *path)
{
	static OwnerQuery query = {
		"(SELECT path FROM migrator.staged_files WHERE name = $1 AND path = ANY ($3))"
		" UNION ALL (SELECT path FROM migrator.staged_files"
		"  WHERE name = $1 AND path > $2 || '/' AND path < $2 || '0' LIMIT 1)",
		3, {TEXTOID, TEXTOID, TEXTARRAYOID}
	};
	Datum	   *folders = palloc(strlen(path) * sizeof(Datum));
	int			count = 0;
	char	   *found = NULL;
	Datum		values[3] = {CStringGetTextDatum(name), CStringGetTextDatum(path)};

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
		folders[count++] = PointerGetDatum(cstring_to_text_with_len(path, slash - path));
	values[2] = owner_query_array(folders, count, TEXTOID);
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_text, &found);
	if (found != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" is both a file and a folder",
					   finding_one_line(strlen(found) < strlen(path) ? found : path)));
}

static void
take_text(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;
	text	   *value = DatumGetTextPP(heap_getattr(tuple, 1, desc, &isnull));
	char	   *copy = SPI_palloc(VARSIZE_ANY_EXHDR(value) + 1);

	text_to_cstring_buffer(value, copy, VARSIZE_ANY_EXHDR(value) + 1);
	*(char **) argument = copy;
}

bool
staging_paths_put(const char *name, const StagingFile *file, const Author *by,
				  const SignatureKey *key)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.staged_files AS f (name, sha256, size, path, staged_as, staged_by, staged_login, signature)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (name, path) DO UPDATE SET sha256 = EXCLUDED.sha256, size = EXCLUDED.size,"
		" staged_as = EXCLUDED.staged_as, staged_by = EXCLUDED.staged_by,"
		" staged_login = EXCLUDED.staged_login, signature = EXCLUDED.signature, staged_at = EXCLUDED.staged_at"
		" WHERE (f.sha256, f.signature) IS DISTINCT FROM (EXCLUDED.sha256, EXCLUDED.signature)",
		8, {TEXTOID, TEXTOID, INT8OID, TEXTOID, OIDOID, OIDOID, OIDOID, TEXTOID}
	};
	Datum		values[8] = {
		CStringGetTextDatum(name),
		CStringGetTextDatum(file->sha256),
		Int64GetDatum(file->size),
		CStringGetTextDatum(file->path)
	};
	char		signature[SHA256_HEX_LENGTH + 1];

	signature_make(key, name, file->path, file->sha256, file->size, by, signature);
	values[4] = ObjectIdGetDatum(by->current);
	values[5] = ObjectIdGetDatum(by->session);
	values[6] = ObjectIdGetDatum(by->login);
	values[7] = CStringGetTextDatum(signature);
	return owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

void
staging_paths_remove(const char *name)
{
	static OwnerQuery query = {
		"DELETE FROM migrator.staged_files WHERE name = $1", 1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	(void) owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
}
