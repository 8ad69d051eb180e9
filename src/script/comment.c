/*
 * comment.c
 *	  The comments that are written for us: directives and the description.
 */
#include "postgres.h"

#include "utils/formatting.h"

#include "script/comment.h"

static void add_line(StringInfo text, const char *bytes, int len);

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r' || c == '\n';
}

/* "-- migrator: NAME ARGUMENTS" */
Directive *
comment_directive(const char *text, const Token *token)
{
	static const char prefix[] = "migrator:";
	const char *bytes = text + token->offset + 2;
	const char *end = text + token->offset + token->length;
	const char *name;
	Directive  *directive;

	while (bytes < end && is_blank(*bytes))
		bytes++;
	if (end - bytes < (int) strlen(prefix) ||
		pg_strncasecmp(bytes, prefix, strlen(prefix)) != 0)
		return NULL;
	bytes += strlen(prefix);
	while (bytes < end && is_blank(*bytes))
		bytes++;
	while (end > bytes && is_blank(end[-1]))
		end--;
	if (bytes == end)
		return NULL;

	name = bytes;
	while (bytes < end && !is_blank(*bytes))
		bytes++;
	directive = palloc0(sizeof(Directive));
	directive->name = asc_tolower(name, bytes - name);
	while (bytes < end && is_blank(*bytes))
		bytes++;
	directive->arguments = pnstrdup(bytes, end - bytes);
	directive->line = (int) token->line;
	return directive;
}

void
comment_describe_line(Description *description, const char *text, const Token *token,
					  bool directive)
{
	const char *bytes = text + token->offset;
	int			len = (int) token->length;

	if (description->done)
		return;
	if (description->text.len > 0 && token->line > description->line + 1)
	{
		description->done = true;
		return;
	}

	description->line = token->line;
	if (directive)
		return;
	while (len > 0 && *bytes == '-')
		bytes++, len--;
	add_line(&description->text, bytes, len);
}

/* A block comment is a description of its own, with a star before each line or without. */
void
comment_describe_block(Description *description, const char *text, const Token *token)
{
	const char *bytes = text + token->offset + 2;
	const char *end = text + token->offset + token->length;

	if (description->done || token->fault != NULL)
		return;
	if (description->text.len > 0)
	{
		description->done = true;
		return;
	}

	end -= 2;
	while (end > bytes && end[-1] == '*')
		end--;
	while (bytes < end)
	{
		const char *line_end = bytes;

		while (line_end < end && *line_end != '\n' && *line_end != '\r')
			line_end++;
		while (bytes < line_end && is_blank(*bytes))
			bytes++;
		while (bytes < line_end && *bytes == '*')
			bytes++;
		add_line(&description->text, bytes, (int) (line_end - bytes));
		bytes = line_end + 1;
		if (line_end < end && *line_end == '\r' && bytes < end && *bytes == '\n')
			bytes++;
	}
	if (description->text.len > 0)
		description->done = true;
}

/* Add a line to the description, without blanks at its end; no blank first line. */
static void
add_line(StringInfo text, const char *bytes, int len)
{
	while (len > 0 && is_blank(bytes[len - 1]))
		len--;
	if (len > 0 && (*bytes == ' ' || *bytes == '\t'))
		bytes++, len--;

	if (text->len == 0)
	{
		while (len > 0 && is_blank(*bytes))
			bytes++, len--;
		if (len == 0)
			return;
	}
	else
		appendStringInfoChar(text, '\n');
	appendBinaryStringInfo(text, bytes, len);
}

char *
comment_description(const Description *description)
{
	const char *text = description->text.data;
	int			len = description->text.len;

	while (len > 0 && is_blank(text[len - 1]))
		len--;
	return len > 0 ? pnstrdup(text, len) : NULL;
}
