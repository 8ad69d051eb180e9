/*
 * supabase.c
 *	  Supabase: YYYYMMDDHHMMSS_name.sql.
 *
 * Names as in layout "dated"; the version is the time alone, as in Supabase's
 * table.  So this layout has to be chosen.
 */
#include "postgres.h"

#include "layout/layout.h"

#define TIME_DIGITS 14

static bool
claim_supabase(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);

	if (entry->is_directory || stem <= TIME_DIGITS + 1 || direction != ' ' ||
		layout_leading_digits(entry->name) != TIME_DIGITS || entry->name[TIME_DIGITS] != '_')
		return false;
	claim->version = pnstrdup(entry->name, TIME_DIGITS);
	claim->name = pnstrdup(entry->name + TIME_DIGITS + 1, stem - TIME_DIGITS - 1);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static bool
name_supabase(NewMigration *fresh)
{
	fresh->up_file = psprintf("%s_%s.sql", new_names_time(fresh->latest_version), fresh->words);
	return true;
}

const Layout layout_supabase = {
	.name = "supabase",
	.pattern = "YYYYMMDDHHMMSS_name.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_supabase,
	.chosen_only = true,
	.name_new = name_supabase
};
