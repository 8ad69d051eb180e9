/*
 * staged.c
 *	  Files that a client sent, as a source.
 *
 * A reader takes the set's advisory lock in share mode before it reads the
 * list of files; staging.c removes replaced contents only when it gets that
 * lock in exclusive mode, for a moment.  So neither waits for the other.
 *
 * A file may be run with a caller's rights by whoever sent it; the rows that say
 * who did are signed (signature.c), and each is held against its signature when
 * the set is opened.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "base/advisory.h"
#include "base/compat.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "base/settings.h"
#include "source/signature.h"
#include "source/staged.h"

#define NAME_AT_MOST 63
#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

typedef struct SetReader
{
	StagedSet  *set;
	SignatureKey key;
	const char *folder;			/* "" or "FOLDER/" */
	MemoryContext context;
	int			room;
} SetReader;

typedef struct ContentReader
{
	FileContent *content;
	MemoryContext context;
} ContentReader;

static char *split_name(const char *source, const char **folder);
static void take_file(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_content(HeapTuple tuple, TupleDesc desc, void *argument);
static void fail(FileContent *content, int sqlstate, char *problem, char *hint);

bool
staged_is(const char *source)
{
	return strncmp(source, STAGED_PREFIX, strlen(STAGED_PREFIX)) == 0;
}

/* NAME and "FOLDER/" of stage:NAME/FOLDER; NAME is checked. */
static char *
split_name(const char *source, const char **folder)
{
	const char *start = source + strlen(STAGED_PREFIX);
	const char *slash = strchr(start, '/');
	char	   *name = slash ? pnstrdup(start, slash - start) : pstrdup(start);

	staged_check_name(name);
	*folder = "";
	if (slash != NULL && slash[1] != '\0')
		*folder = psprintf("%s%s", slash + 1, slash[strlen(slash) - 1] == '/' ? "" : "/");
	return name;
}

const char *
staged_name(const char *source)
{
	const char *folder;

	return split_name(source, &folder);
}

bool
staged_same(const char *a, const char *b)
{
	const char *folder_a,
			   *folder_b;
	const char *name_a = split_name(a, &folder_a);
	const char *name_b = split_name(b, &folder_b);

	return strcmp(name_a, name_b) == 0 && strcmp(folder_a, folder_b) == 0;
}

void
staged_check_name(const char *name)
{
	size_t		length = strlen(name);

	if (length >= 1 && length <= NAME_AT_MOST &&
		strchr(LETTERS_AND_DIGITS, name[0]) != NULL &&
		strspn(name, LETTERS_AND_DIGITS "_.-") == length)
		return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid name of staged files: \"%s\"", finding_one_line(name)),
			errhint("It has at most %d letters, digits, underscores, dots and dashes, and begins with a letter or digit.",
					NAME_AT_MOST));
}

int64
staged_lock_key(const char *name)
{
	return advisory_key(psprintf("migrator:stage:%s", name));
}

StagedSet *
staged_open(const char *source)
{
	static OwnerQuery query = {
		"SELECT path, sha256, size, staged_as, staged_by, staged_login, signature FROM migrator.staged_files"
		" WHERE name = $1 ORDER BY path",
		1, {TEXTOID}
	};
	StagedSet  *set = palloc0(sizeof(StagedSet));
	SetReader	reader = {
		.set = set,
		.context = CurrentMemoryContext
	};
	Datum		value;

	set->given = pstrdup(source);
	set->name = split_name(source, &reader.folder);
	value = CStringGetTextDatum(set->name);
	signature_load_key(&reader.key);

	/* before the list is read, or its contents could be gone when they are */
	advisory_wait(ADVISORY_OWN, staged_lock_key(set->name), ShareLock, false);
	if (owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_file, &reader) == 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("no files are staged under the name \"%s\"", set->name),
				errhint("Send them with migrator.stage(), migrator.stage_archive() or the script migrator-push. They are not part of dumps."));
	if (set->count == 0)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("the files staged under the name \"%s\" have no folder \"%s\"",
					   set->name, finding_one_line(pnstrdup(reader.folder, strlen(reader.folder) - 1))),
				errhint("View migrator.staged shows their paths."));
	return set;
}

static void
take_file(HeapTuple tuple, TupleDesc desc, void *argument)
{
	SetReader  *reader = argument;
	StagedSet  *set = reader->set;
	MemoryContext old;
	StagedFile *file;
	bool		isnull;
	char	   *path = TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull));
	char		signature[SHA256_HEX_LENGTH + 1];
	size_t		skip = strlen(reader->folder);

	if (strncmp(path, reader->folder, skip) != 0)
		return;
	old = MemoryContextSwitchTo(reader->context);
	if (set->count == reader->room)
	{
		reader->room = Max(reader->room * 2, 64);
		set->files = set->files ?
			repalloc(set->files, reader->room * sizeof(StagedFile)) :
			palloc(reader->room * sizeof(StagedFile));
	}
	file = &set->files[set->count++];
	file->path = pstrdup(path + skip);
	strlcpy(file->sha256, TextDatumGetCString(heap_getattr(tuple, 2, desc, &isnull)),
			sizeof(file->sha256));
	file->size = DatumGetInt64(heap_getattr(tuple, 3, desc, &isnull));
	file->by.current = DatumGetObjectId(heap_getattr(tuple, 4, desc, &isnull));
	file->by.session = DatumGetObjectId(heap_getattr(tuple, 5, desc, &isnull));
	file->by.login = DatumGetObjectId(heap_getattr(tuple, 6, desc, &isnull));
	MemoryContextSwitchTo(old);

	signature_make(&reader->key, set->name, path, file->sha256, file->size, &file->by, signature);
	if (strcmp(signature, TextDatumGetCString(heap_getattr(tuple, 7, desc, &isnull))) != 0)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("signature of staged file \"%s%s/%s\" does not fit", STAGED_PREFIX, set->name,
					   finding_one_line(path)),
				errdetail("Its row was not written by migrator.stage() in this database."),
				errhint("Stage the files again, and find out who wrote it."));
}

void
staged_keep(const char *source)
{
	if (staged_is(source) && !advisory_held(ADVISORY_OWN, staged_lock_key(staged_name(source)), ShareLock))
		advisory_wait(ADVISORY_OWN, staged_lock_key(staged_name(source)), ShareLock, true);
}

void
staged_let_go(const char *source)
{
	if (staged_is(source))
		advisory_release(ADVISORY_OWN, staged_lock_key(staged_name(source)), ShareLock, true);
}

const StagedFile *
staged_find(const StagedSet *set, const char *path)
{
	int			low = 0;
	int			high = set->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(path, set->files[middle].path);

		if (order == 0)
			return &set->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void
staged_read(const StagedSet *set, const char *path, FileContent *content)
{
	static OwnerQuery query = {
		"SELECT content FROM migrator.staged_contents WHERE name = $1 AND sha256 = $2",
		2, {TEXTOID, TEXTOID}
	};
	const StagedFile *file = staged_find(set, path);
	const char *given = finding_one_line(set->given);
	const char *shown = finding_one_line(path);
	ContentReader reader = {content, CurrentMemoryContext};
	char		found[SHA256_HEX_LENGTH + 1];
	Datum		values[2];

	memset(content, 0, sizeof(FileContent));
	if (file == NULL)
	{
		fail(content, ERRCODE_UNDEFINED_FILE,
			 psprintf("could not open file \"%s/%s\": it is not staged", given, shown), NULL);
		return;
	}
	if (file->size > (int64) migrator_max_file_size * 1024)
	{
		fail(content, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			 psprintf("file \"%s/%s\" is larger than %d kB", given, shown, migrator_max_file_size),
			 "Split it, or raise migrator.max_file_size.");
		return;
	}
	values[0] = CStringGetTextDatum(set->name);
	values[1] = CStringGetTextDatum(file->sha256);
	if (owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_content, &reader) == 0)
	{
		fail(content, ERRCODE_UNDEFINED_FILE,
			 psprintf("could not open file \"%s/%s\": it is not staged any more", given, shown), NULL);
		return;
	}
	digest_sha256(content->bytes, content->length, found);
	if (strcmp(found, file->sha256) != 0)
	{
		content->bytes = NULL;
		fail(content, ERRCODE_DATA_CORRUPTED,
			 psprintf("content of file \"%s/%s\" does not have its checksum", given, shown),
			 "Stage it again.");
	}
}

static void
take_content(HeapTuple tuple, TupleDesc desc, void *argument)
{
	ContentReader *reader = argument;
	bool		isnull;
	bytea	   *bytes = DatumGetByteaPP(heap_getattr(tuple, 1, desc, &isnull));
	MemoryContext old = MemoryContextSwitchTo(reader->context);
	FileContent *content = reader->content;

	content->length = VARSIZE_ANY_EXHDR(bytes);
	content->bytes = palloc(content->length + 1);
	memcpy(content->bytes, VARDATA_ANY(bytes), content->length);
	content->bytes[content->length] = '\0';
	MemoryContextSwitchTo(old);
}

static void
fail(FileContent *content, int sqlstate, char *problem, char *hint)
{
	content->sqlstate = sqlstate;
	content->problem = problem;
	content->hint = hint;
}

void
staged_require_trusted(const StagedSet *set)
{
	const Author *passed = NULL;

	for (int i = 0; i < set->count; i++)
	{
		const StagedFile *file = &set->files[i];
		Oid			stranger;

		/* most sets were sent by one role */
		if (passed != NULL && memcmp(passed, &file->by, sizeof(Author)) == 0)
			continue;
		stranger = trust_stranger(&file->by);
		if (OidIsValid(stranger))
			ereport(ERROR,
					errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to run files of \"%s\", which role \"%s\" staged",
						   finding_one_line(set->given), finding_one_line(trust_role_name(stranger))),
					errdetail("File \"%s\" would run with your rights, which that role does not have.",
							  finding_one_line(file->path)),
					errhint("Stage the files yourself, or have an administrator add the role to migrator.trusted_stagers for you, if it may do all that you may."));
		passed = &file->by;
	}
}
