/*
 * hook_function.h
 *	  Functions that run before or after a run and its migrations: table "hooks".
 */
#ifndef MIGRATOR_RECORD_HOOK_FUNCTION_H
#define MIGRATOR_RECORD_HOOK_FUNCTION_H

#include "nodes/pg_list.h"

#include "base/trust.h"

/* A row of it. */
typedef struct HookFunction
{
	int64		id;
	char	   *event;			/* pre_run, post_run, pre_migrate,
								 * post_migrate */
	char	   *service;		/* NULL: every one */
	char	   *schema;
	char	   *name;			/* of the function */
	char	   *signature;		/* of both, quoted, with () */

	/* who added it; false when that is not known */
	bool		author_known;
	Author		author;
	char	   *added_by;		/* the session user's name then */
} HookFunction;

/* Those of a service and those of every one, as HookFunction *, in the order they were added. */
extern List *hook_function_list(const char *service);

/*
 * Add a function for an event of a service, or (NULL) of every one, in the name
 * of the caller.  Returns its id.  Raises 42501 unless he may act for the
 * service, or 42710 when it is there.
 */
extern int64 hook_function_add(const char *event, Oid function, const char *service);

/* Take one away; false when there is none. */
extern bool hook_function_drop(int64 id);

/* The function of that name, whosever it is; InvalidOid when there is none. */
extern Oid	hook_function_find(const HookFunction *hook);

/*
 * The function, to be called with the caller's rights.  Raises 42883 when it is
 * gone; 42501 when he may not execute it, or when whoever added or owns it could
 * not do himself what he can, see base/trust.h.
 */
extern Oid	hook_function_require(const HookFunction *hook);

#endif
