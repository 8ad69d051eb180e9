/*
 * settle.h
 *	  What is put on record without running a script.
 */
#ifndef MIGRATOR_RUN_SETTLE_H
#define MIGRATOR_RUN_SETTLE_H

#include "plan/scope.h"

/*
 * Insert or replace a registration and make its view; options that are not
 * given (options may be NULL) stay as they are.  Raises 22023 for bad names and
 * options and a source that is none, 42501 when the service is others', 42704
 * for a role that does not exist, 42710 when another service's view has the
 * same name.
 */
extern void settle_register(Service *service, Jsonb *options);

/* Raises 22023 when there is no such registration, 42501 when it is others'. */
extern void settle_unregister(const char *service);

/*
 * Record the source's migrations up to version (NULL: all, which is refused
 * when anything is on record) as applied.  Raises what stops a run of the
 * source; force is that of options.  Returns the number of rows written.
 */
extern int	settle_baseline(const Scope *scope, const char *version, bool force);

/* Change what the record says of a version; note may be NULL. */
extern void settle_resolve(const Scope *scope, const char *version, const char *state,
						   const char *note);

/*
 * The applied file was changed on purpose: its checksum, fingerprint and down
 * script become those of record.  Raises 55000 when the migration is not
 * applied, has no file, or is as it is on record.
 */
extern void settle_accept(const Scope *scope, const char *version, const char *note);

/*
 * From now on the service is in that environment in this database, whatever its
 * first run said; NULL: its next run says so anew.  What is applied stays.
 * Raises 55000 when it is in that one already.
 */
extern void settle_environment(const Scope *scope, const char *environment, const char *note);

#endif
