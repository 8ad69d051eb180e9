/*
 * prisma.c
 *	  Prisma: a folder for each migration, TIMESTAMP_name/migration.sql.
 *
 * The folder's name is the version.
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
	return true;
}

static bool
name_prisma(NewMigration *fresh)
{
	fresh->up_file = psprintf("%s_%s/migration.sql", new_names_time(fresh->latest_version), fresh->words);
	return true;
}

const Layout layout_prisma = {
	.name = "prisma",
	.pattern = "TIMESTAMP_name/migration.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_prisma,
	.name_new = name_prisma
};
