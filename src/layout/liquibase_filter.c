/*
 * liquibase_filter.c
 *	  Which changesets are run here: by context, by label, by kind of database.
 *
 * A context is an expression that a changeset has, and contexts are given to a run;
 * a label is what a changeset has, and an expression is given to a run.  Both are
 * read as Liquibase does: where there is nothing to compare with, what does not say
 * "@" fits, also behind a "not".
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/finding.h"
#include "layout/liquibase.h"

/* An expression; at goes on behind what was read. */
typedef struct Filter
{
	const char *at;
	const List *items;			/* char *, that it is about */
	bool		wrong;
	bool		alone;			/* the last one was all in parentheses */
} Filter;

static bool filter_or(Filter *filter);

static void
filter_blanks(Filter *filter)
{
	while (*filter->at == ' ' || *filter->at == '\t')
		filter->at++;
}

/* The word, and no more of a name. */
static bool
filter_word(Filter *filter, const char *word)
{
	size_t		length = strlen(word);

	filter_blanks(filter);
	if (pg_strncasecmp(filter->at, word, length) != 0 ||
		(filter->at[length] != '\0' && strchr(" \t()!,@", filter->at[length]) == NULL))
		return false;
	filter->at += length;
	return true;
}

static bool
filter_not(Filter *filter)
{
	filter_blanks(filter);
	if (*filter->at == '!')
	{
		filter->at++;
		return true;
	}
	return filter_word(filter, "not");
}

/* "!" stands before or behind "@". */
static bool
filter_one(Filter *filter)
{
	bool		inverse;
	bool		required;
	bool		found = false;
	size_t		length;
	ListCell   *lc;

	check_stack_depth();
	inverse = filter_not(filter);
	filter_blanks(filter);
	if (*filter->at == '(')
	{
		filter->at++;
		found = filter_or(filter);
		filter_blanks(filter);
		filter->wrong |= *filter->at != ')';
		filter->at += *filter->at == ')';
		filter->alone = !inverse;
		return inverse ? filter->items == NIL || !found : found;
	}
	filter->alone = false;
	required = *filter->at == '@';
	if (required)
	{
		filter->at++;
		if (!inverse)
			inverse = filter_not(filter);
		filter_blanks(filter);
	}
	length = strcspn(filter->at, " \t()!,@");
	filter->wrong |= length == 0;
	foreach(lc, filter->items)
	{
		const char *item = lfirst(lc);

		found |= strlen(item) == length && pg_strncasecmp(filter->at, item, length) == 0;
	}
	filter->at += length;
	return (!required && filter->items == NIL) || found != inverse;
}

static bool
filter_and(Filter *filter)
{
	bool		result = filter_one(filter);

	while (filter_word(filter, "and"))
	{
		filter->alone = false;
		result &= filter_one(filter);
		filter->alone = false;
	}
	return result;
}

/* Between commas; what is all in parentheses fits where there is nothing to compare with. */
static bool
filter_part(Filter *filter)
{
	bool		result = filter_and(filter);

	while (filter_word(filter, "or"))
	{
		result |= filter_and(filter);
		filter->alone = false;
	}
	return result || (filter->alone && filter->items == NIL);
}

static bool
filter_or(Filter *filter)
{
	bool		result = filter_part(filter);

	for (;;)
	{
		filter_blanks(filter);
		if (*filter->at != ',')
			return result;
		filter->at++;
		result |= filter_part(filter);
	}
}

/* An empty one fits. */
static bool
filter_fits(const char *expression, const List *items, bool *wrong)
{
	Filter		filter = {.at = expression,.items = items};
	bool		fits;

	filter_blanks(&filter);
	if (*filter.at == '\0')
		return true;
	fits = filter_or(&filter);
	filter_blanks(&filter);
	*wrong = filter.wrong || *filter.at != '\0';
	return fits;
}

bool
changelog_filter_is_valid(const char *expression)
{
	bool		wrong = false;

	(void) filter_fits(expression, NIL, &wrong);
	return !wrong;
}

List *
changelog_filter_items(const char *text)
{
	List	   *items = NIL;

	while (text != NULL && *text != '\0')
	{
		size_t		length = strcspn(text, ",");
		const char *from = text;
		const char *end = text + length;

		while (from < end && (*from == ' ' || *from == '\t'))
			from++;
		while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		if (end > from)
			items = lappend(items, pnstrdup(from, end - from));
		text += length + (text[length] == ',');
	}
	return items;
}

char *
changelog_context_excludes(const ChangelogState *state, const char *context, char **fault)
{
	bool		wrong = false;
	bool		fits = filter_fits(context, state->contexts, &wrong);

	if (wrong)
		*fault = psprintf("\"%s\" is no expression of contexts", lines_printable(context));
	if (wrong || fits)
		return NULL;
	if (state->contexts == NIL)
		return psprintf("its context is \"%s\", and no environment is given", lines_printable(context));
	return psprintf("its context is \"%s\", and the %s \"%s\"", lines_printable(context),
					state->contexts_are_environment ? "environment is" : "contexts given are", finding_one_line(state->contexts_given));
}

char *
changelog_around_excludes(const ChangelogState *state, char **fault)
{
	char	   *excluded = NULL;
	ListCell   *lc;

	foreach(lc, state->around_contexts)
	{
		if (excluded == NULL)
			excluded = changelog_context_excludes(state, lfirst(lc), fault);
	}
	foreach(lc, state->around_labels)
	{
		if (excluded == NULL)
			excluded = changelog_labels_exclude(state, lfirst(lc));
	}
	return excluded != NULL ? excluded : state->ignored ? "its include says that it is ignored" : NULL;
}

char *
changelog_labels_exclude(const ChangelogState *state, const char *labels)
{
	bool		wrong = false;

	if (state->labels_given == NULL || filter_fits(state->labels_given, changelog_filter_items(labels), &wrong))
		return NULL;
	return labels[0] == '\0' ? psprintf("it has no labels, and those asked for are \"%s\"", finding_one_line(state->labels_given)) :
		psprintf("its labels are \"%s\", and those asked for are \"%s\"", lines_printable(labels), finding_one_line(state->labels_given));
}

char *
changelog_dbms_excludes(const char *dbms)
{
	bool		others_only = true;
	bool		all = false;
	bool		none = false;
	bool		ours = false;
	bool		not_ours = false;
	ListCell   *lc;

	foreach(lc, changelog_filter_items(dbms))
	{
		const char *name = lfirst(lc);

		all |= pg_strcasecmp(name, "all") == 0;
		none |= pg_strcasecmp(name, "none") == 0;
		not_ours |= pg_strcasecmp(name, "!postgresql") == 0;
		ours |= pg_strcasecmp(name, "postgresql") == 0;
		others_only &= *name == '!';
	}
	/* where two contradict each other, the first of these counts */
	if (all)
		return NULL;
	if (none)
		return psprintf("it is for no database: dbms \"%s\"", lines_printable(dbms));
	if (not_ours)
		return psprintf("it is not for PostgreSQL: dbms \"%s\"", lines_printable(dbms));
	return ours || others_only ? NULL : psprintf("it is for other databases: dbms \"%s\"", lines_printable(dbms));
}
