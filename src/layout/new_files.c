/*
 * new_files.c
 *	  The files of a new migration in the layout of its source.
 *
 * The layout says how they are called; whether that is so is asked as it is of
 * all files: by its claim, and by what a name says whatever the layout.
 */
#include "postgres.h"

#include <limits.h>

#include "base/finding.h"
#include "layout/new_files.h"

static const char *what_is_wrong(const Layout *layout, const NewMigration *fresh, const char *file, bool down);

bool
new_files_source_is_empty(const Source *source)
{
	ListCell   *lc;

	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);
		char		direction;

		if (!entry->is_directory && !name_is_manifest(entry->name) && !name_is_document(entry->name) &&
			(name_may_be_migration(entry) || layout_sql_stem(entry->name, &direction) >= 0))
			return false;
		if (entry->children != NIL || entry->folders != NIL)
			return false;
	}
	return true;
}

const char *
new_files_highest(const MigrationSet *set, const char *version)
{
	const Layout *layout = layout_named(set->layout);
	ListCell   *lc;

	foreach(lc, set->ignored)
	{
		const char *file = ((IgnoredEntry *) lfirst(lc))->file;
		const char *slash = strrchr(file, '/');
		SourceEntry entry = {.name = slash ? slash + 1 : file};
		LayoutClaim claim = {0};

		if (layout->claim(&entry, &claim) && claim.fault == NULL &&
			(version == NULL || version_compare(set->order, claim.version, version) > 0))
			version = claim.version;
	}
	return version;
}

void
new_files_name(const char *name, NewMigration *fresh)
{
	const Layout *layout = layout_named(name);
	const char *wrong;

	/* what is in a file the name of another one does not tell */
	if (!(layout->name_new ? layout->name_new(fresh) :
		  layout->marks == MARK_OF_NOBODY && layout->read == NULL && new_names_like_latest(fresh)))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("new files of layout \"%s\" cannot be named", name),
				errhint("Make the file by hand."));
	if (fresh->with_down && fresh->down_file == NULL && fresh->down_mark == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("layout \"%s\" has no down scripts", name),
				errhint("Leave out argument \"down\"."));
	wrong = what_is_wrong(layout, fresh, fresh->up_file, false);
	if (wrong == NULL && fresh->down_file != NULL)
		wrong = what_is_wrong(layout, fresh, fresh->down_file, true);
	if (wrong != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" cannot be the file of a new migration: %s", finding_one_line(fresh->up_file), wrong),
				errhint("Choose another description."));
}

/* Ask of a name what is asked of all names.  NULL: it is right. */
static const char *
what_is_wrong(const Layout *layout, const NewMigration *fresh, const char *file, bool down)
{
	const char *slash = strchr(file, '/');
	LayoutClaim claim = {0};
	SourceEntry entry = {
		.name = slash ? pnstrdup(file, slash - file) : file,
		.is_directory = slash != NULL
	};
	const char *never;

	if (slash != NULL)
		entry.children = list_make1((void *) (fresh->up_file + (slash - file) + 1));
	if (strlen(entry.name) > NAME_MAX)
		return "it is too long";
	never = name_never_up(&entry);
	if (never != NULL && !down)
		return never;
	if (!layout->claim(&entry, &claim) || claim.version == NULL)
		return psprintf("it is no name of layout \"%s\"", layout->name);
	if (claim.fault != NULL)
		return claim.fault;
	if (fresh->latest_version != NULL &&
		version_compare(layout->order, claim.version, fresh->latest_version) <= 0)
		return psprintf("it sorts before version \"%s\"", finding_one_line(fresh->latest_version));
	return NULL;
}
