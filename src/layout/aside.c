/*
 * aside.c
 *	  What is settled about a source's entries before any layout is asked.
 *
 * In this order, for each rule takes the ones behind it out of play.  The
 * user's patterns (option "ignore") come first: they are the way out of all
 * others.  Hooks are refused by their names, since to pass over one is to run
 * something else than was meant.  A name that says of itself that it does not
 * go up is refused, though a layout may take it for one that does; but what is
 * on record as applied has been taken for one before, and stays.  Last, what
 * divides or restricts all that is left: folders of environments, JSON files.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/glob.h"
#include "layout/aside.h"
#include "layout/left_out.h"

/* names that mark a tree of environments even before it holds a file */
static const char *const environment_names[] = {
	"common", "development", "staging", "production",
};

/* JSON files that change what runs; ignoring them would run too much */
static const char *const manifest_names[] = {
	"environments.json", "dependencies.json",
};

static bool ignore_by_pattern(Candidates *all, Candidate *item);
static const char *ignoring_pattern(const LayoutHints *hints, const char *path);
static bool is_manifest(const char *name);
static bool is_environment_folder(const LayoutRegistry *registry, const SourceEntry *entry);

void
aside_put(Candidates *all)
{
	const LayoutHints *hints = all->hints;

	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];
		const char *hook;
		const char *reason;

		CHECK_FOR_INTERRUPTS();
		item->aside = true;
		if (ignore_by_pattern(all, item))
			continue;
		hook = name_hook(item->entry);
		if (hook != NULL)
		{
			left_out_refuse(all->set, hook, "hooks are not supported yet")->is_hook = true;
			continue;
		}
		reason = name_never_up(item->entry);
		if (reason != NULL && !hints->is_recorded(hints->argument, item->entry->name))
		{
			left_out_refuse(all->set, item->entry->name, reason);
			continue;
		}
		item->aside = false;
	}
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

		ignored->file = left_out_name(entry->name);
		ignored->reason = psprintf("it fits the pattern \"%s\" of option \"ignore\"", pattern);
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
	bool		manifest = is_manifest(path);

	for (int i = 0; i < hints->ignore_count; i++)
	{
		if (manifest ? strcmp(hints->ignore[i], path) == 0 : glob_matches(hints->ignore[i], path))
			return hints->ignore[i];
	}
	return NULL;
}

static bool
is_manifest(const char *name)
{
	for (int i = 0; i < lengthof(manifest_names); i++)
	{
		if (strcmp(name, manifest_names[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Never apply only the top of a tree whose folders hold migrations too, and
 * never pass over a file that says what must not run.
 */
void
aside_refuse_unsupported(const Candidates *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const SourceEntry *entry = all->items[i].entry;

		if (all->items[i].aside)
			continue;
		if (is_environment_folder(all->registry, entry))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("environments are not supported yet: \"%s\" has the folder \"%s\"",
						   all->source->given, left_out_name(entry->name)),
					errdetail("Migrations in folders of a directory belong to environments; applying only the top would leave them out."),
					errhint("Give a directory whose files all belong together."));
		if (!entry->is_directory && is_manifest(entry->name))
			ereport(ERROR,
					errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("environments and dependencies are not supported yet: \"%s\" has the file \"%s\"",
						   all->source->given, left_out_name(entry->name)),
					errdetail("It restricts what may run, so it cannot be passed over."));
	}
}

/*
 * A folder is one of environments when its name says so, or when it holds
 * files that would be migrations at the top.
 */
static bool
is_environment_folder(const LayoutRegistry *registry, const SourceEntry *entry)
{
	ListCell   *lc;

	if (!entry->is_directory)
		return false;
	for (int i = 0; i < lengthof(environment_names); i++)
	{
		if (strcmp(entry->name, environment_names[i]) == 0)
			return true;
	}
	foreach(lc, entry->children)
	{
		SourceEntry child = {lfirst(lc), false, NIL};

		for (int i = 0; i < registry->count; i++)
		{
			LayoutClaim claim = {0};

			if (registry->rows[i]->claim(&child, &claim) && claim.fault == NULL)
				return true;
		}
	}
	return false;
}
