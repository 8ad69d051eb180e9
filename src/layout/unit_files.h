/*
 * unit_files.h
 *	  The other files that a unit of script is made of: those that it includes.
 */
#ifndef MIGRATOR_LAYOUT_UNIT_FILES_H
#define MIGRATOR_LAYOUT_UNIT_FILES_H

#include "layout/unit.h"

/* A unit's text as it stands in its file, cut. */
extern Script *unit_cut(const UnitText *text);

/*
 * What its checksum and fingerprint are then: of the files that it names, and
 * that those name, too.  Nothing changes where there are none.
 */
extern void unit_sum_included(UnitText *text);

/* What a script that has psql's commands becomes by them. */
extern Script *unit_expand(const UnitText *text, Script *script);

/* Of a script that asks for them when it has begun. */
extern void unit_refuse_late(Script *script);

#endif
