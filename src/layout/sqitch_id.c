/*
 * sqitch_id.c
 *	  What sqitch calls the id of a change: SHA-1 of what the plan says of it and
 *	  of the change before it.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "layout/sqitch.h"

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
#define RESERVED ";/?:@&=+$,[]%"

static char *canonical_uri(const char *uri);
static char *escaped_uri(const char *uri);
static void add_needs(StringInfo info, const SqitchPlan *plan, const SqitchLine *line, bool conflicts);

void
sqitch_find_ids(SqitchPlan *plan)
{
	char	   *uri = plan->uri && strcmp(plan->uri, "0") != 0 ? canonical_uri(plan->uri) : NULL;
	const char *parent = NULL;
	StringInfoData info;

	initStringInfo(&info);
	for (int i = 0; i < plan->count; i++)
	{
		SqitchLine *line = &plan->lines[i];
		StringInfoData whole;
		char	   *utf8;

		if (line->is_tag)
			continue;
		resetStringInfo(&info);
		appendStringInfo(&info, "project %s\n", plan->project);
		if (uri != NULL)
			appendStringInfo(&info, "uri %s\n", uri);
		appendStringInfo(&info, "change %s\n", line->name);
		if (parent != NULL)
			appendStringInfo(&info, "parent %s\n", parent);
		appendStringInfo(&info, "planner %s\ndate %s", line->planner, line->time);
		add_needs(&info, plan, line, false);
		add_needs(&info, plan, line, true);
		if (line->note != NULL)
			appendStringInfo(&info, "\n\n%s", line->note);
		utf8 = pg_server_to_any(info.data, info.len, PG_UTF8);
		initStringInfo(&whole);
		appendStringInfo(&whole, "change %zu", strlen(utf8));
		appendBinaryStringInfo(&whole, "", 1);
		appendStringInfoString(&whole, utf8);
		digest_sha1(whole.data, whole.len, line->id);
		pfree(whole.data);
		parent = line->id;
	}
	pfree(info.data);
}

static void
add_needs(StringInfo info, const SqitchPlan *plan, const SqitchLine *line, bool conflicts)
{
	bool		first = true;
	ListCell   *lc;

	foreach(lc, line->needs)
	{
		const SqitchNeed *need = lfirst(lc);
		const char *words = need->words;

		if (need->conflict != conflicts)
			continue;
		if (need->project != NULL && strcmp(need->project, plan->project) == 0)
			words += strlen(need->project) + 1;
		if (first)
			appendStringInfoString(info, conflicts ? "\nconflicts" : "\nrequires");
		appendStringInfo(info, "\n  %c %s", conflicts ? '-' : '+', words);
		first = false;
	}
}

/* As Perl's URI does: lower case where that means the same, no port that is the default one, one way to escape. */
static char *
canonical_uri(const char *uri)
{
	char	   *text = escaped_uri(uri);
	size_t		scheme = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-");
	const char *path;
	const char *port = NULL;
	char	   *host;
	bool		is_http;
	bool		is_https;

	if (text[scheme] != ':' || scheme == 0)
		return text;
	for (size_t i = 0; i < scheme; i++)
		text[i] = pg_ascii_tolower((unsigned char) text[i]);
	is_http = scheme == 4 && strncmp(text, "http", 4) == 0;
	is_https = scheme == 5 && strncmp(text, "https", 5) == 0;
	if (scheme == 3 && strncmp(text, "urn", 3) == 0)
		for (host = text + scheme + 1; *host != '\0' && *host != ':'; host++)
			*host = pg_ascii_tolower((unsigned char) *host);
	if ((!is_http && !is_https) || strncmp(text + scheme, "://", 3) != 0)
		return text;
	host = text + scheme + 3;
	path = host + strcspn(host, "/?");
	for (char *at = host; at < path; at++)
		if (*at == '@')
			host = at + 1;
	for (char *at = host; at < path; at++)
	{
		*at = pg_ascii_tolower((unsigned char) *at);
		if (*at == ':' && strspn(at + 1, "0123456789") == path - at - 1)
			port = at;
	}
	if (port != NULL && port + 1 != path && atoi(port + 1) != (is_http ? 80 : 443))
		port = NULL;
	return psprintf("%s%s%s", pnstrdup(text, (port ? port : path) - text), *path == '\0' ? "/" : "", path);
}

static char *
escaped_uri(const char *uri)
{
	char	   *utf8 = pg_server_to_any(uri, strlen(uri), PG_UTF8);
	StringInfoData text;

	initStringInfo(&text);
	for (const char *at = utf8; *at != '\0'; at++)
	{
		unsigned int byte;

		if (*at == '%' && isxdigit((unsigned char) at[1]) && isxdigit((unsigned char) at[2]))
		{
			byte = strtoul(pnstrdup(at + 1, 2), NULL, 16);
			at += 2;
			if (byte != 0 && strchr(UNRESERVED, (int) byte) != NULL)
				appendStringInfoChar(&text, (char) byte);
			else
				appendStringInfo(&text, "%%%02X", byte);
		}
		else if (strchr(UNRESERVED RESERVED, *at) != NULL)
			appendStringInfoChar(&text, *at);
		else
			appendStringInfo(&text, "%%%02X", (unsigned char) *at);
	}
	return text.data;
}
