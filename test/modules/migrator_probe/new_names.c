/*
 * new_names.c
 *	  A window on how files are named that are like the latest migration's.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "layout/new_names.h"

PG_FUNCTION_INFO_V1(migrator_probe_like_latest);

/* version, name and the files of the latest migration, its folder or ''; the words of the new one: "UP DOWN", or null */
Datum
migrator_probe_like_latest(PG_FUNCTION_ARGS)
{
	char	   *down = text_to_cstring(PG_GETARG_TEXT_PP(3));
	char	   *folder = text_to_cstring(PG_GETARG_TEXT_PP(4));
	Migration	latest = {
		.version = text_to_cstring(PG_GETARG_TEXT_PP(0)),
		.name = text_to_cstring(PG_GETARG_TEXT_PP(1)),
		.up = unit_of_file(UNIT_UP, text_to_cstring(PG_GETARG_TEXT_PP(2))),
		.down = *down ? unit_of_file(UNIT_DOWN, down) : NULL,
		.folder = *folder ? folder : NULL
	};
	NewMigration fresh = {
		.words = text_to_cstring(PG_GETARG_TEXT_PP(5)),
		.latest_version = latest.version,
		.latest = &latest
	};

	if (!new_names_like_latest(&fresh))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(fresh.down_file ? psprintf("%s %s", fresh.up_file, fresh.down_file) : fresh.up_file));
}
