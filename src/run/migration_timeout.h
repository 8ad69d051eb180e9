/*
 * migration_timeout.h
 *	  migrator.migration_timeout: a bound on one migration, all its attempts
 *	  and the pauses between them together.
 *
 * statement_timeout spans the whole CALL and is not armed again inside it.
 */
#ifndef MIGRATOR_RUN_MIGRATION_TIMEOUT_H
#define MIGRATOR_RUN_MIGRATION_TIMEOUT_H

#include "utils/elog.h"

/* Before the first attempt at a migration: the time allowed begins. */
extern void migration_timeout_begin(void);

/*
 * Let the clock cancel what runs now, and no more; stop is safe when it does
 * not run, and leaves a cancel of somebody else pending.
 */
extern void migration_timeout_start(void);
extern void migration_timeout_stop(void);

/* Did the time run out, and nobody else cancel meanwhile? */
extern bool migration_timeout_expired(void);

/* When it did, the cancel it caused says so in its message. */
extern void migration_timeout_explain(ErrorData *error);

#endif
