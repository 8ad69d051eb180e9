/*
 * diesel.c
 *	  diesel: a folder for each migration, VERSION_name/up.sql and down.sql.
 *
 * The version is what stands before the first underscore, without dashes
 * (diesel's migrations_internals); without an underscore that is the whole
 * name.  diesel orders by that text.
 */
#include "postgres.h"

#include "layout/layout.h"

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
	return true;
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
	.name_new = name_diesel
};
