/*
 * drift.h
 *	  The live schema against the objects as runs left them.
 *
 * When a run begins, what is not as it is on record is marked; when it ends, all
 * but that is taken as it is.  So what the run did is no drift, and what had been
 * done before it still is.
 */
#ifndef MIGRATOR_CATALOG_DRIFT_H
#define MIGRATOR_CATALOG_DRIFT_H

#include "catalog/marks.h"
#include "catalog/schema_state.h"

typedef enum ObjectChange
{
	OBJECT_ADDED,
	OBJECT_CHANGED,
	OBJECT_REMOVED
} ObjectChange;

/* An object that is not as it is on record. */
typedef struct Drift
{
	ObjectChange change;
	const KeptObject *before;	/* NULL when it was added */
	const KeptObject *now;		/* NULL when it was removed */
} Drift;

/*
 * As Drift *, by kind and identity.  Of homes that are not kept nothing is
 * said.  *other_version: of those that another major version printed, objects
 * which it may print in another way were not compared.
 */
extern List *drift_find(const Homes *homes, bool *other_version);

/* A run begins.  What it is found to begin with is in CurrentMemoryContext; NULL: all has to be looked at in the end. */
extern CatalogMarks *drift_begin_run(const char *service, const Homes *homes, int64 run_id);

/* It has ended. */
extern void drift_end_run(const char *service, const Homes *homes, int64 run_id, const CatalogMarks *before);

/* All is as it should be.  Returns the number of objects that were not as on record. */
extern int	drift_accept(const char *service, const Homes *homes);

#endif
