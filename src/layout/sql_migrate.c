/*
 * sql_migrate.c
 *	  sql-migrate: any .sql file, with "-- +migrate Up" and "-- +migrate Down".
 *
 * As in sql-migrate's parser: a mark is "-- +migrate " at the beginning of its line
 * and a word, whose case counts.  There may be several parts each way, in any order,
 * and all of them count.  A mark with another word is none to sql-migrate, which
 * would run what is behind it with what is before: that is refused.  So is what
 * stands before the first mark and is no comment, which it would leave out.
 *
 * The version is the file's name without ".sql"; sql-migrate's own identity has it.
 */
#include "postgres.h"

#include "layout/sections.h"

#define BLANKS " \t\r\f\v"

static bool
claim_sql_migrate(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 1 || direction != ' ')
		return false;
	claim->version = pnstrdup(entry->name, stem);
	if (digits > 0 && digits < stem && strchr("-_.", entry->name[digits]) != NULL)
		digits++;
	claim->name = pnstrdup(entry->name + digits, stem - digits);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* "-- +migrate WORD OPTION...": is the word of *rest this one?  Then *rest is behind it. */
static bool
take_word(const char **rest, const char *end, const char *word)
{
	const char *found = lines_skip(*rest, end, word, false);

	if (found == NULL || (found < end && strchr(BLANKS, *found) == NULL))
		return false;
	*rest = found;
	return true;
}

static void
take_direction(Sections *sections, UnitDirection direction, const char *options)
{
	const char *end = sections->lines.end;
	bool		outside = false;

	while (options < end)
	{
		if (take_word(&options, end, "notransaction"))
			outside = true;
		else
		{
			/* to the end of the word; a megabyte of blanks is one step */
			options = lines_skip(options, end, "", false);
			while (options < end && (*options == '\0' || strchr(BLANKS, *options) == NULL))
				options++;
		}
	}
	if (outside)
		sections_set_transactions(sections, direction, UNIT_NO_TRANSACTION);
	sections_open(sections, direction);
}

static List *
read_sql_migrate(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	static const char prefix[] = "-- +migrate ";
	Sections	sections;
	FileLines  *lines = &sections.lines;
	bool		any = false;
	bool		in_comment = false;
	int			begin_line = 0; /* of a StatementBegin without its end */

	sections_begin(&sections, content, claim);
	while (sections.result->fault == NULL && lines_next(lines))
	{
		const char *rest = lines->text + strlen(prefix);
		MarkSense	sense;

		if (lines->after_cr || lines->end - lines->text < (int) strlen(prefix) ||
			memcmp(lines->text, prefix, strlen(prefix)) != 0)
		{
			if (mark_of_line(lines->text, lines->end, &sense) == MARK_OF_SQL_MIGRATE)
				sections_fault(&sections, lines->number,
							   "sql-migrate reads no mark in %s: it is \"-- +migrate \" at the beginning of the line, and a word",
							   lines_quoted(lines));
			else if (!any && !sections_only_comments(lines, &in_comment))
				sections_fault(&sections, lines->number, "sql-migrate would leave out what is before the first \"-- +migrate Up\": %s",
							   lines_quoted(lines));
			continue;
		}
		if (take_word(&rest, lines->end, "Up"))
			take_direction(&sections, UNIT_UP, rest);
		else if (take_word(&rest, lines->end, "Down"))
			take_direction(&sections, UNIT_DOWN, rest);
		else if (take_word(&rest, lines->end, "StatementBegin"))
		{
			if (!any || begin_line > 0)
				sections_fault(&sections, lines->number, !any ? "no \"-- +migrate Up\" is before this \"-- +migrate StatementBegin\"" :
							   "a second \"-- +migrate StatementBegin\" without \"-- +migrate StatementEnd\" before it");
			begin_line = lines->number;
			continue;
		}
		else if (take_word(&rest, lines->end, "StatementEnd"))
		{
			if (begin_line == 0)
				sections_fault(&sections, lines->number,
							   "no \"-- +migrate StatementBegin\" is before this \"-- +migrate StatementEnd\"");
			begin_line = 0;
			continue;
		}
		else
			sections_fault(&sections, lines->number, "sql-migrate knows no mark %s: it is Up, Down, StatementBegin or StatementEnd",
						   lines_quoted(lines));
		any = true;
		if (begin_line > 0)
			sections_fault(&sections, begin_line,
						   "no \"-- +migrate StatementEnd\" follows this \"-- +migrate StatementBegin\" before the next part");
	}
	if (!any)
		sections_fault(&sections, 1, "there is no \"-- +migrate Up\", which sql-migrate asks for");
	if (begin_line > 0)
		sections_fault(&sections, begin_line, "no \"-- +migrate StatementEnd\" follows this \"-- +migrate StatementBegin\"");
	return sections_end(&sections);
}

static bool
name_sql_migrate(NewMigration *fresh)
{
	return sections_name_new(fresh, "-- +migrate Up", "-- +migrate Down");
}

const Layout layout_sql_migrate = {
	.name = "sql-migrate",
	.pattern = "name.sql",
	.order = VERSION_ORDER_LEADING,
	.claim = claim_sql_migrate,
	.marks = MARK_OF_SQL_MIGRATE,
	.any_name = true,
	.marks_shown = "-- +migrate Up, -- +migrate Down",
	.down = DOWN_IN_SECTION,
	.read = read_sql_migrate,
	.name_new = name_sql_migrate
};
