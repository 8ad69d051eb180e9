/*
 * canonical.c
 *	  Definitions that mean the same, printed the same.
 *
 * One expression is not what it was when it has been printed and read again, so
 * that a dump and restore would look like a change: CHECK (c IN ('a', 'b')) of a
 * varchar column casts an array, and is printed as
 *
 *	  (ARRAY['a'::character varying, 'b'::character varying])::text[]
 *
 * where the parser gives the cast to the elements:
 *
 *	  ARRAY[('a'::character varying)::text, ('b'::character varying)::text]
 *
 * The first is made the second, as the parser does it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "catalog/canonical.h"

#define ARRAY_BEGIN "(ARRAY["
#define CAST_BEGIN "])::"

static const char *skip_element(const char *p);
static const char *skip_quoted(const char *p);
static const char *type_end(const char *p);
static const char *append_array(StringInfo out, const char *begin);

char *
canonical_definition(const char *kind, char *definition)
{
	static const char *const of_functions[] = {"function", "procedure", "aggregate"};
	StringInfoData out;
	const char *p = definition;

	/* a function's text is the user's, but for expressions that are rare */
	for (int i = 0; i < lengthof(of_functions); i++)
		if (strcmp(kind, of_functions[i]) == 0)
			return definition;
	if (strstr(definition, ARRAY_BEGIN) == NULL)
		return definition;

	initStringInfo(&out);
	while (*p != '\0')
	{
		const char *next = NULL;

		if (strncmp(p, ARRAY_BEGIN, strlen(ARRAY_BEGIN)) == 0)
			next = append_array(&out, p);
		if (next == NULL)
		{
			next = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
			appendBinaryStringInfo(&out, p, next - p);
		}
		p = next;
	}
	return out.data;
}

/* From "(ARRAY[": print it with the cast at its elements, and say what is behind it; NULL when none is cast. */
static const char *
append_array(StringInfo out, const char *begin)
{
	const char *first = begin + strlen(ARRAY_BEGIN);
	const char *end = first;
	const char *type;
	const char *behind;

	while (*end != ']' && *end != '\0')
		end = skip_element(*end == ',' ? end + 1 : end);
	if (strncmp(end, CAST_BEGIN, strlen(CAST_BEGIN)) != 0 || end == first)
		return NULL;
	type = end + strlen(CAST_BEGIN);
	behind = type_end(type);
	if (behind == NULL)
		return NULL;

	appendStringInfoString(out, "ARRAY[");
	for (const char *element = first; element < end;)
	{
		const char *element_end = skip_element(element);

		appendStringInfo(out, "%s(%.*s)::%.*s", element == first ? "" : ", ",
						 (int) (element_end - element), element, (int) (behind - 2 - type), type);
		element = *element_end == ',' ? element_end + 2 : element_end;
	}
	appendStringInfoChar(out, ']');
	return behind;
}

/* To the comma or bracket behind an element, or the end of the text. */
static const char *
skip_element(const char *p)
{
	int			depth = 0;

	while (*p != '\0' && (depth > 0 || (*p != ',' && *p != ']')))
	{
		if (*p == '(' || *p == '[')
			depth++;
		else if (*p == ')' || *p == ']')
			depth--;
		p = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
	}
	return p;
}

/* The server prints a quote in a string or name twice, and backslashes too where they would escape one. */
static const char *
skip_quoted(const char *p)
{
	char		quote = *p++;

	while (*p != '\0' && *p != quote)
		p++;
	return *p == '\0' ? p : p + 1;
}

/* Behind the brackets of an array's type, NULL when it is no array of one dimension. */
static const char *
type_end(const char *p)
{
	while (*p != '[')
	{
		if (*p == '"')
			p = skip_quoted(p);
		else if (*p == '\0' || *p == ';' || *p == '\'' || *p == ')')
			return NULL;
		else
			p++;
	}
	return p[1] == ']' ? p + 2 : NULL;
}
