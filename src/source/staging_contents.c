/*
 * staging_contents.c
 *	  The contents of a set of staged files, each once, by its checksum.
 *
 * A run reads contents long after it read the list of paths, and holds nothing
 * but the set's advisory lock in share mode, which it took before the list
 * (staged.c).  So a content that no path has any more is not deleted.  It is
 * marked with the transaction that left it so (replaced_by), and a later change
 * removes it, under these conditions:
 *
 * - The mark is seen, and of another transaction: so it is committed, and
 *	 whoever reads the list from now on does not find the content in it.  (Who
 *	 reads it with an older snapshot still sees the row that we delete.)
 * - We get the advisory lock in exclusive mode at that moment, after the mark
 *	 was committed: so nobody who read the list before is still reading.  We do
 *	 not wait for that; who cannot remove leaves it to the next change.  The
 *	 lock is given back at once, since later readers are none of our concern.
 * - Each statement has a snapshot of its own.  With one for the transaction we
 *	 could not see that another change removed a content, or took its mark
 *	 away, and would raise an error where there is nothing amiss.  So nothing is
 *	 removed then.
 *
 * A crash, or an error, leaves marked contents at worst: they take room until
 * the next change.
 *
 * To have a content by its checksum, without sending it, is to read it.  That
 * is for those whose set it is: also a marked one, which
 * staging_contents_missing() may have said is there.  When a set is unstaged its
 * name may become another role's, so its contents are given up: they are used
 * again only for somebody who sends the same bytes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/advisory.h"
#include "base/compat.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "source/staged.h"
#include "source/staging_contents.h"

/* what is inserted by one statement; an array, and what it is unpacked to, are copies of it */
#define BATCH_FILES 4096
#define BATCH_SIZE (4 * 1024 * 1024)	/* bytes */

/* larger ones are inserted by themselves, without an array */
#define LARGE_CONTENT (1024 * 1024)

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

struct StagingContents
{
	const char *name;
	bool		frees;			/* contents are ours to free */
	HTAB	   *known;
	int			count;			/* that wait */
	int64		size;			/* bytes of them */
	Datum	   *checksums;
	Datum	   *contents;
	MemoryContext context;		/* of one statement */
	bool		changed;
};

static HTAB *create_known(int room);
static void take_known(HeapTuple tuple, TupleDesc desc, void *argument);
static void insert_waiting(StagingContents *contents);
static void take_name(HeapTuple tuple, TupleDesc desc, void *argument);

StagingContents *
staging_contents_begin(const char *name, bool frees)
{
	static OwnerQuery query = {
		"SELECT sha256, size, replaced_by IS NOT NULL FROM migrator.staged_contents"
		" WHERE name = $1 AND NOT given_up",
		1, {TEXTOID}
	};
	StagingContents *contents = palloc0(sizeof(StagingContents));
	Datum		value = CStringGetTextDatum(name);

	contents->name = name;
	contents->frees = frees;
	contents->known = create_known(256);
	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_known,
						   contents->known);
	contents->checksums = palloc(BATCH_FILES * sizeof(Datum));
	contents->contents = palloc(BATCH_FILES * sizeof(Datum));
	contents->context = AllocSetContextCreate(CurrentMemoryContext, "migrator staging",
											  ALLOCSET_DEFAULT_SIZES);
	return contents;
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

void
staging_contents_take(StagingContents *contents, const StagingFile *file)
{
	bool		found;
	KnownContent *known = hash_search(contents->known, file->sha256, HASH_ENTER, &found);

	CHECK_FOR_INTERRUPTS();
	if (found)
	{
		if (contents->frees)
			pfree(file->content);
		return;
	}
	known->size = file->size;
	known->marked = false;
	known->used = false;
	contents->changed = true;
	if (file->size >= LARGE_CONTENT)
	{
		MemoryContext old = MemoryContextSwitchTo(contents->context);
		StagingFile single = *file;
		Datum		small = toast_compress_datum(PointerGetDatum(file->content), InvalidCompressionMethod);

		/*
		 * a row is a copy of what it is made from; so that of which little is
		 * left goes before
		 */
		if (DatumGetPointer(small) != NULL)
		{
			single.content = (struct varlena *) DatumGetPointer(small);
			if (contents->frees)
				pfree(file->content);
		}
		staging_contents_put(contents->name, &single);
		if (DatumGetPointer(small) == NULL && contents->frees)
			pfree(file->content);
		MemoryContextSwitchTo(old);
		MemoryContextReset(contents->context);
		return;
	}
	contents->checksums[contents->count] =
		PointerGetDatum(cstring_to_text_with_len(file->sha256, SHA256_HEX_LENGTH));
	contents->contents[contents->count++] = PointerGetDatum(file->content);
	contents->size += file->size;
	if (contents->count == BATCH_FILES || contents->size >= BATCH_SIZE)
		insert_waiting(contents);
}

/* By one statement. */
static void
insert_waiting(StagingContents *contents)
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

	if (contents->count == 0)
		return;
	old = MemoryContextSwitchTo(contents->context);
	values[0] = CStringGetTextDatum(contents->name);
	values[1] = owner_query_array(contents->checksums, contents->count, TEXTOID);
	values[2] = owner_query_array(contents->contents, contents->count, BYTEAOID);
	for (int i = 0; i < contents->count; i++)
	{
		pfree(DatumGetPointer(contents->checksums[i]));
		if (contents->frees)
			pfree(DatumGetPointer(contents->contents[i]));
	}
	contents->count = 0;
	contents->size = 0;
	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	MemoryContextSwitchTo(old);
	MemoryContextReset(contents->context);
}

int64
staging_contents_match(StagingContents *contents, StagingFile *files, int count)
{
	int64		total = 0;

	insert_waiting(contents);
	for (int i = 0; i < count; i++)
	{
		KnownContent *known = hash_search(contents->known, files[i].sha256, HASH_FIND, NULL);

		if (known == NULL)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("content of file \"%s\" is neither given nor staged", finding_one_line(files[i].path)),
					errhint("migrator.stage_missing() says what has to be sent."));
		known->used = true;
		files[i].size = known->size;
		total += known->size;
	}
	return total;
}

bool
staging_contents_mark(StagingContents *contents)
{
	static OwnerQuery query = {
		"UPDATE migrator.staged_contents"
		" SET replaced_by = CASE WHEN replaced_by IS NULL THEN pg_current_xact_id() END"
		" WHERE name = $1 AND sha256 = ANY ($2)",
		2, {TEXTOID, TEXTARRAYOID}
	};
	Datum	   *checksums = palloc(Max(hash_get_num_entries(contents->known), 1) * sizeof(Datum));
	int			count = 0;
	HASH_SEQ_STATUS scan;
	KnownContent *known;
	Datum		values[2];

	hash_seq_init(&scan, contents->known);
	while ((known = hash_seq_search(&scan)) != NULL)
	{
		if (known->marked == known->used)
			checksums[count++] = PointerGetDatum(cstring_to_text_with_len(known->sha256,
																		  SHA256_HEX_LENGTH));
	}
	if (count == 0)
		return contents->changed;
	values[0] = CStringGetTextDatum(contents->name);
	values[1] = owner_query_array(checksums, count, TEXTOID);
	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
	return true;
}

/* The mark is taken from one that is there. */
void
staging_contents_put(const char *name, const StagingFile *file)
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

void
staging_contents_mark_unused(const char *name, const char *sha256)
{
	static OwnerQuery query = {
		"UPDATE migrator.staged_contents c SET replaced_by = pg_current_xact_id()"
		" WHERE c.name = $1 AND c.sha256 = $2 AND NOT EXISTS"
		" (SELECT FROM migrator.staged_files f WHERE f.name = $1 AND f.sha256 = $2)",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(name), CStringGetTextDatum(sha256)};

	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
staging_contents_give_up(const char *name)
{
	static OwnerQuery query = {
		"UPDATE migrator.staged_contents"
		" SET replaced_by = COALESCE(replaced_by, pg_current_xact_id()), given_up = true"
		" WHERE name = $1 AND NOT given_up", 1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	(void) owner_query_run(&query, SPI_OK_UPDATE, &value, NULL, InvalidSnapshot, NULL, NULL);
}

/* What another transaction removes at this moment, or writes anew, is passed over. */
void
staging_contents_sweep(const char *name)
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

void
staging_contents_sweep_unstaged(void)
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
		staging_contents_sweep(lfirst(lc));
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
staging_contents_missing(const char *name, char *const *sha256, int count, bool *missing)
{
	static OwnerQuery query = {
		"SELECT sha256, size, false FROM migrator.staged_contents WHERE name = $1 AND replaced_by IS NULL",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	HTAB	   *known = create_known(count);

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_known, known);
	for (int i = 0; i < count; i++)
		missing[i] = hash_search(known, sha256[i], HASH_FIND, NULL) == NULL;
}
