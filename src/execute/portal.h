/*
 * portal.h
 *	  Run one statement as the server runs one that a client sends.
 */
#ifndef MIGRATOR_EXECUTE_PORTAL_H
#define MIGRATOR_EXECUTE_PORTAL_H

#include "nodes/parsenodes.h"
#include "tcop/dest.h"

/* With the caller's rights; its rows are thrown away. */
extern void portal_execute(RawStmt *raw, const char *query, bool top_level);

/* The same, and they go to the receiver.  One that returns none is not run. */
extern void portal_execute_into(RawStmt *raw, const char *query, bool top_level, DestReceiver *receiver);

/* Does log_statement ask for it? */
extern bool portal_is_logged(RawStmt *raw);

#endif
