/*
 * boundary.c
 *	  HashiCorp Boundary's own runner: a folder NUMBER for each release, with files
 *	  NUMBER_name.up.sql in it.
 *
 * The order is that of the folders' numbers, then that of the files'; the version
 * has both, with a dot between them.
 */
#include "postgres.h"

#include "layout/layout.h"

/* NUMBER_name.up.sql */
static bool
is_file(const char *name, int *digits, int *stem)
{
	char		direction;

	*stem = layout_sql_stem(name, &direction);
	*digits = layout_leading_digits(name);
	return *stem > 0 && direction == 'u' && *digits > 0 && *digits < *stem && name[*digits] == '_';
}

static bool
claim_boundary(const SourceEntry *entry, LayoutClaim *claim)
{
	int			digits,
				stem;
	ListCell   *lc;

	if (!entry->is_directory || entry->name[layout_leading_digits(entry->name)] != '\0')
		return false;
	foreach(lc, entry->children)
	{
		if (!is_file(lfirst(lc), &digits, &stem))
			continue;
		claim->many = true;
		claim->version = pstrdup(entry->name);
		claim->name = pstrdup("");
		claim->up = unit_of_file(UNIT_UP, psprintf("%s/%s", entry->name, (char *) lfirst(lc)));
		return true;
	}
	return false;
}

static LayoutClaim *
claim_file(const SourceEntry *folder, const char *path, const char *name)
{
	LayoutClaim *claim = palloc0(sizeof(LayoutClaim));
	int			digits,
				stem;

	claim->up = unit_of_file(UNIT_UP, psprintf("%s/%s", path, name));
	claim->version = claim->name = pstrdup("");
	if (is_file(name, &digits, &stem))
	{
		claim->version = psprintf("%s.%.*s", folder->name, digits, name);
		claim->name = pnstrdup(name + digits + 1, stem - digits - 1);
	}
	else
		claim->fault = pstrdup("it is not named NUMBER_name.up.sql");
	return claim;
}

static List *
expand_boundary(const Source *source, const SourceEntry *entry, const char *path)
{
	List	   *result = NIL;
	List	   *files;
	List	   *folders;
	List	   *links;
	ListCell   *lc;

	source_list_folder(source, path, &files, &folders, &links);
	foreach(lc, files)
	{
		const char *name = lfirst(lc);
		SourceEntry file = {.name = name};
		char		direction;

		/*
		 * what is neither script nor named like one is none of the runner's;
		 * a script of another form may be meant to run
		 */
		if (layout_sql_stem(name, &direction) >= 0 || name_may_be_migration(&file))
			result = lappend(result, claim_file(entry, path, name));
	}
	foreach(lc, list_concat(folders, links))
	{
		LayoutClaim *claim = claim_file(entry, path, lfirst(lc));

		claim->fault = pstrdup("a folder in that of a release, where none is looked for");
		result = lappend(result, claim);
	}
	return result;
}

const Layout layout_boundary = {
	.name = "boundary",
	.pattern = "NUMBER/NUMBER_name.up.sql",
	.order = VERSION_ORDER_DOTTED,
	.claim = claim_boundary,
	.expand = expand_boundary
};
