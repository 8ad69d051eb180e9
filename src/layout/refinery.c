/*
 * refinery.c
 *	  refinery: V1__name.sql and U1__name.sql, or V1.1__name.sql.
 *
 * Both letters go up: "U" is one that may come late.  In Flyway's directories a "U"
 * goes back, so this layout has to be chosen.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_refinery(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			end;
	int			more;

	if (entry->is_directory || stem < 0 || direction != ' ' || (entry->name[0] != 'V' && entry->name[0] != 'U'))
		return false;
	end = 1 + layout_leading_digits(entry->name + 1);
	more = entry->name[end] == '.' ? layout_leading_digits(entry->name + end + 1) : 0;
	if (end == 1 || (entry->name[end] == '.' && more == 0))
		return false;
	end += more > 0 ? 1 + more : 0;
	if (strncmp(entry->name + end, "__", 2) != 0 || end + 2 >= stem)
		return false;
	claim->version = pnstrdup(entry->name + 1, end - 1);
	claim->name = pnstrdup(entry->name + end + 2, stem - end - 2);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

const Layout layout_refinery = {
	.name = "refinery",
	.pattern = "VNUMBER__name.sql, UNUMBER__name.sql",
	.order = VERSION_ORDER_DOTTED,
	.claim = claim_refinery,
	.chosen_only = true
};
