/*
 * atlas_sum.h
 *	  The sums that Atlas keeps of a directory's files; private to this folder.
 */
#ifndef MIGRATOR_LAYOUT_ATLAS_SUM_H
#define MIGRATOR_LAYOUT_ATLAS_SUM_H

#include "layout/migration.h"
#include "source/source.h"

#define ATLAS_SUM_FILE "atlas.sum"

/*
 * Refuse what does not fit the sums at the top of a source: Atlas writes them for
 * directories of other tools, too, so the layout may be any.
 */
extern void atlas_sum_verify(const Source *source, MigrationSet *set);

#endif
