/*
 * sqitch.c
 *	  sqitch: sqitch.plan names the changes, deploy/, revert/ and verify/ have their
 *	  scripts.
 *
 * The order is the plan's.  A change is called by its name; one that is reworked
 * later by NAME@TAG, of the first tag behind it that has a file: so sqitch calls the
 * file.  What a change requires stands before it in the plan, or is of another
 * project, which here is a service of that name.  Scripts are psql's.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

#include "base/finding.h"
#include "layout/sqitch.h"

typedef struct Sqitch
{
	const Source *source;
	SqitchPlan	plan;
	SqitchConf	conf;
	HTAB	   *files;			/* paths below the folders of scripts */
	HTAB	   *names;			/* of changes and tags, up to the line in hand */
	List	   *claims;
} Sqitch;

/* a hash of a path or a name; two that have the same are one in 2^64 */
typedef struct Known
{
	uint64		hash;
	int			line;			/* index of the latest line of that name */
	bool		named;			/* of a file: some line has it */
	char	   *path;
} Known;

static uint64
hash_of(const char *text)
{
	return hash_bytes_extended((const unsigned char *) text, strlen(text), 0);
}

static HTAB *
create_table(const char *name)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(Known),.hcxt = CurrentMemoryContext};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Known *
find(HTAB *table, const char *text)
{
	uint64		hash = hash_of(text);

	return hash_search(table, &hash, HASH_FIND, NULL);
}

static Known *
enter(HTAB *table, const char *text)
{
	uint64		hash = hash_of(text);
	bool		found;
	Known	   *known = hash_search(table, &hash, HASH_ENTER, &found);

	if (!found)
	{
		known->line = -1;
		known->named = false;
		known->path = NULL;
	}
	return known;
}

static bool
claim_sqitch(const SourceEntry *entry, LayoutClaim *claim)
{
	if (entry->is_directory || strcmp(entry->name, SQITCH_PLAN) != 0)
		return false;
	claim->many = true;
	claim->version = pstrdup(entry->name);
	claim->name = pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* The folders of scripts are the plan's; those that sqitch.conf calls otherwise are said to be left out. */
static bool
belongs_sqitch(const SourceEntry *entry)
{
	static const char *const names[] = {"deploy", "revert", "verify"};

	if (!entry->is_directory)
		return strcmp(entry->name, SQITCH_CONF) == 0;
	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(entry->name, names[i]) == 0)
			return true;
	return false;
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

static const char *
read_text(Sqitch *sqitch, const char *file, size_t *length)
{
	SourceScript read = {0};

	source_read(sqitch->source, file, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(file, &read);
	if (read.text == NULL)
		refuse(sqitch, file, read.bad_line, read.raw.problem);
	*length = read.length;
	return read.text;
}

/* All files below a folder, if it is there: its parts are looked for one by one. */
static void
list_files(Sqitch *sqitch, const char *folder)
{
	List	   *pending = NIL;
	const char *slash = strchr(folder, '/');
	char	   *top = slash ? pnstrdup(folder, slash - folder) : pstrdup(folder);
	ListCell   *lc;

	foreach(lc, source_list(sqitch->source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (entry->is_directory && strcmp(entry->name, top) == 0)
			pending = list_make1(top);
	}
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
			char	   *file = psprintf("%s/%s", path, (char *) lfirst(lc));

			enter(sqitch->files, file)->path = file;
		}
		foreach(lc, folders)
		{
			pending = lappend(pending, psprintf("%s/%s", path, (char *) lfirst(lc)));
		}
	}
}

/* Which lines are reworked, and what each is called by then. */
static void
name_changes(Sqitch *sqitch)
{
	SqitchPlan *plan = &sqitch->plan;
	HTAB	   *latest = create_table("migrator changes of sqitch");

	for (int i = 0; i < plan->count; i++)
	{
		const SqitchLine *line = &plan->lines[i];
		Known	   *known = enter(latest, psprintf("%s%s", line->is_tag ? "@" : "", line->name));

		if (known->line >= 0 && line->is_tag)
			refuse(sqitch, SQITCH_PLAN, line->line,
				   psprintf("tag \"@%s\" is in it twice", finding_one_line(line->name)));
		else if (known->line >= 0)
			plan->lines[known->line].later = i;
		known->line = i;
	}
	for (int i = 0; i < plan->count; i++)
	{
		SqitchLine *line = &plan->lines[i];

		if (line->is_tag)
			continue;
		line->version = line->later < 0 ? line->name : NULL;
		for (int j = i + 1; j < line->later; j++)
		{
			char	   *name;

			if (!plan->lines[j].is_tag)
				continue;
			name = psprintf("%s@%s", line->name, plan->lines[j].name);
			if (line->version == NULL)
				line->version = name;
			if (find(sqitch->files, psprintf("%s/%s.%s", sqitch->conf.deploy, name, sqitch->conf.ending)) != NULL)
			{
				line->version = name;
				break;
			}
		}
		if (line->version == NULL)
			refuse(sqitch, SQITCH_PLAN, plan->lines[line->later].line,
				   psprintf("change \"%s\" is in it twice, without a tag in between", finding_one_line(line->name)));
	}
}

/*
 * The change of this project that words mean, as it was deployed last before a
 * line: a, a@tag, @tag.  NULL: there is none.
 */
static const SqitchLine *
find_change(const Sqitch *sqitch, const char *words)
{
	const SqitchPlan *plan = &sqitch->plan;
	const char *at = strchr(words, '@');
	char	   *name = at ? pnstrdup(words, at - words) : pstrdup(words);
	const Known *known = find(sqitch->names, *name != '\0' ? name : words);
	const Known *tag = at != NULL && *name != '\0' ? find(sqitch->names, at) : NULL;
	int			i = known ? known->line : -1;

	if (i < 0 || (at != NULL && *name != '\0' && tag == NULL))
		return NULL;
	/* back to where the tag stands, or from a tag to its change */
	if (tag != NULL)
		for (i = tag->line; i >= 0 && (plan->lines[i].is_tag || strcmp(plan->lines[i].name, name) != 0);)
			i--;
	while (i >= 0 && plan->lines[i].is_tag)
		i--;
	return i >= 0 ? &plan->lines[i] : NULL;
}

/* What a line requires, and what it must not meet. */
static const ManifestEntry *
read_needs(Sqitch *sqitch, const SqitchLine *line)
{
	ManifestEntry *entry = palloc0(sizeof(ManifestEntry));
	ListCell   *lc;

	entry->version = line->version;
	entry->line = line->line;
	foreach(lc, line->needs)
	{
		const char *words = lfirst(lc);
		bool		conflict = *words == '!';
		const char *colon = strchr(words += conflict, ':');
		char	   *project = colon ? pnstrdup(words, colon - words) : NULL;
		bool		other = project != NULL && strcmp(project, sqitch->plan.project) != 0;
		ManifestNeed *need = palloc0(sizeof(ManifestNeed));
		const SqitchLine *change = NULL;

		need->line = line->line;
		words = colon ? colon + 1 : words;
		if (!other)
			change = find_change(sqitch, words);
		if (conflict && other)
			refuse(sqitch, SQITCH_PLAN, line->line,
				   psprintf("\"%s\" conflicts with a change of another project, which is not supported",
							finding_one_line(line->name)));
		else if (conflict && change != NULL)
			refuse(sqitch, SQITCH_PLAN, line->line,
				   psprintf("\"%s\" conflicts with \"%s\", which stands before it", finding_one_line(line->name),
							finding_one_line(words)));
		else if (conflict)
			continue;
		else if (other)
		{
			need->service = project;
			need->version = words;
			entry->cross_service = lappend(entry->cross_service, need);
		}
		else if (change == NULL)
			refuse(sqitch, SQITCH_PLAN, line->line,
				   psprintf("\"%s\" requires \"%s\", which does not stand before it", finding_one_line(line->name),
							finding_one_line(words)));
		else if (change->version != NULL)
		{
			need->version = change->version;
			entry->depends_on = lappend(entry->depends_on, need);
		}
	}
	return entry;
}

/* A file of a change, or NULL if it has none; it is known to be one. */
static char *
take_file(Sqitch *sqitch, const char *folder, const char *version)
{
	char	   *path = psprintf("%s/%s.%s", folder, version, sqitch->conf.ending);
	Known	   *known = find(sqitch->files, path);

	if (known == NULL)
		return NULL;
	known->named = true;
	return path;
}

static void
claim_change(Sqitch *sqitch, const SqitchLine *line, int place)
{
	const SqitchPlan *plan = &sqitch->plan;
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
	char	   *up = take_file(sqitch, sqitch->conf.deploy, line->version);
	char	   *down = take_file(sqitch, sqitch->conf.revert, line->version);

	(void) take_file(sqitch, sqitch->conf.verify, line->version);
	claim->entry = read_needs(sqitch, line);
	if (up == NULL)
	{
		refuse(sqitch, SQITCH_PLAN, line->line,
			   psprintf("change \"%s\" has no file \"%s/%s.%s\"", finding_one_line(line->name), sqitch->conf.deploy,
						finding_one_line(line->version), sqitch->conf.ending));
		return;
	}
	claim->version = line->version;
	claim->name = line->name;
	claim->place = place;
	for (int i = place; i < plan->count && plan->lines[i].is_tag; i++)
		claim->tags = lappend(claim->tags, psprintf("@%s", plan->lines[i].name));
	claim->up = unit_of_file(UNIT_UP, up);
	claim->up->fill = FILL_PSQL;
	if (down != NULL)
	{
		claim->down = unit_of_file(UNIT_DOWN, down);
		claim->down->fill = FILL_PSQL;
	}
	sqitch->claims = lappend(sqitch->claims, claim);
}

static int
compare_paths(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* What lies among the scripts and has no line does not run. */
static void
leave_files_left(Sqitch *sqitch)
{
	HASH_SEQ_STATUS status;
	Known	   *known;
	List	   *left = NIL;
	ListCell   *lc;
	size_t		folder = strlen(sqitch->conf.deploy);
	char	   *ending = psprintf(".%s", sqitch->conf.ending);

	hash_seq_init(&status, sqitch->files);
	while ((known = hash_seq_search(&status)) != NULL)
	{
		size_t		length = strlen(known->path);

		if (!known->named && strncmp(known->path, sqitch->conf.deploy, folder) == 0 && known->path[folder] == '/' &&
			length > strlen(ending) && strcmp(known->path + length - strlen(ending), ending) == 0)
			left = lappend(left, known->path);
	}
	list_sort(left, compare_paths);
	foreach(lc, left)
	{
		LayoutClaim *claim = palloc0(sizeof(LayoutClaim));

		claim->version = claim->name = pstrdup("");
		claim->up = unit_of_file(UNIT_UP, lfirst(lc));
		claim->left_out = pstrdup("no line of " SQITCH_PLAN " has it, so that sqitch would not run it either");
		sqitch->claims = lappend(sqitch->claims, claim);
	}
}

static List *
expand_sqitch(const Source *source, const SourceEntry *entry, const char *path)
{
	Sqitch	   *sqitch = palloc0(sizeof(Sqitch));
	SqitchPlan *plan = &sqitch->plan;
	const char *text;
	size_t		length = 0;
	bool		has_conf = false;
	ListCell   *lc;

	sqitch->source = source;
	sqitch->files = create_table("migrator files of sqitch");
	sqitch->names = create_table("migrator names of sqitch");
	foreach(lc, source_list(source))
	{
		has_conf |= strcmp(((SourceEntry *) lfirst(lc))->name, SQITCH_CONF) == 0;
	}
	text = has_conf ? read_text(sqitch, SQITCH_CONF, &length) : NULL;
	sqitch_read_conf(text, length, &sqitch->conf);
	text = read_text(sqitch, path, &length);
	if (text == NULL)
		return sqitch->claims;
	sqitch_read_plan(text, length, plan);
	if (sqitch->conf.fault != NULL)
		refuse(sqitch, SQITCH_CONF, sqitch->conf.fault_line, sqitch->conf.fault);
	if (plan->fault != NULL)
		refuse(sqitch, path, plan->fault_line, plan->fault);
	if (sqitch->claims != NIL)
		return sqitch->claims;

	list_files(sqitch, sqitch->conf.deploy);
	list_files(sqitch, sqitch->conf.revert);
	list_files(sqitch, sqitch->conf.verify);
	name_changes(sqitch);
	for (int i = 0; i < plan->count; i++)
	{
		const SqitchLine *line = &plan->lines[i];

		CHECK_FOR_INTERRUPTS();
		if (!line->is_tag && line->version != NULL)
			claim_change(sqitch, line, i + 1);
		enter(sqitch->names, psprintf("%s%s", line->is_tag ? "@" : "", line->name))->line = i;
	}
	leave_files_left(sqitch);
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
	.expand = expand_sqitch,
	.belongs = belongs_sqitch,
	.name_new = name_sqitch
};
