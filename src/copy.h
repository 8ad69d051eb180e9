/*
 * copy.h
 *	  COPY ... FROM stdin with the data that follow it in the script.
 */
#ifndef MIGRATOR_COPY_H
#define MIGRATOR_COPY_H

#include "nodes/parsenodes.h"

/*
 * Load len bytes of data (in the server encoding) as the statement says.
 * Checks the privileges and the row security that COPY checks.  Raises what
 * COPY raises.
 */
extern void copy_inline_data(const CopyStmt *statement, const char *query,
							 const char *data, size_t len);

/*
 * Number of the input line that COPY was reading when an error passed, from 1;
 * 0 when no COPY is under way.
 */
extern uint64 copy_current_line(void);

#endif
