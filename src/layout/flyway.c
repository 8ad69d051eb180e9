/*
 * flyway.c
 *	  Flyway: V1.2__description.sql, U1.2__ for its way back, R__description.sql,
 *	  B1.2__description.sql.
 *
 * Folders count as the top does, to any depth below one that has such a file.  A file
 * NAME.sql.conf beside a script says how it runs.  Dots and underscores divide a
 * version, whose parts are numbers.  The letters may be missing from all names: then
 * a script with "__" behind its version goes up.
 *
 * ${name} stands for a value in every script, unless its file of settings says that
 * it does not.  Callbacks run as hooks: those around the run, and around each
 * migration, also on the way back.
 *
 * A file of settings of the whole may change all of that: those settings are refused.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "layout/left_out.h"
#include "layout/sections.h"

#define CONF ".conf"

/* Callbacks that are none of a hook's names, and what nobody would run. */
static const char *const other_callbacks[] = {"createSchema", "beforeCreateSchema"};

static bool is_callback(const char *name, int stem, const char *event);

static ScriptUnit *
unit_of_flyway(UnitDirection direction, const char *file)
{
	ScriptUnit *unit = unit_of_file(direction, file);

	unit->fill = FILL_BRACES;
	return unit;
}

/* Length of a version at s: numbers, with a dot or an underscore between two. */
static int
version_length(const char *s)
{
	int			length = layout_leading_digits(s);

	while (length > 0 && (s[length] == '.' || s[length] == '_'))
	{
		int			more = layout_leading_digits(s + length + 1);

		if (more == 0)
			break;
		length += 1 + more;
	}
	return length;
}

/* A claim to a script by its name, without folders; path is what it is read by. */
static bool
claim_script(const char *name, const char *path, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(name, &direction);
	const char *rest = name + (strchr("VUB", *name) != NULL && *name != '\0' ? 1 : 0);
	int			length;
	int			separator;

	if (stem < 0 || direction != ' ')
		return false;
	for (int i = 0; i < lengthof(other_callbacks); i++)
		if (is_callback(name, stem, other_callbacks[i]))
		{
			claim->version = claim->name = "";
			claim->up = unit_of_file(UNIT_UP, path);
			claim->fault = "it is a callback of Flyway's that is not run here";
			return true;
		}
	if (strncmp(name, "R__", 3) == 0 && stem > 3)
	{
		/* it has no version: its name stands for one */
		claim->version = pnstrdup(name, stem);
		claim->name = pnstrdup(name + 3, stem - 3);
		claim->kind = MIGRATION_REPEATABLE;
		claim->up = unit_of_flyway(UNIT_UP, path);
		return true;
	}
	length = version_length(rest);
	/* a description may be missing, and the "__" where there is a letter */
	separator = rest + length < name + stem || rest == name ? 2 : 0;
	if (length == 0 || (separator > 0 && strncmp(rest + length, "__", 2) != 0))
		return false;
	claim->version = pnstrdup(rest, length);
	for (char *c = claim->version; *c != '\0'; c++)
		if (*c == '_')
			*c = '.';
	claim->name = pnstrdup(rest + length + separator, name + stem - (rest + length + separator));
	if (*name == 'U')
		claim->down = unit_of_flyway(UNIT_DOWN, path);
	else
		claim->up = unit_of_flyway(UNIT_UP, path);
	if (*name == 'B')
	{
		claim->kind = MIGRATION_BASELINE;
		claim->stands_for = claim->version;
		claim->version = psprintf("B%s", claim->version);
	}
	return true;
}

static bool
claim_flyway(const SourceEntry *entry, LayoutClaim *claim)
{
	ListCell   *lc;

	if (!entry->is_directory)
		return claim_script(entry->name, entry->name, claim);
	foreach(lc, entry->children)
	{
		const char *child = lfirst(lc);
		const char *slash = strrchr(child, '/');
		LayoutClaim found = {0};

		/* one with a folder stands for those that lie deeper */
		if (claim_script(slash ? slash + 1 : child, child, &found) && found.fault == NULL)
		{
			*claim = found;
			claim->many = true;
			if (claim->up != NULL)
				claim->up->file = psprintf("%s/%s", entry->name, child);
			else
				claim->down->file = psprintf("%s/%s", entry->name, child);
			return true;
		}
	}
	return false;
}

/* The rest of a line behind white space and the sign "=": is it the word, in any case? */
static bool
is_value(const char *rest, const char *end, const char *word)
{
	while (end > rest && strchr(" \t", end[-1]) != NULL)
		end--;
	return lines_skip(rest, end, word, true) == end;
}

/* Behind "KEY =", or NULL. */
static const char *
value_of(const FileLines *lines, const char *key)
{
	const char *rest = lines_skip(lines->text, lines->end, key, false);

	return rest ? lines_skip(rest, lines->end, "=", false) : NULL;
}

/* true or false; what is neither is a fault. */
static bool
take_boolean(const FileLines *lines, const char *value, LayoutClaim *claim)
{
	bool		is_true = is_value(value, lines->end, "true");

	if (!is_true && !is_value(value, lines->end, "false"))
		claim->fault = psprintf("its file of settings says %s, which is neither true nor false", lines_quoted(lines));
	return is_true;
}

/* Settings of one script: lines KEY=VALUE. */
static void
take_settings(const FileContent *content, LayoutClaim *claim)
{
	ScriptUnit *unit = claim->up ? claim->up : claim->down;
	FileLines	lines;

	lines_begin(&lines, content);
	while (lines_next(&lines))
	{
		const char *first = lines_first(&lines);
		const char *value;

		if (first == lines.end || *first == '#')
			continue;
		if ((value = value_of(&lines, "executeInTransaction")) != NULL)
		{
			bool		one = take_boolean(&lines, value, claim);

			unit->transactions = one ? UNIT_ONE_TRANSACTION : UNIT_NO_TRANSACTION;
			unit->mark = one ? "executeInTransaction=true" : "executeInTransaction=false";
			unit->mark_line = 1;
		}
		else if ((value = value_of(&lines, "placeholderReplacement")) != NULL)
			unit->fill = take_boolean(&lines, value, claim) ? FILL_BRACES : FILL_BY_DIRECTIVE;
		else if ((value = value_of(&lines, "encoding")) != NULL)
		{
			if (!is_value(value, lines.end, "UTF-8") && !is_value(value, lines.end, "UTF8"))
				claim->fault = psprintf("its file of settings says %s, and scripts are UTF-8 here", lines_quoted(&lines));
		}
		else if ((value = value_of(&lines, "shouldExecute")) != NULL)
		{
			if (!is_value(value, lines.end, "true"))
				claim->fault = psprintf("its file of settings says %s, which is not decided here", lines_quoted(&lines));
		}
		else
			claim->fault = psprintf("its file of settings says %s, which is not known here", lines_quoted(&lines));
	}
}

/* Of a script in a folder, the settings beside it: in the order of bytes they come behind it, as join.c has it at the top. */
static void
take_settings_behind(const Source *source, const List *files, int i, LayoutClaim *claim, const char *path)
{
	const char *name = list_nth(files, i);
	size_t		length = strlen(name);

	while (++i < list_length(files) && strncmp(list_nth(files, i), name, length) == 0)
	{
		FileContent content = {0};

		if (strcmp((const char *) list_nth(files, i) + length, CONF) != 0)
			continue;
		source_read(source, psprintf("%s%s", path, CONF), &content);
		if (content.bytes == NULL)
			claim->fault = content.problem;
		else
			take_settings(&content, claim);
		return;
	}
}

static LayoutClaim *
claim_faulty(const char *path, const char *fault)
{
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));

	claim->version = claim->name = "";
	claim->up = unit_of_file(UNIT_UP, path);
	claim->fault = unconstify(char *, fault);
	return claim;
}

/* The scripts of a folder and of those in it, whose names are theirs whatever the folder is called. */
static List *
expand_folder(const Source *source, const char *folder, List *result)
{
	List	   *files;
	List	   *folders;
	List	   *links;
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	source_list_folder(source, folder, &files, &folders, &links);
	foreach(lc, files)
	{
		const char *name = lfirst(lc);
		char	   *path = psprintf("%s/%s", folder, name);
		LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
		SourceEntry entry = {.name = name};
		char		direction;

		if (claim_script(name, path, claim))
		{
			take_settings_behind(source, files, foreach_current_index(lc), claim, path);
			result = lappend(result, claim);
		}
		else if (name_may_be_migration(&entry) && strstr(name, ".sql" CONF) == NULL)
			result = lappend(result, claim_faulty(path, "named like a migration, but by no rule of layout \"flyway\""));
		else if (layout_sql_stem(name, &direction) >= 0)
		{
			/* no migration, and worth a word */
			claim->up = unit_of_file(UNIT_UP, path);
			result = lappend(result, claim);
		}
	}
	foreach(lc, links)
	{
		result = lappend(result, claim_faulty(psprintf("%s/%s", folder, (char *) lfirst(lc)),
											  "a link to a folder, which is not followed"));
	}
	foreach(lc, folders)
	{
		result = expand_folder(source, psprintf("%s/%s", folder, (char *) lfirst(lc)), result);
	}
	return result;
}

static List *
expand_flyway(const Source *source, const SourceEntry *entry, const char *path)
{
	return expand_folder(source, path, NIL);
}

/* EVENT.sql or EVENT__words.sql */
static bool
is_callback(const char *name, int stem, const char *event)
{
	int			length = strlen(event);

	return strncmp(name, event, length) == 0 && (stem == length || strncmp(name + length, "__", 2) == 0);
}

/* A run calls none where there is nothing to do: afterMigrate is afterMigrateApplied. */
static bool
hook_flyway(const char *name, HookFile *hook)
{
	static const struct
	{
		const char *event;
		bool		after;
		bool		each;
		bool		back;
	}			events[] = {
		/* those of one place in the order in which they run */
		{"beforeMigrate", false, false, false},
		{"afterMigrateApplied", true, false, false}, {"afterMigrate", true, false, false},
		{"beforeEachMigrate", false, true, false}, {"afterEachMigrate", true, true, false},
		{"beforeUndo", false, false, true}, {"afterUndo", true, false, true},
		{"beforeEachUndo", false, true, true}, {"afterEachUndo", true, true, true}
	};
	char		direction;
	int			stem = layout_sql_stem(name, &direction);

	for (int i = 0; stem > 0 && direction == ' ' && i < lengthof(events); i++)
		if (is_callback(name, stem, events[i].event))
		{
			hook->after = events[i].after;
			hook->each = events[i].each;
			hook->back = events[i].back;
			/* without words comes first; "_" is a blank in them */
			hook->rank = psprintf("%d%.*s", i, (int) (stem - strlen(events[i].event)), name + strlen(events[i].event));
			for (char *c = hook->rank; *c != '\0'; c++)
				if (*c == '_')
					*c = ' ';
			return true;
		}
	return false;
}

/* In the order of bytes of what their tables have: with blanks for underscores. */
static int
compare_descriptions(const ListCell *a, const ListCell *b)
{
	const char *left = ((const Migration *) lfirst(a))->name;
	const char *right = ((const Migration *) lfirst(b))->name;

	for (; *left != '\0' && *right != '\0'; left++, right++)
	{
		unsigned char left_byte = *left == '_' ? ' ' : *left;
		unsigned char right_byte = *right == '_' ? ' ' : *right;

		if (left_byte != right_byte)
			return left_byte < right_byte ? -1 : 1;
	}
	return *left != '\0' ? 1 : *right != '\0' ? -1 : 0;
}

/* Repeatable scripts run by their descriptions, of which there is one each. */
static void
order_repeatables(MigrationSet *set)
{
	List	   *scripts = NIL;
	ListCell   *lc;
	const ListCell *before = NULL;

	for (int i = 0; i < set->count; i++)
		if (set->migrations[i]->kind == MIGRATION_REPEATABLE)
			scripts = lappend(scripts, set->migrations[i]);
	list_sort(scripts, compare_descriptions);
	foreach(lc, scripts)
	{
		Migration  *migration = lfirst(lc);

		migration->place = foreach_current_index(lc) + 1;
		if (before != NULL && compare_descriptions(before, lc) == 0)
			left_out_refuse(set, migration->up->file,
							psprintf("to Flyway it has the description of \"%s\"",
									 left_out_name(((const Migration *) lfirst(before))->up->file)))->elsewhere = migration->elsewhere;
		before = lc;
	}
}

/* Settings that give names or scripts another meaning, and what they are when nobody says anything. */
static const struct
{
	const char *key;
	const char *value;
}			settings[] = {
	{"placeholderPrefix", "${"}, {"placeholderSuffix", "}"}, {"placeholderSeparator", ":"}, {"placeholderReplacement", "true"},
	{"sqlMigrationPrefix", "V"}, {"undoSqlMigrationPrefix", "U"}, {"baselineMigrationPrefix", "B"},
	{"repeatableSqlMigrationPrefix", "R"}, {"sqlMigrationSeparator", "__"}, {"sqlMigrationSuffixes", ".sql"},
	{"encoding", "UTF-8"}, {"executeInTransaction", "true"}, {"skipExecutingMigrations", "false"}, {"skipDefaultCallbacks", "false"},
	{"skipDefaultResolvers", "false"}, {"target", "latest"}, {"cherryPick", ""}, {"initSql", ""}, {"defaultSchema", ""},
	{"schemas", ""}, {"callbackLocations", ""}, {"errorOverrides", ""}
};

/* KEY = VALUE, with "flyway." before it or in a section of TOML, whose values have quotes or brackets. */
static void
check_setting(const FileLines *lines, const char *file, MigrationSet *set)
{
	const char *key = lines_first(lines);
	const char *end = lines->end;
	const char *sign = memchr(key, '=', end - key);
	const char *key_end = sign;

	if (sign == NULL || *key == '#' || *key == '!')
		return;
	while (key_end > key && strchr(" \t", key_end[-1]) != NULL)
		key_end--;
	if (key_end - key > 7 && strncmp(key, "flyway.", 7) == 0)
		key += 7;
	for (int i = 0; i < lengthof(settings); i++)
	{
		const char *value = sign + 1;
		const char *value_end = end;

		if (strlen(settings[i].key) != key_end - key || strncmp(key, settings[i].key, key_end - key) != 0)
			continue;
		while (value < value_end && strchr(" \t\"'[", *value) != NULL)
			value++;
		while (value_end > value && strchr(" \t\"']", value_end[-1]) != NULL)
			value_end--;
		if (value == value_end ||
			(strlen(settings[i].value) == value_end - value &&
			 pg_strncasecmp(settings[i].value, value, value_end - value) == 0))
			return;
		left_out_refuse(set, file, psprintf("it says %s, which is not followed here", lines_quoted(lines)))->line = lines->number;
	}
}

/* What the source has of Flyway's settings, unless the user calls it none of ours. */
static void
verify_flyway(const Source *source, MigrationSet *set)
{
	ListCell   *lc;

	order_repeatables(set);
	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);
		const char *dot = strrchr(entry->name, '.');
		FileContent content = {0};
		FileLines	lines;
		bool		none_of_ours = false;
		ListCell   *other;

		if (entry->is_directory || dot == NULL || strncmp(entry->name, "flyway.", 7) != 0 ||
			(strcmp(dot, CONF) != 0 && strcmp(dot, ".toml") != 0))
			continue;
		foreach(other, set->ignored)
		{
			const IgnoredEntry *ignored = lfirst(other);

			none_of_ours |= ignored->by_pattern && strcmp(ignored->file, entry->name) == 0;
		}
		if (none_of_ours)
			continue;
		source_read(source, entry->name, &content);
		if (content.bytes == NULL)
		{
			left_out_refuse(set, entry->name, content.problem);
			continue;
		}
		lines_begin(&lines, &content);
		while (lines_next(&lines))
			check_setting(&lines, entry->name, set);
	}
}

static bool
name_flyway(NewMigration *fresh)
{
	const char *latest = fresh->latest_version;
	const char *dot = latest ? strrchr(latest, '.') : NULL;
	const char *file = fresh->latest != NULL ? new_names_latest_file(fresh) : NULL;
	const char *slash = file ? strrchr(file, '/') : NULL;
	bool		letter = file == NULL || (slash ? slash[1] : file[0]) == 'V';
	const char *last = dot ? dot + 1 : latest;

	if (last != NULL && last[layout_leading_digits(last)] != '\0')
		return false;
	fresh->up_file = psprintf("%.*s%s%.*s%s__%s.sql", slash ? (int) (slash + 1 - file) : 0, file ? file : "", letter ? "V" : "",
							  dot ? (int) (dot + 1 - latest) : 0, latest ? latest : "",
							  last ? new_names_number(last) : "1", fresh->words);
	if (fresh->with_down)
	{
		const char *name = strrchr(fresh->up_file, '/');

		if (!letter)
			return false;
		name = name ? name + 1 : fresh->up_file;
		fresh->down_file = psprintf("%.*sU%s", (int) (name - fresh->up_file), fresh->up_file, name + 1);
	}
	return true;
}

const Layout layout_flyway = {
	.name = "flyway",
	.pattern = "VVERSION__description.sql, UVERSION__, BVERSION__, R__description.sql; or VERSION__description.sql",
	.order = VERSION_ORDER_DOTTED,
	.claim = claim_flyway,
	.down = DOWN_IN_FILE,
	.repeatable = true,
	.sums_as_listed = true,
	.expand = expand_flyway,
	.side_ending = CONF,
	.take_side = take_settings,
	.hook = hook_flyway,
	.hook_names = "beforeMigrate.sql, afterMigrate.sql, afterMigrateApplied.sql, beforeEachMigrate.sql, afterEachMigrate.sql, "
	"the same with Undo for Migrate, each perhaps with \"__\" and words before .sql",
	.hook_fill = FILL_BRACES,
	.verify = verify_flyway,
	.name_new = name_flyway
};
