/*
 * liquibase_precondition.c
 *	  Formatted SQL: preconditions of a changeset.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "layout/liquibase_changeset.h"
#include "script/fill_tool.h"

/* What is done when it is not so; false: it is no such word. */
static bool
read_fate(ChangesetFile *file, const char *name, const char *value, RequireFate *fate)
{
	ScriptUnit *unit = file->claim->up;

	if (pg_strcasecmp(value, "HALT") == 0)
		*fate = REQUIRE_STOP;
	else if (pg_strcasecmp(value, "MARK_RAN") == 0)
		*fate = REQUIRE_SKIP;
	else if (pg_strcasecmp(value, "WARN") == 0)
		*fate = REQUIRE_TELL;
	else if (pg_strcasecmp(value, "CONTINUE") == 0)
	{
		/* the first refusal stays */
		if (unit->refused != NULL)
			return true;
		unit->refused = psprintf("\"%s:CONTINUE\" is not known here: a migration is applied, or stops the run", name);
		unit->refused_hint = "MARK_RAN counts it as applied, HALT stops, WARN runs it all the same.";
		unit->refused_line = file->sections.lines.number;
	}
	else
		return false;
	return true;
}

/* Of what is printed instead of run; or texts, which the line itself stands for. */
static bool
means_nothing(const char *name)
{
	static const char *const names[] = {"onSqlOutput", "onUpdateSql", "onFailMessage", "onErrorMessage"};

	for (int i = 0; i < lengthof(names); i++)
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

/* What holds for all preconditions of the changeset. */
void
changeset_take_preconditions(ChangesetFile *file, const char *rest)
{
	char	   *name,
			   *value;

	if (file->preconditions || file->claim->up->requirements != NIL)
		changeset_fault(file, "it stands behind another one, or behind a precondition, which it would undo");
	file->preconditions = true;
	while (changeset_attribute(file, &rest, file->sections.lines.end, &name, &value))
	{
		if (pg_strcasecmp(name, "onFail") == 0)
		{
			if (!read_fate(file, "onFail", value, &file->on_false))
				changeset_fault(file, "\"onFail\" is HALT, MARK_RAN, WARN or CONTINUE");
		}
		else if (pg_strcasecmp(name, "onError") == 0)
		{
			if (!read_fate(file, "onError", value, &file->on_error))
				changeset_fault(file, "\"onError\" is HALT, MARK_RAN, WARN or CONTINUE");
		}
		else if (!means_nothing(name))
			changeset_fault(file, psprintf("Liquibase passes over \"%s\", which it does not know", lines_printable(name)));
	}
}

/* Where the word ends, in which references may stand. */
static const char *
word_end(const char *text, const char *end)
{
	while (text < end)
	{
		const char *brace = end - text > 2 && text[0] == '$' && text[1] == '{' ? memchr(text, '}', end - text) : NULL;

		if (brace != NULL)
			text = brace + 1;
		else if (isalnum((unsigned char) *text) || *text == '_')
			text++;
		else
			break;
	}
	return text;
}

/* The word, or the text in quotes, that a query is to give; the query begins behind it. */
static char *
expected_result(const char **text, const char *end)
{
	const char *value = lines_skip(*text, end, "expectedResult:", true);
	const char *from = value ? value : *text;
	const char *to;
	bool		quoted = from < end && (*from == '\'' || *from == '"');

	if (quoted)
		to = memchr(from + 1, *from, end - from - 1);
	else
		to = word_end(from, end);
	if (to == NULL || to == from + (quoted ? 1 : 0) || to + (quoted ? 1 : 0) >= end || to[quoted ? 1 : 0] != ' ')
		return NULL;
	*text = to + (quoted ? 1 : 0);
	return pnstrdup(from + (quoted ? 1 : 0), to - from - (quoted ? 1 : 0));
}

/* As text it is what the driver gives: t for true. */
static char *
sql_check(ChangesetFile *file, const char *rest, const char *end)
{
	char	   *expected = expected_result(&rest, end);
	char	   *query;

	while (rest < end && lines_is_space(*rest))
		rest++;
	if (end > rest && end[-1] == ';')
		end--;
	if (expected == NULL || rest == end)
	{
		changeset_fault(file, "behind \"sql-check\" stand the expected result, a word or in quotes, and a query");
		return NULL;
	}
	query = pnstrdup(rest, end - rest);
	return psprintf("SELECT pg_catalog.concat((%s%s)) OPERATOR(pg_catalog.=) %s", query, strstr(query, "--") != NULL ? "\n" : "",
					quote_literal_cstr(expected));
}

static bool
is_plain(const char *name)
{
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char) *name) && *name != '_')
			return false;
	return true;
}

/* In the schema that it names, or in the one where new tables would be; the case of names does not count. */
static char *
exists(ChangesetFile *file, const char *rest, const char *end, const char *word, const char *kinds)
{
	char	   *name,
			   *value,
			   *schema = NULL,
			   *relation = NULL;

	while (changeset_attribute(file, &rest, end, &name, &value))
	{
		if (pg_strcasecmp(name, word) == 0)
			relation = value;
		else if (pg_strcasecmp(name, "schema") == 0)
			schema = value;
		else
			changeset_fault(file, psprintf("Liquibase passes over \"%s\", which it does not know", lines_printable(name)));
		if (!is_plain(value))
			changeset_fault(file, "Liquibase reads letters, digits and \"_\" only in a name");
	}
	if (relation == NULL)
	{
		changeset_fault(file, psprintf("there is no \"%s:\"", word));
		return NULL;
	}
	return psprintf("SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
					" WHERE pg_catalog.lower(c.relname::pg_catalog.text) OPERATOR(pg_catalog.=) pg_catalog.lower(%s)"
					" AND pg_catalog.lower(n.nspname::pg_catalog.text) OPERATOR(pg_catalog.=) pg_catalog.lower(%s::pg_catalog.text)"
					" AND c.relkind::pg_catalog.text OPERATOR(pg_catalog.~) '[%s]')",
					quote_literal_cstr(relation), schema ? quote_literal_cstr(schema) : "CURRENT_SCHEMA", kinds);
}

void
changeset_take_precondition(ChangesetFile *file, const char *rest)
{
	const FileLines *lines = &file->sections.lines;
	char	   *quoted = lines_quoted(lines);
	UnitRequirement *requirement = palloc0(sizeof(UnitRequirement));
	char	   *kind = changeset_word(&rest, lines->end);
	PropertyScope scope = properties_scope(file->state->properties, file->number);
	char	   *body;
	const char *end;

	/* what it names it may have from properties */
	while (rest < lines->end && lines_is_space(*rest))
		rest++;
	body = fill_tool_expand(pnstrdup(rest, lines->end - rest), NULL, &scope);
	end = body + strlen(body);
	while (end > body && lines_is_space(end[-1]))
		end--;
	if (kind != NULL && strcmp(kind, "sql-check") == 0)
		requirement->query = sql_check(file, body, end);
	else if (kind != NULL && (strcmp(kind, "table-exists") == 0 || strcmp(kind, "view-exists") == 0))
		requirement->query = *kind == 't' ? exists(file, body, end, "table", "rp") : exists(file, body, end, "view", "v");
	else
		changeset_fault(file, "a precondition is sql-check, table-exists or view-exists");
	requirement->on_false = file->on_false;
	requirement->on_error = file->on_error;
	requirement->line = lines->number;
	requirement->mark = pnstrdup(quoted + 1, strlen(quoted) - 2);
	file->claim->up->requirements = lappend(file->claim->up->requirements, requirement);
}
