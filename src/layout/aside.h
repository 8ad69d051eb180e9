/*
 * aside.h
 *	  What is settled about a source's entries before any layout is asked.
 */
#ifndef MIGRATOR_LAYOUT_ASIDE_H
#define MIGRATOR_LAYOUT_ASIDE_H

#include "layout/candidates.h"

/*
 * Put entries aside, into the set, that the user calls none of ours, that are
 * hooks, or that say of themselves that they do not go up.
 */
extern void aside_put(Candidates *all);

/* Does the user say that the path is none of ours? */
extern bool aside_ignores(const LayoutHints *hints, const char *path);

/*
 * Raise MG013 for migrations in folders that are no environment's; note what is
 * in folders inside of folders that no layout knows.
 */
extern void aside_refuse_folders(Candidates *all);

/*
 * The same, once the layout is known, of folders whose migrations a layout may take
 * that the source's is not.
 */
extern void aside_refuse_folders_left(Candidates *all);

#endif
