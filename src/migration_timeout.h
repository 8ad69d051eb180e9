/*
 * migration_timeout.h
 *	  migrator.migration_timeout: a bound on one migration.
 *
 * statement_timeout spans the whole CALL and is not armed again inside it.
 */
#ifndef MIGRATOR_MIGRATION_TIMEOUT_H
#define MIGRATOR_MIGRATION_TIMEOUT_H

#include "utils/elog.h"

/* Start and stop the clock; stop is safe when it does not run. */
extern void migration_timeout_start(void);
extern void migration_timeout_stop(void);

/* Did the clock run out since it was started last? */
extern bool migration_timeout_expired(void);

/* When it did, the cancel it caused says so in its message. */
extern void migration_timeout_explain(ErrorData *error);

#endif
