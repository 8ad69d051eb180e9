/*
 * unit.h
 *	  A unit of script: what is run as one, and what is known of it before its
 *	  text is read.
 *
 * The layers above speak of units, never of a migration's files: what goes up
 * and what goes back may be two files, or parts of one.
 */
#ifndef MIGRATOR_LAYOUT_UNIT_H
#define MIGRATOR_LAYOUT_UNIT_H

typedef enum UnitDirection
{
	UNIT_UP,
	UNIT_DOWN
} UnitDirection;

typedef struct ScriptUnit
{
	UnitDirection direction;
	const char *file;			/* relative to the source */
} ScriptUnit;

/* A file that is one unit as a whole.  The name is kept, not copied. */
extern ScriptUnit *unit_of_file(UnitDirection direction, const char *file);

#endif
