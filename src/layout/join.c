/*
 * join.c
 *	  The claims of a source's layout become a set of migrations.
 *
 * Up and down files of one version become one migration.  Nothing is decided
 * about a second claim to a version: the set says that there are two, and
 * whoever runs it stops.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "layout/join.h"
#include "layout/left_out.h"

static void add_contents(MigrationSet *set, const Candidates *all, const Layout *layout,
						 const LayoutClaim *claim);
static void bind_ranges(ScriptUnit *unit, const char *file, const FileContent *content, char **checksum);
static void add_migration(MigrationSet *set, const LayoutClaim *claim, MarkTool marks);
static void require_valid(const char *name, const char *version);
static void join_pairs(MigrationSet *set);
static bool are_twins(const char *a, const char *b);
static int	compare_migrations(const void *a, const void *b, void *order);

void
join_claims(Candidates *all, const Layout *layout)
{
	MigrationSet *set = all->set;

	set->layout = layout->name;
	set->order = layout->order;
	for (int i = 0; i < all->count; i++)
	{
		const SourceEntry *entry = all->items[i].entry;
		const LayoutClaim *claim = &all->items[i].claim;

		if (all->items[i].aside)
			continue;
		if (claim->fault != NULL)
			left_out_refuse(set, entry->name, claim->fault)->is_misspelt = true;
		else if (claim->version == NULL && name_may_be_migration(entry))
			left_out_refuse(set, entry->name, left_out_reason(set, entry, all->items[i].deeper));
		else if (claim->version == NULL)
			left_out_ignore(set, entry, all->items[i].deeper);
		else
		{
			require_valid(entry->name, claim->version);
			if (layout->read != NULL)
				add_contents(set, all, layout, claim);
			else
				add_migration(set, claim, layout->marks);
		}
	}
	qsort_arg(set->migrations, set->count, sizeof(Migration *), compare_migrations, &set->order);
	join_pairs(set);
}

/*
 * The migrations that a file says it has.  One that cannot be read stops a run:
 * what its name says is not all, and nothing else would look at it again.
 */
static void
add_contents(MigrationSet *set, const Candidates *all, const Layout *layout, const LayoutClaim *claim)
{
	const char *file = (claim->up ? claim->up : claim->down)->file;
	FileContent content;
	char	   *checksum = NULL;
	ListCell   *lc;

	source_read(all->source, file, &content);
	if (content.bytes == NULL)
	{
		left_out_refuse(set, file, content.problem);
		return;
	}
	foreach(lc, layout->read(&content, claim))
	{
		const LayoutClaim *found = lfirst(lc);

		if (found->fault != NULL)
		{
			left_out_refuse(set, file, found->fault)->is_misspelt = true;
			continue;
		}
		require_valid(found->version, found->version);
		require_valid(found->name, found->version);
		if (found->up != NULL)
			require_valid(found->up->file, found->version);
		if (found->down != NULL)
			require_valid(found->down->file, found->version);
		bind_ranges(found->up, file, &content, &checksum);
		bind_ranges(found->down, file, &content, &checksum);
		add_migration(set, found, layout->marks);
	}
	pfree(content.bytes);
}

/* Ranges are of the content that they were found in; *checksum is summed up when it is first needed. */
static void
bind_ranges(ScriptUnit *unit, const char *file, const FileContent *content, char **checksum)
{
	if (unit == NULL || unit->range_count == 0)
		return;
	if (strcmp(unit->file, file) != 0)
		elog(ERROR, "ranges of file \"%s\" were found in file \"%s\"", unit->file, file);
	if (*checksum == NULL)
	{
		*checksum = palloc(SHA256_HEX_LENGTH + 1);
		digest_sha256(content->bytes, content->length, *checksum);
	}
	unit->file_checksum = *checksum;
}

static void
add_migration(MigrationSet *set, const LayoutClaim *claim, MarkTool marks)
{
	Migration  *migration = palloc0(sizeof(Migration));

	migration->version = claim->version;
	migration->name = claim->name;
	migration->up = claim->up;
	migration->down = claim->down;
	migration->marks = marks;
	if (set->count == set->room)
	{
		set->room = Max(set->room * 2, 64);
		set->migrations = set->migrations == NULL ?
			MemoryContextAllocHuge(CurrentMemoryContext, set->room * sizeof(Migration *)) :
			repalloc_huge(set->migrations, set->room * sizeof(Migration *));
	}
	set->migrations[set->count++] = migration;
}

static void
require_valid(const char *name, const char *version)
{
	if (!pg_verifymbstr(name, strlen(name), true))
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("name of migration \"%s\" is not valid in encoding \"%s\"",
					   left_out_name(version), GetDatabaseEncodingName()),
				errhint("Rename the file."));
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

			ignored->file = left_out_name(merged->down->file);
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
