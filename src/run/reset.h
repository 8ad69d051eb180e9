/*
 * reset.h
 *	  A service's schema and record as if no migration had ever run.
 */
#ifndef MIGRATOR_RUN_RESET_H
#define MIGRATOR_RUN_RESET_H

#include "plan/scope.h"

typedef struct ResetRequest
{
	const Scope *scope;
	const char *confirm;		/* must be the database's name */
	bool		drop;			/* instead of down scripts that have run */
	char	  **schemas;		/* whose objects are dropped; NULL: as
								 * registered */
	int			schema_count;
	bool		force;			/* whosever they are besides */
} ResetRequest;

/*
 * Before anything is done: raises why it must not be.  22023 for another
 * confirmation and for schemas that are unknown, or not a service's; 2BP01 for
 * schemas of other services; MG009 and 55000 where destructive operations are
 * not allowed, or it is production.
 */
extern void reset_require_allowed(const ResetRequest *request);

/*
 * In the current transaction, which keeps the service's locks: drop the objects,
 * or raise 55000 when down scripts left something applied; forget the record but
 * for history, and that bootstrap.sql ran.  Returns how many objects were
 * dropped by name.
 */
extern int	reset_forget(const ResetRequest *request);

#endif
