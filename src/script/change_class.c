/*
 * change_class.c
 *	  How much of what exists a script takes away or changes.
 */
#include "postgres.h"

#include "script/change_class.h"

static ScriptChange
copy_change(const ScriptChange *change)
{
	ScriptChange copy = *change;

	if (change->what != NULL)
		copy.what = pstrdup(change->what);
	return copy;
}

ScriptChanges
script_changes_copy(const ScriptChanges *changes)
{
	ScriptChanges copy = *changes;
	ListCell   *cell;

	copy.worst = copy_change(&changes->worst);
	copy.late = copy_change(&changes->late);
	copy.hidden = copy_change(&changes->hidden);
	copy.destructive = NIL;
	foreach(cell, changes->destructive)
	{
		ScriptChange *change = palloc(sizeof(ScriptChange));

		*change = copy_change(lfirst(cell));
		copy.destructive = lappend(copy.destructive, change);
	}
	return copy;
}

const char *
change_class_name(ChangeClass change_class)
{
	switch (change_class)
	{
		case CHANGE_SAFE:
			return "safe";
		case CHANGE_CARE:
			return "care";
		case CHANGE_DANGEROUS:
			return "dangerous";
	}
	return "unknown";
}
