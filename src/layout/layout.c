/*
 * layout.c
 *	  A source to a set of migrations: the registry of layouts, and the steps.
 *
 * The folders of environments are opened first (environment_files.c), and what is
 * settled without a layout is put aside (aside.c); then the layout is
 * recognised by names, and by marks where names do not tell (recognise.c); then
 * its claims become migrations, and what has none is left out with a reason
 * (join.c, left_out.c).  What has more entries left out than taken is not of
 * that layout after all.
 */
#include "postgres.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/nearest.h"
#include "layout/aside.h"
#include "layout/atlas_sum.h"
#include "layout/environment_files.h"
#include "layout/join.h"
#include "layout/layout.h"
#include "layout/left_out.h"
#include "layout/recognise.h"

#define LAYOUT(layout) &layout,
static const Layout *const layouts[] = {
#include "layout/layouts.h"
};

#undef LAYOUT

const LayoutRegistry *
layout_registry(void)
{
	static const LayoutRegistry registry = {layouts, lengthof(layouts)};

	return &registry;
}

void
layout_require_known(const char *name)
{
	NearestName nearest = {.wanted = name};

	if (layout_find(name) != NULL)
		return;
	for (int i = 0; i < lengthof(layouts); i++)
		nearest_consider(&nearest, layouts[i]->name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("layout \"%s\" is unknown", finding_one_line(name)),
			nearest.found ? errhint("Perhaps you meant \"%s\"; SELECT * FROM migrator.layouts() has them all.", nearest.found) :
			errhint("SELECT * FROM migrator.layouts() has them all."));
}

MigrationSet *
layout_read(const Source *source, const LayoutHints *hints)
{
	return layout_read_by(layout_registry(), source, hints);
}

const Layout *
layout_named(const char *name)
{
	const Layout *layout = layout_find(name);

	if (layout == NULL)
		elog(ERROR, "there is no layout \"%s\"", name);
	return layout;
}

const Layout *
layout_find(const char *name)
{
	for (int i = 0; i < lengthof(layouts) && name != NULL; i++)
		if (strcmp(layouts[i]->name, name) == 0)
			return layouts[i];
	return NULL;
}

/*
 * The layout by which one file is all of the source, if it is: because such a
 * file was given, or because it was chosen.
 */
static const Layout *
find_whole(const LayoutRegistry *registry, const Source *source, const char *chosen)
{
	const Layout *found = NULL;

	for (int i = 0; i < registry->count; i++)
	{
		const Layout *layout = registry->rows[i];

		if (layout->whole_source && (source->file != NULL || (chosen != NULL && strcmp(chosen, layout->name) == 0)))
			found = layout;
	}
	if (source->file != NULL && chosen != NULL && (found == NULL || strcmp(chosen, found->name) != 0))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_RECOGNISED),
				errmsg("\"%s\" has not layout \"%s\": it is one file", finding_one_line(source->given), chosen),
				errhint("Give the directory in which it lies, or leave out option \"layout\"."));
	return found;
}

/* What Atlas keeps of a source, whatever its layout, unless the user calls it none of ours. */
static void
verify_sums(Candidates *all, const Layout *layout)
{
	bool		is_atlas = layout->sign != NULL && strcmp(layout->sign, ATLAS_SUM_FILE) == 0;

	for (int i = 0; i < all->count; i++)
	{
		const Candidate *item = &all->items[i];

		if (item->entry->is_directory || strcmp(item->entry->name, ATLAS_SUM_FILE) != 0)
			continue;
		if (item->folder != NULL && !aside_ignores(all->hints, item->path))
			left_out_refuse(all->set, item->path, "sums are looked for at the top of the source only")->elsewhere = item->elsewhere;
		else if (item->folder == NULL && (is_atlas || !aside_ignores(all->hints, item->path)))
			atlas_sum_verify(all->source, all->set);
	}
}

/* Where a layout found what its migrations need. */
static const char *
entries_file(const Layout *layout, const MigrationSet *set)
{
	return set->entries_file ? set->entries_file : layout->sign ? layout->sign : layout->name;
}

MigrationSet *
layout_read_by(const LayoutRegistry *registry, const Source *source, const LayoutHints *hints)
{
	List	   *entries = source_list(source);
	MigrationSet *set = palloc0(sizeof(MigrationSet));
	LayoutHints own = *hints;
	Candidates	all = {
		.registry = registry,
		.whole = find_whole(registry, source, hints->layout),
		.source = source,
		.hints = &own,
		.count = list_length(entries),
		.room = list_length(entries),
		.set = set
	};
	const Layout *layout;
	ListCell   *lc;

	all.items = palloc0(Max(all.count, 1) * sizeof(Candidate));
	foreach(lc, entries)
	{
		Candidate  *item = &all.items[foreach_current_index(lc)];

		item->entry = lfirst(lc);
		item->path = item->entry->name;
	}
	if (all.whole != NULL)
		own.layout = all.whole->name;
	all.rooted = recognise_root(&all);
	if (all.whole == NULL)
		environment_files_open(&all);
	aside_put(&all);
	if (all.rooted == NULL)
		aside_refuse_folders(&all);
	layout = all.rooted != NULL ? all.rooted : recognise(&all);
	if (all.rooted == NULL)
	{
		aside_refuse_folders_left(&all);
		environment_files_check(&all);
	}
	if ((hints->contexts != NULL || hints->labels != NULL) && !layout->filters)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"%s\" means nothing to layout \"%s\"", hints->contexts ? "contexts" : "labels", layout->name),
				errhint("It is for layout \"liquibase\"."));
	join_claims(&all, layout);
	if (all.rooted == NULL)
		recognise_refuse_misfits(&all);
	if (layout->verify != NULL)
		layout->verify(source, set);
	verify_sums(&all, layout);
	if (all.manifest != NULL)
		set->manifest = manifest_read(source, all.manifest, set->order);
	if (set->entries != NIL)
	{
		const Manifest *of_layout = manifest_of_entries(entries_file(layout, set), set->order, set->entries);

		set->manifest = set->manifest ? manifest_join(set->manifest, of_layout) : of_layout;
	}
	if (set->count == 0 && set->refused == NIL)
		recognise_refuse_empty(&all);
	return set;
}
