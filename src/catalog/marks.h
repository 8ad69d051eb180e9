/*
 * marks.h
 *	  What changed in the system catalogs between two moments, found without
 *	  printing a definition.
 */
#ifndef MIGRATOR_CATALOG_MARKS_H
#define MIGRATOR_CATALOG_MARKS_H

#include "utils/snapshot.h"

typedef struct CatalogMarks CatalogMarks;

/* All rows of the catalogs that definitions are made of; in CurrentMemoryContext. */
extern CatalogMarks *catalog_marks_take(Snapshot snapshot);

/*
 * The same text when no row has changed, in this database of this cluster.
 */
extern char *catalog_marks_token(const CatalogMarks *marks);

/*
 * The anchors of the objects whose rows have changed, and other OIDs: see
 * objects.h.  False when definitions of others may have changed, too, since
 * something has another name.  *relations: all that have changed are relations,
 * schemas and their parts.
 */
extern bool catalog_marks_changed(const CatalogMarks *before, const CatalogMarks *after,
								  Oid **anchors, int *count, bool *relations);

#endif
