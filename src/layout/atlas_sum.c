/*
 * atlas_sum.c
 *	  The sums that Atlas keeps of a directory's files.
 *
 * The sum of a file is SHA-256 over the names and bytes of all files up to it, and that
 * of the directory over the names and sums: a file that was edited, taken away or put
 * between others does not fit.  Of some a line says that they are not summed up; their
 * names are.
 *
 * Which files are summed up depends on the tool whose directory Atlas takes it for, and
 * on Atlas' version: all that end in ".sql" at the top; those that end in ".up.sql";
 * Flyway's in its own order, with folders.  So the sums' own lines say which, and then
 * no migration may go up that is none of them.
 */
#include "postgres.h"

#include "common/base64.h"
#include "miscadmin.h"

#include "base/digest.h"
#include "layout/atlas_sum.h"
#include "layout/left_out.h"
#include "layout/sections.h"

#define SUM_ROOM 64				/* for SHA-256 in base64 */
#define SUM_MARK " h1:"

/* A line "NAME h1:SUM". */
typedef struct SumLine
{
	const char *name;
	const char *sum;			/* in the line; NULL: of a file that has none */
	int			sum_length;
	int			number;
} SumLine;

typedef struct Sums
{
	const Source *source;
	MigrationSet *set;
	SumLine    *lines;
	int			count;
	int			next;			/* line */
	Digest	   *digest;
	Digest	   *all;
	List	   *seen;			/* SumLine *: files so far, by bytes unless
								 * they are Flyway's */
} Sums;

static bool read_lines(Sums *sums, FileLines *lines);
static List *files_in_order(const Sums *sums);
static bool take_file(Sums *sums, const char *name);
static bool says_ignore(const FileContent *content);
static void require_summed(Sums *sums);
static char *in_base64(const unsigned char sum[SHA256_LENGTH]);
static bool ends_in(const char *name, const char *ending);

void
atlas_sum_verify(const Source *source, MigrationSet *set)
{
	FileContent content = {0};
	FileLines	lines;
	Sums		sums = {source, set};
	unsigned char sum[SHA256_LENGTH];
	char	   *total;
	ListCell   *lc;

	set->sums_file = ATLAS_SUM_FILE;
	set->sums_hint = "Run \"atlas migrate hash\" when the files are as they are to be.";
	source_read(source, ATLAS_SUM_FILE, &content);
	if (content.bytes == NULL)
	{
		left_out_refuse(set, ATLAS_SUM_FILE, content.problem)->line = 1;
		return;
	}
	lines_begin(&lines, &content);
	if (!lines_next(&lines))
	{
		left_out_refuse(set, ATLAS_SUM_FILE, "it is empty")->line = 1;
		return;
	}
	total = pnstrdup(lines.text, lines.end - lines.text);
	if (!read_lines(&sums, &lines))
		return;
	sums.digest = digest_create();
	sums.all = digest_create();
	foreach(lc, files_in_order(&sums))
	{
		CHECK_FOR_INTERRUPTS();
		if (!take_file(&sums, lfirst(lc)))
			return;
	}
	if (sums.next < sums.count)
	{
		const SumLine *line = &sums.lines[sums.next];

		left_out_refuse(set, ATLAS_SUM_FILE, psprintf("there is no file for the line of \"%s\"", left_out_name(line->name)))->line = line->number;
		return;
	}
	digest_so_far(sums.all, sum);
	if (strcmp(total, psprintf("h1:%s", in_base64(sum))) != 0)
		left_out_refuse(set, ATLAS_SUM_FILE, "its first line is not the sum of the others")->line = 1;
	else
		require_summed(&sums);
}

static bool
read_lines(Sums *sums, FileLines *lines)
{
	int			room = 64;

	sums->lines = palloc(room * sizeof(SumLine));
	while (lines_next(lines))
	{
		SumLine    *line;
		const char *mark = NULL;

		if (lines_is_blank(lines))
			continue;
		for (const char *c = lines->text; lines->end - c >= (int) strlen(SUM_MARK); c++)
			if (memcmp(c, SUM_MARK, strlen(SUM_MARK)) == 0)
				mark = c;
		if (mark == NULL)
		{
			left_out_refuse(sums->set, ATLAS_SUM_FILE, psprintf("there is no sum in the line %s", lines_quoted(lines)))->line = lines->number;
			return false;
		}
		if (sums->count == room)
			sums->lines = repalloc_huge(sums->lines, (room *= 2) * sizeof(SumLine));
		line = &sums->lines[sums->count++];
		line->name = pnstrdup(lines->text, mark - lines->text);
		line->sum = mark + strlen(SUM_MARK);
		line->sum_length = lines->end - line->sum;
		line->number = lines->number;
	}
	return true;
}

/* The files that are summed up, and those that say that they are not, in the order of the sums. */
static List *
files_in_order(const Sums *sums)
{
	bool		only_up = sums->count > 0;
	List	   *files = NIL;
	ListCell   *lc;

	/* the lines have their order; none leads out of the source */
	if (layout_named(sums->set->layout)->sums_as_listed)
	{
		for (int i = 0; i < sums->count; i++)
			if (*sums->lines[i].name != '/' && strstr(sums->lines[i].name, "..") == NULL)
				files = lappend(files, (void *) sums->lines[i].name);
		return files;
	}
	for (int i = 0; i < sums->count && only_up; i++)
		only_up = ends_in(sums->lines[i].name, ".up.sql");
	foreach(lc, source_list(sums->source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (!entry->is_directory && ends_in(entry->name, only_up ? ".up.sql" : ".sql"))
			files = lappend(files, (void *) entry->name);
	}
	return files;
}

/* False: what is behind it cannot be judged. */
static bool
take_file(Sums *sums, const char *name)
{
	const SumLine *line = sums->next < sums->count ? &sums->lines[sums->next] : NULL;
	bool		is_next = line != NULL && strcmp(line->name, name) == 0;
	FileContent content = {0};
	unsigned char sum[SHA256_LENGTH];
	char	   *text;

	source_read(sums->source, name, &content);
	if (content.bytes == NULL && is_next && content.sqlstate == ERRCODE_UNDEFINED_FILE)
		return true;			/* its line is left */
	if (content.bytes == NULL)
	{
		left_out_refuse(sums->set, is_next ? ATLAS_SUM_FILE : name, content.problem)->line = is_next ? line->number : 1;
		return false;
	}
	digest_update(sums->digest, name, strlen(name));
	if (!is_next && says_ignore(&content))
	{
		SumLine    *none = palloc0(sizeof(SumLine));

		none->name = name;
		sums->seen = lappend(sums->seen, none);
		return true;
	}
	digest_update(sums->digest, content.bytes, content.length);
	pfree(content.bytes);
	digest_so_far(sums->digest, sum);
	text = in_base64(sum);
	digest_update(sums->all, name, strlen(name));
	digest_update(sums->all, text, strlen(text));
	if (is_next && line->sum_length == strlen(text) && memcmp(line->sum, text, line->sum_length) == 0)
	{
		sums->seen = lappend(sums->seen, (void *) line);
		sums->next++;
		return true;
	}
	left_out_refuse(sums->set, ATLAS_SUM_FILE,
					psprintf("it does not fit \"%s\", which was added, changed or moved after the sums were made, or a file before it taken away",
							 left_out_name(name)))->line = line != NULL ? line->number : Max(sums->count, 1);
	return false;
}

/* Does the first line say "atlas:sum ignore", behind whatever prints? */
static bool
says_ignore(const FileContent *content)
{
	static const char directive[] = "atlas:sum ";
	const char *end = memchr(content->bytes, '\n', content->length);
	const char *from = content->bytes;

	end = end ? end : content->bytes + content->length;
	for (; end - from >= (int) strlen(directive) && *from >= ' ' && *from <= '~'; from++)
		if (memcmp(from, directive, strlen(directive)) == 0)
		{
			const char *rest = lines_skip(from + strlen(directive), end, "ignore", false);

			while (rest != NULL && rest < end && strchr(" \r", *rest) != NULL)
				rest++;
			if (rest == end)
				return true;
		}
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(SumLine *const *) a)->name, (*(SumLine *const *) b)->name);
}

/* What goes up and was not looked at; what was has its sum now. */
static void
require_summed(Sums *sums)
{
	int			count = list_length(sums->seen);
	SumLine   **seen = MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(SumLine *));
	ListCell   *lc;

	foreach(lc, sums->seen)
		seen[foreach_current_index(lc)] = lfirst(lc);
	qsort(seen, count, sizeof(SumLine *), compare_names);
	for (int i = 0; i < sums->set->count; i++)
	{
		Migration  *migration = sums->set->migrations[i];
		const SumLine wanted = {.name = migration->up->file};
		const SumLine *key = &wanted;
		SumLine   **found = bsearch(&key, seen, count, sizeof(SumLine *), compare_names);

		if (found == NULL && !migration->elsewhere && migration->excluded == NULL)
			left_out_refuse(sums->set, migration->up->file, "there is no sum of it in \"" ATLAS_SUM_FILE "\"");
		else if (found != NULL && (*found)->sum != NULL && migration->hash == NULL)
			migration->hash = pnstrdup((*found)->sum, (*found)->sum_length);
	}
}

static char *
in_base64(const unsigned char sum[SHA256_LENGTH])
{
	char	   *text = palloc0(SUM_ROOM);

	if (pg_b64_encode((const void *) sum, SHA256_LENGTH, text, SUM_ROOM) < 0)
		elog(ERROR, "a sum does not fit");
	return text;
}

static bool
ends_in(const char *name, const char *ending)
{
	size_t		length = strlen(name);

	return length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}
