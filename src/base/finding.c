/*
 * finding.c
 *	  The one sink of findings.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/compat.h"
#include "base/finding.h"

/* longer statements are cut to a window before they go to client and log */
#define EXCERPT_WHOLE 10000
#define EXCERPT_BEFORE 1000
#define EXCERPT_AFTER 1000

/* bytes of a text in a message */
#define LINE_AT_MOST 1024

/* of finding_raise_worst() */
#define OTHERS_AT_MOST 10

pg_noreturn static void raise_finding(const Finding *f, const char *more);

void
finding_add(FindingSink *sink, const Finding *finding)
{
	FindingSeverity severity = finding->severity != FINDING_OFF ? finding->severity :
		check_severity(sink->settings, finding->check);
	Finding    *copy;

	if (severity == FINDING_OFF)
		return;
	copy = palloc(sizeof(Finding));
	*copy = *finding;
	copy->severity = severity;
	if (finding->idle)
		copy->severity = Min(copy->severity, FINDING_WARNING);
	if (copy->sqlstate == 0)
		copy->sqlstate = check_row(finding->check)->sqlstate;
	/* names of files are in these; the detail may have lines of its own */
	copy->message = finding_one_line(finding->message);
	copy->hint = finding->hint ? finding_one_line(finding->hint) : NULL;
	sink->findings = lappend(sink->findings, copy);
	if (copy->severity == FINDING_ERROR)
		sink->errors++;
}

void
finding_raise_first(const FindingSink *sink)
{
	ListCell   *lc;

	if (sink->errors == 0)
		return;
	foreach(lc, sink->findings)
	{
		const Finding *f = lfirst(lc);
		char	   *others = NULL;

		if (f->severity != FINDING_ERROR)
			continue;
		if (sink->errors > 1)
			others = psprintf(ngettext("Before anything ran, %d other problem was found: migrator.validate() lists all.",
									   "Before anything ran, %d other problems were found: migrator.validate() lists all.",
									   sink->errors - 1),
							  sink->errors - 1);
		raise_finding(f, others);
	}
}

void
finding_raise_worst(const FindingSink *sink, FindingSeverity severity)
{
	const Finding *worst = NULL;
	StringInfoData others;
	int			count = 0;

	initStringInfo(&others);
	for (FindingSeverity level = FINDING_ERROR; level >= severity; level--)
	{
		ListCell   *lc;

		foreach(lc, sink->findings)
		{
			const Finding *f = lfirst(lc);

			if (f->severity != level)
				continue;
			if (worst == NULL)
				worst = f;
			else if (count++ < OTHERS_AT_MOST)
				appendStringInfo(&others, "%s%s: %s%s%s", others.len > 0 ? "\n" : "",
								 check_severity_name(level), f->file ? finding_one_line(f->file) : "",
								 f->file ? ": " : "", f->message);
		}
	}
	if (worst == NULL)
		return;
	if (count > OTHERS_AT_MOST)
		appendStringInfo(&others, "\nand %d more: migrator.validate() lists all", count - OTHERS_AT_MOST);
	raise_finding(worst, others.len > 0 ? others.data : NULL);
}

/* As an error, whatever its severity is; more goes behind its own detail. */
static void
raise_finding(const Finding *f, const char *more)
{
	int			position = f->position;
	char	   *excerpt = f->query ? finding_excerpt(f->query, &position) : NULL;
	const char *detail = f->detail && more ? psprintf("%s\n%s", f->detail, more) : more ? more : f->detail;

	ereport(ERROR,
			errcode(f->sqlstate),
			errmsg_internal("%s", finding_with_place(f->message, NULL, f->version, f->file, f->line)),
			detail ? errdetail_internal("%s", detail) : 0,
			f->hint ? errhint("%s", f->hint) : 0,
			excerpt ? internalerrquery(excerpt) : 0,
			excerpt && position > 0 ? internalerrposition(position) : 0,
			f->file && f->line > 0 && f->version && f->column > 0 ?
			errcontext("migration \"%s\" (file \"%s\", line %d, column %d)",
					   finding_one_line(f->version), finding_one_line(f->file), f->line, f->column) :
			f->file && f->line > 0 && f->column > 0 ?
			errcontext("file \"%s\", line %d, column %d", finding_one_line(f->file), f->line, f->column) :
			f->file && f->line > 0 ?
			errcontext("file \"%s\", line %d", finding_one_line(f->file), f->line) :
			f->file && f->version ?
			errcontext("migration \"%s\" (file \"%s\")",
					   finding_one_line(f->version), finding_one_line(f->file)) : 0);
}

char *
finding_with_place(const char *message, const char *kind, const char *version, const char *file, int line)
{
	StringInfoData text;
	const char *separator = " (";
	char	   *migration = version ? psprintf("migration \"%s\"", finding_one_line(version)) : NULL;
	char	   *name = file ? psprintf("\"%s\"", finding_one_line(file)) : NULL;

	initStringInfo(&text);
	appendStringInfoString(&text, message);
	if (kind != NULL)
	{
		appendStringInfo(&text, "%s%s %s%s%s", separator, kind, name, migration ? " of " : "", migration ? migration : "");
		separator = ", ";
	}
	else if (name == NULL || strstr(message, name) == NULL)
	{
		if (migration != NULL && strstr(message, migration) == NULL)
		{
			appendStringInfo(&text, "%s%s", separator, migration);
			separator = ", ";
		}
		if (name != NULL)
		{
			appendStringInfo(&text, "%sfile %s", separator, name);
			separator = ", ";
		}
	}
	if (separator[0] == ',' && name != NULL && line > 0)
		appendStringInfo(&text, ", line %d", line);
	if (separator[0] == ',')
		appendStringInfoChar(&text, ')');
	return text.data;
}

char *
finding_excerpt(const char *statement, int *position)
{
	int			length = strlen(statement);
	int			at,
				start,
				end;

	if (length <= EXCERPT_WHOLE)
		return pstrdup(statement);

	/* the byte *position stands for; pg_mbcharcliplen counts characters */
	at = *position > 0 ? pg_mbcharcliplen(statement, length, *position - 1) : 0;
	start = at > EXCERPT_BEFORE ?
		pg_mbcliplen(statement, length, at - EXCERPT_BEFORE) : 0;
	end = length - at > EXCERPT_AFTER ?
		pg_mbcliplen(statement, length, at + EXCERPT_AFTER) : length;
	if (*position > 0)
		*position -= pg_mbstrlen_with_len(statement, start);
	return pnstrdup(statement + start, end - start);
}

const char *
finding_one_line(const char *text)
{
	int			length = strnlen(text, LINE_AT_MOST + 1);
	bool		long_text = length > LINE_AT_MOST;
	bool		utf8 = GetDatabaseEncoding() == PG_UTF8;
	StringInfoData line;
	bool		clean = !long_text;

	/* called where an error is raised: allocate only where there is need */
	for (int i = 0; i < length && clean; i++)
		clean = (unsigned char) text[i] >= 0x20 && text[i] != 0x7f && (unsigned char) text[i] != 0xc2;
	if (clean)
		return text;
	if (long_text)
		length = pg_mbcliplen(text, length, LINE_AT_MOST);
	initStringInfo(&line);
	for (int i = 0, step; i < length; i += step)
	{
		unsigned char c = text[i];

		step = Min(pg_mblen(text + i), length - i);

		/* those of Unicode's second row have two bytes in UTF-8 */
		if (c < 0x20 || c == 0x7f)
			appendStringInfo(&line, "\\x%02X", c);
		else if (utf8 && c == 0xc2 && step == 2 && (unsigned char) text[i + 1] < 0xa0)
			appendStringInfo(&line, "\\x%02X", (unsigned char) text[i + 1]);
		else
			appendBinaryStringInfo(&line, text + i, step);
	}
	if (long_text)
		appendStringInfoString(&line, " ...");
	return line.data;
}
