/*
 * bootstrap.h
 *	  bootstrap.sql: what a new database gets once, behind its migrations.
 */
#ifndef MIGRATOR_RUN_BOOTSTRAP_H
#define MIGRATOR_RUN_BOOTSTRAP_H

#include "run/shared.h"

/* Run it in the current (sub)transaction, unless it is on record meanwhile. */
extern void bootstrap_run(Run *run);

/* The same in a transaction of its own, in a run that commits as it goes. */
extern ErrorData *bootstrap_run_apart(Run *run);

#endif
