/*
 * require.h
 *	  What must be true for a script to run, asked directly before it.
 */
#ifndef MIGRATOR_EXECUTE_REQUIRE_H
#define MIGRATOR_EXECUTE_REQUIRE_H

#include "execute/execute.h"

/*
 * Run the queries of the script's directives "require" in the current
 * (sub)transaction, with the caller's rights.  Raises the given SQLSTATE for one
 * that does not return true, with what it gave.
 */
extern void require_all(Execution *execution, int sqlstate);

#endif
