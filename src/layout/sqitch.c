/*
 * sqitch.c
 *	  sqitch: sqitch.plan names the changes, deploy/, revert/ and verify/ have their
 *	  scripts.
 *
 * The order is the plan's.  A change is called by its name; one that is reworked
 * later by NAME@TAG, of the last tag before that which has a file: so sqitch calls
 * the file.  What a change requires stands before it in the plan, or is of another
 * project, which here is a service of that name.  Scripts are psql's.
 *
 * sqitch.conf may have plan and scripts anywhere in the source.  No folder of it
 * is anybody else's then.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"

#include "base/finding.h"
#include "layout/aside.h"
#include "layout/hook_files.h"
#include "layout/left_out.h"
#include "layout/sqitch.h"

typedef struct Sqitch
{
	const Source *source;
	const LayoutHints *hints;
	MigrationSet *set;
	SqitchPlan	plan;
	SqitchConf	conf;
	HTAB	   *files;			/* paths below the folders of scripts */
	List	   *folders;		/* that were listed, char * */
	List	   *claims;
} Sqitch;

/* a hash of a path; two that have the same are one in 2^64 */
typedef struct Known
{
	uint64		hash;
	bool		named;			/* some line has it */
	char	   *path;
} Known;

static void read_conf(const Source *source, SqitchConf *conf);

static Known *
find(const Sqitch *sqitch, const char *path)
{
	uint64		hash = layout_hash(path);

	return hash_search(sqitch->files, &hash, HASH_FIND, NULL);
}

static void
enter(Sqitch *sqitch, char *path)
{
	uint64		hash = layout_hash(path);
	Known	   *known = hash_search(sqitch->files, &hash, HASH_ENTER, NULL);

	known->named = false;
	known->path = path;
}

/* The names of scripts are the plan's. */
static bool
claim_sqitch(const SourceEntry *entry, LayoutClaim *claim)
{
	return false;
}

static bool
has_file(const Source *source, const char *name)
{
	ListCell   *lc;

	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (!entry->is_directory && strcmp(entry->name, name) == 0)
			return true;
	}
	return false;
}

/* The plan at the top, or a sqitch.conf that has it elsewhere. */
static bool
is_root_of_sqitch(const Source *source, const SourceEntry *entry)
{
	SqitchConf	conf;

	if (entry->is_directory)
		return false;
	if (strcmp(entry->name, SQITCH_PLAN) == 0)
		return true;
	if (strcmp(entry->name, SQITCH_CONF) != 0)
		return false;
	read_conf(source, &conf);
	return conf.plan_line > 0;
}

/* What is wrong with a file stops a run. */
static void
refuse(Sqitch *sqitch, const char *file, int line, char *reason)
{
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));

	claim->version = claim->name = pstrdup("");
	claim->up = unit_of_file(UNIT_UP, file);
	claim->fault = reason;
	claim->fault_line = line;
	sqitch->claims = lappend(sqitch->claims, claim);
}

/* NULL: it cannot be had, for what read says. */
static const char *
read_text(const Source *source, const char *file, SourceScript *read)
{
	memset(read, 0, sizeof(SourceScript));
	source_read(source, file, &read->raw);
	if (read->raw.bytes != NULL)
		source_decode_script(file, read);
	return read->text;
}

/* That it cannot be read is a fault of it. */
static void
read_conf(const Source *source, SqitchConf *conf)
{
	SourceScript read = {0};
	const char *text = has_file(source, SQITCH_CONF) ? read_text(source, SQITCH_CONF, &read) : NULL;

	sqitch_read_conf(text, read.length, conf);
	if (read.raw.problem != NULL && text == NULL)
	{
		conf->fault = read.raw.problem;
		conf->fault_line = read.bad_line;
	}
}

SqitchPlan *
sqitch_plan_of(const Source *source)
{
	SqitchPlan *plan = palloc(sizeof(SqitchPlan));
	SqitchConf	conf;
	SourceScript read;

	read_conf(source, &conf);
	if (conf.fault != NULL || read_text(source, conf.plan, &read) == NULL)
		return NULL;
	sqitch_read_plan(read.text, read.length, plan);
	return plan->faults == NIL ? plan : NULL;
}

/* Is it there?  Looked for part by part, since one that is not cannot be listed. */
static bool
has_folder(const Source *source, const char *folder)
{
	const char *slash = strchr(folder, '/');
	char	   *path = slash ? pnstrdup(folder, slash - folder) : pstrdup(folder);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);

		found |= entry->is_directory && strcmp(entry->name, path) == 0;
	}
	while (found && slash != NULL)
	{
		const char *name = slash + 1;
		List	   *files;
		List	   *folders;
		List	   *links;

		slash = strchr(name, '/');
		source_list_folder(source, path, &files, &folders, &links);
		found = false;
		foreach(lc, folders)
		{
			found |= strlen(lfirst(lc)) == (slash ? slash - name : strlen(name)) &&
				strncmp(lfirst(lc), name, strlen(lfirst(lc))) == 0;
		}
		path = slash ? pnstrdup(folder, slash - folder) : pstrdup(folder);
	}
	return found;
}

/* All files below a folder, each folder once: links to folders are not followed. */
static void
list_files(Sqitch *sqitch, const char *folder)
{
	List	   *pending = NIL;
	ListCell   *lc;

	foreach(lc, sqitch->folders)
	{
		if (strcmp(lfirst(lc), folder) == 0)
			return;
	}
	sqitch->folders = lappend(sqitch->folders, (void *) folder);
	foreach(lc, source_list(sqitch->source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (*folder == '\0' && !entry->is_directory)
			enter(sqitch, pstrdup(entry->name));
		else if (*folder == '\0')
			pending = lappend(pending, pstrdup(entry->name));
	}
	if (*folder != '\0' && has_folder(sqitch->source, folder))
		pending = list_make1((void *) folder);
	for (int i = 0; i < list_length(pending); i++)
	{
		const char *path = list_nth(pending, i);
		List	   *files;
		List	   *folders;
		List	   *links;

		CHECK_FOR_INTERRUPTS();
		source_list_folder(sqitch->source, path, &files, &folders, &links);
		foreach(lc, files)
		{
			enter(sqitch, psprintf("%s/%s", path, (char *) lfirst(lc)));
		}
		foreach(lc, folders)
		{
			pending = lappend(pending, psprintf("%s/%s", path, (char *) lfirst(lc)));
		}
	}
}

/* The path of a script in one of the folders. */
static char *
script_path(const Sqitch *sqitch, const char *folder, const char *version)
{
	char	   *name = psprintf("%s.%s", version, sqitch->conf.ending);
	char	   *path = sqitch_path(folder, name);

	pfree(name);
	return path;
}

/*
 * What a reworked change is called: by the tags between it and its successor, those
 * of the last change first.
 */
static char *
name_reworked(const Sqitch *sqitch, int index)
{
	const SqitchPlan *plan = &sqitch->plan;
	const SqitchLine *line = &plan->lines[index];
	char	   *first = NULL;
	int			end = plan->lines[line->later].tags_before;

	while (end > line->tags_before)
	{
		int			start = end - 1;

		while (start > line->tags_before && plan->tags[start - 1] == plan->tags[start] - 1)
			start--;
		for (int i = start; i < end; i++)
		{
			char	   *name = psprintf("%s@%s", line->name, plan->lines[plan->tags[i]].name);
			char	   *path = script_path(sqitch, sqitch->conf.reworked_deploy, name);
			bool		found = find(sqitch, path) != NULL;

			CHECK_FOR_INTERRUPTS();
			pfree(path);
			if (found)
				return name;
			if (first == NULL)
				first = name;
			else
				pfree(name);
		}
		end = start;
	}
	return first;
}

/* What a line requires, and what it must not meet. */
static const ManifestEntry *
read_needs(Sqitch *sqitch, const SqitchLine *line)
{
	const SqitchPlan *plan = &sqitch->plan;
	ManifestEntry *entry = palloc0(sizeof(ManifestEntry));
	ListCell   *lc;

	entry->version = line->version;
	entry->file = sqitch->conf.plan;
	entry->line = line->line;
	foreach(lc, line->needs)
	{
		const SqitchNeed *words = lfirst(lc);
		bool		other = words->project != NULL && strcmp(words->project, plan->project) != 0;
		int			change = sqitch_find_change(plan, words);
		ManifestNeed *need = palloc0(sizeof(ManifestNeed));
		const char *shown = finding_one_line(words->words);
		const char *fault = NULL;

		need->line = line->line;
		if (other && (words->id != NULL || words->change == NULL))
			fault = "names a change of another project by an id or a tag, which are not on record";
		else if (!other && words->id != NULL && change < 0)
			fault = "is the id of no change of this plan: write PROJECT:CHANGE for one of another project";
		else if (other)
		{
			need->service = words->project;
			need->version = words->words + strlen(words->project) + 1;
			if (words->conflict)
				entry->conflicts = lappend(entry->conflicts, need);
			else
				entry->cross_service = lappend(entry->cross_service, need);
		}
		else if (words->conflict && change < 0)
			fault = "is in conflict, and the plan does not have it";
		else if (words->conflict && change < line - plan->lines)
			fault = "is in conflict, and stands before it";
		else if (!words->conflict && change >= line - plan->lines)
			fault = "is required, and does not stand before it";
		else if (!words->conflict)
		{
			need->version = plan->lines[change].version;
			entry->depends_on = lappend(entry->depends_on, need);
		}
		if (fault != NULL)
			refuse(sqitch, sqitch->conf.plan, line->line,
				   psprintf("change \"%s\": \"%s\" %s", finding_one_line(line->name), shown, fault));
	}
	return entry;
}

/* A file of a change, or NULL if it has none; it is known to be one. */
static char *
take_file(Sqitch *sqitch, const char *folder, const char *version)
{
	char	   *path = script_path(sqitch, folder, version);
	Known	   *known = find(sqitch, path);

	if (known == NULL)
		return NULL;
	known->named = true;
	return path;
}

static ScriptUnit *
unit_of(char *file, UnitDirection direction, List *variables)
{
	ScriptUnit *unit;

	if (file == NULL)
		return NULL;
	unit = unit_of_file(direction, file);
	unit->fill = FILL_PSQL;
	unit->own_variables = variables;
	return unit;
}

static void
claim_change(Sqitch *sqitch, const SqitchLine *line)
{
	const SqitchPlan *plan = &sqitch->plan;
	const SqitchConf *conf = &sqitch->conf;
	bool		reworked = line->later >= 0;
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
	const char *folder = reworked ? conf->reworked_deploy : conf->deploy;
	char	   *up = take_file(sqitch, folder, line->version);
	char	   *down = take_file(sqitch, reworked ? conf->reworked_revert : conf->revert, line->version);
	char	   *verify = take_file(sqitch, reworked ? conf->reworked_verify : conf->verify, line->version);

	claim->entry = read_needs(sqitch, line);
	if (up == NULL)
	{
		refuse(sqitch, conf->plan, line->line,
			   psprintf("change \"%s\" has no file \"%s\"", finding_one_line(line->name),
						finding_one_line(script_path(sqitch, folder, line->version))));
		return;
	}
	if (aside_ignores(sqitch->hints, up))
	{
		IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

		ignored->file = left_out_name(up);
		ignored->reason = pstrdup("it fits a pattern of option \"ignore\"");
		ignored->by_pattern = true;
		sqitch->set->ignored = lappend(sqitch->set->ignored, ignored);
		return;
	}
	claim->version = line->version;
	claim->name = line->name;
	claim->place = line - plan->lines - line->tags_before + 1;
	for (int i = line - plan->lines + 1; i < plan->count && plan->lines[i].is_tag; i++)
		claim->tags = lappend(claim->tags, psprintf("@%s", plan->lines[i].name));
	claim->up = unit_of(up, UNIT_UP, conf->up_variables);
	claim->down = unit_of(down, UNIT_DOWN, conf->down_variables);
	claim->verify = unit_of(verify, UNIT_UP, conf->verify_variables);
	if (verify != NULL)
		claim->verify->undone = true;
	claim->superseded = reworked;
	sqitch->claims = lappend(sqitch->claims, claim);
}

static int
compare_paths(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static bool
is_below(const char *path, const char *folder)
{
	size_t		length = strlen(folder);

	return length == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

/* What lies among the scripts and has no line does not run. */
static void
leave_files_left(Sqitch *sqitch)
{
	HASH_SEQ_STATUS status;
	Known	   *known;
	List	   *left = NIL;
	ListCell   *lc;
	char	   *ending = psprintf(".%s", sqitch->conf.ending);

	hash_seq_init(&status, sqitch->files);
	while ((known = hash_seq_search(&status)) != NULL)
	{
		size_t		length = strlen(known->path);

		if (!known->named && length > strlen(ending) && strcmp(known->path + length - strlen(ending), ending) == 0 &&
			((*sqitch->conf.deploy != '\0' && is_below(known->path, sqitch->conf.deploy)) ||
			 (*sqitch->conf.reworked_deploy != '\0' && is_below(known->path, sqitch->conf.reworked_deploy))) &&
			!aside_ignores(sqitch->hints, known->path))
			left = lappend(left, known->path);
	}
	list_sort(left, compare_paths);
	foreach(lc, left)
	{
		IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

		ignored->file = left_out_name(lfirst(lc));
		ignored->reason = pstrdup("no line of the plan has it, so that sqitch would not run it either");
		ignored->looks_like_sql = true;
		sqitch->set->ignored = lappend(sqitch->set->ignored, ignored);
	}
}

/* Is an entry at the top one of sqitch's, or has something of it? */
static bool
is_of_sqitch(const Sqitch *sqitch, const SourceEntry *entry)
{
	ListCell   *lc;

	if (!entry->is_directory)
		return strcmp(entry->name, SQITCH_CONF) == 0 || strcmp(entry->name, sqitch->conf.plan) == 0 ||
			find(sqitch, entry->name) != NULL;
	if (is_below(sqitch->conf.plan, entry->name))
		return true;
	foreach(lc, sqitch->folders)
	{
		if (strcmp(lfirst(lc), entry->name) == 0 || is_below(lfirst(lc), entry->name) || *(char *) lfirst(lc) == '\0')
			return true;
	}
	return false;
}

/* What lies at the top besides, as in other layouts. */
static void
leave_entries(Sqitch *sqitch)
{
	ListCell   *lc;

	foreach(lc, source_list(sqitch->source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (aside_ignores(sqitch->hints, entry->name) || hook_files_named_so(entry->name) ||
			strcmp(entry->name, "bootstrap.sql") == 0 || strcmp(entry->name, "seed.sql") == 0 ||
			hook_files_folder(entry->name) || name_is_manifest(entry->name) || is_of_sqitch(sqitch, entry))
			continue;
		if (name_may_be_migration(entry))
			left_out_refuse(sqitch->set, entry->name, left_out_reason(sqitch->set, entry, NULL));
		else
			left_out_ignore(sqitch->set, entry, entry->name, NULL);
	}
}

/* What a run of ours does not do by itself. */
static void
tell_of_mode(MigrationSet *set, const char *mode)
{
	IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));

	ignored->file = pstrdup(SQITCH_CONF);
	ignored->reason = psprintf("its \"mode = %s\" of [deploy]: a run keeps what it applied before a failure, unless flag \"auto_rollback_on_failure\" has it taken back",
							   mode);
	ignored->looks_like_sql = true;
	set->ignored = lappend(set->ignored, ignored);
}

static List *
read_all_sqitch(const Source *source, const LayoutHints *hints, List *roots, List *files, MigrationSet *set)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(Known),.hcxt = CurrentMemoryContext};
	Sqitch	   *sqitch = palloc0(sizeof(Sqitch));
	SqitchPlan *plan = &sqitch->plan;
	SqitchConf *conf = &sqitch->conf;
	SourceScript read;
	ListCell   *lc;

	sqitch->source = source;
	sqitch->hints = hints;
	sqitch->set = set;
	sqitch->files = hash_create("migrator files of sqitch", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	read_conf(source, conf);
	set->entries_file = conf->plan;
	set->verifies = conf->verifies;
	if (conf->mode != NULL)
		tell_of_mode(set, conf->mode);
	if (conf->fault != NULL)
		refuse(sqitch, SQITCH_CONF, conf->fault_line, conf->fault);
	else if (read_text(source, conf->plan, &read) == NULL && read.raw.sqlstate == ERRCODE_UNDEFINED_FILE)
		refuse(sqitch, conf->plan_line > 0 ? SQITCH_CONF : conf->plan, Max(conf->plan_line, 1),
			   psprintf("there is no plan \"%s\"", finding_one_line(conf->plan)));
	else if (read.text == NULL)
		refuse(sqitch, conf->plan, read.bad_line, read.raw.problem);
	else
	{
		sqitch_read_plan(read.text, read.length, plan);
		foreach(lc, plan->faults)
		{
			const SqitchFault *fault = lfirst(lc);

			refuse(sqitch, conf->plan, fault->line, fault->reason);
		}
	}
	if (sqitch->claims != NIL)
		return sqitch->claims;

	list_files(sqitch, conf->deploy);
	list_files(sqitch, conf->revert);
	list_files(sqitch, conf->verify);
	list_files(sqitch, conf->reworked_deploy);
	list_files(sqitch, conf->reworked_revert);
	list_files(sqitch, conf->reworked_verify);
	for (int i = 0; i < plan->count; i++)
		if (!plan->lines[i].is_tag)
			plan->lines[i].version = plan->lines[i].later < 0 ? plan->lines[i].name : name_reworked(sqitch, i);
	if (plan->names_ids)
		sqitch_find_ids(plan);
	for (int i = 0; i < plan->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!plan->lines[i].is_tag)
			claim_change(sqitch, &plan->lines[i]);
	}
	leave_files_left(sqitch);
	leave_entries(sqitch);
	return sqitch->claims;
}

/* The plan has to have it, too. */
static bool
name_sqitch(NewMigration *fresh)
{
	return false;
}

const Layout layout_sqitch = {
	.name = "sqitch",
	.pattern = "sqitch.plan, deploy/CHANGE.sql, revert/CHANGE.sql",
	.order = VERSION_ORDER_PLAN,
	.sign = SQITCH_PLAN,
	.claim = claim_sqitch,
	.down = DOWN_IN_FILE,
	.own_sessions = true,
	.is_root = is_root_of_sqitch,
	.read_all = read_all_sqitch,
	.name_new = name_sqitch
};
