/*
 * schema_evolution_manager.c
 *	  schema-evolution-manager: YYYYMMDD-HHMMSS.sql.
 *
 * "-- sem.attribute.transaction = none" runs a file statement by statement; its
 * default, "single", makes it one transaction.  Other attributes are errors, as they are
 * to the tool.
 */
#include "postgres.h"

#include "layout/sections.h"

static bool
claim_schema_evolution_manager(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);

	if (entry->is_directory || stem != 15 || direction != ' ' || layout_leading_digits(entry->name) != 8 ||
		entry->name[8] != '-' || layout_leading_digits(entry->name + 9) != 6)
		return false;
	if (!layout_is_date(entry->name, 8))
		claim->fault = psprintf("\"%s\" is no date", pnstrdup(entry->name, 8));
	claim->version = pnstrdup(entry->name, stem);
	claim->name = pstrdup("");
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* Is the rest of the line this word? */
static bool
is_value(const char *rest, const char *end, const char *value)
{
	rest = rest ? lines_skip(rest, end, value, false) : NULL;
	while (rest != NULL && rest < end && strchr(" \t", *rest) != NULL)
		rest++;
	return rest == end;
}

static List *
read_schema_evolution_manager(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	Sections	sections;
	FileLines  *lines = &sections.lines;

	sections_begin(&sections, content, claim);
	/* all of it goes up */
	*sections.result = *claim;
	while (sections.result->fault == NULL && lines_next(lines))
	{
		const char *rest = lines_skip(lines->text, lines->end, "--", false);
		MarkSense	sense;

		if (mark_of_line(lines->text, lines->end, &sense) != MARK_OF_SCHEMA_EVOLUTION_MANAGER)
			continue;
		rest = rest ? lines_skip(rest, lines->end, "sem.attribute.transaction", false) : NULL;
		rest = rest ? lines_skip(rest, lines->end, "=", false) : NULL;
		if (is_value(rest, lines->end, "none"))
			sections_set_transactions(&sections, UNIT_UP, UNIT_NO_TRANSACTION);
		else if (is_value(rest, lines->end, "single"))
			sections_set_transactions(&sections, UNIT_UP, UNIT_ONE_TRANSACTION);
		else
			sections_fault(&sections, lines->number, "the attribute is transaction = single or none: %s", lines_quoted(lines));
	}
	return list_make1(sections.result);
}

static bool
name_schema_evolution_manager(NewMigration *fresh)
{
	char		digits[15] = "";
	char	   *time;

	/* the dash is none of a time */
	if (fresh->latest_version != NULL && strlen(fresh->latest_version) == 15)
		snprintf(digits, sizeof(digits), "%.8s%s", fresh->latest_version, fresh->latest_version + 9);
	time = new_names_time(digits[0] != '\0' ? digits : NULL);
	fresh->up_file = psprintf("%.8s-%s.sql", time, time + 8);
	return true;
}

const Layout layout_schema_evolution_manager = {
	.name = "schema-evolution-manager",
	.pattern = "YYYYMMDD-HHMMSS.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_schema_evolution_manager,
	.read = read_schema_evolution_manager,
	.own_sessions = true,
	.follows = MARK_OF_SCHEMA_EVOLUTION_MANAGER,
	.name_new = name_schema_evolution_manager
};
