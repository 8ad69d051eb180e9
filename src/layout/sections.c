/*
 * sections.c
 *	  A file in which lines divide what goes up from what goes back.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "layout/sections.h"
#include "script/lexer.h"

#define QUOTED_AT_MOST 60

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r';
}

void
lines_begin(FileLines *lines, const FileContent *content)
{
	memset(lines, 0, sizeof(FileLines));
	lines->content = content;
}

bool
lines_next(FileLines *lines)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	const char *bytes = lines->content->bytes;
	size_t		length = lines->content->length;
	size_t		at = lines->next;

	if (at >= length)
		return false;
	lines->after_cr = at > 0 && bytes[at - 1] == '\r';
	lines->offset = at;
	lines->number++;
	while (at < length && bytes[at] != '\n' && bytes[at] != '\r')
		at++;
	lines->text = bytes + lines->offset;
	lines->end = bytes + at;
	if (at + 1 < length && bytes[at] == '\r' && bytes[at + 1] == '\n')
		at++;
	lines->next = Min(at + 1, length);
	if (lines->offset == 0 && length >= strlen(byte_order_mark) &&
		memcmp(bytes, byte_order_mark, strlen(byte_order_mark)) == 0)
		lines->text += strlen(byte_order_mark);
	return true;
}

const char *
lines_first(const FileLines *lines)
{
	const char *text = lines->text;

	while (text < lines->end && is_blank(*text))
		text++;
	return text;
}

bool
lines_is_blank(const FileLines *lines)
{
	return lines_first(lines) == lines->end;
}

bool
lines_is_comment(const FileLines *lines)
{
	const char *first = lines_first(lines);

	return first == lines->end || (lines->end - first >= 2 && first[0] == '-' && first[1] == '-');
}

bool
sections_only_comments(const FileLines *lines, bool *open)
{
	bool		only = true;

	for (const char *c = lines->text; c < lines->end; c++)
	{
		bool		two = c + 1 < lines->end;

		if (two && (*open ? c[0] == '*' && c[1] == '/' : c[0] == '/' && c[1] == '*'))
		{
			*open = !*open;
			c++;
		}
		else if (!*open && two && c[0] == '-' && c[1] == '-')
			break;
		else if (!*open && !is_blank(*c))
			only = false;
	}
	return only;
}

char *
lines_quoted(const FileLines *lines)
{
	StringInfoData text;
	const char *from = lines_first(lines);
	const char *end = lines->end;

	while (end > from && is_blank(end[-1]))
		end--;
	initStringInfo(&text);
	appendStringInfoChar(&text, '"');
	for (const char *c = from; c < end && c < from + QUOTED_AT_MOST; c++)
		appendStringInfoChar(&text, *c >= ' ' && *c < '\x7f' ? *c : '?');
	if (end - from > QUOTED_AT_MOST)
		appendStringInfoString(&text, " ...");
	appendStringInfoChar(&text, '"');
	return text.data;
}

char *
lines_printable(const char *text)
{
	char	   *copy = pstrdup(text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c < ' ' || *c >= '\x7f')
			*c = '?';
	return copy;
}

const char *
lines_skip(const char *text, const char *end, const char *word, bool any_case)
{
	size_t		length = strlen(word);

	while (text < end && is_blank(*text))
		text++;
	if (end - text < length ||
		(any_case ? pg_strncasecmp(text, word, length) : strncmp(text, word, length)) != 0)
		return NULL;
	return text + length;
}

void
sections_begin(Sections *sections, const FileContent *content, const LayoutClaim *claim)
{
	memset(sections, 0, sizeof(Sections));
	lines_begin(&sections->lines, content);
	sections->result = palloc(sizeof(LayoutClaim));
	*sections->result = *claim;
	sections->result->up = NULL;
	sections->result->down = NULL;
	/* the file, until there is a part of it */
	sections->result->up = unit_of_ranges(UNIT_UP, claim->up->file);
}

ScriptUnit *
sections_unit(Sections *sections, UnitDirection direction)
{
	LayoutClaim *result = sections->result;

	if (direction == UNIT_UP)
		return result->up;
	if (result->down == NULL)
		result->down = unit_of_ranges(UNIT_DOWN, result->up->file);
	return result->down;
}

/* The part ends before the current line. */
static void
close_part(Sections *sections)
{
	if (sections->open != NULL)
		unit_add_range(sections->open, sections->from, sections->lines.offset - sections->from, sections->from_line);
	sections->open = NULL;
}

void
sections_open(Sections *sections, UnitDirection direction)
{
	close_part(sections);
	sections->open = sections_unit(sections, direction);
	sections->from = sections->lines.next;
	sections->from_line = sections->lines.number + 1;
}

void
sections_set_transactions(Sections *sections, UnitDirection direction, UnitTransactions transactions)
{
	ScriptUnit *unit = sections_unit(sections, direction);
	char	   *quoted = lines_quoted(&sections->lines);

	unit->transactions = transactions;
	unit->mark = pnstrdup(quoted + 1, strlen(quoted) - 2);
	unit->mark_line = sections->lines.number;
}

void
sections_fault(Sections *sections, int line, const char *format,...)
{
	StringInfoData text;

	if (sections->result->fault != NULL)
		return;
	initStringInfo(&text);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	sections->result->fault = text.data;
	sections->result->fault_line = line;
}

bool
sections_name_new(NewMigration *fresh, const char *up_mark, const char *down_mark)
{
	const char *latest = fresh->latest_version;
	int			digits = latest != NULL ? layout_leading_digits(latest) : 0;

	fresh->up_mark = up_mark;
	fresh->down_mark = down_mark;
	if (digits == 0 || latest[digits] == '\0')
	{
		const Migration *both = fresh->latest;
		Migration	one;
		bool		named;

		if (both == NULL)
			return false;
		/* the marks say where the way back is: one name will do */
		one = *both;
		one.down = NULL;
		fresh->latest = &one;
		named = new_names_like_latest(fresh);
		fresh->latest = both;
		return named;
	}
	/* the version is the name: another number, the same character behind it */
	fresh->up_file = psprintf("%s%c%s.sql", new_names_number(pnstrdup(latest, digits)), latest[digits],
							  latest[digits] == '-' ? new_names_joined(fresh->words, '-') : fresh->words);
	return true;
}

List *
sections_end(Sections *sections)
{
	LayoutClaim *result = sections->result;

	/* behind the last line */
	sections->lines.offset = sections->lines.content->length;
	close_part(sections);
	if (result->fault == NULL && result->up->range_count == 0)
		sections_fault(sections, 1, "no part of the file goes up");
	return list_make1(result);
}
