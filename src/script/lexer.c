/*
 * lexer.c
 *	  SQL text as tokens, as far as cutting it into statements needs.
 *
 * One pass, no recursion, no memory: the Lexer points into the caller's text
 * and every byte is looked at a bounded number of times.  An unterminated
 * token reaches to the end of the text and carries the server's message for
 * it in Token.fault.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "script/lexer.h"

/*
 * The longest operator the server accepts is shorter than this.  Without the
 * bound, a run of n signs, each an operator of its own, would cost n * n.
 */
#define OPERATOR_SCAN_LIMIT NAMEDATALEN

static void read_space(Lexer *lexer);
static void read_plain(Lexer *lexer, Token *token);
static void read_line_comment(Lexer *lexer);
static void read_block_comment(Lexer *lexer, Token *token);
static bool read_prefixed(Lexer *lexer, Token *token);
static void read_string(Lexer *lexer, Token *token, bool escapes, const char *fault);
static void read_quoted_identifier(Lexer *lexer, Token *token);
static void read_dollar(Lexer *lexer, Token *token);
static void read_dollar_quoted(Lexer *lexer, Token *token, uint32 delimiter_length);
static void read_number(Lexer *lexer);
static void read_operator(Lexer *lexer);
static bool read_reference(Lexer *lexer, Token *token);
static void read_punctuation(Lexer *lexer, Token *token);

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_word_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		c == '_' || IS_HIGHBIT_SET(c);
}

static inline bool
is_word_part(char c)
{
	return is_word_start(c) || is_digit(c) || c == '$';
}

static inline bool
is_operator(char c)
{
	return c != '\0' && strchr("~!@#^&|`?+-*/%<>=", c) != NULL;
}

/* the byte at that distance; '\0' at the end of the text */
static inline char
peek(const Lexer *lexer, uint32 distance)
{
	uint32		remaining = lexer->length - lexer->position;

	return distance < remaining ? lexer->text[lexer->position + distance] : '\0';
}

static inline bool
at_end(const Lexer *lexer)
{
	return lexer->position >= lexer->length;
}

/* Pass over one byte, which may end a line. */
static inline void
take(Lexer *lexer)
{
	char		c = lexer->text[lexer->position++];

	if (c == '\n' || (c == '\r' && peek(lexer, 0) != '\n'))
	{
		lexer->line++;
		lexer->line_start = lexer->position;
	}
}

bool
lexer_ends_line(const char *text, size_t len, size_t offset)
{
	if (text[offset] == '\r')
		return offset + 1 >= len || text[offset + 1] != '\n';
	return text[offset] == '\n';
}

void
lexer_init(Lexer *lexer, const char *text, size_t len, bool conforming_strings)
{
	Assert(len < PG_UINT32_MAX);

	memset(lexer, 0, sizeof(Lexer));
	lexer->text = text;
	lexer->length = (uint32) len;
	lexer->line = 1;
	lexer->conforming_strings = conforming_strings;
}

void
lexer_next(Lexer *lexer, Token *token)
{
	read_space(lexer);

	token->offset = lexer->position;
	token->line = lexer->line;
	token->line_start = lexer->line_start;
	token->fault = NULL;

	read_plain(lexer, token);
	token->length = lexer->position - token->offset;

	/* only blanks, line ends and line comments join the parts of a string */
	if (token->kind == TOKEN_STRING)
		lexer->after_string_line = lexer->line;
	else if (token->kind != TOKEN_LINE_COMMENT)
		lexer->after_string = false;
}

static void
read_space(Lexer *lexer)
{
	while (!at_end(lexer))
	{
		char		c = lexer->text[lexer->position];

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v')
			break;
		take(lexer);
	}
}

static void
read_plain(Lexer *lexer, Token *token)
{
	char		c = peek(lexer, 0);

	if (at_end(lexer))
		token->kind = TOKEN_END;
	else if (is_word_start(c))
	{
		if (read_prefixed(lexer, token))
			return;
		token->kind = TOKEN_WORD;
		while (is_word_part(peek(lexer, 0)))
			lexer->position++;
	}
	else if (c == '\'')
		read_string(lexer, token, !lexer->conforming_strings,
					"unterminated quoted string");
	else if (c == '"')
		read_quoted_identifier(lexer, token);
	else if (c == '$')
		read_dollar(lexer, token);
	else if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
	{
		token->kind = TOKEN_NUMBER;
		read_number(lexer);
	}
	else if (c == '-' && peek(lexer, 1) == '-')
	{
		token->kind = TOKEN_LINE_COMMENT;
		read_line_comment(lexer);
	}
	else if (c == '/' && peek(lexer, 1) == '*')
		read_block_comment(lexer, token);
	else if (is_operator(c))
	{
		token->kind = TOKEN_OPERATOR;
		read_operator(lexer);
	}
	else if (c != ':' || !lexer->references || !read_reference(lexer, token))
		read_punctuation(lexer, token);
}

static void
read_line_comment(Lexer *lexer)
{
	while (!at_end(lexer) && peek(lexer, 0) != '\n' && peek(lexer, 0) != '\r')
		lexer->position++;
}

static void
read_block_comment(Lexer *lexer, Token *token)
{
	int			depth = 0;

	token->kind = TOKEN_BLOCK_COMMENT;
	while (!at_end(lexer))
	{
		char		c = peek(lexer, 0);

		if (c == '/' && peek(lexer, 1) == '*')
		{
			lexer->position += 2;
			depth++;
		}
		else if (c == '*' && peek(lexer, 1) == '/')
		{
			lexer->position += 2;
			if (--depth == 0)
				return;
		}
		else
			take(lexer);
	}
	token->fault = "unterminated /* comment";
}

/*
 * A letter that belongs to the quote behind it?  N'...' is not among them: to
 * the server too that is a word and then an ordinary string.
 */
static bool
read_prefixed(Lexer *lexer, Token *token)
{
	char		c = pg_ascii_tolower((unsigned char) peek(lexer, 0));
	char		next = peek(lexer, 1);

	if (next == '\'' && (c == 'e' || c == 'b' || c == 'x'))
	{
		lexer->position++;
		lexer->after_string = false;	/* a prefix starts a new string */
		if (c == 'e')
			read_string(lexer, token, true, "unterminated quoted string");
		else if (c == 'b')
			read_string(lexer, token, false, "unterminated bit string literal");
		else
			read_string(lexer, token, false, "unterminated hexadecimal string literal");
		return true;
	}
	if (c == 'u' && next == '&' && (peek(lexer, 2) == '\'' || peek(lexer, 2) == '"'))
	{
		lexer->position += 2;
		lexer->after_string = false;
		if (peek(lexer, 0) == '"')
			read_quoted_identifier(lexer, token);
		else
			read_string(lexer, token, false, "unterminated quoted string");
		return true;
	}
	return false;
}

/*
 * position is at the opening quote.  A plain string behind another one, with
 * a line end in between, continues it and is read by its rules: the second
 * part of E'a' NEWLINE 'b\'c' has escapes.
 */
static void
read_string(Lexer *lexer, Token *token, bool escapes, const char *fault)
{
	if (lexer->after_string && lexer->line > lexer->after_string_line)
		escapes = lexer->after_string_escapes;

	token->kind = TOKEN_STRING;
	lexer->position++;
	while (!at_end(lexer))
	{
		char		c = peek(lexer, 0);

		if (c == '\'')
		{
			lexer->position++;
			if (peek(lexer, 0) != '\'')
			{
				lexer->after_string = true;
				lexer->after_string_escapes = escapes;
				return;
			}
			lexer->position++;
			continue;
		}
		take(lexer);
		if (c == '\\' && escapes && !at_end(lexer))
			take(lexer);
	}
	token->fault = fault;
}

static void
read_quoted_identifier(Lexer *lexer, Token *token)
{
	token->kind = TOKEN_QUOTED_IDENTIFIER;
	lexer->position++;
	while (!at_end(lexer))
	{
		if (peek(lexer, 0) == '"')
		{
			lexer->position++;
			if (peek(lexer, 0) != '"')
				return;
		}
		take(lexer);
	}
	token->fault = "unterminated quoted identifier";
}

/* position is at a '$' that is not part of a word */
static void
read_dollar(Lexer *lexer, Token *token)
{
	uint32		i = 1;

	if (is_digit(peek(lexer, 1)))
	{
		token->kind = TOKEN_PARAMETER;
		lexer->position++;
		while (is_digit(peek(lexer, 0)))
			lexer->position++;
		return;
	}

	if (is_word_start(peek(lexer, i)))
		while (is_word_part(peek(lexer, i)) && peek(lexer, i) != '$')
			i++;
	if (peek(lexer, i) == '$')
		read_dollar_quoted(lexer, token, i + 1);
	else
	{
		token->kind = TOKEN_OTHER;
		lexer->position++;
	}
}

static void
read_dollar_quoted(Lexer *lexer, Token *token, uint32 delimiter_length)
{
	const char *delimiter = lexer->text + lexer->position;

	token->kind = TOKEN_STRING;
	lexer->after_string = false;	/* quotes behind it start a new string */
	lexer->position += delimiter_length;
	while (!at_end(lexer))
	{
		if (peek(lexer, 0) == '$' &&
			lexer->length - lexer->position >= delimiter_length &&
			memcmp(lexer->text + lexer->position, delimiter, delimiter_length) == 0)
		{
			lexer->position += delimiter_length;
			return;
		}
		take(lexer);
	}
	token->fault = "unterminated dollar-quoted string";
}

/*
 * Letters that stick to a number are taken with it (hexadecimal digits,
 * exponents, and what the server refuses as trailing junk), a dollar is not.
 */
static void
read_number(Lexer *lexer)
{
	bool		decimal = !(peek(lexer, 0) == '0' && is_word_start(peek(lexer, 1)));

	while (!at_end(lexer))
	{
		char		c = peek(lexer, 0);
		char		next = peek(lexer, 1);

		if (c == '.' && (next == '.' || !decimal))
			break;				/* 1..10 is a range */
		if (decimal && (c == 'e' || c == 'E') && (next == '+' || next == '-') &&
			is_digit(peek(lexer, 2)))
			lexer->position++;
		else if (c != '.' && (c == '$' || !is_word_part(c)))
			break;
		lexer->position++;
	}
}

/*
 * The longest run of operator characters, up to a comment; and, for SQL's
 * sake, not ending in a sign unless a character is in it that no standard
 * operator has: "a=-1" is "a = -1".
 */
static void
read_operator(Lexer *lexer)
{
	uint32		n = 0;
	bool		only_standard = true;

	while (n < OPERATOR_SCAN_LIMIT && is_operator(peek(lexer, n)))
	{
		char		c = peek(lexer, n);
		char		next = peek(lexer, n + 1);

		if ((c == '/' && next == '*') || (c == '-' && next == '-'))
			break;
		if (strchr("~!@#^&|`?%", c) != NULL)
			only_standard = false;
		n++;
	}

	while (only_standard && n > 1 && strchr("+-", peek(lexer, n - 1)) != NULL)
		n--;
	lexer->position += n;
}

/*
 * As in psqlscan.l: what is between colon and end is one or more of
 * [A-Za-z\200-\377_0-9], or there is no reference.  A name cannot begin with a
 * digit here, so that the bounds of an array slice are none.
 */
static bool
read_reference(Lexer *lexer, Token *token)
{
	char		next = peek(lexer, 1);
	char		close = next == '\'' || next == '"' ? next : '\0';
	uint32		n = close != '\0' ? 2 : 1;

	if (next == '{' && peek(lexer, 2) == '?')
	{
		close = '}';
		n = 3;
	}
	if (!is_word_start(peek(lexer, n)))
		return false;
	while (is_word_start(peek(lexer, n)) || is_digit(peek(lexer, n)))
		n++;
	if (close != '\0')
	{
		if (peek(lexer, n) != close)
			return false;
		n++;
	}
	token->kind = TOKEN_REFERENCE;
	lexer->position += n;
	return true;
}

static void
read_punctuation(Lexer *lexer, Token *token)
{
	char		c = peek(lexer, 0);
	char		next = peek(lexer, 1);

	switch (c)
	{
		case '(':
			token->kind = TOKEN_LEFT_PAREN;
			break;
		case ')':
			token->kind = TOKEN_RIGHT_PAREN;
			break;
		case ';':
			token->kind = TOKEN_SEMICOLON;
			break;
		case '\\':
			token->kind = TOKEN_BACKSLASH;
			break;
		default:
			token->kind = TOKEN_OTHER;
			/* "::", ":=" and ".." are one token each */
			if ((c == ':' && (next == ':' || next == '=')) || (c == '.' && next == '.'))
				lexer->position++;
	}
	lexer->position++;
}

uint32
lexer_column(Lexer *lexer, const Token *token)
{
	/* go on from the last answer if it was on the same line, before this */
	if (lexer->column == 0 || lexer->column_line_start != token->line_start ||
		lexer->column_offset > token->offset)
	{
		lexer->column_line_start = token->line_start;
		lexer->column_offset = token->line_start;
		lexer->column = 1;
	}
	lexer->column += lexer_characters(lexer->text + lexer->column_offset,
									  token->offset - lexer->column_offset);
	lexer->column_offset = token->offset;

	return lexer->column;
}

uint32
lexer_line_end(const Lexer *lexer)
{
	uint32		offset = lexer->position;

	while (offset < lexer->length &&
		   lexer->text[offset] != '\n' && lexer->text[offset] != '\r')
		offset++;
	return offset;
}

void
lexer_continue_at(Lexer *lexer, uint32 offset, uint32 line)
{
	lexer->position = offset;
	lexer->line = line;
	lexer->line_start = offset;
	lexer->after_string = false;
}

bool
token_is_word(const char *text, const Token *token, const char *word)
{
	return token->kind == TOKEN_WORD &&
		token->length == strlen(word) &&
		pg_strncasecmp(text + token->offset, word, token->length) == 0;
}

/*
 * Unlike pg_mbstrlen_with_len, never an error: the answer only serves to point
 * at a place.
 */
uint32
lexer_characters(const char *bytes, size_t len)
{
	int			encoding = GetDatabaseEncoding();
	const char *end = bytes + len;
	uint32		count = 0;

	if (pg_database_encoding_max_length() == 1)
		return (uint32) len;

	if (encoding == PG_UTF8)
	{
		/* all bytes but those that continue a character */
		for (; bytes < end; bytes++)
			if (((unsigned char) *bytes & 0xc0) != 0x80)
				count++;
		return count;
	}

	for (; bytes < end; bytes += lexer_character_length(bytes, end - bytes))
		count++;
	return count;
}

size_t
lexer_character_length(const char *bytes, size_t len)
{
	int			length = pg_encoding_mblen(GetDatabaseEncoding(), bytes);

	return Min((size_t) Max(length, 1), len);
}
