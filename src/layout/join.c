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
#include "miscadmin.h"

#include "layout/aside.h"
#include "layout/claim.h"
#include "layout/hook_files.h"
#include "layout/join.h"
#include "layout/left_out.h"

static RefusedEntry *refuse(MigrationSet *set, const Candidate *item, const char *file, const char *reason);
static void add_contents(MigrationSet *set, const Candidates *all, const Layout *layout, Candidate *item);
static void add_many(MigrationSet *set, const Candidates *all, const Layout *layout, const Candidate *item);
static void pass_over(MigrationSet *set, const Candidate *item);
static bool is_side_file(const Candidate *item, const Layout *layout);
static void refuse_stranger(MigrationSet *set, const Candidate *item, const Layout *layout);
static bool claim_code(const SourceEntry *entry, const Layout *layout, LayoutClaim *claim);
static void take_side(const Candidates *all, int i, const Layout *layout, LayoutClaim *claim);
static void take_hooks(MigrationSet *set, const Layout *layout);
static void add_all(MigrationSet *set, const Candidates *all, const Layout *layout, List *files);
static void leave_script(MigrationSet *set, const Candidate *item, const char *path);
static void add_found(MigrationSet *set, const Candidate *item, const Layout *layout);
static void add_migration(MigrationSet *set, const Candidate *item, const LayoutClaim *claim, const Layout *layout);
static void require_valid(const char *name, const char *version);
static void join_pairs(MigrationSet *set);
static int	join_folders(MigrationSet *set, Migration **same, int count);
static void prefer(ScriptUnit **merged, ScriptUnit **other);
static bool is_same_folder(const Migration *a, const Migration *b);
static Migration *choose(MigrationSet *set, Migration **same, int count);
static void note_duplicate(MigrationSet *set, Migration *migration, const ScriptUnit *first,
						   const ScriptUnit *second, bool elsewhere);
static bool are_twins(const char *a, const char *b);
static int	compare_migrations(const void *a, const void *b, void *order);

void
join_claims(Candidates *all, const Layout *layout)
{
	MigrationSet *set = all->set;
	List	   *files = NIL;

	set->layout = layout->name;
	set->order = layout->order;
	set->runs_late = layout->runs_late;
	set->own_sessions = layout->own_sessions;
	source_hold((Source *) all->source);
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];
		const SourceEntry *entry = item->entry;
		LayoutClaim *claim = &item->claim;

		/*
		 * contents that say what goes up have the last word, and so has a
		 * layout that knows what goes back
		 */
		if (item->never_up != NULL && (layout->down == DOWN_IN_SECTION || layout->down_called_back) &&
			claim_by_name(layout, item, claim) && claim->fault == NULL &&
			(layout->down == DOWN_IN_SECTION || claim->up == NULL))
		{
			set->refused = list_delete_ptr(set->refused, item->never_up);
			item->aside = false;
		}
		if (item->never_up != NULL && layout->is_foreign != NULL && layout->is_foreign(entry->name))
			pass_over(set, item);
		if (item->aside || all->rooted != NULL)
			continue;
		if (claim->version != NULL && claim->fault == NULL && layout->side_ending != NULL)
			take_side(all, i, layout, claim);
		if (claim->fault != NULL)
			refuse(set, item, item->path, claim->fault)->is_misspelt = true;
		else if (claim->version == NULL && (is_side_file(item, layout) || (layout->belongs != NULL && layout->belongs(entry))))
			continue;
		else if (claim->version == NULL && name_may_be_migration(entry))
			refuse_stranger(set, item, layout);
		else if (claim->version == NULL)
			left_out_ignore(set, entry, item->path, item->deeper)->elsewhere = item->elsewhere;
		else
		{
			CHECK_FOR_INTERRUPTS();
			require_valid(entry->name, claim->version);
			if (layout->read_all != NULL && (item->folder != NULL || item->listed_by != NIL))
				refuse(set, item, item->path, "layout \"liquibase\" has contexts, and no files of environments");
			else if (layout->read_all != NULL)
				files = lappend(files, (void *) item->path);
			else if (claim->many)
				add_many(set, all, layout, item);
			else if (layout->read != NULL && !item->elsewhere)
				add_contents(set, all, layout, item);
			else
			{
				/* a file that is one unit, and whose contents were looked at */
				if (claim->up != NULL && item->looked_into == claim->up->file)
					claim->up->checksum = item->checksum;
				add_migration(set, item, claim, layout);
			}
		}
	}
	if (layout->read_all != NULL)
		add_all(set, all, layout, files);
	source_release((Source *) all->source);
	if (layout->hook != NULL)
		take_hooks(set, layout);
	qsort_arg(set->migrations, set->count, sizeof(Migration *), compare_migrations, &set->order);
	join_pairs(set);
}

/* What was refused because of its name, and is none of this database's to the tool. */
static void
pass_over(MigrationSet *set, const Candidate *item)
{
	IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

	ignored->file = item->never_up->file;
	ignored->reason = pstrdup(item->never_up->reason);
	ignored->elsewhere = item->elsewhere;
	set->refused = list_delete_ptr(set->refused, item->never_up);
	set->ignored = lappend(set->ignored, ignored);
}

/* Is it called like a file that the layout would claim, with the ending of side files behind it? */
static bool
is_side_file(const Candidate *item, const Layout *layout)
{
	int			length = strlen(item->entry->name) - (layout->side_ending ? strlen(layout->side_ending) : 0);
	SourceEntry entry = {0};
	LayoutClaim claim = {0};

	if (layout->side_ending == NULL || item->entry->is_directory || length <= 0 ||
		strcmp(item->entry->name + length, layout->side_ending) != 0)
		return false;
	entry.name = pnstrdup(item->entry->name, length);
	return layout->claim(&entry, &claim);
}

/*
 * Named like a migration, by no rule.  Of code it is known which version it has:
 * what stops a run is only that which is not on record as applied.  Code that
 * goes back was not meant to run now; there is just no such way back here.
 */
static void
refuse_stranger(MigrationSet *set, const Candidate *item, const Layout *layout)
{
	const SourceEntry *entry = item->entry;
	LayoutClaim claim = {0};
	bool		is_code = claim_code(entry, layout, &claim);
	RefusedEntry *refused;

	if (is_code && claim.up == NULL)
	{
		IgnoredEntry *ignored = left_out_ignore(set, entry, item->path, item->deeper);

		ignored->reason = pstrdup("a way back that is not in SQL");
		ignored->elsewhere = item->elsewhere;
		return;
	}
	refused = refuse(set, item, item->path, left_out_reason(set, entry, item->deeper));
	if (is_code)
	{
		refused->version = claim.version;
		refused->name = claim.name;
	}
}

/* Is it code, named as the layout names SQL?  Fills the claim. */
static bool
claim_code(const SourceEntry *entry, const Layout *layout, LayoutClaim *claim)
{
	const char *dot = strrchr(entry->name, '.');
	SourceEntry as_sql = {0};

	if (!left_out_is_code(entry))
		return false;
	as_sql.name = psprintf("%.*s.sql", (int) (dot - entry->name), entry->name);
	if (!layout->claim(&as_sql, claim) || claim->fault != NULL)
		return false;
	require_valid(entry->name, claim->version);
	return true;
}

/* In the order of bytes it comes behind the file itself, and nothing between them begins otherwise. */
static void
take_side(const Candidates *all, int i, const Layout *layout, LayoutClaim *claim)
{
	const char *name = all->items[i].entry->name;
	size_t		length = strlen(name);

	if (claim->many || all->items[i].elsewhere)
		return;
	for (int j = i + 1; j < all->count && strncmp(all->items[j].entry->name, name, length) == 0; j++)
	{
		FileContent content = {0};

		if (strcmp(all->items[j].entry->name + length, layout->side_ending) != 0)
			continue;
		source_read(all->source, all->items[j].path, &content);
		if (content.bytes == NULL)
			claim->fault = content.problem;
		else
			layout->take_side(&content, claim);
		return;
	}
}

/* What was refused because it is called like a hook, and is one of the tool's. */
static void
take_hooks(MigrationSet *set, const Layout *layout)
{
	List	   *refused = NIL;
	ListCell   *lc;

	foreach(lc, set->refused)
	{
		RefusedEntry *entry = lfirst(lc);
		const char *slash = strrchr(entry->file, '/');
		HookFile	hook = {0};

		if (entry->is_hook && !entry->elsewhere && layout->hook(slash ? slash + 1 : entry->file, &hook))
		{
			HookFile   *taken = palloc(sizeof(HookFile));

			*taken = hook;
			taken->unit = unit_of_file(UNIT_UP, entry->file);
			taken->unit->fill = layout->hook_fill;
			set->hooks = lappend(set->hooks, taken);
			continue;
		}
		if (entry->hook_name && layout->hook_names != NULL)
			entry->reason = psprintf("it is named like a hook, and those of layout \"%s\" are %s", layout->name, layout->hook_names);
		refused = lappend(refused, entry);
	}
	set->refused = refused;
}

/* What cannot run in another environment stops no run of this one. */
static RefusedEntry *
refuse(MigrationSet *set, const Candidate *item, const char *file, const char *reason)
{
	RefusedEntry *refused = left_out_refuse(set, file, reason);

	refused->elsewhere = item->elsewhere;
	return refused;
}

/*
 * The migrations that a file says it has.  One that cannot be read stops a run:
 * what its name says is not all, and nothing else would look at it again.
 */
static void
add_contents(MigrationSet *set, const Candidates *all, const Layout *layout, Candidate *item)
{
	const LayoutClaim *claim = &item->claim;
	const char *file = (claim->up ? claim->up : claim->down)->file;
	FileContent content;

	if (item->read_by != layout)
	{
		memset(&content, 0, sizeof(content));
		source_read(all->source, file, &content);
		if (content.bytes == NULL)
		{
			refuse(set, item, file, content.problem);
			return;
		}
		claim_read(item, all->source, layout, claim, &content);
		pfree(content.bytes);
	}
	add_found(set, item, layout);
}

/* What the layout makes of all files together. */
static void
add_all(MigrationSet *set, const Candidates *all, const Layout *layout, List *files)
{
	List	   *roots = NIL;
	Candidate	nobody = {0};
	ListCell   *lc;

	for (int i = 0; all->rooted != NULL && i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		/* the root says what goes up, whatever its name is like */
		if (item->never_up != NULL)
			set->refused = list_delete_ptr(set->refused, item->never_up);
		if (!item->aside && layout->is_root(all->source, item->entry))
			roots = lappend(roots, (void *) item->path);
	}
	foreach(lc, layout->read_all(all->source, all->hints, roots, files, set))
	{
		LayoutClaim *found = lfirst(lc);

		nobody.claim = *found;
		nobody.found = list_make1(found);
		add_found(set, &nobody, layout);
	}
}

/* An entry of many: each is a candidate by itself. */
static void
add_many(MigrationSet *set, const Candidates *all, const Layout *layout, const Candidate *item)
{
	ListCell   *lc;

	foreach(lc, layout->expand(all->source, item->entry, item->path))
	{
		Candidate	part = *item;

		part.claim = *(LayoutClaim *) lfirst(lc);
		part.path = (part.claim.up ? part.claim.up : part.claim.down)->file;
		if (aside_ignores(all->hints, part.path))
			continue;
		if (part.claim.left_out != NULL)
		{
			IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

			ignored->file = left_out_name(part.path);
			ignored->reason = part.claim.left_out;
			ignored->looks_like_sql = true;
			ignored->elsewhere = item->elsewhere;
			set->ignored = lappend(set->ignored, ignored);
			continue;
		}
		if (part.claim.fault != NULL)
		{
			RefusedEntry *refused = refuse(set, &part, part.path, part.claim.fault);

			refused->is_misspelt = true;
			refused->line = part.claim.fault_line;
			continue;
		}
		if (part.claim.version == NULL)
		{
			leave_script(set, item, part.path);
			continue;
		}
		require_valid(part.path, part.claim.version);
		if (layout->read != NULL && !item->elsewhere)
			add_contents(set, all, layout, &part);
		else
			add_migration(set, &part, &part.claim, layout);
	}
}

/*
 * A script in a folder of migrations that is none: perhaps one of the tool's hooks, which
 * take_hooks() takes then.  Those right in the folder were looked at already.
 */
static void
leave_script(MigrationSet *set, const Candidate *item, const char *path)
{
	SourceEntry script = {.name = strrchr(path, '/') + 1};
	bool		deeper = strlen(path) > strlen(item->path) + 1 + strlen(script.name);

	if (!hook_files_named_so(script.name))
		left_out_ignore(set, &script, path, NULL)->elsewhere = item->elsewhere;
	else if (deeper)
		refuse(set, item, path, "it is named like a hook, and none is looked for in a folder inside of another")->is_hook = true;
}

static void
add_found(MigrationSet *set, const Candidate *item, const Layout *layout)
{
	const char *file = (item->claim.up ? item->claim.up : item->claim.down)->file;
	ListCell   *lc;

	foreach(lc, item->found)
	{
		const LayoutClaim *found = lfirst(lc);

		if (found->fault != NULL)
		{
			RefusedEntry *refused = refuse(set, item, file, found->fault);

			refused->is_misspelt = true;
			refused->line = found->fault_line;
			continue;
		}
		require_valid(found->version, found->version);
		require_valid(found->name, found->version);
		if (found->up != NULL)
			require_valid(found->up->file, found->version);
		if (found->down != NULL)
			require_valid(found->down->file, found->version);
		if (found->verify != NULL)
			require_valid(found->verify->file, found->version);
		add_migration(set, item, found, layout);
	}
}

static void
add_migration(MigrationSet *set, const Candidate *item, const LayoutClaim *claim, const Layout *layout)
{
	Migration  *migration = palloc0(sizeof(Migration));

	migration->version = claim->version;
	migration->name = claim->name;
	migration->up = claim->up;
	migration->down = claim->down;
	migration->verify = claim->verify;
	migration->superseded = claim->superseded;
	migration->marks = layout->marks != MARK_OF_NOBODY ? layout->marks : layout->follows;
	migration->kind = claim->kind;
	migration->hash = claim->hash;
	migration->previous = claim->previous;
	migration->place = claim->place;
	migration->tags = claim->tags;
	migration->excluded = claim->excluded;
	migration->stands_for = claim->stands_for;
	if (claim->entry != NULL)
		set->entries = lappend(set->entries, (void *) claim->entry);
	migration->folder = item->folder;
	migration->elsewhere = item->elsewhere;
	if (item->environment != NULL)
		migration->environment = item->environment->name;
	else if (item->listed_by != NIL)
		migration->environment = ((Environment *) linitial(item->listed_by))->name;
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
 * Join up and down files of one version into one migration; note second claims
 * to a version; move downs without an up to the ignored names.
 */
static void
join_pairs(MigrationSet *set)
{
	int			kept = 0;

	for (int i = 0; i < set->count;)
	{
		int			next = i + 1;
		int			joined;
		Migration  *migration;

		while (next < set->count &&
			   version_compare(set->order, set->migrations[i]->version, set->migrations[next]->version) == 0)
			next++;
		joined = join_folders(set, &set->migrations[i], next - i);
		migration = choose(set, &set->migrations[i], joined);
		if (migration != NULL)
		{
			set->migrations[kept++] = migration;
			if (!migration->elsewhere && migration->excluded == NULL)
				set->total++;
		}
		i = next;
	}
	set->count = kept;
}

/*
 * Of the files of one version, those of each folder become one migration: a way
 * back lies where its way up does, so that what belongs to one environment has no
 * part that belongs to another.  Returns how many there are then, in front.
 */
static int
join_folders(MigrationSet *set, Migration **same, int count)
{
	int			joined = 0;

	for (int i = 0; i < count; i++)
	{
		Migration  *other = same[i];
		Migration  *merged = NULL;
		bool		same_up;

		CHECK_FOR_INTERRUPTS();
		/* those of a folder mostly stand together */
		for (int j = joined - 1; j >= 0 && merged == NULL; j--)
			if (is_same_folder(same[j], other))
				merged = same[j];
		if (merged == NULL)
		{
			same[joined++] = other;
			continue;
		}
		prefer(&merged->up, &other->up);
		prefer(&merged->down, &other->down);
		same_up = merged->up && other->up;
		if (same_up || (merged->down && other->down))
			note_duplicate(set, merged, same_up ? merged->up : merged->down, same_up ? other->up : other->down,
						   merged->elsewhere);
		if (merged->up == NULL && other->up != NULL)
		{
			merged->up = other->up;
			merged->version = other->version;
			merged->name = other->name;
			merged->environment = other->environment;
			merged->elsewhere = other->elsewhere;
		}
		if (merged->down == NULL)
			merged->down = other->down;
	}
	return joined;
}

/* Of two scripts of one direction the preferred one stays, if one is. */
static void
prefer(ScriptUnit **merged, ScriptUnit **other)
{
	if (*merged == NULL || *other == NULL || (*merged)->preferred == (*other)->preferred)
		return;
	if ((*other)->preferred)
		*merged = *other;
	*other = NULL;
}

static bool
is_same_folder(const Migration *a, const Migration *b)
{
	return a->folder == b->folder ||
		(a->folder != NULL && b->folder != NULL && strcmp(a->folder, b->folder) == 0);
}

/*
 * The migration that has the version: one that runs in the chosen environment
 * before those of others.  NULL when none of them goes up.
 */
static Migration *
choose(MigrationSet *set, Migration **same, int count)
{
	Migration  *chosen = NULL;

	for (int i = 0; i < count; i++)
		if (same[i]->up != NULL && (chosen == NULL || (chosen->elsewhere && !same[i]->elsewhere)))
			chosen = same[i];
	for (int i = 0; i < count; i++)
	{
		Migration  *other = same[i];

		if (other->up == NULL)
		{
			IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

			ignored->file = left_out_name(other->down->file);
			ignored->reason = pstrdup(chosen != NULL ? "a down script whose up script is in another folder" :
									  "a down script without an up script");
			ignored->looks_like_sql = true;
			ignored->elsewhere = other->elsewhere;
			set->ignored = lappend(set->ignored, ignored);
		}
		else if (other != chosen)
			note_duplicate(set, chosen, chosen->up, other->up, other->elsewhere);
	}
	return chosen;
}

static void
note_duplicate(MigrationSet *set, Migration *migration, const ScriptUnit *first, const ScriptUnit *second,
			   bool elsewhere)
{
	DuplicateVersion *duplicate = palloc(sizeof(DuplicateVersion));

	duplicate->version = migration->version;
	duplicate->first_file = first->file;
	duplicate->second_file = second->file;
	duplicate->twins = are_twins(first->file, second->file);
	duplicate->elsewhere = elsewhere;
	set->duplicates = lappend(set->duplicates, duplicate);
	if (!elsewhere)
		migration->claimed_twice = true;
}

/* 1_a.sql and 1_a.pg.sql: the same up to the first dot; 1.1_a.sql and 1.2_b.sql are just two. */
static bool
are_twins(const char *a, const char *b)
{
	size_t		length = strcspn(a, ".");

	return strchr(a, '/') == NULL && strcspn(b, ".") == length && strncmp(a, b, length) == 0 &&
		(strspn(a + length, ".0123456789") < 2 || strspn(b + length, ".0123456789") < 2);
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
