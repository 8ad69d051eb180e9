/*
 * atlas.c
 *	  Atlas: VERSION_name.sql, with the sums of all of them in atlas.sum.
 *
 * Directives stand in the comments at the top of a file, with a blank line behind
 * them, except that of a delimiter, which is the first line.  One anywhere else is
 * none to Atlas, which is refused, as is what Atlas does not know.  A checkpoint stands
 * for all before it where none of them ran.
 *
 * A delimiter ends statements in the place of semicolons, outside of quotes and
 * parentheses, and before a comment is looked for; here semicolons end them, too.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"

#include "layout/atlas_sum.h"
#include "layout/sections.h"
#include "script/lexer.h"

#define WORD "atlas:"
#define DELIMITER "-- atlas:delimiter"
#define DELIMITERS_AT_MOST 1000000

/* A file that is cut at a delimiter, from its beginning to its end. */
typedef struct Cutter
{
	const char *delimiter;
	const char *end;
	bool		no_line_ends;	/* from here on there is none */
	bool		no_comment_ends;
} Cutter;

/* A directory that Atlas keeps for Flyway: of U scripts, which do not go up. */
static bool
is_of_flyway(const char *name)
{
	const char *rest = name;

	if (strncmp(name, "R__", 3) == 0)
		return true;
	if (*rest != '\0' && strchr("VUB", *rest) != NULL)
		rest++;
	else
		return false;
	while ((*rest >= '0' && *rest <= '9') || (rest > name + 1 && (*rest == '.' || *rest == '_') && rest[1] >= '0' && rest[1] <= '9'))
		rest++;
	return rest > name + 1 && strncmp(rest, "__", 2) == 0;
}

static bool
claim_atlas(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			end;

	if (entry->is_directory || stem < 1 || direction != ' ' || is_of_flyway(entry->name))
		return false;
	end = Min((int) strcspn(entry->name, "_"), stem);
	if (end == 0)
		return false;
	claim->version = pnstrdup(entry->name, end);
	claim->name = end < stem ? pnstrdup(entry->name + end + 1, stem - end - 1) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* The last "atlas:" of a line that a word follows, as Atlas finds it behind what prints: that word; or NULL. */
static const char *
find_directive(const FileLines *lines)
{
	const char *found = NULL;

	for (const char *c = lines->text; lines->end - c > (int) strlen(WORD) && *c >= ' ' && *c <= '~'; c++)
	{
		const char *word = c + strlen(WORD);

		if (memcmp(c, WORD, strlen(WORD)) == 0 && (isalnum((unsigned char) *word) || *word == '_'))
			found = word;
	}
	return found;
}

/* Is the word this one?  *value is what stands behind it, without blanks around. */
static bool
is_word(const char *word, const FileLines *lines, const char *expected, char **value)
{
	const char *end = lines->end;
	const char *rest = lines_skip(word, end, expected, false);

	if (rest == NULL || (rest < end && (isalnum((unsigned char) *rest) || *rest == '_')))
		return false;
	while (rest < end && (*rest == ' ' || *rest == '\t'))
		rest++;
	while (end > rest && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*value = pnstrdup(rest, end - rest);
	return true;
}

static void
take_transactions(Sections *sections, const char *value)
{
	const FileLines *lines = &sections->lines;
	ScriptUnit *unit = sections->result->up;

	if (unit->mark != NULL)
		sections_fault(sections, lines->number, "a second txmode: %s", lines_quoted(lines));
	else if (strcmp(value, "none") == 0)
		sections_set_transactions(sections, UNIT_UP, UNIT_NO_TRANSACTION);
	else if (strcmp(value, "file") == 0)
		sections_set_transactions(sections, UNIT_UP, UNIT_ONE_TRANSACTION);
	else if (strcmp(value, "all") == 0)
		sections_fault(sections, lines->number, "to Atlas txmode \"all\" cannot be a file's, which says \"file\": %s", lines_quoted(lines));
	else
		sections_fault(sections, lines->number, "txmode is none or file: %s", lines_quoted(lines));
}

/* True: it counts only if a blank line is behind the comments. */
static bool
take_directive(Sections *sections, const char *word)
{
	const FileLines *lines = &sections->lines;
	char	   *value;

	if (is_word(word, lines, "txmode", &value))
		take_transactions(sections, value);
	else if (is_word(word, lines, "checkpoint", &value))
	{
		sections->result->kind = MIGRATION_BASELINE;
		sections->result->stands_for = sections->result->version;
	}
	else if (is_word(word, lines, "txtar", &value))
		sections_fault(sections, lines->number, "a file of several files cannot be run here: %s", lines_quoted(lines));
	else if (is_word(word, lines, "delimiter", &value) || is_word(word, lines, "sum", &value))
	{
		if (lines->number > 1)
			sections_fault(sections, lines->number, "Atlas reads this in the first line of a file only: %s", lines_quoted(lines));
		return false;
	}
	else if (is_word(word, lines, "nolint", &value))
		return false;
	else
		sections_fault(sections, lines->number, "this directive of Atlas is not known here: %s", lines_quoted(lines));
	return true;
}

/* What ends statements, with its escapes resolved; NULL: a semicolon. */
static char *
take_delimiter(Sections *sections)
{
	FileLines  *lines = &sections->lines;
	char	   *value;
	char	   *to;

	if (lines->text != lines->content->bytes || !is_word(lines->text + strlen(DELIMITER) - strlen("delimiter"), lines, "delimiter", &value) ||
		strncmp(lines->text, DELIMITER, strlen(DELIMITER)) != 0)
	{
		sections_fault(sections, lines->number, "Atlas reads a delimiter only from a file that begins with \"" DELIMITER " \": %s", lines_quoted(lines));
		return NULL;
	}
	/* blanks at its end are a part of it */
	value = pnstrdup(lines->text + strlen(DELIMITER), lines->end - lines->text - strlen(DELIMITER));
	while (*value == ' ')
		value++;
	if (*value == '\0' || lines->next >= lines->content->length)
		sections_fault(sections, lines->number, *value == '\0' ? "the delimiter is empty" : "nothing is behind the line of the delimiter");
	to = value;
	for (const char *from = value; *from != '\0'; from++)
	{
		const char *letter = *from == '\\' && from[1] != '\0' ? strchr("nrt", from[1]) : NULL;

		if (letter != NULL)
			from++;
		*to++ = letter == NULL ? *from : *letter == 'n' ? '\n' : *letter == 'r' ? '\r' : '\t';
	}
	*to = '\0';
	return value;
}

/* Behind a dollar quote that begins here; the same place: none does. */
static const char *
skip_dollar_quote(const char *at, const char *end)
{
	const char *tag = at + 1;
	int			length;

	while (tag < end && (isalnum((unsigned char) *tag) || *tag == '_' || IS_HIGHBIT_SET(*tag)))
		tag++;
	if (tag == end || *tag != '$' || isdigit((unsigned char) at[1]))
		return at;
	length = tag + 1 - at;
	for (tag++; end - tag >= length; tag++)
		if (*tag == '$' && memcmp(tag, at, length) == 0)
			return tag + length;
	return end;
}

static const char *
skip_quote(const char *at, const char *start, const char *end)
{
	bool		escapes = at > start && (at[-1] == 'E' || at[-1] == 'e');
	char		quote = *at;

	for (at++; at < end && *at != quote; at++)
		if (*at == '\\' && escapes)
			at++;
	return Min(at + 1, end);
}

/*
 * Behind the comment that begins here; the same place: none does, or it has no end.
 * That is looked for once.
 */
static const char *
skip_comment(Cutter *cutter, const char *at)
{
	const char *end = cutter->end;
	bool		line = at + 1 < end && at[0] == '-' && at[1] == '-';
	bool	   *endless = line ? &cutter->no_line_ends : &cutter->no_comment_ends;

	if ((!line && !(at + 1 < end && at[0] == '/' && at[1] == '*')) || *endless)
		return at;
	for (const char *c = at + 2; c < end; c++)
		if (line ? *c == '\n' : c + 1 < end && c[0] == '*' && c[1] == '/')
			return c + (line ? 1 : 2);
	*endless = true;
	return at;
}

/* From there to the next delimiter, in the order in which Atlas looks for things; NULL: there is none. */
static const char *
find_delimiter(Cutter *cutter, const char *at)
{
	const char *start = at;
	const char *end = cutter->end;
	const char *delimiter = cutter->delimiter;
	size_t		length = strlen(delimiter);
	int			depth = 0;

	while (at < end)
	{
		const char *next = at;

		if (*at == '(' || *at == ')')
			depth = Max(depth + (*at == '(' ? 1 : -1), 0);
		else if (*at == '\'' || *at == '"' || *at == '`')
			next = skip_quote(at, start, end);
		else if (depth == 0 && end - at >= length && memcmp(at, delimiter, length) == 0)
			return at;
		else if (*at == '$')
			next = skip_dollar_quote(at, end);
		else
			next = skip_comment(cutter, at);
		at = next > at ? next : at + 1;
	}
	return NULL;
}

/* What Atlas trims before a statement: blanks, and comments with the blanks behind them. */
static const char *
skip_to_statement(Cutter *cutter, const char *at)
{
	const char *end = cutter->end;
	size_t		length = strlen(cutter->delimiter);

	for (;;)
	{
		const char *next;

		while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
			at++;
		if (end - at >= length && memcmp(at, cutter->delimiter, length) == 0)
			return at;
		next = skip_comment(cutter, at);
		if (next == at)
			return at;
		at = next;
	}
}

/* All of the file, cut at the delimiters behind its first line. */
static void
divide(Sections *sections, const char *delimiter)
{
	const FileContent *content = sections->lines.content;
	Cutter		cutter = {.delimiter = delimiter,.end = content->bytes + content->length};
	const char *at = content->bytes + sections->lines.next;
	const char *from = content->bytes;
	ScriptUnit *unit = sections->result->up;
	int			line = 1;

	for (;;)
	{
		const char *found;
		const char *pieces[3];

		CHECK_FOR_INTERRUPTS();
		at = skip_to_statement(&cutter, at);
		found = find_delimiter(&cutter, at);
		pieces[0] = from;
		pieces[1] = found ? found : cutter.end;
		pieces[2] = found ? found + strlen(delimiter) : cutter.end;
		for (int i = 0; i < 2; i++)
		{
			if (pieces[i] == pieces[i + 1])
				continue;
			unit_add_range(unit, pieces[i] - content->bytes, pieces[i + 1] - pieces[i], line)->ends = i == 1;
			for (const char *c = pieces[i]; c < pieces[i + 1]; c++)
				if (lexer_ends_line(content->bytes, content->length, c - content->bytes))
					line++;
		}
		if (found == NULL)
			return;
		if (unit->range_count > DELIMITERS_AT_MOST)
		{
			sections_fault(sections, 1, "the delimiter stands in the file more than %d times", DELIMITERS_AT_MOST / 2);
			return;
		}
		at = from = pieces[2];
	}
}

static List *
read_atlas(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;
	FileLines	first = {0};
	char	   *delimiter = NULL;
	bool		at_top = true;
	int			needs_blank = 0;	/* a line with a directive that counts
									 * only before a blank line */
	MarkSense	sense;

	sections_begin(&sections, content, claim);
	*sections.result = *claim;
	while (sections.result->fault == NULL && lines_next(lines))
	{
		const char *word = find_directive(lines);
		bool		comment = lines->text < lines->end && (lines->text[0] == '#' || strncmp(lines->text, "--", 2) == 0);
		char	   *value;

		if (at_top && !comment)
		{
			if (needs_blank > 0 && lines->text < lines->end)
				sections_fault(&sections, needs_blank, "no blank line is behind the comments at the top of the file, so that Atlas passes over this directive");
			at_top = false;
		}
		if (word != NULL && at_top && lines->number == 1 && is_word(word, lines, "delimiter", &value))
		{
			delimiter = take_delimiter(&sections);
			first = *lines;
		}
		else if (word != NULL && at_top && take_directive(&sections, word))
			needs_blank = lines->number;
		else if (at_top && word == NULL && mark_of_line(lines->text, lines->end, &sense) == MARK_OF_ATLAS)
			sections_fault(&sections, lines->number, sense == MARK_DOWN ? "no \"-- atlas:txtar\" is before %s, so that Atlas would run what is behind it" :
						   "Atlas reads no directive in %s", lines_quoted(lines));
		else if (!at_top && mark_of_line(lines->text, lines->end, &sense) == MARK_OF_ATLAS)
			sections_fault(&sections, lines->number, "Atlas reads this in the comments at the top of a file only: %s", lines_quoted(lines));
		else if (delimiter != NULL && lines->number == 2 && lines->after_cr)
			sections_fault(&sections, 1, "the line of the delimiter ends with a carriage return, which ends no line to Atlas");
	}
	if (needs_blank > 0 && at_top)
		sections_fault(&sections, needs_blank, "no blank line is behind the comments at the top of the file, so that Atlas passes over this directive");
	if (delimiter != NULL && sections.result->fault == NULL)
	{
		*lines = first;
		divide(&sections, delimiter);
	}
	return list_make1(sections.result);
}

/* The sums have to follow. */
static bool
name_atlas(NewMigration *fresh)
{
	return false;
}

const Layout layout_atlas = {
	.name = "atlas",
	.pattern = "VERSION_name.sql, VERSION.sql",
	.order = VERSION_ORDER_BYTES,
	.sign = ATLAS_SUM_FILE,
	.claim = claim_atlas,
	.follows = MARK_OF_ATLAS,
	.any_name = true,
	.read = read_atlas,
	.name_new = name_atlas
};
