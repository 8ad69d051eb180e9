/*
 * dbmate.c
 *	  dbmate: DIGITS_name.sql, with "-- migrate:up" and "-- migrate:down".
 *
 * As in dbmate's parser: each mark is at the beginning of its line, in lower case;
 * only blank lines and comments stand before the first; each part that goes up
 * has one behind it that goes back.  There may be several of both.  A line that is
 * nearly a mark is none to dbmate, which would run what is behind it with what is
 * before: that is refused.
 */
#include "postgres.h"

#include <ctype.h>

#include "layout/sections.h"

static bool
claim_dbmate(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction == 'd' || digits == 0)
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = digits < stem ? pnstrdup(entry->name + digits + (strchr("_-.", entry->name[digits]) ? 1 : 0),
										   stem - digits - (strchr("_-.", entry->name[digits]) ? 1 : 0)) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* A mark as dbmate reads it; *options is what stands behind it. */
static bool
is_mark(const FileLines *lines, MarkSense *sense, const char **options)
{
	const char *rest;

	if (lines->after_cr || lines->end - lines->text < 2 || lines->text[0] != '-' || lines->text[1] != '-')
		return false;
	*sense = MARK_UP;
	rest = lines_skip(lines->text + 2, lines->end, "migrate:up", false);
	if (rest == NULL)
	{
		*sense = MARK_DOWN;
		rest = lines_skip(lines->text + 2, lines->end, "migrate:down", false);
	}
	if (rest == NULL || (rest < lines->end && *rest != ' ' && *rest != '\t'))
		return false;
	*options = rest;
	return true;
}

/* "-- migrate:WORD" and nothing else: whatever the word, a mark was meant. */
static bool
is_word_of_dbmate(const FileLines *lines)
{
	const char *rest = lines_skip(lines->text, lines->end, "--", false);

	rest = rest ? lines_skip(rest, lines->end, "migrate:", true) : NULL;
	if (rest == NULL || rest == lines->end)
		return false;
	while (rest < lines->end && isalpha((unsigned char) *rest))
		rest++;
	return lines_skip(rest, lines->end, "", false) == lines->end;
}

/* dbmate knows one option, and passes over others. */
static void
take_options(Sections *sections, UnitDirection direction, const char *text)
{
	const char *end = sections->lines.end;
	ScriptUnit *unit = sections_unit(sections, direction);
	UnitTransactions transactions = UNIT_TRANSACTIONS_OF_SCRIPT;

	while (text < end)
	{
		const char *word = text;
		const char *value;

		while (text < end && *text != ' ' && *text != '\t')
			text++;
		value = lines_skip(word, text, "transaction:", false);
		if (value != NULL && text - value == 5 && strncmp(value, "false", 5) == 0)
			transactions = UNIT_NO_TRANSACTION;
		else if (value != NULL && !(text - value == 4 && strncmp(value, "true", 4) == 0))
			sections_fault(sections, sections->lines.number, "option \"transaction\" of dbmate is true or false: %s",
						   lines_quoted(&sections->lines));
		while (text < end && (*text == ' ' || *text == '\t'))
			text++;
	}
	if (unit->range_count > 0 && transactions != unit->transactions)
		sections_fault(sections, sections->lines.number,
					   "one part runs in a transaction and another one without: %s", lines_quoted(&sections->lines));
	if (transactions != UNIT_TRANSACTIONS_OF_SCRIPT)
		sections_set_transactions(sections, direction, transactions);
}

static List *
read_dbmate(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	int			up_line = 0;	/* of a part that none follows yet that goes
								 * back */
	bool		any = false;

	sections_begin(&sections, content, claim);
	while (sections.result->fault == NULL && lines_next(lines))
	{
		MarkSense	sense;
		const char *options;

		if (!is_mark(lines, &sense, &options))
		{
			if (mark_of_line(lines->text, lines->end, &sense) == MARK_OF_DBMATE)
				sections_fault(&sections, lines->number, "dbmate reads no mark in %s: it has to be at the beginning of its line, in lower case",
							   lines_quoted(lines));
			else if (is_word_of_dbmate(lines))
				sections_fault(&sections, lines->number, "dbmate knows no mark %s", lines_quoted(lines));
			else if (!any && !lines_is_comment(lines))
				sections_fault(&sections, lines->number, "there is more than comments before the first \"-- migrate:up\"");
			continue;
		}
		if (sense == MARK_UP && up_line > 0)
			sections_fault(&sections, up_line, "no \"-- migrate:down\" follows this \"-- migrate:up\", which dbmate asks for");
		else if (sense == MARK_DOWN && up_line == 0)
			sections_fault(&sections, lines->number, "no \"-- migrate:up\" is before this \"-- migrate:down\"");
		any = true;
		up_line = sense == MARK_UP ? lines->number : 0;
		take_options(&sections, sense == MARK_UP ? UNIT_UP : UNIT_DOWN, options);
		sections_open(&sections, sense == MARK_UP ? UNIT_UP : UNIT_DOWN);
	}
	if (!any)
		sections_fault(&sections, 1, "there is no \"-- migrate:up\", which dbmate asks for");
	else if (up_line > 0)
		sections_fault(&sections, up_line, "no \"-- migrate:down\" follows this \"-- migrate:up\", which dbmate asks for");
	return sections_end(&sections);
}

static bool
name_dbmate(NewMigration *fresh)
{
	return sections_name_new(fresh, "-- migrate:up", "-- migrate:down");
}

const Layout layout_dbmate = {
	.name = "dbmate",
	.pattern = "NUMBER_name.sql, NUMBER.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_dbmate,
	.marks = MARK_OF_DBMATE,
	.marks_shown = "-- migrate:up, -- migrate:down",
	.down = DOWN_IN_SECTION,
	.read = read_dbmate,
	.name_new = name_dbmate
};
