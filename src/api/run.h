/*
 * run.h
 *	  Arguments of the functions that go up.
 */
#ifndef MIGRATOR_API_RUN_H
#define MIGRATOR_API_RUN_H

#include "api/api.h"

/*
 * Those that apply(), up() and up_background() have, in the order of all; "locked"
 * is the place of if_locked, from where on apply() is one ahead, which has
 * dry_run before.  Returns the scope of each service; request->scope remains NULL
 * when all are meant.
 */
extern List *run_read_arguments(FunctionCallInfo fcinfo, int locked, RunRequest *request);

#endif
