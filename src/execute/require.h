/*
 * require.h
 *	  What must be true for a script to run, asked directly before it.
 */
#ifndef MIGRATOR_EXECUTE_REQUIRE_H
#define MIGRATOR_EXECUTE_REQUIRE_H

#include "execute/execute.h"

/*
 * Run the queries of the script's directives "require" and "only-if" in the current
 * (sub)transaction, with the caller's rights.  Raises the given SQLSTATE for one
 * that does not return true, with what it gave; unless its script is not to run then and to
 * count as run, which is false, or to run all the same.
 */
extern bool require_all(Execution *execution, int sqlstate);

#endif
