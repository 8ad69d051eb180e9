/*
 * popx.c
 *	  popx, of Ory: VERSION_name.up.sql and VERSION_name.down.sql, also with a database
 *	  system and with ".autocommit" before the direction.
 *
 * A file for PostgreSQL runs in the place of the one for all, and those for other
 * systems are passed over.  ".autocommit" runs without a transaction.  Go templates are
 * filled in before anything else; a file with one is refused.  The names may be those
 * of golang-migrate's too, so this layout has to be chosen.
 */
#include "postgres.h"

#include "layout/sections.h"

static const char *const own_systems[] = {"postgres", "postgresql", "pg"};
static const char *const other_systems[] = {
	"cockroach", "cockroachdb", "crdb", "mysql", "mariadb", "sqlite", "sqlite3"
};

/* The word that ends before *end, behind a dot; *end is moved before that. */
static bool
take_word(const char *name, int *end, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
	{
		int			length = strlen(words[i]);

		if (*end > length && name[*end - length - 1] == '.' && strncmp(name + *end - length, words[i], length) == 0)
		{
			*end -= length + 1;
			return true;
		}
	}
	return false;
}

static bool
claim_popx(const SourceEntry *entry, LayoutClaim *claim)
{
	static const char *const autocommit[] = {"autocommit"};
	char		direction;
	int			end = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);
	bool		alone;
	ScriptUnit *unit;

	if (entry->is_directory || end < 0 || direction == ' ' || digits == 0 || entry->name[digits] != '_')
		return false;
	unit = unit_of_file(direction == 'u' ? UNIT_UP : UNIT_DOWN, entry->name);
	alone = take_word(entry->name, &end, autocommit, 1);
	unit->preferred = take_word(entry->name, &end, own_systems, lengthof(own_systems));
	if (end <= digits + 1 || memchr(entry->name + digits, '.', end - digits) != NULL)
		return false;
	if (alone)
	{
		unit->transactions = UNIT_NO_TRANSACTION;
		unit->mark = ".autocommit";
		unit->mark_line = 1;
	}
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, end - digits - 1);
	if (direction == 'u')
		claim->up = unit;
	else
		claim->down = unit;
	return true;
}

static bool
is_foreign_popx(const char *name)
{
	static const char *const autocommit[] = {"autocommit"};
	char		direction;
	int			end = layout_sql_stem(name, &direction);

	if (end < 0 || direction == ' ')
		return false;
	(void) take_word(name, &end, autocommit, 1);
	return take_word(name, &end, other_systems, lengthof(other_systems));
}

static List *
read_popx(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	LayoutClaim *found = palloc(sizeof(LayoutClaim));
	FileLines	lines;

	*found = *claim;
	lines_begin(&lines, content);
	while (found->fault == NULL && lines_next(&lines))
		for (const char *c = lines.text; found->fault == NULL && c + 1 < lines.end; c++)
			if (c[0] == '{' && c[1] == '{')
			{
				found->fault = psprintf("popx would fill in a template here, and a database server cannot: %s", lines_quoted(&lines));
				found->fault_line = lines.number;
			}
	return list_make1(found);
}

const Layout layout_popx = {
	.name = "popx",
	.pattern = "VERSION_name.up.sql, VERSION_name.postgres.up.sql, VERSION_name.autocommit.up.sql, .down.sql",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_popx,
	.chosen_only = true,
	.down = DOWN_IN_FILE,
	.read = read_popx,
	.is_foreign = is_foreign_popx
};
