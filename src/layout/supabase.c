/*
 * supabase.c
 *	  Supabase: NUMBER_name.sql, where the number is a time of 14 digits.
 *
 * Names as in layout "dated"; the version is the time alone, as in Supabase's
 * table.  So this layout has to be chosen.  A number of other digits will do, too:
 * Supabase takes any, in the order of the files.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_supabase(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || digits == 0 || stem <= digits + 1 || direction != ' ' || entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
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
	.pattern = "NUMBER_name.sql",
	.order = VERSION_ORDER_FILE,
	.claim = claim_supabase,
	.chosen_only = true,
	.name_new = name_supabase
};
