/*
 * numbered.c
 *	  Plain numbered files: 1.sql, 01-init.sql, 0001_init.sql, 1.init.sql.
 */
#include "postgres.h"

#include "layout/layout.h"

static bool
claim_numbered(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction != ' ' || digits == 0)
		return false;
	if (digits < stem && strchr("-_.", entry->name[digits]) == NULL)
		return false;

	/* a misspelt date must not turn a directory of dated files into numbers */
	if (digits == 8 && digits < stem && entry->name[digits] == '-')
		return false;

	claim->version = pnstrdup(entry->name, digits);
	claim->name = digits < stem ?
		pnstrdup(entry->name + digits + 1, stem - digits - 1) : pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static bool
name_numbered(NewMigration *fresh)
{
	const char *like = fresh->latest ? new_names_latest_file(fresh) : "";
	char		separator = like[layout_leading_digits(like)];

	if (separator != '-' && (separator != '.' || pg_strcasecmp(like + layout_leading_digits(like), ".sql") == 0))
		separator = '_';
	fresh->up_file = psprintf("%s%c%s.sql", new_names_number(fresh->latest_version), separator,
							  separator == '-' ? new_names_joined(fresh->words, '-') : fresh->words);
	return true;
}

const Layout layout_numbered = {
	.name = "numbered",
	.pattern = "NUMBER_name.sql, NUMBER-name.sql, NUMBER.name.sql, NUMBER.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_numbered,
	.name_new = name_numbered
};
