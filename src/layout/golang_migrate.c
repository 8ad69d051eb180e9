/*
 * golang_migrate.c
 *	  golang-migrate: VERSION_title.up.sql with VERSION_title.down.sql.
 *
 * Names as in golang-migrate's source/parse.go: ^([0-9]+)_(.*)\.(up|down)\.(.*)$,
 * with the extension .sql.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_pair(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction == ' ' ||
		digits == 0 || digits >= stem || entry->name[digits] != '_')
		return false;

	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim_way(claim, entry->name, direction);
	return true;
}

static bool
name_pair(NewMigration *fresh)
{
	const char *number = new_names_number(fresh->latest_version);

	fresh->up_file = psprintf("%s_%s.up.sql", number, fresh->words);
	fresh->down_file = psprintf("%s_%s.down.sql", number, fresh->words);
	return true;
}

const Layout layout_golang_migrate = {
	.name = "golang-migrate",
	.pattern = "VERSION_title.up.sql, VERSION_title.down.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_pair,
	.down = DOWN_IN_FILE,
	.name_new = name_pair
};
