/*
 * psql_args.c
 *	  The arguments of psql's commands, cut as psqlscanslash.l cuts them.
 */
#include "postgres.h"

#include <ctype.h>

#include "lib/stringinfo.h"

#include "script/psql_args.h"

/* of one, and of all together: values that refer to each other could grow without end */
#define ARGUMENT_MAX_BYTES (16 * 1024 * 1024)

static void append(PsqlArgs *args, StringInfo result, const char *value);
static void take_quoted(PsqlArgs *args, StringInfo result);
static void take_escape(PsqlArgs *args, StringInfo result);
static bool take_reference(PsqlArgs *args, StringInfo result);

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r' || c == '\n';
}

static inline char
peek(const PsqlArgs *args, uint32 distance)
{
	return distance < args->end - args->position ? args->text[args->position + distance] : '\0';
}

size_t
psql_args_name(const char *text, size_t length)
{
	size_t		name = 0;

	while (name < length && !is_blank(text[name]) && text[name] != '\\')
		name++;
	return name == 0 && length > 0 && text[0] == '\\' ? 1 : name;
}

char *
psql_args_next(PsqlArgs *args, bool unquote, bool strip)
{
	StringInfoData result;
	bool		in_double = false;
	bool		stripped = strip;

	args->quoted = false;
	while (args->position < args->end && is_blank(args->text[args->position]))
		args->position++;
	if (args->position == args->end || args->text[args->position] == '\\')
		return NULL;
	initStringInfo(&result);
	while (args->position < args->end && args->fault == NULL)
	{
		char		c = args->text[args->position];

		if (in_double)
		{
			args->position++;
			if (c == '"')
				in_double = false;
			if (c != '"' || !unquote)
				appendStringInfoChar(&result, c);
			continue;
		}
		if (is_blank(c) || c == '\\')
			break;
		if (c == '\'')
		{
			take_quoted(args, &result);
			stripped = false;
		}
		else if (c == '`')
		{
			/* passed over, for somebody may want the next argument */
			do
				args->position++;
			while (args->position < args->end && args->text[args->position] != '`');
			args->position += args->position < args->end;
			args->fault = "a command of the shell in backquotes";
			args->shell = true;
		}
		else if (c == ':' && take_reference(args, &result))
			stripped = false;
		else
		{
			in_double = c == '"';
			args->quoted |= in_double;
			if (!in_double || !unquote)
				appendStringInfoChar(&result, c);
			args->position++;
			stripped = strip;
		}
	}
	if (in_double && args->fault == NULL)
		args->fault = "unterminated quoted string";
	while (stripped && result.len > 0 && result.data[result.len - 1] == ';')
		result.data[--result.len] = '\0';
	return result.data;
}

/* '...' with psql's escapes. */
static void
take_quoted(PsqlArgs *args, StringInfo result)
{
	args->quoted = true;
	args->position++;
	while (args->position < args->end)
	{
		char		c = args->text[args->position++];

		if (c == '\'' && peek(args, 0) == '\'')
			args->position++;
		else if (c == '\'')
			return;
		else if (c == '\\')
		{
			take_escape(args, result);
			continue;
		}
		appendStringInfoChar(result, c);
	}
	args->fault = "unterminated quoted string";
}

/* Behind a backslash. */
static void
take_escape(PsqlArgs *args, StringInfo result)
{
	static const char letters[] = "n\nt\tb\br\rf\f";
	char		c = peek(args, 0);
	const char *found = c != '\0' ? strchr("ntbrf", c) : NULL;
	int			value = 0;
	int			digits = 0;

	if (args->position == args->end)
		return;
	if (c >= '0' && c <= '7')
	{
		for (; digits < 3 && peek(args, 0) >= '0' && peek(args, 0) <= '7'; digits++)
			value = value * 8 + args->text[args->position++] - '0';
	}
	else if (c == 'x' && isxdigit((unsigned char) peek(args, 1)))
	{
		args->position++;
		for (; digits < 2 && isxdigit((unsigned char) peek(args, 0)); digits++)
		{
			char		digit = pg_tolower((unsigned char) args->text[args->position++]);

			value = value * 16 + (digit >= 'a' ? digit - 'a' + 10 : digit - '0');
		}
	}
	else
	{
		args->position++;
		appendStringInfoChar(result, found != NULL ? strchr(letters, c)[1] : c);
		return;
	}
	/* other bytes could make text that is none */
	if ((value & 0xff) == 0 || IS_HIGHBIT_SET(value))
		args->fault = "an escape that is no ASCII character";
	else
		appendStringInfoChar(result, (char) value);
}

/* A reference that a value stands for; else nothing is taken. */
static bool
take_reference(PsqlArgs *args, StringInfo result)
{
	char		next = peek(args, 1);
	PsqlQuote	quote = next == '\'' ? PSQL_LITERAL : next == '"' ? PSQL_IDENTIFIER :
		next == '{' && peek(args, 2) == '?' ? PSQL_TEST : PSQL_RAW;
	uint32		start = quote == PSQL_TEST ? 3 : quote == PSQL_RAW ? 1 : 2;
	uint32		length = start;
	char	   *name;
	char	   *value;

	while (variables_name_character(peek(args, length)))
		length++;
	if (!variables_is_name(args->text + args->position + start, length - start) ||
		(quote != PSQL_RAW && peek(args, length) != (quote == PSQL_TEST ? '}' : next)))
		return false;
	name = pnstrdup(args->text + args->position + start, length - start);
	value = args->value(args->argument, name, quote);
	if (value == NULL)
		return false;
	args->position += length + (quote != PSQL_RAW);
	append(args, result, value);
	pfree(value);
	pfree(name);
	return true;
}

/* If it is too long, that is a fault. */
static void
append(PsqlArgs *args, StringInfo result, const char *value)
{
	if (strlen(value) + result->len > ARGUMENT_MAX_BYTES)
		args->fault = "it is longer than 16 MB with the values in it";
	else
		appendStringInfoString(result, value);
}

char *
psql_join_args(PsqlArgs *args, PsqlJoin join)
{
	StringInfoData text;
	bool		first = true;
	char	   *part;

	initStringInfo(&text);
	while ((part = psql_args_next(args, false, false)) != NULL && args->fault == NULL)
	{
		/* no line end: of a message that is all one */
		if (join == PSQL_JOIN_ECHO && first && !args->quoted && strcmp(part, "-n") == 0)
		{
			pfree(part);
			continue;
		}
		if (!first && (join == PSQL_JOIN_ECHO || (join == PSQL_JOIN_CONDITION && text.len > 0)))
			appendStringInfoChar(&text, ' ');
		append(args, &text, part);
		pfree(part);
		first = false;
	}
	return text.data;
}

char *
psql_args_line(PsqlArgs *args)
{
	uint32		start = args->position;
	uint32		end = args->end;

	while (start < end && is_blank(args->text[start]))
		start++;
	while (end > start && (is_blank(args->text[end - 1]) || args->text[end - 1] == ';'))
		end--;
	args->position = args->end;
	return pnstrdup(args->text + start, end - start);
}

void
psql_args_finish(PsqlArgs *args)
{
	while (args->position < args->end && is_blank(args->text[args->position]))
		args->position++;
	if (peek(args, 0) == '\\' && peek(args, 1) == '\\')
		args->position += 2;
}
