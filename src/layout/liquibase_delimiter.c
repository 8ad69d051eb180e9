/*
 * liquibase_delimiter.c
 *	  Formatted SQL: where a statement ends by Liquibase's own delimiters.
 *
 * Liquibase knows no dollar quotes, so that a changeset has another delimiter than the
 * semicolon where it makes a function; or it has GO or / on lines by themselves.
 * Here the server's grammar divides statements, and a semicolon stands for the
 * tool's delimiter, where that is one: at the end of a line, and not in what is quoted.
 */
#include "postgres.h"

#include "layout/liquibase_changeset.h"
#include "script/lexer.h"

static inline bool
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* Behind one of the prefixes, or the text itself. */
static const char *
behind_any(const char *text, const char *const *prefixes, int count)
{
	for (int i = 0; i < count; i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return text + strlen(prefixes[i]);
	return text;
}

/*
 * It is a text; but where it has a backslash, Liquibase compares it as a regular
 * expression with two words of its scanner, and that means something for one of them
 * at the begin of a line.
 */
bool
changeset_read_delimiter(const char *value, Delimiter *delimiter)
{
	static const char *const begins[] = {"(\\r\\n|\\n)", "\\r?\\n", "\\s*\\n", "\\n", "\\s*"};
	static const char *const ends[] = {"\\s*$", "$", "\\s*"};
	const char *from;
	size_t		length = 0;

	memset(delimiter, 0, sizeof(Delimiter));
	if (*value == '\0' || strcmp(value, ";") == 0)
		return true;
	if (strpbrk(value, "\\()[]{}") == NULL)
	{
		delimiter->text = pstrdup(value);
		delimiter->alone = strcmp(value, "/") == 0;
		return true;
	}
	from = behind_any(value, begins, lengthof(begins));
	while (is_word(from[length]))
		length++;
	if (length == 0 && *from != '\0' && strchr("/;@#%&~,!", *from) != NULL)
		length = 1;
	if (length == 0 || from == value || *behind_any(from + length, ends, lengthof(ends)) != '\0')
		return false;
	delimiter->text = pnstrdup(from, length);
	delimiter->alone = true;
	return true;
}

/* The place in the line of the delimiter that ends it, or NULL. */
static const char *
find_delimiter(const Delimiter *delimiter, const char *text, const char *end)
{
	int			length = delimiter->text ? strlen(delimiter->text) : 0;
	const char *at;

	while (end > text && lines_is_space(end[-1]))
		end--;
	if (length == 0)
		return (end - text == 2 && pg_strncasecmp(text, "GO", 2) == 0) || (end - text == 1 && *text == '/') ? text : NULL;
	at = end - length;
	if (at < text || pg_strncasecmp(at, delimiter->text, length) != 0 || (delimiter->alone && at > text))
		return NULL;
	return at == text || !is_word(*delimiter->text) || !is_word(at[-1]) ? at : NULL;
}

void
changeset_add_line(const ChangesetFile *file, ScriptUnit *unit, const Delimiter *delimiter,
				   const char *text, const char *end, int line, UnitRange **open)
{
	const char *bytes = file->content->bytes;
	const char *ends = find_delimiter(delimiter, text, end);
	const char *until = ends != NULL ? ends : end;

	if (*open != NULL)
		(*open)->length = until - bytes - (*open)->offset;
	else if (until > text || ends == NULL)
		*open = unit_add_range(unit, text - bytes, until - text, line);
	if (ends == NULL)
		return;
	unit_add_range(unit, ends - bytes, delimiter->text ? strlen(delimiter->text) : *ends == '/' ? 1 : 2, line)->ends = true;
	*open = NULL;
}

/* The unit's bytes as they will be read, from the first to the last. */
static char *
script_bytes(const ChangesetFile *file, const ScriptUnit *unit, size_t start, size_t length)
{
	const char *bytes = file->content->bytes;
	char	   *text = MemoryContextAllocHuge(CurrentMemoryContext, length + 1);

	for (size_t i = 0; i < length; i++)
		text[i] = bytes[start + i] == '\n' || bytes[start + i] == '\r' ? bytes[start + i] : ' ';
	for (int i = 0; i < unit->range_count; i++)
	{
		const UnitRange *range = &unit->ranges[i];

		if (range->ends)
			text[range->offset - start] = ';';
		else
			memcpy(text + (range->offset - start), bytes + range->offset, range->length);
	}
	text[length] = '\0';
	return text;
}

void
changeset_settle_delimiters(const ChangesetFile *file, ScriptUnit *unit)
{
	Lexer		lexer;
	Token		token;
	size_t		start;
	size_t		length;
	char	   *text;
	int			range = 0;
	bool		any = false;

	for (int i = 0; i < unit->range_count; i++)
		any |= unit->ranges[i].ends;
	if (!any)
		return;
	start = unit->ranges[0].offset;
	length = unit->ranges[unit->range_count - 1].offset + unit->ranges[unit->range_count - 1].length - start;
	text = script_bytes(file, unit, start, length);
	lexer_init(&lexer, text, length, true);
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token))
	{
		if (token.kind == TOKEN_SEMICOLON)
			continue;
		while (range < unit->range_count && unit->ranges[range].offset - start < token.offset)
			range++;
		for (; range < unit->range_count && unit->ranges[range].offset - start < (size_t) token.offset + token.length; range++)
			unit->ranges[range].ends = false;
	}
	pfree(text);
}
