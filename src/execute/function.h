/*
 * function.h
 *	  Run a function without arguments, as a script is run.
 */
#ifndef MIGRATOR_EXECUTE_FUNCTION_H
#define MIGRATOR_EXECUTE_FUNCTION_H

#include "execute/execute.h"

/*
 * In the current (sub)transaction and with the caller's rights.  What it returns
 * is thrown away, and deferred constraints are checked behind it as behind a
 * script.  execution->file is its signature, for messages.
 */
extern void execute_function(Execution *execution, Oid function);

#endif
