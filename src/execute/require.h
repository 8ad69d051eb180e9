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
/*
 * False when the script is not to run, and to count as applied: it says "only-if" what is
 * not so.  What it requires is an error if it is not so.
 */
extern bool require_all(Execution *execution, int sqlstate);

#endif
