/*
 * authelia.c
 *	  Authelia's own runner: V0001.Title.up.sql with V0001.Title.down.sql.
 *
 * Names as in its source: ^V(\d{4})\.([^.]+)\.(up|down)\.sql$.  Flyway's and refinery's
 * have "__" and no ".up", so none is of two of them.
 */
#include "postgres.h"

#include "layout/layout.h"

#define DIGITS 4

static bool
claim_authelia(const SourceEntry *entry, LayoutClaim *claim)
{
	const char *title = entry->name + 1 + DIGITS + 1;
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);

	if (entry->is_directory || stem <= title - entry->name || direction == ' ' || entry->name[0] != 'V' ||
		layout_leading_digits(entry->name + 1) != DIGITS || title[-1] != '.' ||
		strcspn(title, ".") != entry->name + stem - title)
		return false;
	claim->version = pnstrdup(entry->name + 1, DIGITS);
	claim->name = pnstrdup(title, entry->name + stem - title);
	claim_way(claim, entry->name, direction);
	return true;
}

static bool
name_authelia(NewMigration *fresh)
{
	const char *number = fresh->latest_version ? new_names_number(fresh->latest_version) : "0001";

	fresh->up_file = psprintf("V%s.%s.up.sql", number, fresh->words);
	fresh->down_file = psprintf("V%s.%s.down.sql", number, fresh->words);
	return true;
}

const Layout layout_authelia = {
	.name = "authelia",
	.pattern = "V0001.title.up.sql, V0001.title.down.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_authelia,
	.down = DOWN_IN_FILE,
	.name_new = name_authelia
};
