/*
 * layout.c
 *	  The table of layouts, and how a directory is recognised by it.
 *
 * Every layout is asked about every entry.  The directory's layout is the
 * first of the table that claims all entries which any layout claims; so a
 * row with narrower rules stands before one with wider rules.  When each
 * layout leaves something to another, the directory is ambiguous and refused:
 * to apply a part of it would be worse.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "errors.h"
#include "layout.h"

static const Layout *const layouts[] = {
	&layout_golang_migrate,
	&layout_prisma,
	&layout_diesel,
	&layout_dated,
	&layout_numbered,
};

/* names that mark a tree of environments even before it holds a file */
static const char *const environment_names[] = {
	"common", "development", "staging", "production",
};

/* JSON files that change what runs; ignoring them would run too much */
static const char *const manifest_names[] = {
	"environments.json", "dependencies.json",
};

static void refuse_unsupported(const Source *source, const List *entries);
static bool is_environment_folder(const SourceEntry *entry);
static const Layout *recognise(const Source *source, const List *entries, LayoutClaim *claims);
static bool claimed_by_other(const Layout *layout, const SourceEntry *entry);
static void refuse_ambiguous(const Source *source, const List *entries);
static void refuse_unrecognised(const Source *source);
static const char *known_patterns(void);
static void read_names(const List *entries, const LayoutClaim *claims, MigrationSet *set);
static void ignore_entry(MigrationSet *set, const SourceEntry *entry);
static void join_pairs(MigrationSet *set);
static int	compare_migrations(const void *a, const void *b, void *order);

MigrationSet *
layout_read(const Source *source)
{
	List	   *entries = source_list(source);
	MigrationSet *set = palloc0(sizeof(MigrationSet));
	LayoutClaim *claims = palloc(Max(list_length(entries), 1) * sizeof(LayoutClaim));
	const Layout *layout;

	refuse_unsupported(source, entries);
	layout = recognise(source, entries, claims);

	set->layout = layout->name;
	set->order = layout->order;
	read_names(entries, claims, set);
	qsort_arg(set->migrations, set->count, sizeof(Migration *), compare_migrations, &set->order);
	join_pairs(set);
	if (set->count == 0)
		refuse_unrecognised(source);
	return set;
}

/*
 * Never apply only the top of a tree whose folders hold migrations too, and
 * never pass over a file that says what must not run.
 */
static void
refuse_unsupported(const Source *source, const List *entries)
{
	ListCell   *lc;

	foreach(lc, entries)
	{
		const SourceEntry *entry = lfirst(lc);

		if (is_environment_folder(entry))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("environments are not supported yet: \"%s\" has the folder \"%s\"",
						   source->given, entry->name),
					errdetail("Migrations in folders of a directory belong to environments; applying only the top would leave them out."),
					errhint("Give a directory whose files all belong together."));
		for (int i = 0; i < lengthof(manifest_names); i++)
			if (!entry->is_directory && strcmp(entry->name, manifest_names[i]) == 0)
				ereport(ERROR,
						errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("environments and dependencies are not supported yet: \"%s\" has the file \"%s\"",
							   source->given, entry->name),
						errdetail("It restricts what may run, so it cannot be passed over."));
	}
}

/*
 * A folder is one of environments when its name says so, or when it holds
 * files that would be migrations at the top.
 */
static bool
is_environment_folder(const SourceEntry *entry)
{
	ListCell   *lc;

	if (!entry->is_directory)
		return false;
	for (int i = 0; i < lengthof(environment_names); i++)
		if (strcmp(entry->name, environment_names[i]) == 0)
			return true;

	foreach(lc, entry->children)
	{
		SourceEntry child = {lfirst(lc), false, NIL};
		LayoutClaim claim = {0};

		for (int i = 0; i < lengthof(layouts); i++)
			if (layouts[i]->claim(&child, &claim))
				return true;
	}
	return false;
}

/*
 * The first layout that claims every entry which any layout claims; its claims
 * are returned, one for each entry, without a version where it made none.
 */
static const Layout *
recognise(const Source *source, const List *entries, LayoutClaim *claims)
{
	bool		any = false;

	for (int i = 0; i < lengthof(layouts); i++)
	{
		bool		all = true;
		int			claimed = 0;
		ListCell   *lc;

		foreach(lc, entries)
		{
			LayoutClaim *claim = &claims[foreach_current_index(lc)];

			memset(claim, 0, sizeof(LayoutClaim));
			if (layouts[i]->claim(lfirst(lc), claim))
				claimed++;
			else if (claimed_by_other(layouts[i], lfirst(lc)))
			{
				all = false;
				any = true;
				break;
			}
		}
		if (all && claimed > 0)
			return layouts[i];
	}
	if (any)
		refuse_ambiguous(source, entries);
	refuse_unrecognised(source);
	return NULL;				/* not reached */
}

static bool
claimed_by_other(const Layout *layout, const SourceEntry *entry)
{
	for (int i = 0; i < lengthof(layouts); i++)
	{
		LayoutClaim claim = {0};

		if (layouts[i] != layout && layouts[i]->claim(entry, &claim))
			return true;
	}
	return false;
}

static void
refuse_unrecognised(const Source *source)
{
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" holds no migrations", source->given),
			errdetail("No name in it fits a known layout:\n%s", known_patterns()),
			errhint("Check the path; it is read on the database server."));
}

/* Name each layout that claims something, with its first file. */
static void
refuse_ambiguous(const Source *source, const List *entries)
{
	StringInfoData detail;

	initStringInfo(&detail);
	for (int i = 0; i < lengthof(layouts); i++)
	{
		ListCell   *lc;

		foreach(lc, entries)
		{
			LayoutClaim claim = {0};

			if (layouts[i]->claim(lfirst(lc), &claim))
			{
				appendStringInfo(&detail, "%s%s: \"%s\"", detail.len > 0 ? "\n" : "",
								 layouts[i]->name,
								 claim.up_file ? claim.up_file : claim.down_file);
				break;
			}
		}
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" is ambiguous: its files fit more than one layout", source->given),
			errdetail_internal("%s", detail.data),
			errhint("Name all migrations of a directory by the rules of one layout."));
}

static const char *
known_patterns(void)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(layouts); i++)
		appendStringInfo(&text, "%s%s: %s", i > 0 ? "\n" : "",
						 layouts[i]->name, layouts[i]->pattern);
	return text.data;
}

static void
read_names(const List *entries, const LayoutClaim *claims, MigrationSet *set)
{
	ListCell   *lc;

	set->migrations = palloc(Max(list_length(entries), 1) * sizeof(Migration *));
	foreach(lc, entries)
	{
		const SourceEntry *entry = lfirst(lc);
		const LayoutClaim *claim = &claims[foreach_current_index(lc)];
		Migration  *migration;

		if (claim->version == NULL)
		{
			ignore_entry(set, entry);
			continue;
		}
		if (!pg_verifymbstr(entry->name, strlen(entry->name), true))
			ereport(ERROR,
					errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
					errmsg("name of migration \"%s\" is not valid in encoding \"%s\"",
						   claim->version, GetDatabaseEncodingName()),
					errhint("Rename the file."));
		migration = palloc0(sizeof(Migration));
		migration->version = claim->version;
		migration->name = claim->name;
		migration->up_file = claim->up_file;
		migration->down_file = claim->down_file;
		set->migrations[set->count++] = migration;
	}
}

static void
ignore_entry(MigrationSet *set, const SourceEntry *entry)
{
	IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));
	char		direction;
	ListCell   *lc;

	if (!pg_verifymbstr(entry->name, strlen(entry->name), true))
		ignored->file = pstrdup("(name not valid in the database's encoding)");
	else
		ignored->file = pstrdup(entry->name);
	if (entry->is_directory)
	{
		ignored->reason = psprintf("a folder that fits no rule of layout \"%s\"", set->layout);
		foreach(lc, entry->children)
			if (layout_sql_stem(lfirst(lc), &direction) >= 0)
				ignored->looks_like_sql = true;
	}
	else if (layout_sql_stem(entry->name, &direction) < 0)
		ignored->reason = pstrdup("not a .sql file");
	else
	{
		ignored->looks_like_sql = true;
		ignored->reason = psprintf("its name fits no rule of layout \"%s\"", set->layout);
	}
	set->ignored = lappend(set->ignored, ignored);
}

/*
 * Join up and down files of one version into one migration; note second
 * claims to a version; move downs without an up to the ignored names.
 */
static void
join_pairs(MigrationSet *set)
{
	int			kept = 0;

	for (int i = 0; i < set->count;)
	{
		Migration  *merged = set->migrations[i];
		int			next = i + 1;

		while (next < set->count &&
			   version_compare(set->order, merged->version, set->migrations[next]->version) == 0)
		{
			Migration  *other = set->migrations[next++];
			bool		same_up = merged->up_file && other->up_file;
			bool		same_down = merged->down_file && other->down_file;

			if (same_up || same_down)
			{
				DuplicateVersion *duplicate = palloc(sizeof(DuplicateVersion));

				duplicate->version = merged->version;
				duplicate->first_file = same_up ? merged->up_file : merged->down_file;
				duplicate->second_file = same_up ? other->up_file : other->down_file;
				set->duplicates = lappend(set->duplicates, duplicate);
			}
			if (merged->up_file == NULL && other->up_file != NULL)
			{
				merged->up_file = other->up_file;
				merged->version = other->version;
				merged->name = other->name;
			}
			if (merged->down_file == NULL)
				merged->down_file = other->down_file;
		}
		if (merged->up_file != NULL)
			set->migrations[kept++] = merged;
		else
		{
			IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

			ignored->file = merged->down_file;
			ignored->reason = pstrdup("a down script without an up script");
			ignored->looks_like_sql = true;
			set->ignored = lappend(set->ignored, ignored);
		}
		i = next;
	}
	set->count = kept;
}

static int
compare_migrations(const void *a, const void *b, void *order)
{
	const Migration *left = *(Migration *const *) a;
	const Migration *right = *(Migration *const *) b;
	int			result = version_compare(*(VersionOrder *) order, left->version, right->version);
	const char *left_file = left->up_file ? left->up_file : left->down_file;
	const char *right_file = right->up_file ? right->up_file : right->down_file;

	/* ties only matter for saying the same thing every time */
	return result != 0 ? result : strcmp(left_file, right_file);
}

int
layout_leading_digits(const char *s)
{
	return strspn(s, "0123456789");
}

int
layout_sql_stem(const char *name, char *direction)
{
	int			length = strlen(name);

	*direction = ' ';
	if (length < 4 || pg_strcasecmp(name + length - 4, ".sql") != 0)
		return -1;
	length -= 4;
	if (length >= 3 && pg_strncasecmp(name + length - 3, ".up", 3) == 0)
	{
		*direction = 'u';
		return length - 3;
	}
	if (length >= 5 && pg_strncasecmp(name + length - 5, ".down", 5) == 0)
	{
		*direction = 'd';
		return length - 5;
	}
	return length;
}

static int
two_digits(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

bool
layout_is_date(const char *s, int digits)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			month = two_digits(s + 4);
	int			day = two_digits(s + 6);

	if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
		return false;
	return digits < 14 ||
		(two_digits(s + 8) < 24 && two_digits(s + 10) < 60 && two_digits(s + 12) < 60);
}
