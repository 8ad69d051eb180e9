/*
 * drizzle.c
 *	  drizzle: NNNN_name.sql, in the order of meta/_journal.json.
 *
 * The journal says which files there are, and their order; the version is the name
 * that it has for a file.  "--> statement-breakpoint" is a comment in SQL, and where a
 * statement ends is the server's grammar's to say.
 */
#include "postgres.h"

#include "base/finding.h"
#include "base/json_tree.h"
#include "layout/layout.h"
#include "layout/left_out.h"

#define JOURNAL "meta/_journal.json"

static bool
claim_drizzle(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction != ' ' || digits == 0 || digits >= stem || entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, stem);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static int
compare_version(const void *key, const void *migration)
{
	return strcmp(key, (*(Migration *const *) migration)->version);
}

static void
refuse(MigrationSet *set, int line, const char *reason)
{
	left_out_refuse(set, JOURNAL, reason)->line = Max(line, 1);
}

/* The entries of the journal, or NULL. */
static const JsonNode *
read_journal(const Source *source, MigrationSet *set)
{
	SourceScript read = {0};
	JsonProblem problem = {0};
	const JsonNode *root = NULL;
	const JsonNode *entries;

	source_read(source, JOURNAL, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(JOURNAL, &read);
	if (read.text != NULL)
		root = json_tree_read(read.text, read.length, &problem);
	if (root == NULL)
	{
		refuse(set, problem.line, read.text != NULL ? problem.message : read.raw.problem);
		return NULL;
	}
	entries = root->kind == JSON_NODE_OBJECT ? json_tree_child(root, "entries") : NULL;
	if (entries == NULL || entries->kind != JSON_NODE_ARRAY)
	{
		refuse(set, root->line, "it has no array \"entries\"");
		return NULL;
	}
	return entries;
}

/* Give each migration its place. */
static void
verify_drizzle(const Source *source, MigrationSet *set)
{
	const JsonNode *entries = read_journal(source, set);
	int			place = 0;
	ListCell   *lc;

	if (entries == NULL)
		return;
	/* they are in the order of bytes, as names are where a plan has the order */
	foreach(lc, entries->children)
	{
		const JsonNode *entry = lfirst(lc);
		const JsonNode *tag = entry->kind == JSON_NODE_OBJECT ? json_tree_child(entry, "tag") : NULL;
		Migration **found;

		if (tag == NULL || tag->kind != JSON_NODE_STRING)
		{
			refuse(set, entry->line, "an entry has no \"tag\"");
			continue;
		}
		found = bsearch(tag->text, set->migrations, set->count, sizeof(Migration *), compare_version);
		if (found == NULL)
			refuse(set, tag->line, psprintf("there is no file \"%s.sql\"", finding_one_line(tag->text)));
		else if ((*found)->place > 0)
			refuse(set, tag->line, psprintf("\"%s\" is in it twice", finding_one_line(tag->text)));
		else
			(*found)->place = ++place;
	}
	for (int i = 0; i < set->count; i++)
		if (set->migrations[i]->place == 0)
			left_out_refuse(set, set->migrations[i]->up->file, "it is not in " JOURNAL ", so that drizzle would not run it");
}

/* The journal has to have it, too. */
static bool
name_drizzle(NewMigration *fresh)
{
	return false;
}

const Layout layout_drizzle = {
	.name = "drizzle",
	.pattern = "NNNN_name.sql",
	.order = VERSION_ORDER_PLAN,
	.sign = JOURNAL,
	.claim = claim_drizzle,
	.verify = verify_drizzle,
	.name_new = name_drizzle
};
