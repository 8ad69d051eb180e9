/*
 * mark.c
 *	  Comments by which other tools divide a script into a way up and a way back.
 *
 * One row a tool, or two.  A tool reads lines, so its mark is the first thing on a
 * line; it is recognised in any case, indentation and spacing, since a file
 * that nearly follows the tool's rules is still one of its files.  tern looks for
 * the words that divide a script, wherever they are.  What stands in strings, COPY
 * data and block comments never gets here.
 *
 * Headings in plain words ("-- Down", "-- Rollback:") are no tool's mark for
 * certain.  They count between two statements only: in front of all statements
 * or behind them they cannot divide anything.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "script/mark.h"

/* no mark is longer; keeps a line of a megabyte cheap */
#define MARK_LINE_AT_MOST 1000
#define MARK_TEXT_AT_MOST 60

/* How a row's forms are compared with a comment. */
typedef enum MarkForm
{
	FORM_TOOL,					/* the comment begins so */
	FORM_WORDS,					/* likewise, but these are words of English
								 * too */
	FORM_FRAMED,				/* between signs "=", and nothing else */
	FORM_HEADING,				/* the whole comment but for ornaments */
	FORM_HEADING_OF_CODE		/* likewise, and not of lines that are
								 * comments */
} MarkForm;

/*
 * Forms are alternatives between "|", of the text behind the dashes: a blank
 * stands for any number of blanks, "*" for any text, "%" for text without
 * blanks, "^" (first) for "no blank behind the dashes"; letters are in lower
 * case and match both.  A form that ends in a letter or digit ends a word.
 */
typedef struct MarkRow
{
	MarkTool	tool;
	const char *name;
	MarkForm	form;
	const char *up;
	const char *down;
	const char *other;
	bool		block;			/* other is also looked for in block comments */
} MarkRow;

static const MarkRow rows[] = {
	{MARK_OF_DBMATE, "dbmate", FORM_TOOL, "migrate : up", "migrate : down", NULL},
	{MARK_OF_GOOSE, "goose", FORM_TOOL, "+ goose up", "+ goose down", "+ goose"},
	{MARK_OF_SQL_MIGRATE, "sql-migrate", FORM_TOOL, "+ migrate up", "+ migrate down", "+ migrate"},
	{MARK_OF_MICRATE, "micrate", FORM_TOOL, "+ micrate up", "+ micrate down", "+ micrate"},
	{MARK_OF_TERN, "tern", FORM_TOOL, NULL, "create above / drop below", "tern : disable-tx"},
	{MARK_OF_NODE_PG_MIGRATE, "node-pg-migrate", FORM_WORDS, "up migration", "down migration", NULL},
	{MARK_OF_SHMIG, "shmig", FORM_FRAMED, "up", "down", NULL},
	{MARK_OF_MYBATIS, "MyBatis Migrations", FORM_TOOL, NULL, "// *@undo", NULL},
	{MARK_OF_PLAY, "Play evolutions", FORM_TOOL, "*!ups", "*!downs", NULL},
	{MARK_OF_RAMBLER, "rambler", FORM_TOOL, "rambler up", "rambler down", NULL},
	{
		MARK_OF_LIQUIBASE, "Liquibase", FORM_TOOL, NULL,
		"^rollback drop|^rollback alter|^rollback delete|^rollback truncate|^rollback update|"
		"^rollback insert|^rollback create|^rollback revoke|^rollback grant|^rollback select|"
		"^rollback comment|^rollback changesetid|^rollback not required|^rollback empty|"
		"liquibase rollback",
		"liquibase formatted sql|changeset %:%", true
	},
	{
		MARK_OF_GRAPHILE_MIGRATE, "graphile-migrate", FORM_TOOL, NULL, NULL,
		"^! previous:|^! hash:|^! message:|^! allowinvalidhash|^! no-transaction|^! split:|^! include"
	},
	{
		MARK_OF_ATLAS, "Atlas", FORM_TOOL, NULL, "down.sql --",
		"atlas:txtar|atlas:txmode|atlas:delimiter|atlas:checkpoint|migration.sql --|checks.sql --"
	},
	{MARK_OF_SCHEMA_EVOLUTION_MANAGER, "schema-evolution-manager", FORM_TOOL, NULL, NULL, "sem.attribute."},
	{
		MARK_OF_NOBODY, "another tool", FORM_HEADING, NULL,
		"down|downs|down migration|migrate down|migration down|down script|down section|"
		"down sql|down part|begin down|start down|goose down", NULL
	},
	{
		MARK_OF_NOBODY, "another tool", FORM_HEADING_OF_CODE, NULL,
		"undo|rollback|revert|downgrade|undo migration|rollback migration|revert migration|"
		"undo script|rollback script|revert script|undo section|rollback section|rollback sql|"
		"begin rollback|start rollback", NULL
	},
};

static bool first_on_line(const char *text, const Token *token);
static const char *begin_of_text(const char *text, const char *end, bool block);
static bool tool_matches(const MarkRow *row, const char *text, const char *end, bool block,
						 MarkSense *sense);
static bool matches_any(const MarkRow *row, const char *forms, const char *text, const char *end);
static bool matches(const char *form, const char *form_end, const char *text, const char *end,
					const char **rest);
static bool comment_follows(const Lexer *lexer, const Token *token);
static char *printable(const char *text, const char *end);

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

/*
 * Bytes of the blank that stands there: ASCII's, or one of UTF-8 that looks like one or
 * like nothing, which an editor or a page put in its place; 0 for anything else.
 */
static inline int
blank_length(const char *text, const char *end)
{
	static const char *const others[] = {
		"\xC2\xA0", "\xC2\x85", "\xC2\xAD", "\xE1\x9A\x80", "\xE2\x81\x9F", "\xE2\x81\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF"
	};

	if (text >= end)
		return 0;
	if (!IS_HIGHBIT_SET(*text))
		return is_blank(*text) ? 1 : 0;
	/* U+2000 to U+200F, and U+2028 to U+202F */
	if (end - text >= 3 && memcmp(text, "\xE2\x80", 2) == 0 &&
		((unsigned char) text[2] <= 0x8F || ((unsigned char) text[2] >= 0xA8 && (unsigned char) text[2] <= 0xAF)))
		return 3;
	for (int i = 0; i < lengthof(others); i++)
	{
		int			length = strlen(others[i]);

		if (end - text >= length && memcmp(text, others[i], length) == 0)
			return length;
	}
	return 0;
}

static inline bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || IS_HIGHBIT_SET(c);
}

/* The end without what is no word, and without blanks of 2 and 3 bytes. */
static const char *
without_blanks(const char *text, const char *end)
{
	for (;;)
	{
		int			length = 1;

		while (length <= 3 && length <= end - text && blank_length(end - length, end) != length)
			length++;
		if (length > 3 || length > end - text)
			length = end > text && !is_word(end[-1]) ? 1 : 0;
		if (length == 0)
			return end;
		end -= length;
	}
}

static inline const char *
skip_blanks(const char *text, const char *end)
{
	int			length;

	while ((length = blank_length(text, end)) > 0)
		text += length;
	return text;
}

void
mark_look(List **marks, Lexer *lexer, const Token *token, int statements, bool open)
{
	const char *start = lexer->text + token->offset;
	const char *end = start;
	const char *limit = start + Min(lexer->length - token->offset, MARK_LINE_AT_MOST);
	bool		block = token->kind == TOKEN_BLOCK_COMMENT;
	bool		first = first_on_line(lexer->text, token);
	const char *text;

	while (end < limit && *end != '\n' && *end != '\r')
		end++;
	text = begin_of_text(start, end, block);

	for (int i = 0; i < lengthof(rows); i++)
	{
		const MarkRow *row = &rows[i];
		bool		heading = row->form == FORM_HEADING || row->form == FORM_HEADING_OF_CODE;
		bool		known = false;
		MarkSense	sense;
		Mark	   *mark;
		ListCell   *lc;

		if (!first && (block || row->tool != MARK_OF_TERN))
			continue;
		if (!tool_matches(row, text, end, block, &sense) || (!first && sense != MARK_DOWN))
			continue;
		if (heading && (open || statements == 0 ||
						(row->form == FORM_HEADING_OF_CODE && comment_follows(lexer, token))))
			return;
		foreach(lc, *marks)
		{
			const Mark *other = lfirst(lc);

			known |= other->row == row && other->sense == sense;
		}
		if (known)
			return;
		mark = palloc(sizeof(Mark));
		mark->row = row;
		mark->tool = row->tool;
		mark->tool_name = row->name;
		mark->sense = sense;
		mark->words = row->form != FORM_TOOL && row->form != FORM_FRAMED;
		mark->text = printable(start, end);
		mark->line = (int) token->line;
		mark->column = (int) lexer_column(lexer, token);
		mark->statements = statements;
		*marks = lappend(*marks, mark);
		return;
	}
}

MarkTool
mark_of_line(const char *line, const char *end, MarkSense *sense)
{
	const char *text;

	while ((line = skip_blanks(line, end)) < end && *line == '#')
		line++;
	if (end - line < 3 || !(line[0] == '-' && line[1] == '-'))
		return MARK_OF_NOBODY;
	text = begin_of_text(line, end, false);
	end = Min(end, skip_blanks(text, end) + MARK_LINE_AT_MOST);
	for (int i = 0; i < lengthof(rows); i++)
		if (rows[i].tool != MARK_OF_NOBODY && tool_matches(&rows[i], text, end, false, sense))
			return rows[i].tool;
	return MARK_OF_NOBODY;
}

uint32
mark_tools(const char *bytes, size_t length)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	static const char sqlx[] = "-- no-transaction";
	const char *end = bytes + length;
	uint32		tools = 0;
	MarkSense	sense;

	if (length >= strlen(sqlx) && memcmp(bytes, sqlx, strlen(sqlx)) == 0)
		tools |= MARK_BIT(MARK_OF_SQLX);
	if (length >= strlen(byte_order_mark) && memcmp(bytes, byte_order_mark, strlen(byte_order_mark)) == 0)
		bytes += strlen(byte_order_mark);
	while (bytes < end)
	{
		const char *line_end = bytes;

		while (line_end < end && *line_end != '\n' && *line_end != '\r')
			line_end++;
		tools |= MARK_BIT(mark_of_line(bytes, line_end, &sense));
		bytes = line_end + 1;
	}
	return tools & ~MARK_BIT(MARK_OF_NOBODY);
}

List *
mark_settle(List *marks, int statements)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, marks)
	{
		Mark	   *mark = lfirst(lc);

		/*
		 * words with nothing to run behind them are a remark, and so are
		 * those that go up before all
		 */
		if (mark->words && (mark->sense == MARK_DOWN ? mark->statements == statements :
							mark->sense == MARK_UP && mark->statements == 0))
			continue;
		result = lappend(result, mark);
	}
	return result;
}

/* Only blanks before it, or the sign "#" with which Play's marks may begin. */
static bool
first_on_line(const char *text, const Token *token)
{
	for (uint32 i = token->line_start; i < token->offset; i++)
		if (!is_blank(text[i]) && text[i] != '#')
			return false;
	return true;
}

/* Behind the dashes of a comment, the sign "#", or the begin of a block. */
static const char *
begin_of_text(const char *text, const char *end, bool block)
{
	if (block)
		return Min(text + 2, end);
	if (text < end && *text == '#')
		text++;
	for (const char *c = text; (c = skip_blanks(c, end)) < end && *c == '-';)
		text = ++c;
	return text;
}

static bool
tool_matches(const MarkRow *row, const char *text, const char *end, bool block, MarkSense *sense)
{
	if (block && !row->block)
		return false;
	if (row->form == FORM_FRAMED)
	{
		const char *from = text;

		while (from < end && is_blank(*from))
			from++;
		while (end > from && is_blank(end[-1]))
			end--;
		if (end - from < 2 || *from != '=' || end[-1] != '=')
			return false;
	}
	*sense = MARK_UP;
	if (row->up != NULL && matches_any(row, row->up, text, end))
		return true;
	*sense = MARK_DOWN;
	if (row->down != NULL && matches_any(row, row->down, text, end))
		return true;
	*sense = MARK_OTHER;
	return row->other != NULL && matches_any(row, row->other, text, end);
}

static bool
matches_any(const MarkRow *row, const char *forms, const char *text, const char *end)
{
	bool		whole = row->form == FORM_FRAMED || row->form == FORM_HEADING ||
		row->form == FORM_HEADING_OF_CODE;

	/* ornaments: == DOWN ==, [down], @DOWN, Down: */
	if (whole)
	{
		while (text < end && (!is_word(*text) || blank_length(text, end) > 0))
			text += Max(blank_length(text, end), 1);
		end = without_blanks(text, end);
	}
	while (*forms != '\0')
	{
		const char *form_end = forms + strcspn(forms, "|");
		const char *rest;

		if (matches(forms, form_end, text, end, &rest) &&
			(whole ? rest == end :
			 rest == end || !is_word(form_end[-1]) || !is_word(*rest) || blank_length(rest, end) > 0))
			return true;
		forms = *form_end == '|' ? form_end + 1 : form_end;
	}
	return false;
}

/*
 * Does the text begin as the form says?  *rest is where it goes on.  A form has
 * one "*" at most, or "%" before one sign, so the recursion is shallow and the
 * work linear in the length of the line.
 */
static bool
matches(const char *form, const char *form_end, const char *text, const char *end,
		const char **rest)
{
	if (form < form_end && *form == '^')
		form++;
	else
		text = skip_blanks(text, end);

	for (; form < form_end; form++)
	{
		if (*form == ' ')
		{
			text = skip_blanks(text, end);
			continue;
		}
		if (*form == '*' || *form == '%')
		{
			bool		blanks = *form == '*';

			if (form + 1 == form_end)
			{
				*rest = text + 1;
				return text < end && !is_blank(*text);
			}
			if (!blanks && text < end && *text == form[1])
				return false;
			for (const char *from = blanks ? text : text + 1; from <= end; from++)
			{
				if (!blanks && is_blank(from[-1]))
					return false;
				if (from < end && *from == form[1] && matches(form + 1, form_end, from, end, rest))
					return true;
			}
			return false;
		}
		if (text >= end || pg_ascii_tolower((unsigned char) *text) != *form)
			return false;
		text++;
	}
	*rest = text;
	return true;
}

/* Is the next line a comment: what would take it back, put out of action? */
static bool
comment_follows(const Lexer *lexer, const Token *token)
{
	uint32		offset = token->offset + token->length;

	while (offset < lexer->length &&
		   (is_blank(lexer->text[offset]) || lexer->text[offset] == '\n' || lexer->text[offset] == '\r'))
		offset++;
	return offset + 1 < lexer->length &&
		lexer->text[offset] == '-' && lexer->text[offset + 1] == '-';
}

/* Some of the line for a message, which must not carry control characters. */
static char *
printable(const char *text, const char *end)
{
	int			length = end - text;
	char	   *copy;

	while (length > 0 && is_blank(text[length - 1]))
		length--;
	if (length > MARK_TEXT_AT_MOST)
		length = pg_mbcliplen(text, length, MARK_TEXT_AT_MOST);
	copy = pnstrdup(text, length);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == '\x7f')
			*c = '?';
	return copy;
}
