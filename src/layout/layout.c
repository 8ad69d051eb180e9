/*
 * layout.c
 *	  The table of layouts, and how a directory is recognised by it.
 *
 * Every layout is asked about every entry.  The directory's layout is the
 * first of the table that claims all entries which any layout claims; so a
 * row with narrower rules stands before one with wider rules.  When each
 * layout leaves something to another, the directory is ambiguous and refused:
 * to apply a part of it would be worse.  The layout of the record decides
 * before that, where a file of the record is there: one odd name must not give
 * all the others new versions.
 *
 * Before they are asked, names are put aside that the user calls none of ours,
 * that are a hook's, or that say of themselves that they do not go up; and
 * after, what no layout takes is refused when it may be a migration all the
 * same (names.c).
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/glob.h"
#include "layout/layout.h"

/* misfits named in an error */
#define MISFITS_NAMED 5

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

/* An entry of the source and what was made of it. */
typedef struct Candidate
{
	SourceEntry *entry;
	bool		aside;			/* the layouts are not asked */
	LayoutClaim claim;			/* without a version where there is none */
} Candidate;

typedef struct Candidates
{
	const Source *source;
	const LayoutHints *hints;
	Candidate  *items;
	int			count;
	MigrationSet *set;
} Candidates;

static void refuse_unsupported(const Candidates *all);
static bool is_manifest(const char *name);
static const char *ignoring_pattern(const LayoutHints *hints, const char *path);
static bool ignore_by_pattern(Candidates *all, Candidate *item);
static bool put_aside(Candidates *all, Candidate *item);
static bool is_environment_folder(const SourceEntry *entry);
static const Layout *recognise(Candidates *all);
static bool make_claims(const Layout *layout, Candidates *all, int *claimed, int *faults);
static const Layout *layout_of_record(Candidates *all);
static bool claimed_by_other(const Layout *layout, const SourceEntry *entry);
static void refuse_ambiguous(const Candidates *all);
static void refuse_unrecognised(const Candidates *all);
static void refuse_misfits(const Candidates *all);
static const char *known_patterns(void);
static void read_names(Candidates *all);
static char *shown_name(const char *name);
static RefusedEntry *refuse_entry(MigrationSet *set, const char *file, const char *reason);
static void ignore_entry(MigrationSet *set, const SourceEntry *entry);
static const char *why_not_taken(const Candidates *all, const Candidate *item);
static bool are_twins(const char *a, const char *b);
static void join_pairs(MigrationSet *set);
static int	compare_migrations(const void *a, const void *b, void *order);

MigrationSet *
layout_read(const Source *source, const LayoutHints *hints)
{
	List	   *entries = source_list(source);
	MigrationSet *set = palloc0(sizeof(MigrationSet));
	Candidates	all = {source, hints, NULL, list_length(entries), set};
	const Layout *layout;
	ListCell   *lc;

	all.items = palloc0(Max(all.count, 1) * sizeof(Candidate));
	foreach(lc, entries)
	{
		all.items[foreach_current_index(lc)].entry = lfirst(lc);
	}
	for (int i = 0; i < all.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		all.items[i].aside = ignore_by_pattern(&all, &all.items[i]) || put_aside(&all, &all.items[i]);
	}
	refuse_unsupported(&all);
	layout = recognise(&all);

	set->layout = layout->name;
	set->order = layout->order;
	read_names(&all);
	qsort_arg(set->migrations, set->count, sizeof(Migration *), compare_migrations, &set->order);
	join_pairs(set);
	refuse_misfits(&all);
	if (set->count == 0 && set->refused == NIL)
		refuse_unrecognised(&all);
	return set;
}

static bool
is_manifest(const char *name)
{
	for (int i = 0; i < lengthof(manifest_names); i++)
		if (strcmp(name, manifest_names[i]) == 0)
			return true;
	return false;
}

/*
 * The pattern by which the user says that a path is none of ours, or NULL.  A
 * JSON file that says what must not run is ignored by its name only, lest
 * "*.json" lets more run than was meant.
 */
static const char *
ignoring_pattern(const LayoutHints *hints, const char *path)
{
	bool		manifest = is_manifest(path);

	for (int i = 0; i < hints->ignore_count; i++)
		if (manifest ? strcmp(hints->ignore[i], path) == 0 : glob_matches(hints->ignore[i], path))
			return hints->ignore[i];
	return NULL;
}

/*
 * True when an entry is to be ignored as a whole: by its own name, or because
 * all files of a folder are.  Otherwise a folder keeps the files that are not.
 */
static bool
ignore_by_pattern(Candidates *all, Candidate *item)
{
	SourceEntry *entry = item->entry;
	const char *pattern = ignoring_pattern(all->hints, entry->name);
	const char *child_pattern = NULL;
	List	   *kept = NIL;
	ListCell   *lc;

	if (pattern == NULL && entry->children != NIL)
	{
		foreach(lc, entry->children)
		{
			const char *found = ignoring_pattern(all->hints,
												 psprintf("%s/%s", entry->name, (char *) lfirst(lc)));

			if (found == NULL)
				kept = lappend(kept, lfirst(lc));
			else
				child_pattern = found;
		}
		entry->children = kept;
		if (kept == NIL)
			pattern = child_pattern;
	}
	if (pattern != NULL)
	{
		IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

		ignored->file = shown_name(entry->name);
		ignored->reason = psprintf("it fits the pattern \"%s\" of option \"ignore\"", pattern);
		ignored->by_pattern = true;
		all->set->ignored = lappend(all->set->ignored, ignored);
	}
	return pattern != NULL;
}

/*
 * True for hooks, which must not be passed over, and for names that say that
 * they do not go up; but what is applied already has been taken for one that
 * does.
 */
static bool
put_aside(Candidates *all, Candidate *item)
{
	const LayoutHints *hints = all->hints;
	const char *reason = name_hook(item->entry);

	if (reason != NULL)
	{
		refuse_entry(all->set, reason, "hooks are not supported yet")->is_hook = true;
		return true;
	}
	reason = name_never_up(item->entry);
	if (reason == NULL || hints->is_recorded(hints->argument, item->entry->name))
		return false;
	refuse_entry(all->set, item->entry->name, reason);
	return true;
}

/*
 * Never apply only the top of a tree whose folders hold migrations too, and
 * never pass over a file that says what must not run.
 */
static void
refuse_unsupported(const Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const SourceEntry *entry = all->items[i].entry;

		if (all->items[i].aside)
			continue;
		if (is_environment_folder(entry))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("environments are not supported yet: \"%s\" has the folder \"%s\"",
						   all->source->given, shown_name(entry->name)),
					errdetail("Migrations in folders of a directory belong to environments; applying only the top would leave them out."),
					errhint("Give a directory whose files all belong together."));
		if (!entry->is_directory && is_manifest(entry->name))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("environments and dependencies are not supported yet: \"%s\" has the file \"%s\"",
						   all->source->given, shown_name(entry->name)),
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
			if (layouts[i]->claim(&child, &claim) && claim.fault == NULL)
				return true;
	}
	return false;
}

/*
 * The layout of the directory, with its claims made.  A layout with more
 * faulty names than right ones is taken only when no other fits: numbers that
 * are no dates are numbers.
 */
static const Layout *
recognise(Candidates *all)
{
	const Layout *found = NULL;
	const Layout *asked = NULL; /* whose claims they are */
	bool		any = false;
	int			claimed = 0,
				faults = 0;

	for (int i = 0; i < lengthof(layouts) && (found == NULL || faults > claimed); i++)
	{
		int			right,
					wrong;
		bool		whole = make_claims(layouts[i], all, &right, &wrong);

		asked = layouts[i];
		any |= right > 0 || !whole;
		if (!whole || right == 0 || (found != NULL && wrong > right))
			continue;
		found = layouts[i];
		claimed = right;
		faults = wrong;
	}
	if (all->hints->recorded_layout != NULL &&
		(found == NULL || strcmp(found->name, all->hints->recorded_layout) != 0))
	{
		const Layout *recorded = layout_of_record(all);

		if (recorded != NULL)
			return recorded;
		asked = NULL;
	}
	if (found == NULL && any)
		refuse_ambiguous(all);
	if (found == NULL)
		refuse_unrecognised(all);
	if (asked != found)
		(void) make_claims(found, all, &claimed, &faults);
	return found;
}

/*
 * Ask a layout about every entry.  False when it leaves something to another;
 * then not all may have been asked.
 */
static bool
make_claims(const Layout *layout, Candidates *all, int *claimed, int *faults)
{
	*claimed = *faults = 0;
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		memset(&item->claim, 0, sizeof(LayoutClaim));
		if (item->aside)
			continue;
		if (!layout->claim(item->entry, &item->claim))
		{
			if (claimed_by_other(layout, item->entry))
				return false;
		}
		else if (item->claim.fault != NULL)
			(*faults)++;
		else
			(*claimed)++;
	}
	return true;
}

/*
 * The layout of the record, when a file that it knows is there; else NULL.  An
 * entry that only another layout would take stays without a claim.
 */
static const Layout *
layout_of_record(Candidates *all)
{
	const LayoutHints *hints = all->hints;
	const Layout *layout = NULL;
	bool		known = false;

	for (int i = 0; i < lengthof(layouts); i++)
		if (strcmp(layouts[i]->name, hints->recorded_layout) == 0)
			layout = layouts[i];
	for (int i = 0; layout != NULL && i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		memset(&item->claim, 0, sizeof(LayoutClaim));
		if (!item->aside && layout->claim(item->entry, &item->claim) && !known)
			known = item->claim.up != NULL &&
				hints->is_recorded(hints->argument, item->claim.up->file);
	}
	return known ? layout : NULL;
}

static bool
claimed_by_other(const Layout *layout, const SourceEntry *entry)
{
	for (int i = 0; i < lengthof(layouts); i++)
	{
		LayoutClaim claim = {0};

		if (layouts[i] != layout && layouts[i]->claim(entry, &claim) && claim.fault == NULL)
			return true;
	}
	return false;
}

static void
refuse_unrecognised(const Candidates *all)
{
	const RefusedEntry *refused = all->set->refused ? linitial(all->set->refused) : NULL;

	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" holds no migrations", all->source->given),
			refused ?
			errdetail("No other name in it fits a known layout, and \"%s\" cannot be run: %s.",
					  refused->file, refused->reason) :
			errdetail("No name in it fits a known layout:\n%s", known_patterns()),
			errhint("Check the path; it is read on the database server."));
}

/* Name each layout that claims something, with its first file. */
static void
refuse_ambiguous(const Candidates *all)
{
	StringInfoData detail;

	initStringInfo(&detail);
	for (int i = 0; i < lengthof(layouts); i++)
	{
		for (int j = 0; j < all->count; j++)
		{
			LayoutClaim claim = {0};

			if (!all->items[j].aside && layouts[i]->claim(all->items[j].entry, &claim) &&
				claim.fault == NULL)
			{
				appendStringInfo(&detail, "%s%s: \"%s\"", detail.len > 0 ? "\n" : "",
								 layouts[i]->name,
								 shown_name((claim.up ? claim.up : claim.down)->file));
				break;
			}
		}
	}
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("\"%s\" is ambiguous: its files fit more than one layout", all->source->given),
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

/*
 * One fitting name among many that do not fit is chance, and its layout a
 * guess.
 */
static void
refuse_misfits(const Candidates *all)
{
	StringInfoData names;
	int			claimed = 0,
				misfits = 0;
	char		direction;

	initStringInfo(&names);
	for (int i = 0; i < all->count; i++)
	{
		const Candidate *item = &all->items[i];

		if (item->aside)
			continue;
		if (item->claim.version != NULL)
			claimed++;
		else if (!item->entry->is_directory && layout_sql_stem(item->entry->name, &direction) >= 0 &&
				 misfits++ < MISFITS_NAMED)
			appendStringInfo(&names, "%s\"%s\"", misfits > 1 ? ", " : "", shown_name(item->entry->name));
	}
	if (misfits <= claimed || misfits < 3)
		return;
	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg_plural("\"%s\" is in no known layout: %d of its SQL files fits layout \"%s\", and %d do not",
						  "\"%s\" is in no known layout: %d of its SQL files fit layout \"%s\", and %d do not",
						  claimed, all->source->given, claimed, all->set->layout, misfits),
			errdetail("Those that do not fit: %s%s.", names.data, misfits > MISFITS_NAMED ? ", ..." : ""),
			errhint("Check the path. What is no migration can be left out with options => '{\"ignore\": [\"PATTERN\"]}'."));
}

static void
read_names(Candidates *all)
{
	MigrationSet *set = all->set;

	set->migrations = palloc(Max(all->count, 1) * sizeof(Migration *));
	for (int i = 0; i < all->count; i++)
	{
		const SourceEntry *entry = all->items[i].entry;
		const LayoutClaim *claim = &all->items[i].claim;
		Migration  *migration;

		if (all->items[i].aside)
			continue;
		if (claim->version == NULL || claim->fault != NULL)
		{
			if (claim->fault != NULL || name_may_be_migration(entry))
				refuse_entry(set, entry->name, why_not_taken(all, &all->items[i]))->is_misspelt =
					claim->fault != NULL;
			else
				ignore_entry(set, entry);
			continue;
		}
		if (!pg_verifymbstr(entry->name, strlen(entry->name), true))
			ereport(ERROR,
					errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
					errmsg("name of migration \"%s\" is not valid in encoding \"%s\"",
						   shown_name(claim->version), GetDatabaseEncodingName()),
					errhint("Rename the file."));
		migration = palloc0(sizeof(Migration));
		migration->version = claim->version;
		migration->name = claim->name;
		migration->up = claim->up;
		migration->down = claim->down;
		set->migrations[set->count++] = migration;
	}
}

static const char *
why_not_taken(const Candidates *all, const Candidate *item)
{
	const SourceEntry *entry = item->entry;
	char		direction;

	if (item->claim.fault != NULL)
		return item->claim.fault;
	if (entry->is_directory)
		return entry->children == NIL ?
			"a folder named like a migration, with no script in it" :
			psprintf("a folder that may be a migration and fits no rule of layout \"%s\"",
					 all->set->layout);
	if (layout_sql_stem(entry->name, &direction) < 0)
		return "named like a migration, but not a .sql file";
	return psprintf("named like a migration, but by no rule of layout \"%s\"", all->set->layout);
}

static char *
shown_name(const char *name)
{
	return pstrdup(pg_verifymbstr(name, strlen(name), true) ? finding_one_line(name) :
				   "(name not valid in the database's encoding)");
}

static RefusedEntry *
refuse_entry(MigrationSet *set, const char *file, const char *reason)
{
	RefusedEntry *refused = palloc0(sizeof(RefusedEntry));

	refused->file = shown_name(file);
	refused->reason = pstrdup(reason);
	set->refused = lappend(set->refused, refused);
	return refused;
}

static void
ignore_entry(MigrationSet *set, const SourceEntry *entry)
{
	IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));
	char		direction;
	ListCell   *lc;

	ignored->file = shown_name(entry->name);
	if (entry->is_directory)
	{
		ignored->reason = psprintf("a folder that fits no rule of layout \"%s\"", set->layout);
		foreach(lc, entry->children)
		{
			if (layout_sql_stem(lfirst(lc), &direction) >= 0)
				ignored->looks_like_sql = true;
		}
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
			bool		same_up = merged->up && other->up;
			bool		same_down = merged->down && other->down;

			if (same_up || same_down)
			{
				DuplicateVersion *duplicate = palloc(sizeof(DuplicateVersion));

				duplicate->version = merged->version;
				duplicate->first_file = (same_up ? merged->up : merged->down)->file;
				duplicate->second_file = (same_up ? other->up : other->down)->file;
				duplicate->twins = are_twins(duplicate->first_file, duplicate->second_file);
				set->duplicates = lappend(set->duplicates, duplicate);
				merged->claimed_twice = true;
			}
			if (merged->up == NULL && other->up != NULL)
			{
				merged->up = other->up;
				merged->version = other->version;
				merged->name = other->name;
			}
			if (merged->down == NULL)
				merged->down = other->down;
		}
		if (merged->up != NULL)
			set->migrations[kept++] = merged;
		else
		{
			IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

			ignored->file = shown_name(merged->down->file);
			ignored->reason = pstrdup("a down script without an up script");
			ignored->looks_like_sql = true;
			set->ignored = lappend(set->ignored, ignored);
		}
		i = next;
	}
	set->count = kept;
}

/* 1_a.sql and 1_a.pg.sql: the same up to the first dot. */
static bool
are_twins(const char *a, const char *b)
{
	size_t		length = strcspn(a, ".");

	return strchr(a, '/') == NULL && strcspn(b, ".") == length && strncmp(a, b, length) == 0;
}

static int
compare_migrations(const void *a, const void *b, void *order)
{
	const Migration *left = *(Migration *const *) a;
	const Migration *right = *(Migration *const *) b;
	int			result = version_compare(*(VersionOrder *) order, left->version, right->version);
	const char *left_file = (left->up ? left->up : left->down)->file;
	const char *right_file = (right->up ? right->up : right->down)->file;

	/* ties only matter for saying the same thing every time */
	return result != 0 ? result : strcmp(left_file, right_file);
}
