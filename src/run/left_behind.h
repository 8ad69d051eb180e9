/*
 * left_behind.h
 *	  What a failed CREATE INDEX or REINDEX CONCURRENTLY left.
 */
#ifndef MIGRATOR_RUN_LEFT_BEHIND_H
#define MIGRATOR_RUN_LEFT_BEHIND_H

#include "run/shared.h"

/*
 * Say it in the error's DETAIL, under the search_path that the statement had.
 * To be called in a transaction; sets run->cancelled when a cancel comes.
 */
extern void left_behind_explain(Run *run, ErrorData *error);

#endif
