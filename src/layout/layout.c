/*
 * layout.c
 *	  A source to a set of migrations: the registry of layouts, and the steps.
 *
 * What is settled without a layout comes first (aside.c); then the layout is
 * recognised by names, and by marks where names do not tell (recognise.c); then
 * its claims become migrations, and what has none is left out with a reason
 * (join.c, left_out.c).  What has more entries left out than taken is not of
 * that layout after all.
 */
#include "postgres.h"

#include "layout/aside.h"
#include "layout/join.h"
#include "layout/layout.h"
#include "layout/recognise.h"

#define LAYOUT(layout) extern const Layout layout;
#include "layout/layouts.h"
#undef LAYOUT

#define LAYOUT(layout) &layout,
static const Layout *const layouts[] = {
#include "layout/layouts.h"
};

#undef LAYOUT

MigrationSet *
layout_read(const Source *source, const LayoutHints *hints)
{
	static const LayoutRegistry registry = {layouts, lengthof(layouts)};

	return layout_read_by(&registry, source, hints);
}

MigrationSet *
layout_read_by(const LayoutRegistry *registry, const Source *source, const LayoutHints *hints)
{
	List	   *entries = source_list(source);
	MigrationSet *set = palloc0(sizeof(MigrationSet));
	Candidates	all = {
		.registry = registry,
		.source = source,
		.hints = hints,
		.count = list_length(entries),
		.set = set
	};
	ListCell   *lc;

	all.items = palloc0(Max(all.count, 1) * sizeof(Candidate));
	foreach(lc, entries)
	{
		all.items[foreach_current_index(lc)].entry = lfirst(lc);
	}
	aside_put(&all);
	aside_refuse_unsupported(&all);
	join_claims(&all, recognise(&all));
	recognise_refuse_misfits(&all);
	if (set->count == 0 && set->refused == NIL)
		recognise_refuse_empty(&all);
	return set;
}
