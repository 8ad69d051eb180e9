/*
 * settle.h
 *	  What is put on record without running a script.
 */
#ifndef MIGRATOR_SETTLE_H
#define MIGRATOR_SETTLE_H

#include "scope.h"

/*
 * Insert or replace a registration and make its view.  Raises 22023 for bad
 * names and a source that is none, 42710 when another service's view has the
 * same name.
 */
extern void settle_register(const Service *service);

/* Raises 22023 when there is no such registration. */
extern void settle_unregister(const char *service);

/*
 * Record the source's migrations up to version (NULL: all) as applied.
 * Returns the number of rows written.
 */
extern int	settle_baseline(const Scope *scope, const char *version);

/* Change what the record says of a version; note may be NULL. */
extern void settle_resolve(const Scope *scope, const char *version, const char *state,
						   const char *note);

#endif
