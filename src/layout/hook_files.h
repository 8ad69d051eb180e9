/*
 * hook_files.h
 *	  The scripts of a source that run around its migrations, and behind them.
 */
#ifndef MIGRATOR_LAYOUT_HOOK_FILES_H
#define MIGRATOR_LAYOUT_HOOK_FILES_H

#include "layout/candidates.h"

/*
 * Take the hooks of an entry, a file at the top or in an environment's folder, or
 * a folder of such files, into the set, unless they are of another environment.  What is named like a hook and cannot run is refused.  True when
 * that settles what the entry is.
 */
extern bool hook_files_take(Candidates *all, const Candidate *item);

/* Is a file named like a hook, ours or another tool's? */
extern bool hook_files_named_so(const char *name);

/* Is that the name of a folder of hooks, or of one that is taken for it? */
extern bool hook_files_folder(const char *name);

#endif
