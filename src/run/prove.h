/*
 * prove.h
 *	  Does the down script of a migration undo its up script?
 */
#ifndef MIGRATOR_RUN_PROVE_H
#define MIGRATOR_RUN_PROVE_H

#include "run/run.h"

typedef struct ProofRow
{
	const char *service;
	const char *version;		/* or NULL: of the service as a whole */
	const char *name;			/* or NULL */
	const char *verdict;		/* reversible, differs, no_down, not_provable */
	const List *differences;	/* char *; NIL: none */
	bool		compared;		/* else nothing is known of differences */
	const char *message;		/* or NULL */
} ProofRow;

typedef void (*ProofReport) (const ProofRow *row, void *argument);

/*
 * Try pending migrations and undo all of it: for each up, down and up again, with
 * a look at the schema between.  versions (or NULL): report these alone; others
 * that are pending before them are applied, too.  Of the request only the scope
 * and how to wait for the lock are asked.  Raises what keeps a run of them from
 * starting.
 */
extern void run_prove(const RunRequest *asked, char **versions, int version_count, ProofReport report, void *argument);

#endif
