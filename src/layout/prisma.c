/*
 * prisma.c
 *	  Prisma: a folder for each migration, TIMESTAMP_name/migration.sql.
 *
 * The folder's name is the version.  Prisma runs no way back, but its manual has
 * people keep one in down.sql.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_prisma(const SourceEntry *entry, LayoutClaim *claim)
{
	if (layout_leading_digits(entry->name) == 0 || !layout_has_child(entry, "migration.sql"))
		return false;

	claim->version = pstrdup(entry->name);
	claim->name = layout_name_of_folder(entry->name);
	claim->up = unit_of_file(UNIT_UP, psprintf("%s/migration.sql", entry->name));
	if (layout_has_child(entry, "down.sql"))
		claim->down = unit_of_file(UNIT_DOWN, psprintf("%s/down.sql", entry->name));
	return true;
}

static bool
name_prisma(NewMigration *fresh)
{
	const char *folder = psprintf("%s_%s", new_names_time(fresh->latest_version), fresh->words);

	fresh->up_file = psprintf("%s/migration.sql", folder);
	if (fresh->with_down)
		fresh->down_file = psprintf("%s/down.sql", folder);
	return true;
}

const Layout layout_prisma = {
	.name = "prisma",
	.pattern = "TIMESTAMP_name/migration.sql, TIMESTAMP_name/down.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_prisma,
	.down = DOWN_IN_FILE,
	.name_new = name_prisma
};
