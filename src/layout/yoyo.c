/*
 * yoyo.c
 *	  yoyo: NAME.sql and NAME.rollback.sql, any name.
 *
 * The comments that a script begins with may say what it needs, "-- depends: a b", and
 * that it runs without a transaction, "-- transactional: false", which then counts for
 * its way back too.  Python beside them is yoyo's as well, and runs nowhere else.
 * "post-apply*.sql" runs behind each run.  Any name and any comment may be another
 * tool's too, so this layout has to be chosen.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "layout/sections.h"

#define ROLLBACK ".rollback"
#define POST_APPLY "post-apply"
/* of an editor that is open */
#define TEMPORARY "_tmp_yoyonew"

static bool
ends_in(const char *name, int length, const char *ending)
{
	int			ending_length = strlen(ending);

	return length > ending_length && strncmp(name + length - ending_length, ending, ending_length) == 0;
}

static bool
claim_yoyo(const SourceEntry *entry, LayoutClaim *claim)
{
	const char *name = entry->name;
	int			stem = strlen(name) - strlen(".sql");
	bool		python = ends_in(name, strlen(name), ".py");
	bool		back;
	char		direction;

	/* as yoyo has them, in small letters */
	if (entry->is_directory || strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0 ||
		!(python || ends_in(name, strlen(name), ".sql")))
		return false;
	if (python)
	{
		stem = strlen(name) - strlen(".py");
		claim->fault = psprintf("its steps are Python, which no database server runs: write them as SQL, in \"%.*s.sql\"", stem, name);
	}
	else if (layout_sql_stem(name, &direction) > 0 && direction == 'd')
		claim->fault = pstrdup("its name says that it goes back, and yoyo would run it on the way up: it is NAME.rollback.sql that goes back");
	back = !python && ends_in(name, stem, ROLLBACK);
	claim->version = pnstrdup(name, back ? stem - strlen(ROLLBACK) : stem);
	claim->name = pstrdup("");
	if (back)
		claim->down = unit_of_file(UNIT_DOWN, name);
	else
		claim->up = unit_of_file(UNIT_UP, name);
	return true;
}

static bool
belongs_yoyo(const SourceEntry *entry)
{
	return !entry->is_directory && strcmp(entry->name, "yoyo.ini") == 0;
}

/* A directive; *value is what it says. */
static const char *
directive_of(const FileLines *lines, char **value)
{
	static const char *const names[] = {"depends", "transactional"};
	const char *rest = lines_skip(lines->text, lines->end, "--", false);

	for (int i = 0; rest != NULL && i < lengthof(names); i++)
	{
		const char *found = lines_skip(rest, lines->end, names[i], true);

		found = found ? lines_skip(found, lines->end, ":", false) : NULL;
		if (found == NULL)
			continue;
		*value = pnstrdup(found, lines->end - found);
		/* one in capitals is none to yoyo, and meant to be one */
		return lines_skip(rest, lines->end, names[i], false) != NULL ? names[i] : "";
	}
	return NULL;
}

static const ManifestEntry *
add_needs(const ManifestEntry *entry, const LayoutClaim *claim, int line, char *names)
{
	ManifestEntry *result = entry ? unconstify(ManifestEntry *, entry) : palloc0(sizeof(ManifestEntry));

	result->version = claim->version;
	result->file = claim->up->file;
	result->line = result->line > 0 ? result->line : line;
	for (char *name = strtok(names, " \t\f\v\r"); name != NULL; name = strtok(NULL, " \t\f\v\r"))
	{
		ManifestNeed *need = palloc0(sizeof(ManifestNeed));

		need->version = name;
		need->line = line;
		result->depends_on = lappend(result->depends_on, need);
	}
	return result;
}

static void
take_transactional(LayoutClaim *found, const FileLines *lines, const char *value)
{
	const char *end = value + strlen(value);
	const char *no = lines_skip(value, end, "false", true);
	const char *yes = lines_skip(value, end, "true", true);
	const char *rest = no ? no : yes;

	while (rest != NULL && *rest != '\0' && strchr(" \t\r", *rest) != NULL)
		rest++;
	if (rest == NULL || *rest != '\0' || found->up->mark != NULL)
		found->fault = psprintf("transactional is true or false, once: %s", lines_quoted(lines));
	else
	{
		char	   *quoted = lines_quoted(lines);

		found->up->transactions = no ? UNIT_NO_TRANSACTION : UNIT_TRANSACTIONS_OF_SCRIPT;
		found->up->mark = pnstrdup(quoted + 1, strlen(quoted) - 2);
		found->up->mark_line = lines->number;
	}
}

static List *
read_yoyo(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	LayoutClaim *found = palloc(sizeof(LayoutClaim));
	FileLines	lines;
	bool		leading = true;

	*found = *claim;
	lines_begin(&lines, content);
	while (found->fault == NULL && lines_next(&lines))
	{
		char	   *value;
		const char *name = directive_of(&lines, &value);

		leading &= lines_is_comment(&lines);
		if (name == NULL)
			continue;
		found->fault_line = lines.number;
		if (*name == '\0')
			found->fault = psprintf("yoyo reads it in small letters alone: %s", lines_quoted(&lines));
		else if (found->up == NULL)
			found->fault = psprintf("yoyo reads it in the script that goes up alone: %s", lines_quoted(&lines));
		else if (!leading)
			found->fault = psprintf("yoyo reads it before the first statement alone: %s", lines_quoted(&lines));
		else if (!pg_verifymbstr(value, strlen(value), true))
			found->fault = psprintf("it is not valid in encoding \"%s\": %s", GetDatabaseEncodingName(), lines_quoted(&lines));
		else if (strcmp(name, "depends") == 0)
			found->entry = add_needs(found->entry, claim, lines.number, value);
		else
			take_transactional(found, &lines, value);
	}
	return list_make1(found);
}

/* What a script says of transactions counts for both ways. */
static void
verify_yoyo(const Source *source, MigrationSet *set)
{
	for (int i = 0; i < set->count; i++)
	{
		const Migration *migration = set->migrations[i];

		if (migration->down == NULL || migration->up == NULL || migration->up->mark == NULL)
			continue;
		migration->down->transactions = migration->up->transactions;
		migration->down->mark = migration->up->mark;
		migration->down->mark_line = migration->up->mark_line;
	}
}

static bool
hook_yoyo(const char *name, HookFile *hook)
{
	int			stem = strlen(name) - strlen(".sql");

	hook->after = true;
	return strncmp(name, POST_APPLY, strlen(POST_APPLY)) == 0 && ends_in(name, strlen(name), ".sql") &&
		!ends_in(name, stem, ROLLBACK);
}

/* YYYYMMDD_NN-words.sql; yoyo puts letters at random before the words. */
static bool
name_yoyo(NewMigration *fresh)
{
	char	   *today = new_names_today();
	const char *latest = fresh->latest_version;
	int			number = 1;

	if (latest != NULL && strncmp(latest, today, strlen(today)) == 0 && latest[8] == '_' &&
		layout_leading_digits(latest + 9) == 2)
		number = atoi(latest + 9) + 1;
	if (number > 99)
		return false;
	fresh->up_file = psprintf("%s_%02d-%s.sql", today, number, new_names_joined(fresh->words, '-'));
	if (fresh->with_down)
		fresh->down_file = psprintf("%s_%02d-%s.rollback.sql", today, number, new_names_joined(fresh->words, '-'));
	return true;
}

const Layout layout_yoyo = {
	.name = "yoyo",
	.pattern = "name.sql, name.rollback.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_yoyo,
	.chosen_only = true,
	.down = DOWN_IN_FILE,
	.down_called_back = true,
	.read = read_yoyo,
	.belongs = belongs_yoyo,
	.hook = hook_yoyo,
	.hook_names = "post-apply.sql, and other .sql files whose names begin so",
	.verify = verify_yoyo,
	.name_new = name_yoyo
};
