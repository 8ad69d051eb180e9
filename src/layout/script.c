/*
 * script.c
 *	  One SQL file as a whole: what "dotnet ef migrations script --idempotent" writes, or
 *	  pg_dump; whatever it is called.
 *
 * It is one migration that runs again when the file was changed: whatever runs such
 * files otherwise gives them whole to the server, and it is for them to see what is
 * there already.  A file that is given as the source is read so; a directory, or staged
 * files, when this layout is chosen.  There is nothing else in such a source: no hooks,
 * no environments, no dependencies.
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/finding.h"
#include "layout/layout.h"

/* ".sql" */
#define ENDING 4

static bool
claim_script(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			length = strlen(entry->name) - ENDING;

	if (entry->is_directory || layout_sql_stem(entry->name, &direction) < 0)
		return false;
	claim->version = pnstrdup(entry->name, length);
	claim->name = pnstrdup(entry->name, length);
	claim->kind = MIGRATION_REPEATABLE;
	claim->up = unit_of_file(UNIT_UP, entry->name);
	if (direction == 'd')
		claim->fault = pstrdup("its name says that it goes back");
	return true;
}

/* Which of two is meant nobody knows, and both would have an order that nobody gave them. */
static void
verify_script(const Source *source, MigrationSet *set)
{
	if (set->count > 1)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
				errmsg("\"%s\" has not layout \"script\": there are %d SQL files in it, and one is meant",
					   finding_one_line(source->given), set->count),
				errdetail("Two of them are \"%s\" and \"%s\".",
						  finding_one_line(set->migrations[0]->up->file), finding_one_line(set->migrations[1]->up->file)),
				errhint("Give the file itself as source, or leave out the others with options => '{\"ignore\": [\"PATTERN\"]}'."));
}

const Layout layout_script = {
	.name = "script",
	.pattern = "name.sql, alone",
	.order = VERSION_ORDER_BYTES,
	.claim = claim_script,
	.chosen_only = true,
	.whole_source = true,
	.repeatable = true,
	.verify = verify_script
};
