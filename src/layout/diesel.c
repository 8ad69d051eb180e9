/*
 * diesel.c
 *	  diesel: a folder for each migration, VERSION_name/up.sql and down.sql.
 *
 * The version is what stands before the first underscore, without dashes
 * (diesel's migrations_internals); without an underscore that is the whole
 * name.  diesel orders by that text.  A file metadata.toml beside the scripts says
 * whether they run in a transaction.
 */
#include "postgres.h"

#include "layout/sections.h"

#define METADATA "metadata.toml"

static bool
claim_diesel(const SourceEntry *entry, LayoutClaim *claim)
{
	size_t		length = strcspn(entry->name, "_");
	char	   *to;

	if (layout_leading_digits(entry->name) == 0 || !layout_has_child(entry, "up.sql"))
		return false;

	claim->version = to = palloc(length + 1);
	for (const char *from = entry->name; from < entry->name + length; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
	claim->name = layout_name_of_folder(entry->name);
	claim->up = unit_of_file(UNIT_UP, psprintf("%s/up.sql", entry->name));
	if (layout_has_child(entry, "down.sql"))
		claim->down = unit_of_file(UNIT_DOWN, psprintf("%s/down.sql", entry->name));
	/* for read(), which has no entry */
	if (layout_has_child(entry, METADATA))
		claim->up->mark = METADATA;
	return true;
}

static bool
is_value(const FileLines *lines, const char *value, const char *word)
{
	const char *rest = lines_skip(value, lines->end, word, false);

	while (rest != NULL && rest < lines->end && strchr(" \t\r", *rest) != NULL)
		rest++;
	return rest != NULL && (rest == lines->end || *rest == '#');
}

static void
take_metadata(const FileContent *content, LayoutClaim *claim)
{
	FileLines	lines;

	lines_begin(&lines, content);
	while (lines_next(&lines))
	{
		const char *first = lines_first(&lines);
		const char *value;

		if (first == lines.end || *first == '#')
			continue;
		value = lines_skip(lines.text, lines.end, "run_in_transaction", false);
		value = value ? lines_skip(value, lines.end, "=", false) : NULL;
		if (value != NULL && is_value(&lines, value, "false"))
		{
			claim->up->transactions = UNIT_NO_TRANSACTION;
			if (claim->down != NULL)
			{
				claim->down->transactions = UNIT_NO_TRANSACTION;
				claim->down->mark = METADATA;
				claim->down->mark_line = 1;
			}
		}
		else if (value == NULL || !is_value(&lines, value, "true"))
			claim->fault = psprintf("its " METADATA " says %s, which is not known here", lines_quoted(&lines));
	}
}

static List *
read_diesel(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	LayoutClaim *found = palloc(sizeof(LayoutClaim));
	const char *slash = strrchr(claim->up->file, '/');
	FileContent metadata = {0};

	*found = *claim;
	if (claim->up->mark == NULL)
		return list_make1(found);
	source_read(source, psprintf("%.*s/" METADATA, (int) (slash - claim->up->file), claim->up->file), &metadata);
	if (metadata.bytes == NULL)
		found->fault = metadata.problem;
	else
		take_metadata(&metadata, found);
	if (found->up->transactions == UNIT_NO_TRANSACTION)
		found->up->mark_line = 1;
	else
		found->up->mark = NULL;
	return list_make1(found);
}

/* as its command line does */
static bool
name_diesel(NewMigration *fresh)
{
	const char *time = new_names_time(fresh->latest_version);
	const char *folder = psprintf("%.4s-%.2s-%.2s-%s_%s", time, time + 4, time + 6, time + 8, fresh->words);

	fresh->up_file = psprintf("%s/up.sql", folder);
	fresh->down_file = psprintf("%s/down.sql", folder);
	return true;
}

const Layout layout_diesel = {
	.name = "diesel",
	.pattern = "VERSION_name/up.sql, VERSION_name/down.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_diesel,
	.down = DOWN_IN_FILE,
	.read = read_diesel,
	.name_new = name_diesel
};
