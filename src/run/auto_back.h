/*
 * auto_back.h
 *	  A run that failed takes back what it applied.
 */
#ifndef MIGRATOR_RUN_AUTO_BACK_H
#define MIGRATOR_RUN_AUTO_BACK_H

#include "run/shared.h"

/*
 * After migrations of a run that commits as it goes have failed: take back those
 * that it applied, if policy says so, and say in the error what became of each.
 * Raises nothing; where something else fails, the error says that, too.
 */
extern void auto_back(Run *run, ErrorData *error);

#endif
