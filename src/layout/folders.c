/*
 * folders.c
 *	  Layouts with a folder for each migration: Prisma and diesel.
 *
 * Prisma: <timestamp>_name/migration.sql, the folder's name is the version.
 * diesel: <version>_name/up.sql and down.sql, the version is what stands
 * before the first underscore, without dashes (diesel's migrations_internals);
 * without an underscore that is the whole name.  diesel orders by that text.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
has_child(const SourceEntry *entry, const char *name)
{
	ListCell   *lc;

	foreach(lc, entry->children)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/* What stands behind the first underscore; nothing without one. */
static char *
name_behind_version(const char *folder)
{
	const char *underscore = strchr(folder, '_');

	return pstrdup(underscore ? underscore + 1 : "");
}

static bool
claim_prisma(const SourceEntry *entry, LayoutClaim *claim)
{
	if (!entry->is_directory || layout_leading_digits(entry->name) == 0 ||
		!has_child(entry, "migration.sql"))
		return false;
	claim->version = pstrdup(entry->name);
	claim->name = name_behind_version(entry->name);
	claim->up_file = psprintf("%s/migration.sql", entry->name);
	return true;
}

static bool
claim_diesel(const SourceEntry *entry, LayoutClaim *claim)
{
	size_t		length = strcspn(entry->name, "_");
	char	   *to;

	if (!entry->is_directory || layout_leading_digits(entry->name) == 0 ||
		!has_child(entry, "up.sql"))
		return false;

	claim->version = to = palloc(length + 1);
	for (const char *from = entry->name; from < entry->name + length; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
	claim->name = name_behind_version(entry->name);
	claim->up_file = psprintf("%s/up.sql", entry->name);
	if (has_child(entry, "down.sql"))
		claim->down_file = psprintf("%s/down.sql", entry->name);
	return true;
}

const Layout layout_prisma = {
	"prisma", "TIMESTAMP_name/migration.sql",
	VERSION_ORDER_BYTES, claim_prisma
};

const Layout layout_diesel = {
	"diesel", "VERSION_name/up.sql, VERSION_name/down.sql",
	VERSION_ORDER_BYTES, claim_diesel
};
