/*
 * node_pg_migrate.c
 *	  node-pg-migrate's SQL files: TIMESTAMP_name.sql, with "-- Up Migration" and
 *	  "-- Down Migration".
 *
 * As in node-pg-migrate: the first mark of each way counts, in any case, indented
 * or not, in either order; a file without marks goes up as a whole.  One with a way
 * back alone would do so too, the way back with it: that is refused, and so is a
 * second mark that would begin a part if the first of its way did not count.
 *
 * The version is the file's name without ".sql", as in node-pg-migrate's table.
 */
#include "postgres.h"

#include "layout/sections.h"

static bool
claim_node_pg_migrate(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction != ' ' || digits == 0 ||
		(digits < stem && strchr("-_", entry->name[digits]) == NULL))
		return false;
	claim->version = pnstrdup(entry->name, stem);
	claim->name = digits < stem ? pnstrdup(entry->name + digits + 1, stem - digits - 1) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* Dashes and blanks, the direction, white space, "migration". */
static bool
is_mark(const FileLines *lines, UnitDirection *direction)
{
	const char *text = lines_first(lines);
	const char *end = lines->end;
	const char *rest;

	if (end - text < 2 || text[0] != '-' || text[1] != '-')
		return false;
	while (text < end && (*text == '-' || *text == ' ' || *text == '\t'))
		text++;
	*direction = UNIT_UP;
	rest = lines_skip(text, end, "up", true);
	if (rest == NULL)
	{
		*direction = UNIT_DOWN;
		rest = lines_skip(text, end, "down", true);
	}
	return rest != NULL && rest < end && strchr(" \t", *rest) != NULL && lines_skip(rest, end, "migration", true) != NULL;
}

/* To node-pg-migrate U+2028 and U+2029 end a line, too: is there nearly a mark behind one? */
static bool
has_mark_behind_separator(const FileLines *lines)
{
	for (const char *c = lines->text; (c = memchr(c, '\xE2', lines->end - c)) != NULL; c++)
	{
		MarkSense	sense;

		if (lines->end - c > 3 && c[1] == '\x80' && (c[2] == '\xA8' || c[2] == '\xA9') &&
			mark_of_line(c + 3, lines->end, &sense) == MARK_OF_NODE_PG_MIGRATE)
			return true;
	}
	return false;
}

static List *
read_node_pg_migrate(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	int			up_line = 0,
				down_line = 0;
	UnitDirection now = UNIT_UP;

	sections_begin(&sections, content, claim);
	while (sections.result->fault == NULL && lines_next(lines))
	{
		UnitDirection direction;
		MarkSense	sense;
		int		   *seen;

		if (!is_mark(lines, &direction))
		{
			if (mark_of_line(lines->text, lines->end, &sense) == MARK_OF_NODE_PG_MIGRATE)
				sections_fault(&sections, lines->number, "%s is nearly a mark of node-pg-migrate: it is \"-- %s Migration\" with plain blanks",
							   lines_quoted(lines), sense == MARK_UP ? "Up" : "Down");
			else if (has_mark_behind_separator(lines))
				sections_fault(&sections, lines->number, "a mark of node-pg-migrate stands in the middle of a line, behind a separator of lines: %s",
							   lines_quoted(lines));
			if (up_line == 0 && down_line == 0 && !lines_is_comment(lines))
				now = UNIT_DOWN;	/* more than comments before the first */
			continue;
		}
		seen = direction == UNIT_UP ? &up_line : &down_line;
		if (up_line == 0 && down_line == 0 && now == UNIT_DOWN && direction == UNIT_UP)
			sections_fault(&sections, lines->number, "node-pg-migrate would leave out what is before %s", lines_quoted(lines));
		if (*seen == 0)
			sections_open(&sections, direction);
		else if (now != direction)
			sections_fault(&sections, lines->number, "node-pg-migrate takes %s for a part of what goes the other way", lines_quoted(lines));
		if (*seen == 0)
			*seen = lines->number;
		now = direction;
	}
	if (up_line == 0 && down_line > 0)
		sections_fault(&sections, down_line, "no \"-- Up Migration\" is in the file, so that node-pg-migrate would run what goes back too");
	if (up_line == 0 && down_line == 0 && sections.result->fault == NULL)
	{
		LayoutClaim *whole = palloc(sizeof(LayoutClaim));

		*whole = *claim;
		return list_make1(whole);
	}
	return sections_end(&sections);
}

static bool
name_node_pg_migrate(NewMigration *fresh)
{
	return sections_name_new(fresh, "-- Up Migration", "-- Down Migration");
}

const Layout layout_node_pg_migrate = {
	.name = "node-pg-migrate",
	.pattern = "NUMBER_name.sql, NUMBER-name.sql, NUMBER.sql",
	.order = VERSION_ORDER_LEADING,
	.claim = claim_node_pg_migrate,
	.marks = MARK_OF_NODE_PG_MIGRATE,
	.marks_shown = "-- Up Migration, -- Down Migration",
	.down = DOWN_IN_SECTION,
	.read = read_node_pg_migrate,
	.name_new = name_node_pg_migrate
};
