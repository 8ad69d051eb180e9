/*
 * copy.h
 *	  COPY ... FROM stdin with the data that follow it in the script.
 */
#ifndef MIGRATOR_EXECUTE_COPY_H
#define MIGRATOR_EXECUTE_COPY_H

#include "nodes/parsenodes.h"

/* Runs a statement through the server's utility path. */
typedef void (*CopyRunner) (RawStmt *raw, const char *query, bool top_level);

/*
 * Load len bytes of data (in the server encoding) as the statement says, which
 * is changed.  Checks what COPY checks, raises what COPY raises.
 */
extern void copy_inline_data(RawStmt *raw, const char *query, const char *data, size_t len,
							 bool top_level, CopyRunner run);

/*
 * Number of the input line that COPY was reading when an error passed, from 1;
 * 0 when no COPY is under way.
 */
extern uint64 copy_current_line(void);

#endif
