/*
 * unit.c
 *	  Units of script.
 */
#include "postgres.h"

#include "layout/unit.h"

ScriptUnit *
unit_of_file(UnitDirection direction, const char *file)
{
	ScriptUnit *unit = palloc0(sizeof(ScriptUnit));

	unit->direction = direction;
	unit->file = file;
	return unit;
}
