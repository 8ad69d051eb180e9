/*
 * environment_files.c
 *	  Which of a source's files belong to which environment.
 *
 * A source has environments when environments.json or a folder "common" is at
 * its top.  They are then the keys of the file and the other folders whose names
 * may be an environment's.
 *
 * A file in an environment's folder belongs to that one, a file in "common" or
 * at the top to all.  A list "migrations" of the file can only restrict that:
 * what lies at the top and is listed belongs to those that list it.  Where list
 * and folder contradict each other, neither is believed: to run too much is as
 * wrong as to leave something out.  That stops the runs of the environment; for
 * the others it is worth a warning.
 *
 * Where a file names all others, folders are none of environments, and a list
 * can name nothing.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/errors.h"
#include "base/valid_name.h"
#include "layout/aside.h"
#include "layout/environment_files.h"
#include "layout/hook_files.h"
#include "layout/left_out.h"

static bool find_environments(Candidates *all, Candidate **file);
static void refuse_hidden_manifest(Candidates *all, const SourceEntry *entry);
static void read_file(const Source *source, Environments *environments);
static void choose(Candidates *all);
static void check_choice(Candidates *all);
static void complain_of_choice(Environments *environments, CheckId check, const char *current,
							   const char *message, const char *hint);
static void open_folders(Candidates *all);
static bool is_chosen(const Candidates *all, const Environment *environment);
static Environment *of_folder(Candidates *all, const char *name);
static void add_candidate(Candidates *all, SourceEntry *entry, const char *folder, Environment *environment);
static void take_lists(Candidates *all);
static void take_listed(Candidates *all, Environment *environment, const EnvironmentFile *listed,
						Candidate **by_name);
static int	find_name(const Candidates *all, Candidate **by_name, const char *name);
static int	compare_names(const void *a, const void *b);
static void complain(Candidates *all, const Environment *environment, const char *file, int line,
					 const char *message, const char *hint);

void
environment_files_open(Candidates *all)
{
	Candidate  *file = NULL;

	if (!find_environments(all, &file))
		return;
	all->set->environments = palloc0(sizeof(Environments));
	if (file != NULL)
	{
		file->aside = true;
		read_file(all->source, all->set->environments);
	}
	choose(all);
	if (all->rooted == NULL)
		open_folders(all);
	check_choice(all);
	take_lists(all);
}

const char *
environment_files_current(const Source *source, const LayoutHints *hints)
{
	Environments environments = {0};

	if (source->file != NULL || aside_ignores(hints, ENVIRONMENTS_FILE))
		return NULL;
	read_file(source, &environments);
	return environments.current;
}

static bool
find_environments(Candidates *all, Candidate **file)
{
	bool		found = false;

	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		if (strcmp(item->entry->name, item->entry->is_directory ? ENVIRONMENTS_COMMON : ENVIRONMENTS_FILE) != 0)
			continue;
		if (aside_ignores(all->hints, item->path))
			refuse_hidden_manifest(all, item->entry);
		else if (item->entry->is_directory)
			found = all->rooted == NULL;
		else
			*file = item;
	}
	return found || *file != NULL;
}

/*
 * The folder that is ignored must not take along what says of other files that
 * they do not run: a call, or a pattern that meant the rest of it, would let them.
 */
static void
refuse_hidden_manifest(Candidates *all, const SourceEntry *entry)
{
	const char *path = psprintf("%s/%s", entry->name, MANIFEST_FILE);
	ListCell   *lc;

	foreach(lc, entry->children)
	{
		if (strcmp(lfirst(lc), MANIFEST_FILE) == 0 && !aside_ignores(all->hints, path))
			left_out_refuse(all->set, path, "it says what must not run, and is ignored by its whole name only");
	}
}

static void
read_file(const Source *source, Environments *environments)
{
	SourceScript read = {0};

	source_read(source, ENVIRONMENTS_FILE, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(ENVIRONMENTS_FILE, &read);
	if (read.text != NULL)
		environments_parse(environments, read.text, read.length);
	else
	{
		Finding		finding = {
			.check = CHECK_ENVIRONMENTS,
			.sqlstate = read.raw.sqlstate,
			.file = ENVIRONMENTS_FILE,
			.line = read.bad_line,
			.column = read.bad_column,
			.message = read.raw.problem,
			.hint = read.raw.hint
		};

		finding_add(&environments->findings, &finding);
		environments->malformed = true;
	}
}

/* Those who may choose come before the file. */
static void
choose(Candidates *all)
{
	const Environments *environments = all->set->environments;

	all->set->environment = all->hints->environment != NULL ?
		all->hints->environment : environments->current;
}

/* Only now all are known. */
static void
check_choice(Candidates *all)
{
	Environments *environments = all->set->environments;
	const char *chosen = all->set->environment;
	const char *current = environments->current;
	const char *known = environments->items != NIL ?
		psprintf("It has these: %s.", environments_known(environments)) :
		"Its environments are the keys of environments.json, and its folders besides \"common\".";

	if (chosen == NULL && !environments->malformed)
		complain_of_choice(environments, CHECK_ENVIRONMENTS, NULL,
						   "the source has environments, and none is chosen",
						   environments->items == NIL ? known :
						   psprintf("Name one with argument \"environment\", register the service with it, or set \"current_environment\" in %s: %s.",
									ENVIRONMENTS_FILE, environments_known(environments)));
	if (chosen != NULL && environments_find(environments, chosen) == NULL)
		complain_of_choice(environments, CHECK_ENVIRONMENTS, chosen == current ? current : NULL,
						   psprintf("environment \"%s\" does not exist in this source", finding_one_line(chosen)),
						   known);
	if (current != NULL && current != chosen && environments_find(environments, current) == NULL)
		complain_of_choice(environments, CHECK_ENVIRONMENTS_ELSEWHERE, current,
						   psprintf("environment \"%s\" does not exist in this source", finding_one_line(current)),
						   known);
}

/* current: the word of the file that it is about, or NULL. */
static void
complain_of_choice(Environments *environments, CheckId check, const char *current,
				   const char *message, const char *hint)
{
	Finding		finding = {
		.check = check,
		.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
		.file = current ? ENVIRONMENTS_FILE : NULL,
		.line = current ? environments->current_line : 0,
		.message = message,
		.hint = hint
	};

	finding_add(&environments->findings, &finding);
}

static void
open_folders(Candidates *all)
{
	int			top = all->count;

	for (int i = 0; i < top; i++)
	{
		SourceEntry *entry = all->items[i].entry;
		Environment *environment = NULL;
		ListCell   *lc;

		if (!entry->is_directory || !valid_environment_name(entry->name) ||
			hook_files_folder(entry->name) || aside_ignores(all->hints, entry->name))
			continue;
		if (strcmp(entry->name, ENVIRONMENTS_COMMON) != 0)
			environment = of_folder(all, entry->name);
		all->items[i].aside = true;
		foreach(lc, entry->children)
		{
			SourceEntry *inner = palloc0(sizeof(SourceEntry));

			inner->name = lfirst(lc);
			add_candidate(all, inner, entry->name, environment);
		}
		foreach(lc, entry->folders)
		{
			SourceEntry *inner = palloc0(sizeof(SourceEntry));
			List	   *links;

			inner->name = lfirst(lc);
			inner->is_directory = true;
			source_list_folder(all->source, psprintf("%s/%s", entry->name, inner->name),
							   &inner->children, &inner->folders, &links);
			add_candidate(all, inner, entry->name, environment);
		}
	}
}

static bool
is_chosen(const Candidates *all, const Environment *environment)
{
	return all->set->environment != NULL && strcmp(environment->name, all->set->environment) == 0;
}

static Environment *
of_folder(Candidates *all, const char *name)
{
	Environments *environments = all->set->environments;
	Environment *environment = environments_find(environments, name);

	if (environment == NULL)
	{
		environment = palloc0(sizeof(Environment));
		environment->name = name;
		environments->items = lappend(environments->items, environment);
	}
	return environment;
}

static void
add_candidate(Candidates *all, SourceEntry *entry, const char *folder, Environment *environment)
{
	Candidate  *item;

	if (all->count == all->room)
	{
		all->room = Max(all->room * 2, 64);
		all->items = repalloc_huge(all->items, all->room * sizeof(Candidate));
	}
	item = &all->items[all->count++];
	memset(item, 0, sizeof(Candidate));
	item->entry = entry;
	item->folder = folder;
	item->path = psprintf("%s/%s", folder, entry->name);
	item->environment = environment;
	item->elsewhere = environment != NULL && !is_chosen(all, environment);
}

/* What the lists name. */
static void
take_lists(Candidates *all)
{
	Candidate **by_name = MemoryContextAllocHuge(CurrentMemoryContext, Max(all->count, 1) * sizeof(Candidate *));
	ListCell   *lc;

	for (int i = 0; i < all->count; i++)
		by_name[i] = &all->items[i];
	qsort(by_name, all->count, sizeof(Candidate *), compare_names);
	foreach(lc, all->set->environments->items)
	{
		Environment *environment = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, environment->files)
		{
			CHECK_FOR_INTERRUPTS();
			take_listed(all, environment, lfirst(lc2), by_name);
		}
	}
	pfree(by_name);
}

/*
 * A list has the names of files, or of migrations' folders; the environment's
 * own folder may stand before them.
 */
static void
take_listed(Candidates *all, Environment *environment, const EnvironmentFile *listed, Candidate **by_name)
{
	size_t		length = strlen(environment->name);
	const char *name = listed->name;
	bool		in_own_folder = strncmp(name, environment->name, length) == 0 && name[length] == '/';
	Candidate  *item = NULL;
	const Candidate *other = NULL;
	const char *hint = "The folder says whose a file is; a list can only restrict what lies at the top of the source.";
	const char *message;

	if (in_own_folder)
		name += length + 1;
	for (int i = find_name(all, by_name, name);
		 i < all->count && strcmp(by_name[i]->entry->name, name) == 0; i++)
	{
		if (by_name[i]->environment == environment)
			item = by_name[i];
		else if (by_name[i]->folder != NULL || in_own_folder)
			other = by_name[i];
		else if (item == NULL)
			item = by_name[i];
	}
	if (item != NULL)
	{
		item->listed_by = lappend(item->listed_by, environment);
		if (item->folder == NULL && is_chosen(all, environment))
			item->elsewhere = false;
		else if (item->folder == NULL)
			item->elsewhere |= list_length(item->listed_by) == 1;
		return;
	}
	if (other == NULL)
	{
		message = psprintf("environment \"%s\" lists \"%s\", which is not there",
						   environment->name, left_out_name(listed->name));
		hint = "A list has names of files at the top of the source, or in the environment's folder.";
	}
	else if (other->environment == NULL)
		message = psprintf("environment \"%s\" lists \"%s\", which belongs to all environments: \"%s\"",
						   environment->name, left_out_name(listed->name), left_out_name(other->path));
	else
		message = psprintf("environment \"%s\" lists \"%s\", which belongs to environment \"%s\": \"%s\"",
						   environment->name, left_out_name(listed->name), other->environment->name,
						   left_out_name(other->path));
	complain(all, environment, ENVIRONMENTS_FILE, listed->line, message, hint);
}

/* The first of that name, or the place where it would be. */
static int
find_name(const Candidates *all, Candidate **by_name, const char *name)
{
	int			low = 0;
	int			high = all->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(by_name[middle]->entry->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
compare_names(const void *a, const void *b)
{
	const Candidate *left = *(Candidate *const *) a;
	const Candidate *right = *(Candidate *const *) b;
	int			result = strcmp(left->entry->name, right->entry->name);

	return result != 0 ? result : strcmp(left->path, right->path);
}

void
environment_files_check(Candidates *all)
{
	Environments *environments = all->set->environments;
	int			common = 0;
	ListCell   *lc;

	if (environments == NULL)
		return;
	for (int i = 0; i < all->count; i++)
	{
		Candidate  *item = &all->items[i];

		/* a way back goes with its way up, and need not be listed */
		if (item->aside || item->claim.up == NULL || item->claim.fault != NULL)
			continue;
		foreach(lc, item->listed_by)
		{
			((Environment *) lfirst(lc))->migrations++;
		}
		if (item->listed_by != NIL)
			continue;
		if (item->environment == NULL)
			common++;
		else
			item->environment->migrations++;
		if (item->environment != NULL && item->environment->has_list)
			complain(all, item->environment, item->path, 0,
					 psprintf("\"%s\" is in the folder of environment \"%s\", whose list does not have it",
							  left_out_name(item->path), item->environment->name),
					 psprintf("Add it to \"migrations\" of the environment in %s, or take that key away.", ENVIRONMENTS_FILE));
	}
	foreach(lc, environments->items)
	{
		((Environment *) lfirst(lc))->migrations += common;
	}
}

static void
complain(Candidates *all, const Environment *environment, const char *file, int line,
		 const char *message, const char *hint)
{
	Finding		finding = {
		.check = is_chosen(all, environment) ? CHECK_ENVIRONMENTS : CHECK_ENVIRONMENTS_ELSEWHERE,
		.file = file,
		.line = line,
		.message = message,
		.hint = hint
	};

	finding_add(&all->set->environments->findings, &finding);
}
