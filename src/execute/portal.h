/*
 * portal.h
 *	  Run one statement as the server runs one that a client sends.
 */
#ifndef MIGRATOR_EXECUTE_PORTAL_H
#define MIGRATOR_EXECUTE_PORTAL_H

#include "access/tupdesc.h"
#include "nodes/parsenodes.h"
#include "utils/tuplestore.h"

/* With the caller's rights; its rows are thrown away. */
extern void portal_execute(RawStmt *raw, const char *query, bool top_level);

/*
 * The same, and its rows go into a store, values and all.  Returns what they are
 * made of; NULL: it returns none, and was not run.
 */
extern TupleDesc portal_execute_into(RawStmt *raw, const char *query, Tuplestorestate *rows);

#endif
