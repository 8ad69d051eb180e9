/*
 * slow.h
 *	  Migrations that took long.
 */
#ifndef MIGRATOR_RUN_SLOW_H
#define MIGRATOR_RUN_SLOW_H

#include "plan/plan.h"

/* WARNING, if a step took longer than it should have, ms: migrator.slow_threshold, or what dependencies.json expects of a way up. */
extern void slow_warn(const Step *step, UnitDirection direction, double ms);

#endif
