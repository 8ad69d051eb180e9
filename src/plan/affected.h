/*
 * affected.h
 *	  The tables of a migration: what its entry declares, and what its script
 *	  touches.
 */
#ifndef MIGRATOR_PLAN_AFFECTED_H
#define MIGRATOR_PLAN_AFFECTED_H

#include "plan/plan.h"
#include "script/touch.h"

typedef struct AffectedTable
{
	const char *schema;			/* NULL: none is written anywhere */
	const char *name;
	const ManifestTable *declared;	/* or NULL */
	List	   *commands;		/* of char *, that touch it; NIL: none */
	const Touch *guessed;		/* that the script writes with a schema and
								 * the entry without, or the reverse; or NULL */
} AffectedTable;

/*
 * Those of a step as AffectedTable *: the declared ones, then what else its
 * script touches.  Names that differ in that one has no schema are taken for
 * one table.
 */
extern List *affected_tables(const Step *step);

#endif
