/*
 * sqlx.c
 *	  sqlx: NUMBER_description.sql, or .up.sql with .down.sql.
 *
 * The names are those of other layouts too.  What makes a difference is a file that
 * begins with "-- no-transaction": sqlx runs it as it is.
 */
#include "postgres.h"

#include "layout/layout.h"

#define NO_TRANSACTION "-- no-transaction"

static bool
claim_sqlx(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || digits == 0 || digits >= stem || entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim_way(claim, entry->name, direction);
	return true;
}

static List *
read_sqlx(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	LayoutClaim *found = palloc(sizeof(LayoutClaim));
	ScriptUnit *unit = claim->up ? claim->up : claim->down;

	*found = *claim;
	/* as sqlx sees it, which knows no byte order mark and no indentation */
	if (content->length >= strlen(NO_TRANSACTION) &&
		memcmp(content->bytes, NO_TRANSACTION, strlen(NO_TRANSACTION)) == 0)
	{
		unit->transactions = UNIT_NO_TRANSACTION;
		unit->mark = NO_TRANSACTION;
		unit->mark_line = 1;
	}
	return list_make1(found);
}

const Layout layout_sqlx = {
	.name = "sqlx",
	.pattern = "NUMBER_description.sql, NUMBER_description.up.sql, NUMBER_description.down.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_sqlx,
	.marks = MARK_OF_SQLX,
	.marks_needed = MARKS_IN_ANY,
	.marks_shown = NO_TRANSACTION,
	.down = DOWN_IN_FILE,
	.read = read_sqlx
};
