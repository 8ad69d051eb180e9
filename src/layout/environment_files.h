/*
 * environment_files.h
 *	  Which of a source's files belong to which environment.
 */
#ifndef MIGRATOR_LAYOUT_ENVIRONMENT_FILES_H
#define MIGRATOR_LAYOUT_ENVIRONMENT_FILES_H

#include "layout/candidates.h"

/*
 * If the source has environments: fill those of the set, choose one, and add
 * what is in their folders to the candidates.  To be called with those of the
 * top of the source, before any is put aside.
 */
extern void environment_files_open(Candidates *all);

/*
 * Once claims are made: note where lists and folders say different things, and
 * count each environment's migrations.
 */
extern void environment_files_check(Candidates *all);

/*
 * What environments.json says of the environment that it is, looking at nothing
 * else; NULL where it says nothing, or cannot be read.
 */
extern const char *environment_files_current(const Source *source, const LayoutHints *hints);

#endif
