/*
 * verify.h
 *	  Scripts that look whether a migration is as it should be.
 */
#ifndef MIGRATOR_RUN_VERIFY_H
#define MIGRATOR_RUN_VERIFY_H

#include "run/shared.h"

/*
 * Before a run: raise what is wrong with such scripts of the chosen migrations, if
 * it is to run them; and if it was told to, and the source has none.
 */
extern void verify_require(Run *run);

/*
 * Behind a step that went up, in the same transaction: run its script, if the run is
 * to do so, and undo what it did.  Raises what it raises.
 */
extern void verify_step(Run *run, const Step *step);

typedef struct VerifyRow
{
	const char *service;
	const char *version;		/* or NULL: of the service as a whole */
	const char *name;			/* or NULL */
	const char *verdict;		/* passed, failed, not_run */
	double		execution_time_ms;	/* < 0: none */
	const char *message;		/* or NULL */
} VerifyRow;

typedef void (*VerifyReport) (const VerifyRow *row, void *argument);

/*
 * Run those of all applied migrations, or of some versions, one after the other, and
 * undo each.  A script that fails is a row.  Of the request only the scope is asked.
 */
extern void run_verify(const RunRequest *request, char **versions, int version_count, VerifyReport report, void *argument);

#endif
