/*
 * change_class.h
 *	  How much of what exists a script takes away or changes.
 */
#ifndef MIGRATOR_SCRIPT_CHANGE_CLASS_H
#define MIGRATOR_SCRIPT_CHANGE_CLASS_H

#include "nodes/pg_list.h"

typedef enum ChangeClass
{
	CHANGE_SAFE,				/* only adds */
	CHANGE_CARE,				/* changes what exists */
	CHANGE_DANGEROUS			/* loses it, or may */
} ChangeClass;

/* A statement, and what of it counts: "DROP TABLE app.users". */
typedef struct ScriptChange
{
	int			line;
	int			column;
	char	   *what;
} ScriptChange;

/* of the statements that are destructive so many are kept */
#define CHANGES_KEPT 20

/* What the parse trees of a script say of it. */
typedef struct ScriptChanges
{
	bool		complete;		/* all statements could be read */
	ChangeClass change_class;
	ScriptChange worst;			/* the first of that class; none when safe */
	List	   *destructive;	/* of ScriptChange *, in file order, the first
								 * CHANGES_KEPT of them */
	int			destructive_count;
	ScriptChange late;			/* the first statement of which only the run
								 * knows what it does; line 0: none */
	ScriptChange hidden;		/* the first DO block with words of such a
								 * statement; line 0 when there is none */
} ScriptChanges;

/* All of it anew in the current memory context. */
extern ScriptChanges script_changes_copy(const ScriptChanges *changes);

/* "safe", "care", "dangerous" */
extern const char *change_class_name(ChangeClass change_class);

#endif
