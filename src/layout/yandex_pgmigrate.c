/*
 * yandex_pgmigrate.c
 *	  yandex-pgmigrate: VNUMBER__description.sql.
 *
 * A file with NONTRANSACTIONAL in its description runs statement by statement.
 * Nothing else tells it from Flyway's, so this layout has to be chosen.
 */
#include "postgres.h"

#include "layout/layout.h"

#define NONTRANSACTIONAL "NONTRANSACTIONAL"

static bool
claim_yandex_pgmigrate(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = entry->name[0] == 'V' ? layout_leading_digits(entry->name + 1) : 0;

	if (entry->is_directory || stem < 0 || direction != ' ' || digits == 0 ||
		strncmp(entry->name + 1 + digits, "__", 2) != 0 || digits + 3 >= stem)
		return false;
	claim->version = pnstrdup(entry->name + 1, digits);
	claim->name = pnstrdup(entry->name + digits + 3, stem - digits - 3);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	if (strstr(claim->name, NONTRANSACTIONAL) != NULL)
	{
		claim->up->transactions = UNIT_NO_TRANSACTION;
		claim->up->mark = NONTRANSACTIONAL;
		claim->up->mark_line = 1;
	}
	return true;
}

const Layout layout_yandex_pgmigrate = {
	.name = "yandex-pgmigrate",
	.pattern = "VNUMBER__description.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_yandex_pgmigrate,
	.chosen_only = true
};
