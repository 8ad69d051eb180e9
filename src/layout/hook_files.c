/*
 * hook_files.c
 *	  The scripts of a source that run around its migrations, and behind them.
 *
 * They are known by their names alone, whatever the layout: pre_migrate.sql and
 * post_migrate.sql stand around a run, pre_migrate_VERSION.sql and
 * post_migrate_VERSION.sql around a migration, the same with rollback for migrate
 * on the way back, bootstrap.sql and seed.sql behind all of them.  Whoever
 * writes such a file counts on it.  So what is only named like one, for another
 * tool, in another case or in a folder where none is looked for, stops a run.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "layout/hook_files.h"
#include "layout/left_out.h"

/* begins of hooks' names, without "_" and "-" */
static const char *const hook_begins[] = {
	"premigrat", "postmigrat", "prerollback", "postrollback", "prerun", "postrun",
	"predeploy", "postdeploy", "beforemigrat", "aftermigrat", "beforeeachmigrat",
	"aftereachmigrat", "beforerepeatables", "afterversioned", "beforeall", "afterall",
	"beforeeach", "aftereach", "beforeundo", "afterundo", "beforevalidate", "aftervalidate", "beforeconnect", "afterconnect",
	"postapply",
};

static bool take_script(Candidates *all, const Candidate *item, const char *name, ScriptUnit **places);
static void take_file(Candidates *all, const Candidate *item, const char *path);
static RefusedEntry *refuse(Candidates *all, const Candidate *item, const char *path, const char *reason);
static bool is_hook_folder(const char *name);

bool
hook_files_take(Candidates *all, const Candidate *item)
{
	const SourceEntry *entry = item->entry;
	bool		folder = item->folder == NULL && entry->is_directory && strcmp(entry->name, "hooks") == 0;
	bool		named_so = entry->is_directory && hook_files_folder(entry->name);
	bool		found = false;
	ListCell   *lc;

	if (!entry->is_directory)
	{
		if (take_script(all, item, "bootstrap.sql", all->set->bootstrap) ||
			take_script(all, item, "seed.sql", all->set->seeds))
			return true;
		if (name_is_document(entry->name) || !hook_files_named_so(entry->name))
			return false;
		take_file(all, item, item->path);
		return true;
	}
	foreach(lc, entry->children)
	{
		const char *child = lfirst(lc);
		bool		bootstrap = pg_strcasecmp(child, "bootstrap.sql") == 0;
		char	   *path;

		if (name_is_document(child) || !(named_so || bootstrap || hook_files_named_so(child)))
			continue;
		path = psprintf("%s/%s", item->path, child);
		if (folder)
			take_file(all, item, path);
		else
			(void) refuse(all, item, path,
						  bootstrap ? "bootstrap.sql is looked for at the top of the source and in the folders of environments" :
						  all->set->environments != NULL ?
						  "hooks are looked for at the top of the source, in its folder \"hooks\" and in the folders of environments" :
						  "hooks are looked for at the top of the source and in its folder \"hooks\"");
		found = true;
	}
	return named_so && found;
}

/* One of which there is one in each place, by its whole name. */
static bool
take_script(Candidates *all, const Candidate *item, const char *name, ScriptUnit **places)
{
	ScriptPlace place = item->folder == NULL ? PLACE_TOP : item->environment == NULL ? PLACE_COMMON : PLACE_ENVIRONMENT;

	if (pg_strcasecmp(item->entry->name, name) != 0)
		return false;
	if (strcmp(item->entry->name, name) != 0)
		(void) refuse(all, item, item->path, psprintf("the script that it is named like is \"%s\"", name));
	else if (!item->elsewhere)
		places[place] = unit_of_file(UNIT_UP, pstrdup(item->path));
	return true;
}

/* (pre|post)_(migrate|rollback)[_VERSION].sql, or a reason why the file cannot run. */
static void
take_file(Candidates *all, const Candidate *item, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	static const char *const events[] = {"pre_migrate", "post_migrate", "pre_rollback", "post_rollback"};
	int			event = 0;
	const char *rest;
	const char *ending = strrchr(name, '.');
	HookFile   *hook;
	RefusedEntry *refused;
	bool		named_so;

	if (!pg_verifymbstr(path, strlen(path), true))
	{
		(void) refuse(all, item, path, "its name is not valid in the database's encoding");
		return;
	}
	while (event < lengthof(events) && strncmp(name, events[event], strlen(events[event])) != 0)
		event++;
	rest = event < lengthof(events) ? name + strlen(events[event]) : NULL;
	if (rest != NULL && ending != NULL && (rest == ending || (*rest == '_' && rest + 1 < ending)))
	{
		bool		shell = strcmp(ending, ".sh") == 0;

		if (shell || strcmp(ending, ".sql") == 0)
		{
			if (item->elsewhere)
				return;
			hook = palloc0(sizeof(HookFile));
			hook->after = event % 2 == 1;
			hook->back = event >= 2;
			hook->shell = shell;
			hook->version = rest == ending ? NULL : pnstrdup(rest + 1, ending - rest - 1);
			hook->unit = unit_of_file(UNIT_UP, pstrdup(path));
			all->set->hooks = lappend(all->set->hooks, hook);
			return;
		}
	}
	named_so = hook_files_named_so(name);
	refused = refuse(all, item, path,
					 named_so ?
					 "it is named like a hook, and hooks are pre_migrate.sql, post_migrate.sql, pre_rollback.sql, post_rollback.sql, and the same with _VERSION before .sql" :
					 "it lies among hooks, which are pre_migrate.sql, post_migrate.sql, pre_rollback.sql, post_rollback.sql, and the same with _VERSION before .sql");
	refused->hook_name = named_so;
}

/* What cannot run in another environment stops no run of this one. */
static RefusedEntry *
refuse(Candidates *all, const Candidate *item, const char *path, const char *reason)
{
	RefusedEntry *refused = left_out_refuse(all->set, path, reason);

	refused->is_hook = true;
	refused->elsewhere = item->elsewhere;
	return refused;
}

bool
hook_files_folder(const char *name)
{
	return is_hook_folder(name) || hook_files_named_so(name);
}

static bool
is_hook_folder(const char *name)
{
	return pg_strcasecmp(name, "hooks") == 0 || pg_strcasecmp(name, "callbacks") == 0;
}

bool
hook_files_named_so(const char *name)
{
	/* most names begin with a number, and no hook's does */
	if (*name >= '0' && *name <= '9')
		return false;
	for (int i = 0; i < lengthof(hook_begins); i++)
	{
		const char *expected = hook_begins[i];

		for (const char *c = name; *c != '\0' && *expected != '\0'; c++)
		{
			if (*c == '_' || *c == '-')
				continue;
			if (pg_ascii_tolower((unsigned char) *c) != *expected)
				break;
			expected++;
		}
		if (*expected == '\0')
			return true;
	}
	return false;
}
