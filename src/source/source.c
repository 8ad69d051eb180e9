/*
 * source.c
 *	  Where migrations come from.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"

#include "base/digest.h"
#include "base/finding.h"
#include "source/source.h"

static List *list_directory(const Source *source);
static bool has_extension(const char *name);
static List *list_staged(const StagedSet *set);
static void add_folder(SourceEntry *entry, const char *path);
static int	compare_entries(const ListCell *a, const ListCell *b);
static char *to_server_encoding(char *start, size_t length, SourceScript *script);
static void find_bad_byte(SourceScript *script, const char *start, const char *end);

Source *
source_open(const char *given)
{
	Source	   *source;

	if (*given == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"source\" must not be empty"),
				errhint("Give a directory or an SQL file on the database server, or stage:NAME."));

	source = palloc0(sizeof(Source));
	source->given = pstrdup(given);
	source->peeker.directory = -1;
	if (staged_is(given))
	{
		source->staged = staged_open(given);
		return source;
	}
	file_sandbox(&source->sandbox);
	source->path = file_resolve(&source->sandbox, given, &source->file);
	return source;
}

List *
source_list(const Source *source)
{
	if (source->file != NULL)
	{
		SourceEntry *entry = palloc0(sizeof(SourceEntry));

		entry->name = source->file;
		return list_make1(entry);
	}
	return source->staged ? list_staged(source->staged) : list_directory(source);
}

/*
 * A link that leads nowhere is taken for what its name says, so that a script
 * or a migration's folder is not left out: reading it tells what is wrong.
 */
static List *
list_directory(const Source *source)
{
	List	   *result = NIL;
	int			count;
	DirectoryEntry *items = file_list_directory(&source->sandbox, source->path, &count);
	SourceEntry *entries = MemoryContextAllocExtended(CurrentMemoryContext,
													  Max(count, 1) * sizeof(SourceEntry),
													  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (int i = 0; i < count; i++)
	{
		const DirectoryEntry *item = &items[i];
		SourceEntry *entry = &entries[i];

		entry->name = item->name;
		entry->is_directory = item->is_directory ||
			(item->leads_nowhere && !has_extension(item->name));
		if (entry->is_directory)
		{
			int			inner_count;
			char	   *folder = psprintf("%s/%s", source->path, item->name);
			DirectoryEntry *inner = file_list_directory(&source->sandbox, folder, &inner_count);

			for (int j = 0; j < inner_count; j++)
				if (inner[j].is_directory)
					entry->folders = lappend(entry->folders, inner[j].name);
				else
					entry->children = lappend(entry->children, inner[j].name);
			pfree(inner);
			pfree(folder);
		}
		result = lappend(result, entry);
	}
	pfree(items);
	return result;
}

void
source_list_folder(const Source *source, const char *folder,
				   List **files, List **folders, List **links)
{
	*files = *folders = *links = NIL;
	if (source->staged != NULL)
	{
		const StagedSet *set = source->staged;
		const char *prefix = psprintf("%s/", folder);
		size_t		skip = strlen(prefix);
		const char *last = NULL;
		int			low = 0;
		int			high = set->count;

		/* the files of a folder stand together */
		while (low < high)
		{
			int			middle = low + (high - low) / 2;

			if (strcmp(set->files[middle].path, prefix) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (int i = low; i < set->count && strncmp(set->files[i].path, prefix, skip) == 0; i++)
		{
			const char *name = set->files[i].path + skip;
			const char *slash;

			if (*name == '.')
				continue;
			slash = strchr(name, '/');
			if (slash == NULL)
				*files = lappend(*files, pstrdup(name));
			else if (last == NULL || strlen(last) != slash - name || strncmp(last, name, slash - name) != 0)
				*folders = lappend(*folders, (void *) (last = pnstrdup(name, slash - name)));
		}
	}
	else
	{
		int			count;
		char	   *path = psprintf("%s/%s", source->path, folder);
		DirectoryEntry *items = file_list_directory(&source->sandbox, path, &count);

		for (int i = 0; i < count; i++)
		{
			if (items[i].is_directory && items[i].is_link)
				*links = lappend(*links, items[i].name);
			else if (items[i].is_directory)
				*folders = lappend(*folders, items[i].name);
			else
				*files = lappend(*files, items[i].name);
		}
		pfree(items);
		pfree(path);
	}
}

/* A letter, behind a dot: "a.sql", "notes.d"; not "1.2". */
static bool
has_extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && isalpha((unsigned char) dot[1]);
}

/* As a directory would list them: what begins with a dot is passed over. */
static List *
list_staged(const StagedSet *set)
{
	List	   *result = NIL;
	SourceEntry *folder = NULL;

	/* the files of a folder stand together */
	for (int i = 0; i < set->count; i++)
	{
		const char *path = set->files[i].path;
		const char *slash = strchr(path, '/');
		SourceEntry *entry;

		if (path[0] == '.')
			continue;
		if (slash == NULL)
		{
			entry = palloc0(sizeof(SourceEntry));
			entry->name = path;
			result = lappend(result, entry);
			continue;
		}
		if (folder == NULL || strncmp(folder->name, path, slash - path) != 0 ||
			folder->name[slash - path] != '\0')
		{
			folder = palloc0(sizeof(SourceEntry));
			folder->name = pnstrdup(path, slash - path);
			folder->is_directory = true;
			result = lappend(result, folder);
		}
		if (slash[1] == '.')
			continue;
		if (strchr(slash + 1, '/') == NULL)
			folder->children = lappend(folder->children, (void *) (slash + 1));
		else
			add_folder(folder, slash + 1);
	}
	list_sort(result, compare_entries);
	return result;
}

/* A folder inside of a folder, whose files stand together, too. */
static void
add_folder(SourceEntry *entry, const char *path)
{
	size_t		length = strchr(path, '/') - path;
	const char *last = entry->folders ? llast(entry->folders) : NULL;

	if (last == NULL || strlen(last) != length || strncmp(last, path, length) != 0)
		entry->folders = lappend(entry->folders, pnstrdup(path, length));
}

static int
compare_entries(const ListCell *a, const ListCell *b)
{
	const SourceEntry *left = lfirst(a);
	const SourceEntry *right = lfirst(b);

	return strcmp(left->name, right->name);
}

void
source_hold(Source *source)
{
	if (source->staged == NULL)
		file_peeker_open(&source->peeker, &source->sandbox, source->path);
}

void
source_release(Source *source)
{
	file_peeker_close(&source->peeker);
}

bool
source_unchanged(Source *source, const char *file, const char *checksum)
{
	size_t		length;
	const char *bytes;
	char		found[SHA256_HEX_LENGTH + 1];

	if (source->staged)
	{
		const StagedFile *staged = staged_find(source->staged, file);

		return staged != NULL && strcmp(staged->sha256, checksum) == 0;
	}
	bytes = file_peek(&source->peeker, file, &length);
	if (bytes == NULL)
		return false;
	digest_sha256(bytes, length, found);
	return strcmp(found, checksum) == 0;
}

bool
source_may_read(const Source *source, const char *file)
{
	return source->staged != NULL || file_peeker_may_read(&source->peeker, file);
}

void
source_read(const Source *source, const char *file, FileContent *content)
{
	char	   *path;

	if (source->staged)
	{
		staged_read(source->staged, file, content);
		return;
	}
	path = psprintf("%s/%s", source->path, file);
	file_read(&source->sandbox, &source->peeker, file, path, content);
	pfree(path);
}

bool
source_same(const char *registered, const char *given)
{
	const FileSandbox whoever_registered = {.any_path = true};
	FileSandbox sandbox;
	char	   *left = pstrdup(registered);
	char	   *right = pstrdup(given);

	if (strcmp(left, right) == 0)
		return true;
	if (staged_is(registered) || staged_is(given))
		return staged_is(registered) && staged_is(given) && staged_same(registered, given);
	canonicalize_path(left);
	canonicalize_path(right);
	if (strcmp(left, right) == 0)
		return true;
	file_sandbox(&sandbox);
	right = file_real_path(&sandbox, given);
	left = right ? file_real_path(&whoever_registered, registered) : NULL;
	return left != NULL && strcmp(left, right) == 0;
}

void
source_require_runnable(const Source *source)
{
	if (source->staged)
		staged_require_trusted(source->staged);
}

void
source_keep(const char *given)
{
	staged_keep(given);
}

void
source_let_go(const char *given)
{
	staged_let_go(given);
}

void
source_decode_script(const char *file, SourceScript *script)
{
	char	   *start = script->raw.bytes;
	char	   *end = start + script->raw.length;
	char	   *converted;

	if (script->raw.length >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0)
		start += 3;

	script->text = NULL;
	if (!pg_verify_mbstr(PG_UTF8, start, end - start, true))
	{
		find_bad_byte(script, start, end);
		script->raw.sqlstate = ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
		script->raw.problem = psprintf("file \"%s\" is not valid UTF-8", finding_one_line(file));
		script->raw.hint = "Scripts are UTF-8 text, with or without byte order mark, and without NUL bytes.";
		return;
	}

	converted = to_server_encoding(start, end - start, script);
	if (converted == NULL)
		return;
	script->text = converted;
	script->length = converted == start ? end - start : strlen(converted);
}

/*
 * NULL, and the reason in script, when the database's encoding lacks a
 * character.  The conversion function raises that; it holds nothing then, so
 * its error may be caught without a subtransaction, as the parser's.
 */
static char *
to_server_encoding(char *start, size_t length, SourceScript *script)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *volatile converted = NULL;

	PG_TRY();
	{
		converted = pg_any_to_server(start, length, PG_UTF8);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		FlushErrorState();
		script->raw.sqlstate = error->sqlerrcode;
		script->raw.problem = error->message;
		script->raw.hint = NULL;
	}
	PG_END_TRY();
	return converted;
}

/* Line and column of the first byte that is not valid. */
static void
find_bad_byte(SourceScript *script, const char *start, const char *end)
{
	int			line = 1;
	int			column = 1;

	while (start < end)
	{
		int			length = pg_utf_mblen((const unsigned char *) start);

		if (*start == '\0' || length > end - start ||
			!pg_utf8_islegal((const unsigned char *) start, length))
			break;
		if (*start == '\n')
		{
			line++;
			column = 1;
		}
		else
			column++;
		start += length;
	}
	script->bad_line = line;
	script->bad_column = column;
}
