/*
 * vanished.h
 *	  Is the record of a service all that is left of it?
 */
#ifndef MIGRATOR_RUN_VANISHED_H
#define MIGRATOR_RUN_VANISHED_H

#include "plan/scope.h"

/*
 * Names of the service's schemas, as List of char *: those that are registered,
 * else those of its registered search_path, which are none of the system's; NIL
 * when nothing is registered.
 */
extern List *vanished_schemas(const Scope *scope);

/*
 * Is there nothing in them?  Where none are known: in any schema but the system's
 * and our own.  What belongs to extensions is nobody's.
 */
extern bool vanished(const Scope *scope);

#endif
