/*
 * aside.c
 *	  What is settled about a source's entries before any layout is asked.
 *
 * In this order, for each rule takes the ones behind it out of play.  The
 * user's patterns (option "ignore") come first: they are the way out of all
 * others.  Hooks are no migrations, and are known by their names
 * (hook_files.c).  A name that says of itself that it does not go up is refused,
 * though a layout may take it for one that does; but what is
 * on record as applied has been taken for one before, and stays.  Last, folders
 * that are no environment's and have migrations all the same.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/glob.h"
#include "base/valid_name.h"
#include "layout/aside.h"
#include "layout/hook_files.h"
#include "layout/left_out.h"

/* names that mark a tree of environments even before it holds a file */
static const char *const environment_names[] = {
	"common", "development", "staging", "production",
};

static bool ignore_by_pattern(Candidates *all, Candidate *item);
static const char *ignoring_pattern(const LayoutHints *hints, const char *path);
static void refuse_folders_of_hooks(Candidates *all);
static void put_whole(Candidates *all, Candidate *item);
static bool take_manifest(Candidates *all, Candidate *item);
static void refuse_folder(const Candidates *all, const char *folder);
static bool is_environment_name(const char *name);
static bool is_claimed(const LayoutRegistry *registry, const SourceEntry *entry);
static bool is_claimed_as_many(const LayoutRegistry *registry, const SourceEntry *entry);
static bool holds_migrations(const LayoutRegistry *registry, const SourceEntry *folder);
static void refuse_if_left(Candidates *all, Candidate *item, bool may_be_many);
static void look_deeper(Candidates *all, Candidate *item, bool may_be_many);

void
aside_put(Candidates *all)
{
	const LayoutHints *hints = all->hints;

	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];
		const char *reason;

		CHECK_FOR_INTERRUPTS();
		if (item->aside)
			continue;
		item->aside = true;
		if (ignore_by_pattern(all, item))
			continue;
		if (all->whole != NULL)
		{
			put_whole(all, item);
			continue;
		}
		if (item->folder == NULL && item->entry->is_directory && strcmp(item->entry->name, "hooks") == 0)
			refuse_folders_of_hooks(all);
		/* what lies in folders is the root's */
		if ((all->rooted == NULL || !item->entry->is_directory || strcmp(item->entry->name, "hooks") == 0) &&
			(hook_files_take(all, item) || take_manifest(all, item)))
			continue;
		reason = name_never_up(item->entry);
		if (item->folder != NULL && !item->entry->is_directory && name_is_manifest(item->entry->name))
			reason = strcmp(item->entry->name, MANIFEST_FILE) == 0 ?
				"it says what must not run, and is read at the top of the source or in \"common\" only" :
				"it says what must not run, and is read at the top of the source only";
		if (reason != NULL && !hints->is_recorded(hints->argument, item->path))
		{
			RefusedEntry *refused = left_out_refuse(all->set, item->path, reason);

			refused->elsewhere = item->elsewhere;
			if (!name_is_manifest(item->entry->name))
				item->never_up = refused;
			continue;
		}
		item->aside = false;
	}
}

/*
 * Where one file is the source, its name need not be one: who gave it meant it,
 * save one that says that it goes back.
 */
static void
put_whole(Candidates *all, Candidate *item)
{
	const char *goes_back = name_goes_back(item->entry);
	char		direction;

	(void) layout_sql_stem(item->entry->name, &direction);
	if (!item->entry->is_directory && name_is_manifest(item->entry->name))
		left_out_refuse(all->set, item->path,
						psprintf("it says what must not run, and layout \"%s\" knows neither environments nor dependencies",
								 all->whole->name));
	else if (!item->entry->is_directory && (direction == 'd' || goes_back != NULL))
		left_out_refuse(all->set, item->path, goes_back ? goes_back : "its name says that it goes back");
	else
		item->aside = false;
}

/* The file of dependencies, beside the migrations or in "common". */
static bool
take_manifest(Candidates *all, Candidate *item)
{
	if (item->entry->is_directory || strcmp(item->entry->name, MANIFEST_FILE) != 0 ||
		(item->folder != NULL && strcmp(item->folder, ENVIRONMENTS_COMMON) != 0))
		return false;
	if (all->manifest == NULL)
		all->manifest = item->path;
	else
		left_out_refuse(all->set, item->path, psprintf("there is \"%s\" too, and one of them would be passed over",
													   all->manifest));
	return true;
}

bool
aside_ignores(const LayoutHints *hints, const char *path)
{
	return ignoring_pattern(hints, path) != NULL;
}

/*
 * True when an entry is to be ignored as a whole: by its own name, or because
 * all files of a folder are.  Otherwise a folder keeps the files that are not.
 */
static bool
ignore_by_pattern(Candidates *all, Candidate *item)
{
	SourceEntry *entry = item->entry;
	const char *pattern = ignoring_pattern(all->hints, item->path);
	const char *child_pattern = NULL;
	List	   *kept = NIL;
	ListCell   *lc;

	if (pattern == NULL && entry->children != NIL)
	{
		foreach(lc, entry->children)
		{
			const char *found = ignoring_pattern(all->hints,
												 psprintf("%s/%s", item->path, (char *) lfirst(lc)));

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

		ignored->file = left_out_name(item->path);
		ignored->elsewhere = item->elsewhere;
		ignored->reason = psprintf("it fits the pattern \"%s\" of option \"ignore\"", finding_one_line(pattern));
		ignored->by_pattern = true;
		all->set->ignored = lappend(all->set->ignored, ignored);
	}
	return pattern != NULL;
}

/*
 * The pattern by which the user says that a path is none of ours, or NULL.  A
 * JSON file that says what must not run is ignored by its name only, lest
 * "*.json" lets more run than was meant.
 */
static const char *
ignoring_pattern(const LayoutHints *hints, const char *path)
{
	bool		manifest = name_is_manifest(path);

	for (int i = 0; i < hints->ignore_count; i++)
	{
		if (manifest ? strcmp(hints->ignore[i], path) == 0 : glob_matches(hints->ignore[i], path))
			return hints->ignore[i];
	}
	return NULL;
}

/* What is meant to be a hook there would not run. */
static void
refuse_folders_of_hooks(Candidates *all)
{
	List	   *files;
	List	   *folders;
	List	   *links;
	ListCell   *lc;

	source_list_folder(all->source, "hooks", &files, &folders, &links);
	foreach(lc, list_concat(folders, links))
	{
		char	   *path = psprintf("hooks/%s", (char *) lfirst(lc));

		if (ignoring_pattern(all->hints, path) == NULL)
			left_out_refuse(all->set, path, "no hooks are looked for in a folder of the folder \"hooks\"")->is_hook = true;
	}
}

/* Never apply only the top of a tree whose folders hold migrations too. */
void
aside_refuse_folders(Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];
		const SourceEntry *entry = item->entry;

		if (item->aside)
			continue;
		/* those of another environment are its own trouble */
		if (!entry->is_directory || item->elsewhere)
			continue;
		/* if that layout is the source's, nothing of it is left out */
		if (!is_claimed_as_many(all->registry, entry))
			refuse_if_left(all, item, true);
	}
}

void
aside_refuse_folders_left(Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		if (!item->aside && item->entry->is_directory && !item->elsewhere && item->claim.version == NULL &&
			is_claimed_as_many(all->registry, item->entry))
			refuse_if_left(all, item, false);
	}
}

static void
refuse_if_left(Candidates *all, Candidate *item, bool may_be_many)
{
	if ((all->set->environments == NULL && is_environment_name(item->entry->name)) ||
		holds_migrations(all->registry, item->entry))
		refuse_folder(all, item->path);
	if (!is_claimed(all->registry, item->entry))
		look_deeper(all, item, may_be_many);
}

static void
refuse_folder(const Candidates *all, const char *folder)
{
	bool		may_be = all->set->environments == NULL && valid_environment_name(folder);

	ereport(ERROR,
			errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
			errmsg("folder \"%s\" of \"%s\" fits no layout",
				   left_out_name(folder), finding_one_line(all->source->given)),
			errdetail("What is in it would be left out."),
			may_be ?
			errhint("If it is an environment, add %s or a folder \"%s\" to the source; if not, give the folder itself as source, or leave it out with options => '{\"ignore\": [\"FOLDER\"]}'.",
					ENVIRONMENTS_FILE, ENVIRONMENTS_COMMON) :
			errhint("Give the folder itself as source, or leave it out with options => '{\"ignore\": [\"FOLDER\"]}'."));
}

static bool
is_environment_name(const char *name)
{
	for (int i = 0; i < lengthof(environment_names); i++)
	{
		if (strcmp(name, environment_names[i]) == 0)
			return true;
	}
	return false;
}

/* By its name alone. */
static bool
is_claimed(const LayoutRegistry *registry, const SourceEntry *entry)
{
	for (int i = 0; i < registry->count; i++)
	{
		LayoutClaim claim = {0};

		if (!registry->rows[i]->chosen_only && !registry->rows[i]->any_name && (!entry->is_directory || registry->rows[i]->expand == NULL) &&
			registry->rows[i]->claim(entry, &claim) && claim.fault == NULL)
			return true;
	}
	return false;
}

/* Would some layout find many migrations in a folder? */
static bool
is_claimed_as_many(const LayoutRegistry *registry, const SourceEntry *entry)
{
	for (int i = 0; i < registry->count; i++)
	{
		LayoutClaim claim = {0};

		if (registry->rows[i]->expand != NULL && registry->rows[i]->claim(entry, &claim))
			return true;
	}
	return false;
}

/* Files that would be migrations at the top. */
static bool
holds_migrations(const LayoutRegistry *registry, const SourceEntry *folder)
{
	ListCell   *lc;

	foreach(lc, folder->children)
	{
		SourceEntry child = {lfirst(lc), false, NIL};

		if (is_claimed(registry, &child))
			return true;
	}
	return false;
}

/*
 * A folder that no layout knows, to the bottom of it: migrations there are as
 * good as those one level above, and SQL is worth a word.  So is a link to a
 * folder, which is not followed.  Where a layout may have many in folders of
 * folders, the first such file becomes one of the entry's own: it is asked then, and
 * looks for the others.
 */
static void
look_deeper(Candidates *all, Candidate *item, bool may_be_many)
{
	const char *top = item->path;
	List	   *pending = list_make1((void *) top);

	for (int next = 0; next < list_length(pending); next++)
	{
		const char *folder = list_nth(pending, next);
		const char *slash = strrchr(folder, '/');
		SourceEntry inner = {slash ? slash + 1 : folder, true, NIL};
		List	   *files;
		List	   *folders;
		List	   *links;
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		source_list_folder(all->source, folder, &files, &folders, &links);
		foreach(lc, folders)
		{
			char	   *path = psprintf("%s/%s", folder, (char *) lfirst(lc));

			if (ignoring_pattern(all->hints, path) == NULL)
				pending = lappend(pending, path);
		}
		foreach(lc, links)
		{
			char	   *path = psprintf("%s/%s", folder, (char *) lfirst(lc));

			if (item->deeper == NULL && ignoring_pattern(all->hints, path) == NULL)
				item->deeper = psprintf("with a link to a folder inside of it, which is not followed: \"%s\"",
										left_out_name(path));
		}
		if (folder == top)
			continue;
		foreach(lc, files)
		{
			char	   *path = psprintf("%s/%s", folder, (char *) lfirst(lc));
			char		direction;

			if (ignoring_pattern(all->hints, path) != NULL)
				continue;
			inner.children = lappend(inner.children, lfirst(lc));
			if (item->deeper == NULL && layout_sql_stem(lfirst(lc), &direction) >= 0)
				item->deeper = psprintf("with SQL in a folder inside of it: \"%s\"", left_out_name(path));
		}
		if (may_be_many && is_claimed_as_many(all->registry, &inner))
		{
			foreach(lc, inner.children)
				item->entry->children = lappend(item->entry->children,
												psprintf("%s/%s", folder + strlen(top) + 1, (char *) lfirst(lc)));
			if (is_claimed_as_many(all->registry, item->entry))
				return;
			refuse_folder(all, folder);
		}
		if (holds_migrations(all->registry, &inner) || is_claimed(all->registry, &inner))
			refuse_folder(all, folder);
	}
}
