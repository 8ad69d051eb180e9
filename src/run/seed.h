/*
 * seed.h
 *	  seed.sql: data that a database is filled with, as often as somebody says.
 */
#ifndef MIGRATOR_RUN_SEED_H
#define MIGRATOR_RUN_SEED_H

#include "run/run.h"

/*
 * Run the seed scripts of a service in the caller's transaction, under its locks
 * as apply() does.  A row for each, with the file as name.  Raises what keeps a
 * run from starting, 58P01 where there is none (of all services: a row that says
 * so), and what the scripts raise.
 */
extern void run_seed(const RunRequest *request, RunReport report, void *argument);

#endif
