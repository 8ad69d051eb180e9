/*
 * psql_expand.c
 *	  The value of a variable that stands as it is, with the values of those that
 *	  it refers to.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "script/fill.h"
#include "script/lexer.h"
#include "script/psql_expand.h"

/* so deep values may have references to others in them */
#define NESTED_AT_MOST 20
/* and so many in all: ten that each refer ten times to the next would have no end */
#define REFERENCES_AT_MOST 100000

/* A value that grows by those that it refers to. */
typedef struct Expansion
{
	PsqlExpand *expand;
	StringInfoData text;
	int			references;
} Expansion;

static bool expand_to(Expansion *expansion, const char *value, int depth);
static bool refuse(Expansion *expansion, int sqlstate, const char *fault);

char *
psql_expand(PsqlExpand *expand, const char *value)
{
	Expansion	expansion = {.expand = expand};

	if (strchr(value, ':') == NULL && strchr(value, '\\') == NULL)
		return pstrdup(value);
	initStringInfo(&expansion.text);
	return expand_to(&expansion, value, 0) ? expansion.text.data : NULL;
}

/* False: it cannot be. */
static bool
expand_to(Expansion *expansion, const char *value, int depth)
{
	PsqlExpand *expand = expansion->expand;
	Lexer		lexer;
	Token		inner;
	uint32		from = 0;

	CHECK_FOR_INTERRUPTS();
	if (depth == NESTED_AT_MOST)
		return refuse(expansion, ERRCODE_SYNTAX_ERROR, "the value of a variable refers to itself");
	if (expansion->references > REFERENCES_AT_MOST)
		return refuse(expansion, ERRCODE_SYNTAX_ERROR,
					  psprintf("the value of a variable has more than %d references in it", REFERENCES_AT_MOST));
	lexer_init(&lexer, value, strlen(value), expand->conforming_strings);
	lexer.references = true;
	for (lexer_next(&lexer, &inner); inner.kind != TOKEN_END; lexer_next(&lexer, &inner))
	{
		const char *at = value + inner.offset + 1;
		PsqlQuote	quote = *at == '\'' ? PSQL_LITERAL : *at == '"' ? PSQL_IDENTIFIER : PSQL_RAW;
		const char *found;
		char	   *name;

		if (inner.kind == TOKEN_BACKSLASH)
			return refuse(expansion, ERRCODE_FEATURE_NOT_SUPPORTED, "the value of a variable has a command of psql in it");
		if (inner.kind != TOKEN_REFERENCE || *at == '{')
			continue;
		appendBinaryStringInfo(&expansion->text, value + from, inner.offset - from);
		from = inner.offset + inner.length;
		name = quote == PSQL_RAW ? pnstrdup(at, inner.length - 1) : pnstrdup(at + 1, inner.length - 3);
		found = expand->value(expand->argument, name, quote);
		expansion->references++;
		if (found == NULL || quote != PSQL_RAW)
			appendStringInfoString(&expansion->text, found != NULL ? found : name);
		else if (!expand_to(expansion, found, depth + 1))
			return false;
		pfree(name);
	}
	appendStringInfoString(&expansion->text, value + from);
	return true;
}

static bool
refuse(Expansion *expansion, int sqlstate, const char *fault)
{
	expansion->expand->sqlstate = sqlstate;
	expansion->expand->fault = fault;
	return false;
}

const char *
psql_quote_value(PsqlQuote quote, const char *value)
{
	return quote == PSQL_RAW ? value :
		fill_quote(quote == PSQL_LITERAL ? REFERENCE_LITERAL : REFERENCE_IDENTIFIER, value);
}

/* As libpq quotes it, which keeps E'...' apart from what stands before it. */
char *
psql_argument(PsqlQuote quote, const char *quoted)
{
	int			first = quote == PSQL_LITERAL && quoted[1] == 'E' ? 0 : 1;

	if (quote != PSQL_LITERAL && quote != PSQL_IDENTIFIER)
		return pstrdup(quoted);
	return pnstrdup(quoted + first, strlen(quoted) - first - 1);
}
