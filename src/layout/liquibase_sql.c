/*
 * liquibase_sql.c
 *	  Formatted SQL: changesets divided by comment lines.
 *
 * As in Liquibase's parser: a line that begins with "--" and one of its words is
 * Liquibase's, wherever it stands, and belongs to no script; what goes up is every
 * other line of the changeset.  What goes back are the texts behind
 * "--rollback", and the lines of a comment "liquibase rollback", never more.
 * A line that Liquibase would refuse stops a run, and so does one that looks like one of
 * its own and would be SQL's, a comment that does nothing.
 *
 * A changeset's checksum is that of its own lines from the first to the last that is
 * not blank, so that what stands around it does not count.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "layout/claim.h"
#include "layout/liquibase_changeset.h"

typedef struct NamedClaim
{
	uint64		hash;			/* of the name */
	const LayoutClaim *claim;
} NamedClaim;

static void read_line(ChangesetFile *file, bool in_comment);
static void begin_changeset(ChangesetFile *file, const char *rest);
static void end_changeset(ChangesetFile *file);

/* Behind "--", blanks and the word, in any case; NULL if the line does not begin so. */
static const char *
behind_word(const FileLines *lines, const char *word)
{
	const char *text = lines_skip(lines->text, lines->end, "--", false);

	return text ? lines_skip(text, lines->end, word, true) : NULL;
}

/* The same where Liquibase wants it in the first column. */
static const char *
behind_first_word(const FileLines *lines, const char *word)
{
	return lines_first(lines) == lines->text ? behind_word(lines, word) : NULL;
}

static inline bool
is_blank(const char *rest, const char *end)
{
	while (rest < end && lines_is_space(*rest))
		rest++;
	return rest == end;
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
	bool		empty = true;

	claim->up = unit_of_file(UNIT_UP, path);
	claim->version = psprintf("%s::raw::includeAll", path);
	claim->name = pstrdup("raw");
	claim->up->line_feeds = true;
	lines_begin(&lines, content);
	while (lines_next(&lines) && claim->fault == NULL)
	{
		empty &= lines_is_blank(&lines);
		if (mark_of_line(lines.text, lines.end, &sense) == MARK_OF_LIQUIBASE)
		{
			claim->fault = psprintf("%s is Liquibase's, and the first line of the file is not \"--liquibase formatted sql\"", lines_quoted(&lines));
			claim->fault_line = lines.number;
		}
	}
	if (empty)
	{
		claim->fault = "the file is empty, and Liquibase refuses that";
		claim->fault_line = 1;
	}
	claim->excluded = changelog_around_excludes(state, &claim->fault);
	if (claim->excluded == NULL)
		claim->excluded = changelog_labels_exclude(state, "");
	claim_bind(claim->up, path, content, &checksum);
	return list_make1(claim);
}

List *
changelog_sql_read(ChangelogState *state, const char *path, const FileContent *content)
{
	ChangesetFile file = {.state = state,.path = path,.content = content,.number = ++state->file_count};
	LayoutClaim nothing = {.up = unit_of_file(UNIT_UP, path)};
	FileLines  *lines = &file.sections.lines;
	bool		in_comment = false;
	ListCell   *lc;

	if (!changelog_sql_is(content))
		return read_raw(state, path, content);
	sections_begin(&file.sections, content, &nothing);
	while (file.sections.result->fault == NULL && lines_next(lines))
	{
		read_line(&file, in_comment);
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

/* May the word be an attribute, and no value? */
static bool
is_property_attribute(const char *word)
{
	static const char *const names[] = {"name:", "value:", "context:", "contextFilter:", "labels:", "dbms:", "global:"};

	for (int i = 0; i < lengthof(names); i++)
		if (pg_strncasecmp(word, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The text behind "name:" and perhaps blanks, up to the next one; quotes are a part of it. */
static char *
property_word(ChangesetFile *file, const char *name)
{
	const char *end = file->sections.lines.end;
	size_t		length = strlen(name);
	char	   *found = NULL;

	for (const char *at = file->sections.lines.text; at + length < end; at++)
		if (lines_is_space(at[0]) && pg_strncasecmp(at + 1, name, length) == 0)
		{
			const char *rest = at + 1 + length;

			found = changeset_word(&rest, end);
		}
	return found;
}

static void
take_properties_line(ChangesetFile *file, const char *rest)
{
	char	   *name,
			   *value,
			   *key = property_word(file, "name:"),
			   *text = property_word(file, "value:"),
			   *wrong = NULL;
	bool		for_all = true;
	const char *excluded = NULL;
	char	   *context = NULL;
	char	   *filter = NULL;

	while ((value = changeset_word(&rest, file->sections.lines.end)) != NULL)
	{
		const char *behind = rest - strlen(value);

		/* these two may have a blank before their value */
		if (pg_strcasecmp(value, "name:") == 0 || pg_strcasecmp(value, "value:") == 0)
		{
			if ((value = changeset_word(&rest, file->sections.lines.end)) != NULL && is_property_attribute(value))
				changeset_fault(file, "Liquibase takes what is behind the blank as the value");
			continue;
		}
		if (pg_strncasecmp(value, "name:", 5) == 0 || pg_strncasecmp(value, "value:", 6) == 0)
			continue;
		rest = behind;
		if (!changeset_attribute(file, &rest, file->sections.lines.end, &name, &value))
			return;
		if (pg_strcasecmp(name, "global") != 0)
			value = changeset_expand(file, value, &wrong);
		if (pg_strcasecmp(name, "global") == 0)
			for_all = pg_strcasecmp(value, "true") == 0;
		else if (pg_strcasecmp(name, "dbms") == 0)
			excluded = excluded ? excluded : changelog_dbms_excludes(value);
		else if (pg_strcasecmp(name, "context") == 0)
			context = value;
		else if (pg_strcasecmp(name, "contextFilter") == 0)
			filter = value;
		else if (pg_strcasecmp(name, "labels") == 0)
			excluded = excluded ? excluded : changelog_labels_exclude(file->state, value);
		else
			wrong = psprintf("a property has no \"%s\" here", lines_printable(name));
	}
	context = filter != NULL && *filter != '\0' ? filter : context;
	if (context != NULL && excluded == NULL)
		excluded = changelog_context_excludes(file->state, context, &wrong);
	if (key == NULL || text == NULL)
		wrong = "a property has \"name:\" and \"value:\"";
	else
		key = changeset_expand(file, key, &wrong);
	if (wrong != NULL)
		changeset_fault(file, wrong);
	else if (excluded == NULL)
		changelog_add_property(file->state, file->number, !for_all, key, text, true);
}

/* Passes over the lines that it names. */
static void
ignore_lines(ChangesetFile *file, const char *rest)
{
	FileLines  *lines = &file->sections.lines;
	const char *end = lines->end;
	int			first = lines->number;
	char	   *word = rest < end && !lines_is_space(*rest) && rest[-1] == ':' && lines_first(lines) == lines->text ? changeset_word(&rest, end) : NULL;
	long		count;
	char	   *tail;

	if (word != NULL && strcmp(word, "start") == 0 && rest == end)
	{
		while (lines_next(lines))
		{
			const char *other = behind_first_word(lines, "ignoreLines:");

			if (other != NULL && lines->end - other == 3 && strncmp(other, "end", 3) == 0)
				return;
		}
		sections_fault(&file->sections, first, "no \"--ignoreLines:end\" follows this \"--ignoreLines:start\"");
		return;
	}
	count = word != NULL ? strtol(word, &tail, 10) : 0;
	if (word == NULL || rest != end || *tail != '\0' || count <= 0 || count > PG_INT32_MAX)
	{
		changeset_fault(file, "behind \"--ignoreLines:\", which begins a line, stands a number, or start, or end behind a start, and no more");
		return;
	}
	while (count-- > 0 && lines_next(lines))
		;
}

/* The author ends at a colon, or is in quotes; and the id follows at once. */
static bool
read_identity(ChangesetFile *file, const char **rest)
{
	const char *end = file->sections.lines.end;
	char	   *wrong = NULL;

	while (*rest < end && lines_is_space(**rest))
		(*rest)++;
	if (*rest < end && **rest == '"')
		file->author = changeset_quoted_word(rest, end);
	else
	{
		const char *from = *rest;

		while (*rest < end && **rest != ':')
			(*rest)++;
		file->author = *rest > from ? pnstrdup(from, *rest - from) : NULL;
	}
	file->id = NULL;
	if (file->author != NULL && *file->author != '\0' && *rest < end && **rest == ':' && *rest + 1 < end && !lines_is_space((*rest)[1]))
	{
		(*rest)++;
		file->id = changeset_quoted_word(rest, end);
	}
	if (file->id == NULL || *file->id == '\0')
	{
		changeset_fault(file, "a changeset begins with \"--changeset AUTHOR:ID\"");
		return false;
	}
	file->author = changeset_expand(file, file->author, &wrong);
	file->id = changeset_expand(file, file->id, &wrong);
	if (wrong != NULL)
		changeset_fault(file, wrong);
	return wrong == NULL;
}

static void
begin_changeset(ChangesetFile *file, const char *rest)
{
	LayoutClaim *claim;

	end_changeset(file);
	if (file->sections.result->fault != NULL || !read_identity(file, &rest))
		return;
	claim = file->claim = palloc0(sizeof(LayoutClaim));
	file->line = file->sections.lines.number;
	memset(&file->delimiter, 0, sizeof(Delimiter));
	memset(&file->back_delimiter, 0, sizeof(Delimiter));
	file->way_back = NIL;
	file->preconditions = false;
	file->on_false = file->on_error = REQUIRE_STOP;
	claim->up = unit_of_ranges(UNIT_UP, file->path);
	claim->up->fill = FILL_KNOWN_BRACES;
	claim->up->line_feeds = true;
	claim->name = file->id;
	claim->fault_line = file->line;
	changeset_take_attributes(file, rest);
}

static ScriptUnit *
way_back(ChangesetFile *file)
{
	LayoutClaim *claim = file->claim;

	if (claim->down == NULL)
	{
		claim->down = unit_of_ranges(UNIT_DOWN, file->path);
		claim->down->fill = FILL_KNOWN_BRACES;
		claim->down->line_feeds = true;
		claim->down->transactions = claim->up->transactions;
		claim->down->mark = claim->up->mark;
		claim->down->mark_line = claim->up->mark_line;
	}
	return claim->down;
}

/* What both are together, which is on one line. */
static char *
id_and_author(const char *id, const char *author)
{
	return psprintf("%s\n%s", id, author);
}

/* The first of a name counts. */
static void
enter(ChangesetFile *file, const LayoutClaim *claim, const char *name)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(NamedClaim),.hcxt = CurrentMemoryContext};
	uint64		hash = layout_hash(name);
	NamedClaim *named;
	bool		found;

	if (file->by_name == NULL)
		file->by_name = hash_create("migrator changesets", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	named = hash_search(file->by_name, &hash, HASH_ENTER, &found);
	if (!found)
		named->claim = claim;
}

static const LayoutClaim *
find(const ChangesetFile *file, const char *name)
{
	uint64		hash = layout_hash(name);
	const NamedClaim *named = file->by_name ? hash_search(file->by_name, &hash, HASH_FIND, NULL) : NULL;

	return named ? named->claim : NULL;
}

/* The changes of another changeset of the file take this one back. */
static void
take_back_by_other(ChangesetFile *file, const RollbackLine *line)
{
	FileLines	keep = file->sections.lines;
	const char *rest = line->text;
	char	   *name,
			   *value,
			   *id = NULL,
			   *author = NULL,
			   *path = NULL;
	const LayoutClaim *other;

	file->sections.lines.text = line->text;
	file->sections.lines.end = line->end;
	file->sections.lines.number = line->line;
	while (changeset_attribute(file, &rest, line->end, &name, &value))
	{
		if (pg_strcasecmp(name, "changesetId") == 0)
			id = value;
		else if (pg_strcasecmp(name, "changesetAuthor") == 0)
			author = value;
		else if (pg_strcasecmp(name, "changesetPath") == 0)
			path = value;
		else
			changeset_fault(file, psprintf("Liquibase passes over \"%s\", which it does not know", lines_printable(name)));
	}
	file->sections.lines = keep;
	if (id == NULL || author == NULL)
		sections_fault(&file->sections, line->line, "\"changesetId:\" and \"changesetAuthor:\" say which changeset takes this one back");
	else if ((other = find(file, path ? psprintf("%s::%s::%s", path, id, author) : id_and_author(id, author))) == NULL)
		sections_fault(&file->sections, line->line, "no changeset before it in the file has that id and author");
	else
		for (int i = 0; i < other->up->range_count; i++)
			unit_add_range(way_back(file), other->up->ranges[i].offset, other->up->ranges[i].length, other->up->ranges[i].line)->ends =
				other->up->ranges[i].ends;
}

/* Does the text begin so, and is there a word's end? */
static bool
begins_empty(const RollbackLine *line)
{
	return lines_skip(line->text, line->end, "not required", true) != NULL || lines_skip(line->text, line->end, "empty", true) != NULL;
}

static bool
names_other(const RollbackLine *line)
{
	for (const char *at = line->text; at + 11 <= line->end; at++)
		if (pg_strncasecmp(at, "changesetId", 11) == 0)
			return true;
	return false;
}

/* Of all lines together: nothing to be done, another changeset, or SQL. */
static void
settle_way_back(ChangesetFile *file)
{
	const RollbackLine *only = NULL;
	bool		other = false;
	int			count = 0;
	UnitRange  *open = NULL;
	ListCell   *lc;

	foreach(lc, file->way_back)
	{
		const RollbackLine *line = lfirst(lc);

		if (is_blank(line->text, line->end))
			continue;
		count++;
		only = only ? only : line;
		other |= names_other(line);
	}
	if (count == 0)
		return;
	if (count > 1 && (other || begins_empty(only)))
		sections_fault(&file->sections, only->line, other ? "a way back by another changeset is all of it, on one line" :
					   "there are more lines of a way back behind one that says that there is none");
	else if (other)
		take_back_by_other(file, only);
	else if (begins_empty(only))
		unit_add_range(way_back(file), only->text - file->content->bytes, 0, only->line);
	else
	{
		foreach(lc, file->way_back)
		{
			const RollbackLine *line = lfirst(lc);

			if (!line->joins)
				open = NULL;
			changeset_add_line(file, way_back(file), &file->back_delimiter, line->text, line->end, line->line, &open);
		}
		changeset_settle_delimiters(file, way_back(file));
	}
}

static void
end_changeset(ChangesetFile *file)
{
	LayoutClaim *claim = file->claim;
	PropertyScope *scope;

	if (claim == NULL)
		return;
	if (claim->up->range_count == 0)
		sections_fault(&file->sections, file->line, "the changeset has no SQL");
	else
	{
		changeset_settle_delimiters(file, claim->up);
		settle_way_back(file);
	}
	scope = palloc(sizeof(PropertyScope));
	*scope = properties_scope(file->state->properties, file->number);
	claim->up->properties = scope;
	if (claim->down != NULL)
		claim->down->properties = scope;
	file->claims = lappend(file->claims, claim);
	file->claim = NULL;
	file->open = NULL;
	enter(file, claim, claim->version);
	enter(file, claim, id_and_author(file->id, file->author));
}

static void
add_rollback(ChangesetFile *file, const char *text, const char *end, bool joins)
{
	RollbackLine *line = palloc(sizeof(RollbackLine));

	line->text = text;
	line->end = end;
	line->line = file->sections.lines.number;
	line->joins = joins;
	file->way_back = lappend(file->way_back, line);
}

/* The lines up to the end of the comment; changesets in it are none. */
static void
take_rollback_comment(ChangesetFile *file)
{
	FileLines  *lines = &file->sections.lines;
	int			first = lines->number;
	bool		joins = false;

	while (lines_next(lines))
	{
		const char *end = lines->end;

		while (end > lines->text && lines_is_space(end[-1]))
			end--;
		if (end - lines->text >= 2 && strncmp(end - 2, "*/", 2) == 0)
		{
			if (end - 2 > lines_first(lines))
				add_rollback(file, lines->text, end - 2, joins);
			return;
		}
		add_rollback(file, lines->text, lines->end, joins);
		joins = true;
	}
	sections_fault(&file->sections, first, "the comment has no end on a line by itself, or at the end of one");
}

/* Is it nearly one of Liquibase's lines?  Liquibase would stop, or take it for SQL. */
static bool
is_nearly(const FileLines *lines)
{
	static const char *const words[] = {"changeset", "rollback", "preconditions", "precondition", "property", "comment", "validchecksum", "ignorelines"};
	static const char *const kinds[] = {"sql-check", "table-exists", "view-exists"};
	static const char *const includes[] = {"include", "includeAll"};
	const char *first = lines_first(lines);
	const char *rest;
	MarkSense	sense;

	if (first < lines->end && *first == '-' && !(first + 1 < lines->end && first[1] == '-'))
		for (int i = 0; i < lengthof(words); i++)
		{
			rest = lines_skip(first + 1, lines->end, words[i], true);
			if (rest != NULL && (rest == lines->end || lines_is_space(*rest) || *rest == ':'))
				return true;
		}
	rest = behind_first_word(lines, "ignore:");
	if (rest != NULL && rest < lines->end && isalnum((unsigned char) *rest))
		return true;
	rest = behind_word(lines, "precondition ");
	for (int i = 0; i < lengthof(kinds) && rest != NULL; i++)
		if (lines_skip(rest, lines->end, kinds[i], true) != NULL)
			return true;
	/* that of the commercial edition */
	for (int i = 0; i < lengthof(includes); i++)
	{
		rest = behind_word(lines, includes[i]);
		if (rest != NULL && rest < lines->end && lines_is_space(*rest) &&
			(lines_skip(rest, lines->end, "file:", true) != NULL || lines_skip(rest, lines->end, "path:", true) != NULL))
			return true;
	}
	return mark_of_line(lines->text, lines->end, &sense) == MARK_OF_LIQUIBASE;
}

/* Behind "--comment: " and its like, where the colon may be missing; or NULL. */
static const char *
behind_note(const FileLines *lines, const char *word)
{
	const char *rest = behind_first_word(lines, word);

	if (rest != NULL && rest < lines->end && *rest == ':')
		rest++;
	return rest != NULL && rest < lines->end && *rest == ' ' ? rest + 1 : NULL;
}

/* What Liquibase refuses before the first changeset, in comments too. */
static bool
is_refused_early(const FileLines *lines)
{
	const char *first = lines_first(lines);
	const char *end = lines->end;
	const char *at = first;
	const char *rest;

	while (at < end && *at == '-')
		at++;
	if (at == first)
		return false;
	rest = lines_skip(at, end, "property", true);
	if (rest != NULL && rest < end && lines_is_space(*rest))
		return true;
	if (first != lines->text)
		return false;
	if (at > first + 1)
	{
		rest = behind_first_word(lines, "ignore:");
		return behind_note(lines, "comment") != NULL || (rest != NULL && rest < end && isalnum((unsigned char) *rest));
	}
	rest = lines_skip(at, end, "changeset", true);
	if (rest != NULL && rest < end && lines_is_space(*rest))
		return true;
	rest = lines_skip(at, end, "ignoreLines:", true);
	return rest != NULL && rest < end && isalnum((unsigned char) *rest);
}

/* Behind "liquibase rollback" in a block comment that begins on this line, or NULL. */
static const char *
behind_rollback_comment(const FileLines *lines)
{
	const char *rest = lines_skip(lines->text, lines->end, "/*", false);

	rest = rest ? lines_skip(rest, lines->end, "liquibase", true) : NULL;
	return rest ? lines_skip(rest, lines->end, "rollback", true) : NULL;
}

static void
take_header(ChangesetFile *file, const char *rest)
{
	char	   *word;
	const char *end = file->sections.lines.end;

	while ((word = changeset_word(&rest, end)) != NULL)
	{
		if (pg_strncasecmp(word, "logicalFilePath:", 16) == 0 && word[16] != '"')
			file->logical_path = word[16] != '\0' ? word + 16 : NULL;
		else if (pg_strcasecmp(word, "sql") != 0 && pg_strcasecmp(word, "formatted") != 0)
			changeset_fault(file, "it is not known here");
	}
}

/* One more header: a comment of the changeset, unless it would say otherwise what the path is. */
static bool
is_plain_header(const ChangesetFile *file)
{
	const FileLines *lines = &file->sections.lines;
	const char *rest = behind_word(lines, "liquibase");

	rest = rest ? lines_skip(rest, lines->end, "formatted", true) : NULL;
	rest = rest ? lines_skip(rest, lines->end, "sql", true) : NULL;
	return rest != NULL && is_blank(rest, lines->end) && file->logical_path == NULL;
}

/* One of a changeset; false: it is SQL. */
static bool
take_own_line(ChangesetFile *file)
{
	FileLines  *lines = &file->sections.lines;
	const char *end = lines->end;
	const char *rest;

	if ((rest = behind_rollback_comment(lines)) != NULL)
	{
		if (is_blank(rest, end))
			take_rollback_comment(file);
		else
			changeset_fault(file, "Liquibase takes it for a comment, as more stands on its line");
	}
	/* nothing is behind it: a comment, but one that says nothing */
	else if ((rest = behind_word(lines, "rollback")) != NULL && is_blank(rest, end))
		return true;
	else if (rest != NULL && !isalnum((unsigned char) *rest) && strchr("_-", *rest) == NULL)
	{
		if (*rest == ' ')
			add_rollback(file, rest + 1, end, false);
		else
			changeset_fault(file, "Liquibase takes it for a comment, as no blank is behind \"rollback\"");
	}
	else if ((rest = behind_word(lines, "preconditions")) != NULL)
		changeset_take_preconditions(file, rest);
	else if ((rest = behind_word(lines, "precondition-")) != NULL)
		changeset_take_precondition(file, rest);
	else if ((rest = behind_note(lines, "validCheckSum")) != NULL)
	{
		while (end > rest && lines_is_space(end[-1]))
			end--;
		file->claim->up->valid_checksums = lappend(file->claim->up->valid_checksums, pnstrdup(rest, end - rest));
	}
	else if (behind_note(lines, "comment") != NULL)
		return true;
	else if (is_nearly(lines) && !is_plain_header(file))
		changeset_fault(file, "it is not Liquibase's in this form");
	else
		return false;
	return true;
}

/* in_comment: in one that began before the first changeset, and may say anything but what Liquibase reads there, too. */
static void
read_line(ChangesetFile *file, bool in_comment)
{
	FileLines  *lines = &file->sections.lines;
	const char *end = lines->end;
	const char *rest;

	if (lines_is_blank(lines))
		return;
	if (file->claim == NULL && file->claims == NIL && (rest = behind_word(lines, "liquibase")) != NULL &&
		lines_skip(rest, end, "formatted", true) != NULL)
		take_header(file, rest);
	else if ((rest = behind_word(lines, "property")) != NULL && (rest == end || lines_is_space(*rest)))
		take_properties_line(file, rest);
	else if ((rest = behind_word(lines, "ignoreLines:")) != NULL)
		ignore_lines(file, rest);
	else if ((rest = behind_word(lines, "changeset")) != NULL)
	{
		if (rest < end && lines_is_space(*rest))
			begin_changeset(file, rest);
		else
			changeset_fault(file, "a changeset begins with \"--changeset AUTHOR:ID\"");
	}
	else if (file->claim == NULL)
	{
		rest = lines_first(lines);
		if (is_refused_early(lines))
			changeset_fault(file, "Liquibase refuses it before the first changeset, also in comments");
		else if (in_comment)
			;
		else if (is_nearly(lines) || behind_word(lines, "rollback") != NULL || behind_word(lines, "precondition") != NULL)
			changeset_fault(file, "it is not Liquibase's in this form or place");
		else if (!lines_is_comment(lines) && strncmp(rest, "/*", 2) != 0)
			changeset_fault(file, "before the first \"--changeset\" there are comments only");
	}
	else if (!take_own_line(file))
	{
		changeset_add_line(file, file->claim->up, &file->delimiter, lines->text, end, lines->number, &file->open);
		return;
	}
	file->open = NULL;
}
