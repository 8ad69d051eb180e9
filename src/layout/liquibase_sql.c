/*
 * liquibase_sql.c
 *	  Formatted SQL: changesets divided by comment lines.
 *
 * As in Liquibase's parser: a line that begins with "--" and one of its words is
 * Liquibase's, wherever it stands, and belongs to no script; what goes up is every
 * other line of the changeset.  What goes back are the texts behind
 * "--rollback", or the lines of a comment "liquibase rollback", never more.
 * Liquibase passes over what it does not understand behind "--changeset"; here that
 * stops a run.
 *
 * A changeset's checksum is that of its own lines from the first to the last that is
 * not blank, so that what stands around it does not count.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "layout/claim.h"
#include "layout/liquibase.h"

typedef struct ChangesetFile
{
	ChangelogState *state;
	const char *path;
	const FileContent *content;
	Sections	sections;		/* for its lines and its fault */
	char	   *checksum;		/* of the file, when first needed */
	char	   *logical_path;	/* of all its changesets, or NULL */
	List	   *properties;		/* those of the state, and its own */
	List	   *claims;			/* LayoutClaim *, so far */

	/* of the current changeset */
	LayoutClaim *claim;			/* NULL: none has begun */
	char	   *author;
	char	   *id;
	int			line;
	UnitRange  *open;			/* that the next line belongs to, or NULL */
	char	   *delimiter;		/* other than a semicolon, or NULL */
	char	   *back_delimiter;
	bool		skips;			/* if a precondition is not so, it counts as
								 * run */
	bool		closed;			/* nothing may follow a way back in a comment */
} ChangesetFile;

static void read_line(ChangesetFile *file);
static void begin_changeset(ChangesetFile *file, const char *rest);
static void end_changeset(ChangesetFile *file);

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
ends_word(const char *rest, const char *end)
{
	return rest == end || is_space(*rest);
}

static void
fault(ChangesetFile *file, const char *reason)
{
	sections_fault(&file->sections, file->sections.lines.number, "%s: %s", reason, lines_quoted(&file->sections.lines));
}

/* true, false in any case, or -1. */
static int
boolean_of(const char *value)
{
	return pg_strcasecmp(value, "true") == 0 ? 1 : pg_strcasecmp(value, "false") == 0 ? 0 : -1;
}

void
changelog_add_property(ChangelogState *state, const char *name, const char *value)
{
	Variable   *property;
	ListCell   *lc;

	foreach(lc, state->properties)
	{
		if (strcmp(((Variable *) lfirst(lc))->name, name) == 0)
			return;
	}
	property = palloc0(sizeof(Variable));
	property->name = pstrdup(name);
	property->value = pstrdup(value);
	/* units of earlier files keep the list as it was */
	state->properties = lappend(list_copy(state->properties), property);
}

/* Behind "--", blanks and the word, in any case; NULL if the line does not begin so. */
static const char *
behind_word(const FileLines *lines, const char *word)
{
	const char *text = lines_skip(lines->text, lines->end, "--", false);

	return text ? lines_skip(text, lines->end, word, true) : NULL;
}

bool
changelog_sql_is(const FileContent *content)
{
	FileLines	lines;
	const char *rest;

	lines_begin(&lines, content);
	while (lines_next(&lines))
	{
		if (lines_is_blank(&lines))
			continue;
		rest = behind_word(&lines, "liquibase");
		return rest != NULL && lines_skip(rest, lines.end, "formatted", true) != NULL;
	}
	return false;
}

/* A file without changesets is one. */
static List *
read_raw(ChangelogState *state, const char *path, const FileContent *content)
{
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
	char	   *checksum = NULL;
	FileLines	lines;
	MarkSense	sense;
	ListCell   *lc;

	claim->up = unit_of_file(UNIT_UP, path);
	claim->version = psprintf("%s::raw::includeAll", path);
	claim->name = pstrdup("raw");
	claim->up->fill = FILL_KNOWN_BRACES;
	claim->up->properties = state->properties;
	lines_begin(&lines, content);
	while (lines_next(&lines) && claim->fault == NULL)
		if (mark_of_line(lines.text, lines.end, &sense) == MARK_OF_LIQUIBASE)
		{
			claim->fault = psprintf("%s is Liquibase's, and the first line of the file is not \"--liquibase formatted sql\"", lines_quoted(&lines));
			claim->fault_line = lines.number;
		}
	foreach(lc, state->contexts)
	{
		if (claim->excluded == NULL)
			claim->excluded = changelog_context_excludes(state, lfirst(lc), &claim->fault);
	}
	claim_bind(claim->up, path, content, &checksum);
	return list_make1(claim);
}

List *
changelog_sql_read(ChangelogState *state, const char *path, const FileContent *content)
{
	ChangesetFile file = {.state = state,.path = path,.content = content,.properties = state->properties};
	LayoutClaim nothing = {.up = unit_of_file(UNIT_UP, path)};
	FileLines  *lines = &file.sections.lines;
	bool		in_comment = false;
	ListCell   *lc;

	if (!changelog_sql_is(content))
		return read_raw(state, path, content);
	sections_begin(&file.sections, content, &nothing);
	while (file.sections.result->fault == NULL && lines_next(lines))
	{
		/* a comment at the top may say anything */
		if (!in_comment)
			read_line(&file);
		if (file.claim == NULL)
			(void) sections_only_comments(lines, &in_comment);
	}
	if (file.sections.result->fault == NULL)
		end_changeset(&file);
	if (file.sections.result->fault != NULL)
		return list_make1(file.sections.result);
	foreach(lc, file.claims)
	{
		LayoutClaim *claim = lfirst(lc);

		claim_bind(claim->up, path, content, &file.checksum);
		claim_bind(claim->down, path, content, &file.checksum);
	}
	return file.claims;
}

/* A word that ends at a blank, or a text in double quotes; NULL at the end of the line, or without the second quote. */
static char *
next_word(const char **text, const char *end)
{
	const char *from;
	char	   *word;

	while (*text < end && is_space(**text))
		(*text)++;
	from = *text;
	if (from == end)
		return NULL;
	if (*from == '"')
	{
		const char *quote = memchr(from + 1, '"', end - from - 1);

		if (quote == NULL)
			return NULL;
		*text = quote + 1;
		return pnstrdup(from + 1, quote - from - 1);
	}
	while (*text < end && !is_space(**text))
		(*text)++;
	word = pnstrdup(from, *text - from);
	return word;
}

/* The next "name:value"; false at the end of the line, or with a fault. */
static bool
next_attribute(ChangesetFile *file, const char **text, char **name, char **value)
{
	const char *end = file->sections.lines.end;
	const char *colon;

	while (*text < end && is_space(**text))
		(*text)++;
	if (*text == end)
		return false;
	for (colon = *text; colon < end && !is_space(*colon) && *colon != ':'; colon++)
		;
	if (colon == end || *colon != ':' || colon + 1 == end || is_space(colon[1]))
	{
		fault(file, "words that are no \"name:value\" are passed over by Liquibase, as if they were not there");
		return false;
	}
	*name = pnstrdup(*text, colon - *text);
	*text = colon + 1;
	*value = next_word(text, end);
	if (*value == NULL)
	{
		fault(file, "a quote is open");
		return false;
	}
	return true;
}

static void
take_properties_line(ChangesetFile *file, const char *rest)
{
	char	   *name,
			   *value,
			   *key = NULL,
			   *text = NULL;
	bool global = true;
	char	   *wrong = NULL;
	const char *excluded = NULL;

	while (next_attribute(file, &rest, &name, &value))
	{
		if (pg_strcasecmp(name, "name") == 0)
			key = value;
		else if (pg_strcasecmp(name, "value") == 0)
			text = value;
		else if (pg_strcasecmp(name, "global") == 0)
			global = boolean_of(value) != 0;

		else if (pg_strcasecmp(name, "dbms") == 0)
			excluded = excluded ? excluded : changelog_dbms_excludes(value);
		else if (pg_strcasecmp(name, "context") == 0 || pg_strcasecmp(name, "contextFilter") == 0)
			excluded = excluded ? excluded : changelog_context_excludes(file->state, value, &wrong);
		else if (pg_strcasecmp(name, "labels") != 0)
			wrong = psprintf("a property has no \"%s\" here", lines_printable(name));
	}
	if (key == NULL || text == NULL)
		wrong = "a property has \"name:\" and \"value:\"";
	if (wrong != NULL)
		fault(file, wrong);
	else if (excluded == NULL)
	{
		ChangelogState own = {.properties = file->properties};

		if (global)
			changelog_add_property(file->state, key, text);
		changelog_add_property(&own, key, text);
		file->properties = own.properties;
	}
}

/* Passes over the lines that it names. */
static void
ignore_lines(ChangesetFile *file, const char *rest)
{
	FileLines  *lines = &file->sections.lines;
	const char *end = lines->end;
	int			first = lines->number;
	char	   *word = next_word(&rest, end);
	long		count;
	char	   *tail;

	file->open = NULL;
	if (word != NULL && pg_strcasecmp(word, "start") == 0)
	{
		while (lines_next(lines))
		{
			const char *other = behind_word(lines, "ignoreLines:");
			char	   *last = other ? next_word(&other, lines->end) : NULL;

			if (last != NULL && pg_strcasecmp(last, "end") == 0)
				return;
		}
		sections_fault(&file->sections, first, "no \"--ignoreLines:end\" follows this \"--ignoreLines:start\"");
		return;
	}
	count = word != NULL ? strtol(word, &tail, 10) : 0;
	if (word == NULL || *tail != '\0' || count <= 0 || count > PG_INT32_MAX)
	{
		fault(file, "behind \"ignoreLines:\" stands a number, or start, or end behind a start");
		return;
	}
	while (count-- > 0 && lines_next(lines))
		;
}

static void
take_attribute(ChangesetFile *file, const char *name, char *value, char **logical_path)
{
	LayoutClaim *claim = file->claim;
	int			flag = boolean_of(value);
	char	   *wrong = NULL;
	static const char *const flags[] = {"runOnChange", "runAlways", "runInTransaction", "failOnError", "splitStatements", "stripComments",
	"rollbackSplitStatements", "ignore"};
	static const char *const passed_over[] = {"labels", "created", "rollbackSplitStatements", "splitStatements", "stripComments"};

	for (int i = 0; i < lengthof(flags) && flag < 0; i++)
		if (pg_strcasecmp(name, flags[i]) == 0)
		{
			fault(file, psprintf("\"%s\" is true or false", flags[i]));
			return;
		}
	for (int i = 0; i < lengthof(passed_over); i++)
		if (pg_strcasecmp(name, passed_over[i]) == 0)
			return;
	if (pg_strcasecmp(name, "runOnChange") == 0)
	{
		if (flag == 1 && claim->kind == MIGRATION_VERSIONED)
			claim->kind = MIGRATION_ON_CHANGE;
	}
	else if (pg_strcasecmp(name, "runAlways") == 0)
	{
		if (flag == 1)
			claim->kind = MIGRATION_ALWAYS;
	}
	else if (pg_strcasecmp(name, "runInTransaction") == 0)
	{
		if (flag == 0)
		{
			claim->up->transactions = UNIT_NO_TRANSACTION;
			claim->up->mark = "runInTransaction:false";
			claim->up->mark_line = file->line;
		}
	}
	else if (pg_strcasecmp(name, "context") == 0 || pg_strcasecmp(name, "contextFilter") == 0)
	{
		char	   *excluded = changelog_context_excludes(file->state, value, &wrong);

		claim->excluded = claim->excluded ? claim->excluded : excluded;
	}
	else if (pg_strcasecmp(name, "dbms") == 0)
		claim->excluded = claim->excluded ? claim->excluded : changelog_dbms_excludes(value);
	else if (pg_strcasecmp(name, "ignore") == 0)
		claim->excluded = flag == 1 && claim->excluded == NULL ? "it says \"ignore:true\"" : claim->excluded;
	else if (pg_strcasecmp(name, "logicalFilePath") == 0)
		*logical_path = value;
	else if (pg_strcasecmp(name, "endDelimiter") == 0)
		file->delimiter = strcmp(value, ";") != 0 ? value : NULL;
	else if (pg_strcasecmp(name, "rollbackEndDelimiter") == 0)
		file->back_delimiter = strcmp(value, ";") != 0 ? value : NULL;
	else if (pg_strcasecmp(name, "failOnError") == 0)
		wrong = flag == 0 ? "\"failOnError:false\" is not known here: what fails is undone, and stops the run" : NULL;
	else if (pg_strcasecmp(name, "runWith") == 0)
		wrong = pg_strcasecmp(value, "jdbc") != 0 ? "no other program can run it here" : NULL;
	else
		wrong = psprintf("a changeset has no \"%s\" here", lines_printable(name));
	if (wrong != NULL)
		fault(file, wrong);
}

/* author:id, and what else is said of it */
static void
begin_changeset(ChangesetFile *file, const char *rest)
{
	const FileLines *lines = &file->sections.lines;
	const char *end = lines->end;
	char	   *logical_path = file->logical_path;
	char	   *name,
			   *value,
			   *wrong = NULL;
	LayoutClaim *claim;
	ListCell   *lc;

	end_changeset(file);
	if (file->sections.result->fault != NULL)
		return;
	while (rest < end && is_space(*rest))
		rest++;
	if (rest < end && *rest == '"')
		file->author = next_word(&rest, end);
	else
	{
		const char *from = rest;

		while (rest < end && *rest != ':')
			rest++;
		file->author = rest > from ? pnstrdup(from, rest - from) : NULL;
	}
	if (file->author != NULL && rest < end && *rest == ':' && rest + 1 < end && !is_space(rest[1]))
	{
		rest++;
		file->id = next_word(&rest, end);
	}
	else
		file->id = NULL;
	if (file->id == NULL)
	{
		fault(file, "a changeset begins with \"--changeset AUTHOR:ID\"");
		return;
	}

	claim = file->claim = palloc0(sizeof(LayoutClaim));
	file->line = lines->number;
	file->delimiter = file->back_delimiter = NULL;
	file->skips = file->closed = false;
	claim->up = unit_of_ranges(UNIT_UP, file->path);
	claim->up->fill = FILL_KNOWN_BRACES;
	claim->name = file->id;
	foreach(lc, file->state->contexts)
	{
		if (claim->excluded == NULL)
			claim->excluded = changelog_context_excludes(file->state, lfirst(lc), &wrong);
	}
	while (file->sections.result->fault == NULL && next_attribute(file, &rest, &name, &value))
		take_attribute(file, name, value, &logical_path);
	claim->version = psprintf("%s::%s::%s", logical_path ? logical_path : file->path, file->id, file->author);
	claim->fault_line = file->line;
}

static void
end_changeset(ChangesetFile *file)
{
	LayoutClaim *claim = file->claim;

	if (claim == NULL)
		return;
	if (claim->up->range_count == 0)
		sections_fault(&file->sections, file->line, "the changeset has no SQL");
	claim->up->properties = file->properties;
	if (claim->down != NULL)
		claim->down->properties = file->properties;
	file->claims = lappend(file->claims, claim);
	file->claim = NULL;
	file->open = NULL;
}

static ScriptUnit *
way_back(ChangesetFile *file)
{
	LayoutClaim *claim = file->claim;

	if (claim->down == NULL)
	{
		claim->down = unit_of_ranges(UNIT_DOWN, file->path);
		claim->down->fill = FILL_KNOWN_BRACES;
		claim->down->transactions = claim->up->transactions;
		claim->down->mark = claim->up->mark;
		claim->down->mark_line = claim->up->mark_line;
	}
	return claim->down;
}

/*
 * Add a text of one line.  The tool's delimiter counts at the end of a line; one
 * that is a word, or a slash, alone on it.
 */
static void
add_text(ChangesetFile *file, ScriptUnit *unit, const char *delimiter, const char *text, bool joins)
{
	const FileLines *lines = &file->sections.lines;
	const char *bytes = file->content->bytes;
	const char *end = lines->end;
	int			length = delimiter ? strlen(delimiter) : 0;

	while (end > text && is_space(end[-1]))
		end--;
	if (length > 0 && end - text >= length && pg_strncasecmp(end - length, delimiter, length) == 0)
	{
		const char *first = text;
		bool		whole = strcmp(delimiter, "/") == 0 || isalnum((unsigned char) *delimiter);

		while (first < end - length && is_space(*first))
			first++;
		if (first == end - length || !whole)
		{
			if (first < end - length)
				add_text(file, unit, NULL, text, joins), unit->ranges[unit->range_count - 1].length -= lines->end - (end - length);
			unit_add_range(unit, end - length - bytes, length, lines->number)->ends = true;
			file->open = NULL;
			return;
		}
	}
	if (joins && file->open != NULL)
		file->open->length = lines->end - bytes - file->open->offset;
	else
		file->open = unit_add_range(unit, text - bytes, lines->end - text, lines->number);
}

/* The changes of another changeset of the file take this one back. */
static void
take_back_by_other(ChangesetFile *file, const char *rest)
{
	char	   *name,
			   *value,
			   *id = NULL,
			   *author = file->author;
	ListCell   *lc;

	while (next_attribute(file, &rest, &name, &value))
	{
		if (pg_strcasecmp(name, "changesetId") == 0)
			id = value;
		else if (pg_strcasecmp(name, "changesetAuthor") == 0)
			author = value;
		else if (pg_strcasecmp(name, "changesetPath") != 0 || strcmp(value, file->path) != 0)
			fault(file, "only a changeset of the same file can take another one back");
	}
	foreach(lc, file->claims)
	{
		const LayoutClaim *other = lfirst(lc);
		char	   *ending = psprintf("::%s::%s", id ? id : "", author);
		int			length = strlen(other->version) - strlen(ending);

		if (length < 0 || strcmp(other->version + length, ending) != 0)
			continue;
		for (int i = 0; i < other->up->range_count; i++)
			unit_add_range(way_back(file), other->up->ranges[i].offset, other->up->ranges[i].length, other->up->ranges[i].line)->ends =
				other->up->ranges[i].ends;
		return;
	}
	fault(file, "no changeset before it in the file has that id and author");
}

static void
take_rollback(ChangesetFile *file, const char *rest)
{
	const FileLines *lines = &file->sections.lines;
	const char *end = lines->end;

	file->open = NULL;
	while (rest < end && is_space(*rest))
		rest++;
	while (end > rest && is_space(end[-1]))
		end--;
	if (lines_skip(rest, end, "changesetId:", true) != NULL)
		take_back_by_other(file, rest);
	else if ((end - rest == 5 && pg_strncasecmp(rest, "empty", 5) == 0) ||
			 (end - rest == 12 && pg_strncasecmp(rest, "not required", 12) == 0))
		unit_add_range(way_back(file), rest - file->content->bytes, 0, lines->number);
	else if (rest < end)
		add_text(file, way_back(file), file->back_delimiter, rest, false);
	file->open = NULL;
}

/* The lines up to the end of the comment. */
static void
take_rollback_comment(ChangesetFile *file)
{
	FileLines  *lines = &file->sections.lines;
	int			first = lines->number;

	if (file->claim->down != NULL)
	{
		fault(file, "there is a way back in lines before it, and Liquibase reads one of the two only");
		return;
	}
	unit_add_range(way_back(file), lines->end - file->content->bytes, 0, lines->number);
	file->open = NULL;
	file->closed = true;
	while (lines_next(lines))
	{
		const char *end = lines->end;

		while (end > lines->text && is_space(end[-1]))
			end--;
		if (end - lines->text >= 2 && strncmp(end - 2, "*/", 2) == 0)
		{
			if (end - 2 > lines_first(lines))
				unit_add_range(way_back(file), lines->offset, end - 2 - lines->text, lines->number);
			file->open = NULL;
			return;
		}
		if (!lines_is_blank(lines))
			add_text(file, way_back(file), file->back_delimiter, lines->text, true);
	}
	sections_fault(&file->sections, first, "the comment has no end on a line by itself, or at the end of one");
}

/* What holds for all preconditions of the changeset. */
static void
take_preconditions(ChangesetFile *file, const char *rest)
{
	char	   *name,
			   *value;

	if (file->claim->up->requirements != NIL)
		fault(file, "it stands behind a precondition, which it would undo");
	while (next_attribute(file, &rest, &name, &value))
	{
		if (pg_strcasecmp(name, "onFail") == 0)
		{
			file->skips = pg_strcasecmp(value, "MARK_RAN") == 0;
			if (!file->skips && pg_strcasecmp(value, "HALT") != 0)
				fault(file, "\"onFail\" is HALT or MARK_RAN here");
		}
		else if (pg_strcasecmp(name, "onError") == 0)
		{
			if (pg_strcasecmp(value, "HALT") != 0)
				fault(file, "\"onError\" is HALT here");
		}
		else if (pg_strcasecmp(name, "onSqlOutput") != 0 && pg_strcasecmp(name, "onUpdateSql") != 0 &&
				 pg_strcasecmp(name, "onFailMessage") != 0 && pg_strcasecmp(name, "onErrorMessage") != 0)
			fault(file, "it is not known here");
	}
}

/* ${name} of the files' own properties. */
static char *
filled(const ChangesetFile *file, const char *text)
{
	ListCell   *lc;

	foreach(lc, file->properties)
	{
		const Variable *property = lfirst(lc);
		char	   *reference = psprintf("${%s}", property->name);
		const char *found;

		while (strstr(property->value, reference) == NULL && (found = strstr(text, reference)) != NULL)
			text = psprintf("%.*s%s%s", (int) (found - text), text, property->value, found + strlen(reference));
	}
	return pstrdup(text);
}

/* The word, or the text in quotes, that a query is to give; and where the query begins. */
static char *
expected_result(const char **text, const char *end)
{
	const char *value = lines_skip(*text, end, "expectedResult:", true);
	char	   *word;

	if (value != NULL)
		*text = value;
	while (*text < end && is_space(**text))
		(*text)++;
	if (*text < end && **text == '\'')
	{
		const char *quote = memchr(*text + 1, '\'', end - *text - 1);

		if (quote == NULL)
			return NULL;
		word = pnstrdup(*text + 1, quote - *text - 1);
		*text = quote + 1;
		return word;
	}
	return next_word(text, end);
}

static void
take_precondition(ChangesetFile *file, const char *rest)
{
	const FileLines *lines = &file->sections.lines;
	const char *end = lines->end;
	UnitRequirement *requirement = palloc0(sizeof(UnitRequirement));
	char	   *kind = next_word(&rest, end);
	char	   *quoted = lines_quoted(lines);

	requirement->skips = file->skips;
	requirement->line = lines->number;
	requirement->mark = pnstrdup(quoted + 1, strlen(quoted) - 2);
	while (end > rest && (is_space(end[-1]) || end[-1] == ';'))
		end--;
	if (kind != NULL && pg_strcasecmp(kind, "sql-check") == 0)
	{
		char	   *expected = expected_result(&rest, end);
		char	   *query;

		while (rest < end && is_space(*rest))
			rest++;
		if (expected == NULL || rest == end)
		{
			fault(file, "behind \"sql-check\" stand the expected result and a query");
			return;
		}
		query = filled(file, pnstrdup(rest, end - rest));
		/* PostgreSQL's driver says t for true */
		requirement->query = psprintf("SELECT (%s%s)::pg_catalog.text IN (%s%s)", query, strstr(query, "--") != NULL ? "\n" : "", quote_literal_cstr(expected),
									  strcmp(expected, "t") == 0 ? ", 'true'" : strcmp(expected, "f") == 0 ? ", 'false'" : "");
	}
	else if (kind != NULL && (pg_strcasecmp(kind, "table-exists") == 0 || pg_strcasecmp(kind, "view-exists") == 0))
	{
		bool		table = pg_strncasecmp(kind, "table", 5) == 0;
		char	   *name,
				   *value,
				   *schema = NULL,
				   *relation = NULL;

		while (next_attribute(file, &rest, &name, &value))
		{
			if (pg_strcasecmp(name, table ? "table" : "view") == 0)
				relation = filled(file, value);
			else if (pg_strcasecmp(name, "schema") == 0)
				schema = filled(file, value);
			else
				fault(file, "it is not known here");
		}
		if (relation == NULL)
		{
			fault(file, table ? "there is no \"table:\"" : "there is no \"view:\"");
			return;
		}
		requirement->query = psprintf("SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s) AND relkind IN (%s))",
									  quote_literal_cstr(schema ? psprintf("%s.%s", schema, relation) : relation),
									  table ? "'r', 'p', 'f'" : "'v', 'm'");
	}
	else
	{
		fault(file, "a precondition is sql-check, table-exists or view-exists");
		return;
	}
	file->claim->up->requirements = lappend(file->claim->up->requirements, requirement);
}

/* Is it nearly one of Liquibase's lines?  Liquibase would stop, or take it for SQL. */
static bool
is_nearly(const FileLines *lines)
{
	static const char *const words[] = {"changeset", "rollback", "preconditions", "property", "comment", "validchecksum", "ignorelines"};
	const char *first = lines_first(lines);
	MarkSense	sense;

	if (first < lines->end && *first == '-' && !(first + 1 < lines->end && first[1] == '-'))
		for (int i = 0; i < lengthof(words); i++)
		{
			const char *rest = lines_skip(first + 1, lines->end, words[i], true);

			if (rest != NULL && (ends_word(rest, lines->end) || *rest == ':'))
				return true;
		}
	return mark_of_line(lines->text, lines->end, &sense) == MARK_OF_LIQUIBASE;
}

/* "liquibase rollback" in a block comment that begins on this line */
static bool
begins_rollback_comment(const FileLines *lines)
{
	const char *rest = lines_skip(lines->text, lines->end, "/*", false);

	rest = rest ? lines_skip(rest, lines->end, "liquibase", true) : NULL;
	return rest != NULL && lines_skip(rest, lines->end, "rollback", true) != NULL;
}

static void
take_header(ChangesetFile *file, const char *rest)
{
	char	   *word;
	const char *end = file->sections.lines.end;

	while ((word = next_word(&rest, end)) != NULL)
	{
		if (pg_strncasecmp(word, "logicalFilePath:", 16) == 0)
			file->logical_path = word[16] == '"' ? pnstrdup(word + 17, Max((int) strlen(word) - 18, 0)) : word + 16;
		else if (pg_strcasecmp(word, "sql") != 0 && pg_strcasecmp(word, "formatted") != 0)
			fault(file, "it is not known here");
	}
}

static void
read_line(ChangesetFile *file)
{
	FileLines  *lines = &file->sections.lines;
	const char *end = lines->end;
	const char *rest;

	if (lines_is_blank(lines))
		return;
	if (file->claim == NULL && file->claims == NIL && (rest = behind_word(lines, "liquibase")) != NULL &&
		lines_skip(rest, end, "formatted", true) != NULL)
		take_header(file, rest);
	else if ((rest = behind_word(lines, "property")) != NULL && ends_word(rest, end))
		take_properties_line(file, rest);
	else if ((rest = behind_word(lines, "ignoreLines:")) != NULL)
		ignore_lines(file, rest);
	else if ((rest = behind_word(lines, "changeset")) != NULL && ends_word(rest, end))
		begin_changeset(file, rest);
	else if (file->claim == NULL)
	{
		rest = lines_first(lines);
		if (is_nearly(lines) || behind_word(lines, "rollback") != NULL || behind_word(lines, "precondition") != NULL)
			fault(file, "it is not Liquibase's in this form or place");
		else if (!lines_is_comment(lines) && strncmp(rest, "/*", 2) != 0)
			fault(file, "before the first \"--changeset\" there are comments only");
	}
	else if (file->closed)
		fault(file, "Liquibase passes over what follows a comment \"liquibase rollback\", up to the next \"--changeset\"");
	else if (begins_rollback_comment(lines))
		take_rollback_comment(file);
	else if ((rest = behind_word(lines, "rollback")) != NULL && ends_word(rest, end))
		take_rollback(file, rest);
	else if ((rest = behind_word(lines, "preconditions")) != NULL && ends_word(rest, end))
		take_preconditions(file, rest);
	else if ((rest = behind_word(lines, "precondition-")) != NULL)
		take_precondition(file, rest);
	else if (((rest = behind_word(lines, "comment")) != NULL && (ends_word(rest, end) || *rest == ':')) ||
			 ((rest = behind_word(lines, "validCheckSum")) != NULL && (ends_word(rest, end) || *rest == ':')))
		file->open = NULL;
	else if (is_nearly(lines))
		fault(file, "it is not Liquibase's in this form");
	else
	{
		add_text(file, file->claim->up, file->delimiter, file->open ? lines->text : lines->content->bytes + lines->offset, true);
		return;
	}
	file->open = NULL;
}
