/*
 * dated.c
 *	  Dated files: YYYYMMDD-description.sql and YYYYMMDDHHMMSS_description.sql,
 *	  each also with .up or .down before .sql.
 *
 * The version is the whole stem, so two migrations of one day are normal.  A
 * date that is none has the form all the same: among real ones it is a slip.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_dated(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);
	char		separator;

	if (entry->is_directory || stem < 0 || digits + 1 >= stem)
		return false;
	separator = entry->name[digits];
	if (!(digits == 8 && separator == '-') && !(digits == 14 && separator == '_'))
		return false;
	if (!layout_is_date(entry->name, digits))
		claim->fault = psprintf("\"%s\" is no date%s", pnstrdup(entry->name, digits),
								digits == 14 ? " and time; layouts \"numbered\" and \"sqlx\" take it for a number" : "");

	claim->version = pnstrdup(entry->name, stem);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim_way(claim, entry->name, direction);
	return true;
}

/*
 * A date where the latest has one, and a time where that would not come behind
 * it: a digit sorts behind the "-" of the same day.
 */
static bool
name_dated(NewMigration *fresh)
{
	const char *version = fresh->latest_version;
	const char *like = fresh->latest ? new_names_latest_file(fresh) : "";
	char		direction;
	char	   *stem = psprintf("%s-%s", new_names_today(), new_names_joined(fresh->words, '-'));

	if (layout_leading_digits(like) != 8 || strcmp(stem, version) <= 0)
		stem = psprintf("%s_%s", new_names_time(version), fresh->words);
	(void) layout_sql_stem(like, &direction);
	fresh->up_file = psprintf("%s%s.sql", stem, direction == 'u' ? ".up" : "");
	if (fresh->with_down || (fresh->latest && fresh->latest->down))
		fresh->down_file = psprintf("%s.down.sql", stem);
	return true;
}

const Layout layout_dated = {
	.name = "dated",
	.pattern = "YYYYMMDD-description.sql, YYYYMMDDHHMMSS_description.sql, .up.sql, .down.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_dated,
	.down = DOWN_IN_FILE,
	.name_new = name_dated
};
