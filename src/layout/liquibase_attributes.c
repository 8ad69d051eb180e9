/*
 * liquibase_attributes.c
 *	  What is said of a changeset: on its line of formatted SQL, or by the attributes that
 *	  one of XML, YAML or JSON has.
 *
 * Liquibase looks for each attribute anywhere in the line, takes the last one of a name,
 * and passes over what it does not know.  Here the line is read from left to right, and what
 * would be passed over stops a run.  An attribute that is known, but cannot be done
 * here, stops a run that has the changeset pending.
 */
#include "postgres.h"

#include "layout/liquibase_changeset.h"

#define HINT_CHANGE "Change the changeset; or run it by hand, and say so with migrator.resolve()."

void
changeset_fault(ChangesetFile *file, const char *reason)
{
	sections_fault(&file->sections, file->sections.lines.number, "%s: %s", reason, lines_quoted(&file->sections.lines));
}

char *
changeset_expand(const ChangesetFile *file, const char *text, char **wrong)
{
	return changelog_expand(text, file->state, file->number, wrong);
}

char *
changeset_word(const char **rest, const char *end)
{
	const char *from;

	while (*rest < end && lines_is_space(**rest))
		(*rest)++;
	from = *rest;
	while (*rest < end && !lines_is_space(**rest))
		(*rest)++;
	return *rest > from ? pnstrdup(from, *rest - from) : NULL;
}

char *
changeset_quoted_word(const char **rest, const char *end)
{
	const char *from;
	const char *quote;

	while (*rest < end && lines_is_space(**rest))
		(*rest)++;
	from = *rest;
	if (from == end || *from != '"')
		return changeset_word(rest, end);
	quote = memchr(from + 1, '"', end - from - 1);
	if (quote == NULL)
		return NULL;
	*rest = quote + 1;
	return pnstrdup(from + 1, quote - from - 1);
}

/* Those whose values Liquibase reads in quotes, or not at all. */
static bool
has_quotes(const char *name)
{
	static const char *const names[] = {"context", "contextFilter", "labels", "onFailMessage", "onErrorMessage"};

	for (int i = 0; i < lengthof(names); i++)
		if (pg_strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

bool
changeset_attribute(ChangesetFile *file, const char **rest, const char *end, char **name, char **value)
{
	const char *colon;

	while (*rest < end && lines_is_space(**rest))
		(*rest)++;
	if (*rest == end || file->sections.result->fault != NULL)
		return false;
	for (colon = *rest; colon < end && !lines_is_space(*colon) && *colon != ':'; colon++)
		;
	if (colon == end || *colon != ':' || colon + 1 == end || lines_is_space(colon[1]))
	{
		changeset_fault(file, "words that are no \"name:value\" are passed over by Liquibase, as if they were not there");
		return false;
	}
	*name = pnstrdup(*rest, colon - *rest);
	*rest = colon + 1;
	*value = has_quotes(*name) ? changeset_quoted_word(rest, end) : changeset_word(rest, end);
	if (*value == NULL)
		changeset_fault(file, "a quote is open");
	else if (!has_quotes(*name) && **value == '"')
		changeset_fault(file, psprintf("Liquibase reads no quotes in \"%s\"", lines_printable(*name)));
	else if (has_quotes(*name) && strchr(*value, ':') != NULL)
		changeset_fault(file, "a colon stands in the value of an attribute, and Liquibase may take what is before it for another one");
	return file->sections.result->fault == NULL;
}

static void
refuse_unit(ScriptUnit *unit, int line, const char *reason, const char *hint)
{
	if (unit->refused != NULL)
		return;
	unit->refused = reason;
	unit->refused_hint = hint;
	unit->refused_line = line;
}

static void
exclude(LayoutClaim *claim, const char *reason)
{
	if (claim->excluded == NULL)
		claim->excluded = reason;
}

/* true, false, or false with a fault */
static bool
boolean_of(const char *name, const char *value, char **wrong)
{
	int			result = changelog_boolean(value);

	if (result < 0)
		*wrong = psprintf("\"%s\" is true or false", lines_printable(name));
	return result == 1;
}

/* One that any format has; false: it is none. */
static bool
take_attribute(const ChangelogState *state, LayoutClaim *claim, const char *name, const char *value, int line, char **wrong)
{
	if (pg_strcasecmp(name, "runOnChange") == 0)
	{
		if (boolean_of(name, value, wrong) && claim->kind == MIGRATION_VERSIONED)
			claim->kind = MIGRATION_ON_CHANGE;
	}
	else if (pg_strcasecmp(name, "runAlways") == 0)
	{
		if (boolean_of(name, value, wrong))
			claim->kind = MIGRATION_ALWAYS;
	}
	else if (pg_strcasecmp(name, "runInTransaction") == 0)
	{
		if (!boolean_of(name, value, wrong) && *wrong == NULL)
		{
			claim->up->transactions = UNIT_NO_TRANSACTION;
			claim->up->mark = "runInTransaction:false";
			claim->up->mark_line = line;
		}
	}
	else if (pg_strcasecmp(name, "failOnError") == 0)
	{
		if (!boolean_of(name, value, wrong) && *wrong == NULL)
			refuse_unit(claim->up, line, "\"failOnError:false\" is not known here: what fails is undone, and stops the run", HINT_CHANGE);
	}
	else if (pg_strcasecmp(name, "ignore") == 0)
	{
		if (boolean_of(name, value, wrong))
			exclude(claim, "it says \"ignore:true\"");
	}
	else if (pg_strcasecmp(name, "runWith") == 0)
	{
		if (pg_strcasecmp(value, "jdbc") != 0)
			refuse_unit(claim->up, line, psprintf("\"runWith:%s\": no other program can run it here", lines_printable(value)), HINT_CHANGE);
	}
	else if (pg_strcasecmp(name, "labels") == 0)
		exclude(claim, changelog_labels_exclude(state, value));
	else if (pg_strcasecmp(name, "dbms") == 0)
		exclude(claim, changelog_dbms_excludes(value));
	/* of Liquibase's own SQL, which there is none of here */
	else if (pg_strcasecmp(name, "created") != 0 && pg_strcasecmp(name, "objectQuotingStrategy") != 0)
		return false;
	return true;
}

/* One of formatted SQL alone. */
static bool
take_sql_attribute(ChangesetFile *file, const char *name, const char *value, char **wrong)
{
	bool		back = pg_strcasecmp(name, "rollbackEndDelimiter") == 0;

	if (pg_strcasecmp(name, "splitStatements") == 0 || pg_strcasecmp(name, "stripComments") == 0 ||
		pg_strcasecmp(name, "rollbackSplitStatements") == 0)
		(void) boolean_of(name, value, wrong);
	else if (back || pg_strcasecmp(name, "endDelimiter") == 0)
	{
		Delimiter	delimiter;

		if (!changeset_read_delimiter(value, &delimiter))
			*wrong = psprintf("this form of a delimiter is not known here: \"%s\"", lines_printable(value));
		/* it looks for the last "endDelimiter:", whatever stands before that */
		file->delimiter = delimiter;
		if (back)
			file->back_delimiter = delimiter;
	}
	else
		return false;
	return true;
}

/* Of what is compared letter by letter, Liquibase takes so much. */
static bool
is_list_of_dbms(const char *value)
{
	if (*value == ',' || value[0] == '\0' || value[1] == '\0')
		return false;
	for (; *value != '\0'; value++)
		if (!isalnum((unsigned char) *value) && strchr("_!,", *value) == NULL)
			return false;
	return true;
}

static bool
is_among(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (pg_strcasecmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

static void
take_one(ChangesetFile *file, const char *name, char *value, char **logical_path, char **context, char **filter)
{
	char	   *wrong = NULL;

	if (has_quotes(name) || pg_strcasecmp(name, "dbms") == 0 || pg_strcasecmp(name, "logicalFilePath") == 0 ||
		pg_strcasecmp(name, "ignore") == 0 || pg_strcasecmp(name, "runWith") == 0)
		value = changeset_expand(file, value, &wrong);
	if (pg_strcasecmp(name, "context") == 0)
		*context = value;
	else if (pg_strcasecmp(name, "contextFilter") == 0)
		*filter = value;
	else if (pg_strcasecmp(name, "logicalFilePath") == 0)
		*logical_path = value;
	else if (pg_strcasecmp(name, "dbms") == 0 && !is_list_of_dbms(value))
		wrong = wrong ? wrong : "Liquibase reads letters, digits, \"_\", \"!\" and commas only in \"dbms\"";
	else if (wrong == NULL && !take_attribute(file->state, file->claim, name, value, file->line, &wrong) &&
			 !take_sql_attribute(file, name, value, &wrong))
		wrong = psprintf("Liquibase passes over \"%s\", which it does not know", lines_printable(name));
	if (wrong != NULL)
		changeset_fault(file, wrong);
}

void
changeset_take_attributes(ChangesetFile *file, const char *rest)
{
	LayoutClaim *claim = file->claim;
	char	   *logical_path = NULL;
	char	   *context = NULL;
	char	   *filter = NULL;
	char	   *wrong = NULL;
	char	   *name,
			   *value;
	List	   *names = NIL;
	const char *path;

	claim->excluded = changelog_around_excludes(file->state, &wrong);
	while (changeset_attribute(file, &rest, file->sections.lines.end, &name, &value))
	{
		if (is_among(names, name))
			changeset_fault(file, psprintf("\"%s\" comes twice, and Liquibase takes one of the two", lines_printable(name)));
		names = lappend(names, name);
		take_one(file, name, value, &logical_path, &context, &filter);
	}
	if (!is_among(names, "labels"))
		exclude(claim, changelog_labels_exclude(file->state, ""));
	context = filter != NULL && *filter != '\0' ? filter : context;
	if (context != NULL)
		exclude(claim, changelog_context_excludes(file->state, context, &wrong));
	logical_path = logical_path ? logical_path : file->logical_path;
	path = logical_path ? changelog_normal_path(changeset_expand(file, logical_path, &wrong)) : file->path;
	if (path == NULL)
		wrong = "its path leads out of the root";
	if (wrong != NULL)
		changeset_fault(file, wrong);
	else
		claim->version = psprintf("%s::%s::%s", path, file->id, file->author);
}

/* The text of a child, expanded; or NULL. */
static char *
child_text(const JsonNode *changeset, const char *name, const ChangelogState *state, int file, char **wrong)
{
	const JsonNode *child = json_tree_child(changeset, name);

	if (child != NULL && (strcmp(name, "id") == 0 || strcmp(name, "author") == 0) && changelog_reads_otherwise(child))
		*wrong = psprintf(CHANGELOG_QUOTES, name);
	return child != NULL && child->text != NULL ? changelog_expand(child->text, state, file, wrong) : NULL;
}

LayoutClaim *
changelog_code_claim(const ChangelogState *state, const char *path, const char *logical_path,
					 int file, const JsonNode *changeset)
{
	static const char *const names[] = {"runOnChange", "runAlways", "ignore", "dbms"};
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
	char	   *wrong = NULL;
	char	   *id = child_text(changeset, "id", state, file, &wrong);
	char	   *author = child_text(changeset, "author", state, file, &wrong);
	char	   *own_path = child_text(changeset, "logicalFilePath", state, file, &wrong);
	char	   *context = child_text(changeset, "contextFilter", state, file, &wrong);
	char	   *labels = child_text(changeset, "labels", state, file, &wrong);

	claim->up = unit_of_file(UNIT_UP, path);
	claim->fault_line = changeset->line;
	if (id == NULL || author == NULL)
		wrong = wrong ? wrong : "a changeset has an id and an author";
	if (context == NULL || *context == '\0')
		context = child_text(changeset, "context", state, file, &wrong);
	if (wrong == NULL)
		claim->excluded = changelog_around_excludes(state, &wrong);
	if (context != NULL && wrong == NULL)
		exclude(claim, changelog_context_excludes(state, context, &wrong));
	exclude(claim, changelog_labels_exclude(state, labels ? labels : ""));
	for (int i = 0; i < lengthof(names); i++)
	{
		char	   *value = child_text(changeset, names[i], state, file, &wrong);

		if (value != NULL && wrong == NULL)
			(void) take_attribute(state, claim, names[i], value, changeset->line, &wrong);
	}
	if (wrong == NULL)
	{
		const char *shown = own_path && *own_path ? changelog_normal_path(own_path) : logical_path ? changelog_normal_path(logical_path) : path;

		claim->version = psprintf("%s::%s::%s", shown ? shown : path, id, author);
		claim->name = id;
		claim->up->text = changeset->text;
		claim->up->checksum = palloc(SHA256_HEX_LENGTH + 1);
		digest_sha256(changeset->text, strlen(changeset->text), (char *) claim->up->checksum);
		claim->up->is_code = true;
		refuse_unit(claim->up, changeset->line, "a changeset that is not SQL cannot run here",
					"Write it as formatted SQL; or have Liquibase run it, and say so with migrator.resolve(), or migrator.adopt() all of its history. If it is not to run here, leave the file out with option \"ignore\".");
	}
	claim->fault = wrong;
	return claim;
}
