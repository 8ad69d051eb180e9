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
 * which it may print in another way were not compared.  *run_open: a run is under
 * way, or died, and only what was marked before it is said of its schemas.
 */
extern List *drift_find(const Homes *homes, bool *other_version, bool *run_open);

/* What a run found when it began. */
typedef struct DriftBase
{
	CatalogMarks *marks;
	bool		complete;		/* all that was not as on record is marked */
	bool	   *owned;			/* of each home: nobody else was at it */
	int			found;			/* objects that no run had marked before */
} DriftBase;

/* A run begins; the result is in CurrentMemoryContext. */
extern DriftBase *drift_begin_run(const char *service, const Homes *homes, int64 run_id);

/* It has ended. */
extern void drift_end_run(const char *service, const Homes *homes, int64 run_id, const DriftBase *base);

/* All is as it should be.  Returns the number of objects that were not as on record. */
extern int	drift_accept(const char *service, const Homes *homes);

#endif
