/*
 * left_out.c
 *	  Entries that are no migrations: kept in the set, with the reason.
 *
 * Nothing of a source is passed over without a word.  What may be meant to run
 * is refused, and stops a run; what is not is ignored, with a warning where it
 * is SQL all the same.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/finding.h"
#include "layout/left_out.h"
#include "layout/names.h"

char *
left_out_name(const char *name)
{
	return pstrdup(pg_verifymbstr(name, strlen(name), true) ? finding_one_line(name) :
				   "(name not valid in the database's encoding)");
}

RefusedEntry *
left_out_refuse(MigrationSet *set, const char *file, const char *reason)
{
	RefusedEntry *refused = palloc0(sizeof(RefusedEntry));

	refused->file = left_out_name(file);
	refused->reason = pstrdup(reason);
	set->refused = lappend(set->refused, refused);
	return refused;
}

IgnoredEntry *
left_out_ignore(MigrationSet *set, const SourceEntry *entry, const char *path, const char *deeper)
{
	IgnoredEntry *ignored = palloc0(sizeof(IgnoredEntry));
	char		direction;
	ListCell   *lc;

	ignored->file = left_out_name(path);
	if (entry->is_directory)
	{
		ignored->reason = psprintf("a folder that fits no rule of layout \"%s\"%s%s", set->layout,
								   deeper ? ", " : "", deeper ? deeper : "");
		ignored->looks_like_sql = deeper != NULL;
		foreach(lc, entry->children)
		{
			if (layout_sql_stem(lfirst(lc), &direction) >= 0)
				ignored->looks_like_sql = true;
		}
	}
	else if (layout_sql_stem(entry->name, &direction) < 0)
		ignored->reason = pstrdup("not a .sql file");
	else
	{
		ignored->looks_like_sql = true;
		ignored->reason = psprintf("its name fits no rule of layout \"%s\"", set->layout);
	}
	set->ignored = lappend(set->ignored, ignored);
	return ignored;
}

const char *
left_out_reason(const MigrationSet *set, const SourceEntry *entry, const char *deeper)
{
	char		direction;

	if (entry->is_directory)
		return deeper != NULL ?
			psprintf("a folder that may be a migration and fits no rule of layout \"%s\", %s",
					 set->layout, deeper) :
			entry->children == NIL ?
			"a folder named like a migration, with no script in it" :
			psprintf("a folder that may be a migration and fits no rule of layout \"%s\"", set->layout);
	if (layout_sql_stem(entry->name, &direction) < 0)
		return "named like a migration, but not a .sql file";
	return psprintf("named like a migration, but by no rule of layout \"%s\"", set->layout);
}

bool
left_out_is_code(const SourceEntry *entry)
{
	static const char *const codes[] = {
		".go", ".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".java", ".class", ".kt", ".py", ".rb", ".rs", ".ex", ".exs", ".cs", ".php",
		".sh", ".bash", ".ps1", ".bat", ".cmd"
	};
	const char *dot = strrchr(entry->name, '.');

	for (int i = 0; i < lengthof(codes) && dot != NULL && !entry->is_directory; i++)
		if (strcmp(dot, codes[i]) == 0)
			return true;
	return false;
}
