/*
 * staging.c
 *	  Take in files that a client sends.
 *
 * Tables: "stages" has a row for each set, locked by whoever changes the set;
 * "staged_files" a row for each path; "staged_contents" each content once for a
 * set, by its checksum.  A content that no path has any more is only marked
 * with the transaction that did so, since a run may be reading it.  The next
 * change of the set removes what was marked by a transaction that committed,
 * if no reader is active at that moment (staged.h): readers that begin later
 * do not see the marked contents in their list, so nobody waits.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/advisory.h"
#include "base/compat.h"
#include "base/owner_query.h"
#include "base/settings.h"
#include "source/staged.h"
#include "source/staging.h"

/* what is inserted by one statement; an array, and what it is unpacked to, are copies of it */
#define BATCH_FILES 4096
#define BATCH_SIZE (4 * 1024 * 1024)	/* bytes */

/* larger ones are inserted by themselves, without an array */
#define LARGE_CONTENT (1024 * 1024)

/* The row of "stages". */
typedef struct Stage
{
	Oid			owner;
	int			file_count;
	int64		total_size;
} Stage;

typedef struct NameList
{
	List	   *names;			/* char * */
	MemoryContext context;
} NameList;

/* What is known of a content: the key is its checksum. */
typedef struct KnownContent
{
	char		sha256[SHA256_HEX_LENGTH];
	int64		size;
	bool		marked;			/* stored, but no path has it now */
	bool		used;			/* a path of the new set has it */
} KnownContent;

/*
 * What turns the set as it is into the set as it shall be.  The comparison is
 * made here and not in SQL: a plan made while the tables were empty, or for
 * arrays of unknown length, would compare all with all.
 */
typedef struct Change
{
	StagingFile *files;			/* the new set, by path */
	int			count;
	bool	   *unchanged;		/* one for each of them */
	Author		by;				/* who sends it */
	StagedKey	key;
	const char *name;
	List	   *removed;		/* paths, text * */
	MemoryContext context;
} Change;

/* A set on its way: contents that are new wait until there are enough for a statement. */
struct Staging
{
	const char *name;
	bool		frees;			/* contents are ours to free */
	Author		by;
	StagedKey	key;
	Stage		stage;
	HTAB	   *known;
	int			count;			/* that wait */
	int64		size;			/* bytes of them */
	Datum	   *checksums;
	Datum	   *contents;
	MemoryContext context;		/* of one statement */
	bool		changed;
};

static void lock_stage(const char *name, Stage *stage);
static bool select_stage(const char *name, Stage *stage);
static void require_rights(const char *name, Stage *stage);
static void take_stage(HeapTuple tuple, TupleDesc desc, void *argument);
static void remove_marked(const char *name);
static void remove_leftovers(void);
static void take_name(HeapTuple tuple, TupleDesc desc, void *argument);
static void update_stage(const char *name, const Stage *stage);
static HTAB *create_known(int room);
static HTAB *known_contents(const char *name);
static void take_known(HeapTuple tuple, TupleDesc desc, void *argument);
static int64 match_contents(HTAB *known, StagingFile *files, int count);
static void insert_contents(Staging *staging);
static void insert_content(const char *name, const StagingFile *file);
static bool write_files(const char *name, Change *change);
static void compare_file(HeapTuple tuple, TupleDesc desc, void *argument);
static bool put_changed_files(const char *name, const Change *change);
static int	put_batch(const char *name, const Change *change, int first, bool *any);
static bool mark_contents(const char *name, HTAB *known);
static bool put_file(const char *name, const StagingFile *file, const Author *by);
static void refuse_file_as_folder(const char *name, const char *path);
static void take_text(HeapTuple tuple, TupleDesc desc, void *argument);
static Datum text_array(Datum *texts, int count);

int
staging_replace(const char *name, StagingFile *files, int count)
{
	Staging    *staging;

	staged_check_name(name);
	staging_check_files(name, files, count);
	staging = staging_begin(name, false);
	for (int i = 0; i < count; i++)
		if (files[i].content != NULL)
			staging_take(staging, &files[i]);
	return staging_finish(staging, files, count);
}

Staging *
staging_begin(const char *name, bool frees)
{
	Staging    *staging = palloc0(sizeof(Staging));

	staged_check_name(name);
	staging->name = name;
	staging->frees = frees;
	trust_own_session(&staging->by, "stage files");
	staged_load_key(&staging->key);
	lock_stage(name, &staging->stage);
	staging->known = known_contents(name);
	staging->checksums = palloc(BATCH_FILES * sizeof(Datum));
	staging->contents = palloc(BATCH_FILES * sizeof(Datum));
	staging->context = AllocSetContextCreate(CurrentMemoryContext, "migrator staging",
											 ALLOCSET_DEFAULT_SIZES);
	return staging;
}

int
staging_finish(Staging *staging, StagingFile *files, int count)
{
	const char *name = staging->name;
	Stage	   *stage = &staging->stage;
	Change		change = {
		.files = files,
		.count = count,
		.unchanged = palloc0(count * sizeof(bool)),
		.name = name,
		.by = staging->by,
		.key = staging->key,
		.context = CurrentMemoryContext
	};
	bool		changed;

	insert_contents(staging);
	stage->file_count = count;
	stage->total_size = match_contents(staging->known, files, count);
	staging_check_limits(name, stage->file_count, stage->total_size);
	changed = staging->changed;
	changed |= write_files(name, &change);
	changed |= mark_contents(name, staging->known);
	if (changed)
		update_stage(name, stage);
	/* last, since the set may have found a use for what was marked */
	remove_marked(name);
	remove_leftovers();
	return count;
}

/*
 * Lock the set's row to the end of the transaction, after making it if need
 * be, and make sure that the set is the caller's to change.  Whoever changes
 * the same set waits here.
 */
static void
lock_stage(const char *name, Stage *stage)
{
	static OwnerQuery insert = {
		"INSERT INTO migrator.stages (name, owner) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
		2, {TEXTOID, OIDOID}
	};

	while (!select_stage(name, stage))
	{
		Datum		values[2] = {CStringGetTextDatum(name), ObjectIdGetDatum(GetUserId())};

		CHECK_FOR_INTERRUPTS();
		(void) owner_query_run(&insert, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	}
	require_rights(name, stage);
}

/* What is left of an unstaged set belongs to nobody. */
static void
require_rights(const char *name, Stage *stage)
{
	if (stage->file_count == 0)
		stage->owner = GetUserId();
	if (!has_privs_of_role(GetUserId(), stage->owner))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for staged files \"%s%s\"", STAGED_PREFIX, name),
				errdetail("They belong to another role."),
				errhint("Choose another name, or SET ROLE to the role that staged them."));
}

/* Locks the row. */
static bool
select_stage(const char *name, Stage *stage)
{
	static OwnerQuery query = {
		"SELECT owner, file_count, total_size FROM migrator.stages WHERE name = $1 FOR UPDATE",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	return owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_stage, stage) > 0;
}

static void
take_stage(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Stage	   *stage = argument;
	bool		isnull;

	stage->owner = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));
	stage->file_count = DatumGetInt32(heap_getattr(tuple, 2, desc, &isnull));
	stage->total_size = DatumGetInt64(heap_getattr(tuple, 3, desc, &isnull));
}

/*
 * After every change of the set, so that a transaction with an older snapshot
 * cannot lock the row without an error.
 */
static void
update_stage(const char *name, const Stage *stage)
{
	static OwnerQuery query = {
		"UPDATE migrator.stages SET owner = $2, file_count = $3, total_size = $4, changed_at = clock_timestamp()"
		" WHERE name = $1",
		4, {TEXTOID, OIDOID, INT4OID, INT8OID}
	};
	Datum		values[4] = {
		CStringGetTextDatum(name),
		ObjectIdGetDatum(stage->owner),
		Int32GetDatum(stage->file_count),
		Int64GetDatum(stage->total_size)
	};

	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

/*
 * Remove what earlier transactions marked, unless somebody is reading.  The
 * lock may be given back before the commit: a set that is opened later does not
 * list what was marked.  What another transaction removes, or writes anew, is
 * passed over; with one snapshot for all statements we could not see that.
 */
static void
remove_marked(const char *name)
{
	static OwnerQuery query = {
		"DELETE FROM migrator.staged_contents WHERE ctid = ANY (ARRAY("
		" SELECT ctid FROM migrator.staged_contents"
		"  WHERE name = $1 AND replaced_by IS NOT NULL AND replaced_by <> pg_current_xact_id()"
		"  FOR UPDATE SKIP LOCKED))",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	int64		key = staged_lock_key(name);

	if (IsolationUsesXactSnapshot() || !advisory_try(ADVISORY_OWN, key, ExclusiveLock, false))
		return;
	(void) owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
	advisory_release(ADVISORY_OWN, key, ExclusiveLock, false);
}

static HTAB *
create_known(int room)
{
	HASHCTL		control = {
		.keysize = SHA256_HEX_LENGTH,
		.entrysize = sizeof(KnownContent),
		.hcxt = CurrentMemoryContext
	};

	return hash_create("staged contents", Max(room, 16), &control,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Contents of the set by checksum.  Those that were replaced, which
 * staging_missing() may have said are there, were the same owner's; those that
 * were given up are not to be had, since they may be another role's.
 */
static HTAB *
known_contents(const char *name)
{
	static OwnerQuery query = {
		"SELECT sha256, size, replaced_by IS NOT NULL FROM migrator.staged_contents"
		" WHERE name = $1 AND NOT given_up",
		1, {TEXTOID}
	};
	HTAB	   *known = create_known(256);
	Datum		value = CStringGetTextDatum(name);

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_known, known);
	return known;
}

static void
take_known(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;
	text	   *sha256 = DatumGetTextPP(heap_getattr(tuple, 1, desc, &isnull));
	KnownContent *content = hash_search((HTAB *) argument, VARDATA_ANY(sha256), HASH_ENTER, NULL);

	content->size = DatumGetInt64(heap_getattr(tuple, 2, desc, &isnull));
	content->marked = DatumGetBool(heap_getattr(tuple, 3, desc, &isnull));
	content->used = false;
}

/* Returns the size of all files; a content that one of them brought is there for the others. */
static int64
match_contents(HTAB *known, StagingFile *files, int count)
{
	int64		total = 0;

	for (int i = 0; i < count; i++)
	{
		KnownContent *content = hash_search(known, files[i].sha256, HASH_FIND, NULL);

		if (content == NULL)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("content of file \"%s\" is neither given nor staged", files[i].path),
					errhint("migrator.stage_missing() says what has to be sent."));
		content->used = true;
		files[i].size = content->size;
		total += content->size;
	}
	return total;
}

/* What the set has already is not written again. */
void
staging_take(Staging *staging, const StagingFile *file)
{
	bool		found;
	KnownContent *known = hash_search(staging->known, file->sha256, HASH_ENTER, &found);

	CHECK_FOR_INTERRUPTS();
	if (found)
	{
		if (staging->frees)
			pfree(file->content);
		return;
	}
	known->size = file->size;
	known->marked = false;
	known->used = false;
	staging->changed = true;
	if (file->size >= LARGE_CONTENT)
	{
		MemoryContext old = MemoryContextSwitchTo(staging->context);
		StagingFile single = *file;
		Datum		small = toast_compress_datum(PointerGetDatum(file->content), InvalidCompressionMethod);

		/*
		 * a row is a copy of what it is made from; so that of which little is
		 * left goes before
		 */
		if (DatumGetPointer(small) != NULL)
		{
			single.content = (struct varlena *) DatumGetPointer(small);
			if (staging->frees)
				pfree(file->content);
		}
		insert_content(staging->name, &single);
		if (DatumGetPointer(small) == NULL && staging->frees)
			pfree(file->content);
		MemoryContextSwitchTo(old);
		MemoryContextReset(staging->context);
		return;
	}
	staging->checksums[staging->count] = PointerGetDatum(cstring_to_text_with_len(file->sha256, SHA256_HEX_LENGTH));
	staging->contents[staging->count++] = PointerGetDatum(file->content);
	staging->size += file->size;
	if (staging->count == BATCH_FILES || staging->size >= BATCH_SIZE)
		insert_contents(staging);
}

/* Those that wait, by one statement. */
static void
insert_contents(Staging *staging)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.staged_contents AS c (name, sha256, size, content)"
		" SELECT $1, u.sha256, length(u.content), u.content"
		" FROM unnest($2, $3) AS u(sha256, content)"
		" ON CONFLICT (name, sha256) DO UPDATE SET replaced_by = NULL, given_up = false",
		3, {TEXTOID, TEXTARRAYOID, BYTEAARRAYOID},
		.generic = true
	};
	MemoryContext old;
	Datum		values[3];

	if (staging->count == 0)
		return;
	old = MemoryContextSwitchTo(staging->context);
	values[0] = CStringGetTextDatum(staging->name);
	values[1] = text_array(staging->checksums, staging->count);
	values[2] = PointerGetDatum(construct_array(staging->contents, staging->count,
												BYTEAOID, -1, false, TYPALIGN_INT));
	for (int i = 0; i < staging->count; i++)
	{
		pfree(DatumGetPointer(staging->checksums[i]));
		if (staging->frees)
			pfree(DatumGetPointer(staging->contents[i]));
	}
	staging->count = 0;
	staging->size = 0;
	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextReset(staging->context);
}

/* One, if it is not there; the mark is taken from one that is. */
static void
insert_content(const char *name, const StagingFile *file)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.staged_contents AS c (name, sha256, size, content) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (name, sha256) DO UPDATE SET replaced_by = NULL, given_up = false"
		" WHERE c.replaced_by IS NOT NULL",
		4, {TEXTOID, TEXTOID, INT8OID, BYTEAOID},
		.generic = true
	};
	Datum		values[4] = {
		CStringGetTextDatum(name),
		CStringGetTextDatum(file->sha256),
		Int64GetDatum(file->size),
		PointerGetDatum(file->content)
	};

	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
}

/* The rows of the paths; those that stay as they are are not touched. */
static bool
write_files(const char *name, Change *change)
{
	static OwnerQuery look = {
		"SELECT path, sha256, signature"
		" FROM migrator.staged_files WHERE name = $1", 1, {TEXTOID}
	};
	static OwnerQuery remove = {
		"DELETE FROM migrator.staged_files WHERE name = $1 AND path = ANY ($2)",
		2, {TEXTOID, TEXTARRAYOID}
	};
	Datum		values[2] = {CStringGetTextDatum(name)};
	bool		changed;

	(void) owner_query_run(&look, SPI_OK_SELECT, values, NULL, InvalidSnapshot, compare_file, change);
	changed = change->removed != NIL;
	if (changed)
	{
		Datum	   *paths = palloc(list_length(change->removed) * sizeof(Datum));
		ListCell   *lc;

		foreach(lc, change->removed)
		{
			paths[foreach_current_index(lc)] = PointerGetDatum(lfirst(lc));
		}
		values[1] = text_array(paths, list_length(change->removed));
		(void) owner_query_run(&remove, SPI_OK_DELETE, values, NULL, InvalidSnapshot, NULL, NULL);
	}
	return put_changed_files(name, change) || changed;
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
	staged_sign(&change->key, change->name, path, file->sha256, file->size, &change->by, signature);
	change->unchanged[file - change->files] =
		strcmp(file->sha256, TextDatumGetCString(heap_getattr(tuple, 2, desc, &isnull))) == 0 &&
		strcmp(signature, TextDatumGetCString(heap_getattr(tuple, 3, desc, &isnull))) == 0;
}

static bool
put_changed_files(const char *name, const Change *change)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator staged paths",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		any = false;

	for (int first = 0; first < change->count;)
	{
		first = put_batch(name, change, first, &any);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return any;
}

/* Some of them, from the first; returns where to go on. */
static int
put_batch(const char *name, const Change *change, int first, bool *any)
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
	Datum	   *paths = palloc(BATCH_FILES * sizeof(Datum));
	Datum	   *checksums = palloc(BATCH_FILES * sizeof(Datum));
	Datum	   *sizes = palloc(BATCH_FILES * sizeof(Datum));
	Datum	   *signatures = palloc(BATCH_FILES * sizeof(Datum));
	int			count = 0;
	Datum		values[8];
	char		signature[SHA256_HEX_LENGTH + 1];

	for (; first < change->count && count < BATCH_FILES; first++)
	{
		const StagingFile *file = &change->files[first];

		if (change->unchanged[first])
			continue;
		staged_sign(&change->key, name, file->path, file->sha256, file->size, &change->by, signature);
		paths[count] = CStringGetTextDatum(file->path);
		checksums[count] = CStringGetTextDatum(file->sha256);
		signatures[count] = CStringGetTextDatum(signature);
		sizes[count++] = Int64GetDatum(file->size);
	}
	if (count == 0)
		return first;
	values[0] = CStringGetTextDatum(name);
	values[1] = text_array(paths, count);
	values[2] = text_array(checksums, count);
	values[3] = PointerGetDatum(construct_array(sizes, count, INT8OID, sizeof(int64),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	values[4] = text_array(signatures, count);
	values[5] = ObjectIdGetDatum(change->by.current);
	values[6] = ObjectIdGetDatum(change->by.session);
	values[7] = ObjectIdGetDatum(change->by.login);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	*any = true;
	return first;
}

/* Mark what no path has any more, and take the mark from what one has again. */
static bool
mark_contents(const char *name, HTAB *known)
{
	static OwnerQuery query = {
		"UPDATE migrator.staged_contents"
		" SET replaced_by = CASE WHEN replaced_by IS NULL THEN pg_current_xact_id() END"
		" WHERE name = $1 AND sha256 = ANY ($2)",
		2, {TEXTOID, TEXTARRAYOID}
	};
	Datum	   *checksums = palloc(Max(hash_get_num_entries(known), 1) * sizeof(Datum));
	int			count = 0;
	HASH_SEQ_STATUS scan;
	KnownContent *content;
	Datum		values[2];

	hash_seq_init(&scan, known);
	while ((content = hash_seq_search(&scan)) != NULL)
		if (content->marked == content->used)
			checksums[count++] = PointerGetDatum(cstring_to_text_with_len(content->sha256,
																		  SHA256_HEX_LENGTH));
	if (count == 0)
		return false;
	values[0] = CStringGetTextDatum(name);
	values[1] = text_array(checksums, count);
	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
	return true;
}

/* What a file was before it is put. */
typedef struct FormerFile
{
	bool		exists;
	char		sha256[SHA256_HEX_LENGTH + 1];
	int64		size;
} FormerFile;

static void
take_former(HeapTuple tuple, TupleDesc desc, void *argument)
{
	FormerFile *former = argument;
	bool		isnull;

	former->exists = true;
	strlcpy(former->sha256, TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull)),
			sizeof(former->sha256));
	former->size = DatumGetInt64(heap_getattr(tuple, 2, desc, &isnull));
}

/*
 * No statement reads all of the set.  In one transaction thousands of calls
 * still slow down, since each leaves a version of the row of "stages" that the
 * next has to pass: send many files with staging_replace().
 */
int
staging_put(const char *name, StagingFile *file)
{
	static OwnerQuery look = {
		"SELECT sha256, size FROM migrator.staged_files WHERE name = $1 AND path = $2",
		2, {TEXTOID, TEXTOID}
	};
	static OwnerQuery mark = {
		"UPDATE migrator.staged_contents c SET replaced_by = pg_current_xact_id()"
		" WHERE c.name = $1 AND c.sha256 = $2 AND NOT EXISTS"
		" (SELECT FROM migrator.staged_files f WHERE f.name = $1 AND f.sha256 = $2)",
		2, {TEXTOID, TEXTOID}
	};
	Stage		stage;
	Author		by;
	FormerFile	former = {0};
	Datum		values[2];

	staged_check_name(name);
	staging_check_path(file->path);
	staging_check_content(file);
	trust_own_session(&by, "stage files");
	lock_stage(name, &stage);

	values[0] = CStringGetTextDatum(name);
	values[1] = CStringGetTextDatum(file->path);
	(void) owner_query_run(&look, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_former, &former);
	stage.file_count += former.exists ? 0 : 1;
	stage.total_size += file->size - former.size;
	staging_check_limits(name, stage.file_count, stage.total_size);
	if (!former.exists)
		refuse_file_as_folder(name, file->path);

	if (!put_file(name, file, &by))
		return stage.file_count;
	if (former.exists && strcmp(former.sha256, file->sha256) != 0)
	{
		values[1] = CStringGetTextDatum(former.sha256);
		(void) owner_query_run(&mark, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
	}
	update_stage(name, &stage);
	remove_marked(name);
	return stage.file_count;
}

/* False when nothing had to be written. */
static bool
put_file(const char *name, const StagingFile *file, const Author *by)
{
	static OwnerQuery path = {
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
	StagedKey	key;
	char		signature[SHA256_HEX_LENGTH + 1];

	staged_load_key(&key);
	staged_sign(&key, name, file->path, file->sha256, file->size, by, signature);
	insert_content(name, file);
	values[4] = ObjectIdGetDatum(by->current);
	values[5] = ObjectIdGetDatum(by->session);
	values[6] = ObjectIdGetDatum(by->login);
	values[7] = CStringGetTextDatum(signature);
	return owner_query_run(&path, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

/* Two searches by index: paths are ordered by bytes, and '0' is the byte behind '/'. */
static void
refuse_file_as_folder(const char *name, const char *path)
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
	values[2] = text_array(folders, count);
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_text, &found);
	if (found != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" is both a file and a folder",
					   strlen(found) < strlen(path) ? found : path));
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

/*
 * The contents are only marked, as those that are replaced: a run that begins
 * before our commit still sees the set.  The next stage() or unstage() of
 * whatever name removes them.  Until then the name may become another role's,
 * so all are given up, those that were replaced before as well: no call gets
 * them by their checksum any more, only by sending the content.
 */
int
staging_remove(const char *name)
{
	static OwnerQuery files = {
		"DELETE FROM migrator.staged_files WHERE name = $1", 1, {TEXTOID}
	};
	static OwnerQuery mark = {
		"UPDATE migrator.staged_contents"
		" SET replaced_by = COALESCE(replaced_by, pg_current_xact_id()), given_up = true"
		" WHERE name = $1 AND NOT given_up", 1, {TEXTOID}
	};
	static OwnerQuery row = {
		"DELETE FROM migrator.stages s WHERE name = $1"
		" AND NOT EXISTS (SELECT FROM migrator.staged_contents c WHERE c.name = s.name)",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	Stage		stage;
	int			count;

	staged_check_name(name);
	if (!select_stage(name, &stage))
	{
		remove_leftovers();
		return 0;
	}
	count = stage.file_count;
	if (count == 0)
	{
		remove_marked(name);
		(void) owner_query_run(&row, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
		remove_leftovers();
		return 0;
	}
	require_rights(name, &stage);
	stage.file_count = 0;
	stage.total_size = 0;
	(void) owner_query_run(&files, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
	(void) owner_query_run(&mark, SPI_OK_UPDATE, &value, NULL, InvalidSnapshot, NULL, NULL);
	update_stage(name, &stage);
	remove_leftovers();
	return count;
}

/*
 * Remove the contents of sets that were unstaged: their names may never come
 * again.  A new set of such a name uses none of them (known_contents).
 */
static void
remove_leftovers(void)
{
	static OwnerQuery query = {
		"SELECT DISTINCT c.name FROM migrator.staged_contents c JOIN migrator.stages s ON s.name = c.name"
		" WHERE s.file_count = 0 AND c.replaced_by IS NOT NULL AND c.replaced_by <> pg_current_xact_id()"
	};
	NameList	list = {NIL, CurrentMemoryContext};
	ListCell   *lc;

	if (IsolationUsesXactSnapshot())
		return;
	(void) owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, take_name, &list);
	foreach(lc, list.names)
	{
		remove_marked(lfirst(lc));
	}
}

static void
take_name(HeapTuple tuple, TupleDesc desc, void *argument)
{
	NameList   *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	bool		isnull;

	list->names = lappend(list->names, TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull)));
	MemoryContextSwitchTo(old);
}

void
staging_missing(const char *name, char *const *sha256, int count, bool *missing)
{
	static OwnerQuery stage_query = {
		"SELECT owner, file_count, total_size FROM migrator.stages WHERE name = $1",
		1, {TEXTOID}
	};
	static OwnerQuery contents_query = {
		"SELECT sha256, size, false FROM migrator.staged_contents WHERE name = $1 AND replaced_by IS NULL",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	HTAB	   *known = create_known(count);
	Stage		stage;

	staged_check_name(name);
	/* what we say is there stays for a stage() of the same transaction */
	advisory_wait(ADVISORY_OWN, staged_lock_key(name), ShareLock, false);
	if (owner_query_run(&stage_query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_stage, &stage) > 0)
		require_rights(name, &stage);
	(void) owner_query_run(&contents_query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_known, known);
	for (int i = 0; i < count; i++)
		missing[i] = hash_search(known, sha256[i], HASH_FIND, NULL) == NULL;
}

static Datum
text_array(Datum *texts, int count)
{
	return PointerGetDatum(construct_array(texts, count, TEXTOID, -1, false, TYPALIGN_INT));
}
