/*
 * drift.h
 *	  Drift, for those who ask whether a service is current.
 */
#ifndef MIGRATOR_API_DRIFT_H
#define MIGRATOR_API_DRIFT_H

#include "nodes/pg_list.h"

/* Does a service of the scopes have drift, and is it to be asked for (migrator.check_schema)? */
extern bool api_has_drift(const List *scopes);

/* Raise MG014 for it. */
extern void api_assert_no_drift(const List *scopes);

#endif
