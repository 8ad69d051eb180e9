/*
 * comparison.h
 *	  Two looks at the live schema, and what differs.
 */
#ifndef MIGRATOR_CATALOG_COMPARISON_H
#define MIGRATOR_CATALOG_COMPARISON_H

#include "nodes/pg_list.h"

/* All objects as they were at one time. */
typedef struct ObjectList ObjectList;

/*
 * Of all schemas but the system's and the extension's own, and of the database.
 * In a context below the current one.  known (or NULL): an earlier list, so that
 * only what changed since is read.
 */
extern ObjectList *object_list_take(const ObjectList *known);

/* NULL is none. */
extern void object_list_free(ObjectList *list);

/*
 * Sentences, char *: "index app.i: missing", "table app.t: left over", "column
 * app.t.c: was "...", is "..."".  NIL: nothing differs.  Of a table that is
 * missing or left over its columns, constraints, indexes, triggers and policies
 * are not told besides.
 */
extern List *object_list_differences(const ObjectList *before, const ObjectList *now);

#endif
