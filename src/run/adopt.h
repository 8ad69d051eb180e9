/*
 * adopt.h
 *	  What another tool applied, put on record.
 */
#ifndef MIGRATOR_RUN_ADOPT_H
#define MIGRATOR_RUN_ADOPT_H

#include "plan/scope.h"

typedef struct AdoptRequest
{
	const Scope *scope;
	const char *tool;			/* or NULL: by the table */
	Oid			history;		/* InvalidOid: it is looked for */
	bool		dry_run;
	bool		mirror;			/* keep the table like the record from now on */
	bool		force;			/* also when no file is of that history, and
								 * what force of options says */
} AdoptRequest;

/* A migration that is put on record, or would be.  Strings may be NULL. */
typedef struct Adopted
{
	const char *version;
	const char *name;
	MigrationState state;
	TimestampTz applied_at;		/* 0: the tool does not say */
	const char *verified;
	const char *message;
} Adopted;

/*
 * Returns what is new as Adopted *, in the order of the plan, then what has no
 * file.  Raises what history_find(), history_lock() and history_read() do and
 * what stops a run of the source; 55000 for a state that the tool left half-way,
 * and when no file is of the history.
 */
extern List *adopt_history(const AdoptRequest *request);

/*
 * Write into the table that mirrors the record what is on record as applied and
 * not in it: of a service whose registration has just been given option "mirror".
 * Raises what mirror_write() and the above do.
 */
extern void adopt_fill_mirror(const Scope *scope);

#endif
