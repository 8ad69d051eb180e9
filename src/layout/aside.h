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

/*
 * Raise 0A000 for what of the others restricts or divides what may run; note
 * what is in folders inside of folders that no layout knows.
 */
extern void aside_refuse_unsupported(Candidates *all);

#endif
