/*
 * atlas.c
 *	  Atlas: VERSION_name.sql, with the sums of all of them in atlas.sum.
 *
 * The sum of a file is SHA-256 over the names and bytes of all files up to it, and that
 * of the directory over the names and sums: a file that was edited, taken away or put
 * between others does not fit.
 *
 * Directives stand in the comments at the top of a file, with a blank line behind
 * them.  A checkpoint stands for all before it where none of them ran.
 */
#include "postgres.h"

#include "common/base64.h"

#include "base/digest.h"
#include "layout/left_out.h"
#include "layout/sections.h"

#define SUM_FILE "atlas.sum"
#define SUM_ROOM 64				/* for SHA-256 in base64 */

static bool
claim_atlas(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			end;

	if (entry->is_directory || stem < 1 || direction != ' ')
		return false;
	end = Min((int) strcspn(entry->name, "_"), stem);
	if (end == 0)
		return false;
	claim->version = pnstrdup(entry->name, end);
	claim->name = end < stem ? pnstrdup(entry->name + end + 1, stem - end - 1) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static void
take_directive(Sections *sections, const char *words)
{
	const FileLines *lines = &sections->lines;
	const char *value;

	if ((value = lines_skip(words, lines->end, "txmode", false)) != NULL)
	{
		if (lines_skip(value, lines->end, "none", false) != NULL)
			sections_set_transactions(sections, UNIT_UP, UNIT_NO_TRANSACTION);
		else if (lines_skip(value, lines->end, "file", false) != NULL)
			sections_set_transactions(sections, UNIT_UP, UNIT_ONE_TRANSACTION);
		else if (lines_skip(value, lines->end, "all", false) == NULL)
			sections_fault(sections, lines->number, "txmode is none, file or all: %s", lines_quoted(lines));
	}
	else if (lines_skip(words, lines->end, "checkpoint", false) != NULL)
	{
		sections->result->kind = MIGRATION_BASELINE;
		sections->result->stands_for = sections->result->version;
	}
	else if (lines_skip(words, lines->end, "txtar", false) != NULL)
		sections_fault(sections, lines->number, "a file of several files cannot be run here: %s", lines_quoted(lines));
}

static List *
read_atlas(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	bool		at_top = true;
	MarkSense	sense;

	sections_begin(&sections, content, claim);
	*sections.result = *claim;
	while (sections.result->fault == NULL && lines_next(lines))
	{
		const char *words = lines_skip(lines->text, lines->end, "--", false);

		words = words ? lines_skip(words, lines->end, "atlas:", false) : NULL;
		if (at_top && lines->text < lines->end && lines->text[0] != '#' && strncmp(lines->text, "--", 2) != 0)
			at_top = false;
		else if (at_top && lines->text == lines->end)
			at_top = false;
		if (words != NULL && at_top)
			take_directive(&sections, words);
		else if (at_top && mark_of_line(lines->text, lines->end, &sense) == MARK_OF_ATLAS)
			sections_fault(&sections, lines->number, "no \"-- atlas:txtar\" is before %s, so that Atlas would run what is behind it", lines_quoted(lines));
		else if (!at_top && mark_of_line(lines->text, lines->end, &sense) == MARK_OF_ATLAS)
			sections_fault(&sections, lines->number, "Atlas reads this in the comments at the top of a file only: %s", lines_quoted(lines));
	}
	return list_make1(sections.result);
}

static char *
in_base64(const unsigned char sum[SHA256_LENGTH])
{
	char	   *text = palloc0(SUM_ROOM);

	if (pg_b64_encode((const void *) sum, SHA256_LENGTH, text, SUM_ROOM) < 0)
		elog(ERROR, "a sum does not fit");
	return text;
}

/* Does the file's top say that it is not summed up? */
static bool
is_not_summed(const FileContent *content)
{
	FileLines	lines;
	const char *rest;

	lines_begin(&lines, content);
	if (!lines_next(&lines) || (rest = lines_skip(lines.text, lines.end, "--", false)) == NULL ||
		(rest = lines_skip(rest, lines.end, "atlas:sum", false)) == NULL)
		return false;
	return lines_skip(rest, lines.end, "ignore", false) != NULL;
}

/* Lines "NAME h1:SUM" behind the first, "h1:SUM". */
static void
verify_atlas(const Source *source, MigrationSet *set)
{
	FileContent sums = {0};
	FileLines	lines;
	Digest	   *digest = digest_create();
	Digest	   *all = digest_create();
	unsigned char sum[SHA256_LENGTH];
	char	   *total;
	ListCell   *lc;

	source_read(source, SUM_FILE, &sums);
	if (sums.bytes == NULL)
	{
		left_out_refuse(set, SUM_FILE, sums.problem)->line = 1;
		return;
	}
	lines_begin(&lines, &sums);
	if (!lines_next(&lines))
	{
		left_out_refuse(set, SUM_FILE, "it is empty")->line = 1;
		return;
	}
	total = pnstrdup(lines.text, lines.end - lines.text);
	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);
		int			length = strlen(entry->name);
		FileContent content = {0};
		char	   *line;

		if (entry->is_directory || length < 4 || strcmp(entry->name + length - 4, ".sql") != 0)
			continue;
		source_read(source, entry->name, &content);
		if (content.bytes == NULL)
		{
			left_out_refuse(set, entry->name, content.problem)->line = 1;
			return;
		}
		digest_update(digest, entry->name, length);
		if (is_not_summed(&content))
			continue;
		digest_update(digest, content.bytes, content.length);
		digest_so_far(digest, sum);
		line = psprintf("%s h1:%s", entry->name, in_base64(sum));
		digest_update(all, entry->name, length);
		digest_update(all, strrchr(line, ':') + 1, strlen(strrchr(line, ':') + 1));
		if (!lines_next(&lines) || lines.end - lines.text != strlen(line) || memcmp(lines.text, line, strlen(line)) != 0)
		{
			left_out_refuse(set, SUM_FILE,
							psprintf("it does not fit \"%s\", which was added, changed or moved after the sums were made, or a file before it taken away",
									 left_out_name(entry->name)))->line = Max(lines.number, 1);
			return;
		}
		pfree(content.bytes);
	}
	while (lines_next(&lines))
	{
		if (lines_is_blank(&lines))
			continue;
		left_out_refuse(set, SUM_FILE, psprintf("there is no file for the line %s", lines_quoted(&lines)))->line = lines.number;
		return;
	}
	digest_so_far(all, sum);
	if (strcmp(total, psprintf("h1:%s", in_base64(sum))) != 0)
		left_out_refuse(set, SUM_FILE, "its first line is not the sum of the others")->line = 1;
}

/* The sums have to follow. */
static bool
name_atlas(NewMigration *fresh)
{
	return false;
}

const Layout layout_atlas = {
	.name = "atlas",
	.pattern = "VERSION_name.sql",
	.order = VERSION_ORDER_BYTES,
	.sign = SUM_FILE,
	.claim = claim_atlas,
	.follows = MARK_OF_ATLAS,
	.any_name = true,
	.read = read_atlas,
	.verify = verify_atlas,
	.name_new = name_atlas
};
