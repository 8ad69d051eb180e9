/*
 * approve.h
 *	  Somebody looked at a migration's file, and it may run.
 */
#ifndef MIGRATOR_RUN_APPROVE_H
#define MIGRATOR_RUN_APPROVE_H

#include "plan/scope.h"

/*
 * Approve the file of a version as it is now, or "bootstrap.sql"; note may be
 * NULL.  Raises 22023
 * for an unknown version, 55000 when there is nothing to run of it.
 */
extern void approve_version(const Scope *scope, const char *version, const char *note);

/* Revoke what was not used yet; false when nothing stands. */
extern bool approve_revoke(const Scope *scope, const char *version, const char *note);

#endif
