/*
 * services_order.h
 *	  In which order the services of one call are run.
 */
#ifndef MIGRATOR_RUN_SERVICES_ORDER_H
#define MIGRATOR_RUN_SERVICES_ORDER_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "run/run.h"

typedef struct OrderedService
{
	const Scope *scope;
	ErrorData  *error;			/* why its run cannot begin, or NULL */
	bool		of_several;		/* that is nothing of this service alone */
	Bitmapset  *needs;			/* the others that have what it needs, and
								 * what those need */
} OrderedService;

/* A run of one service. */
typedef struct ServiceTurn
{
	int			service;		/* its place in services */
	bool		last;			/* false: only what is ready, for it has
								 * another turn */
} ServiceTurn;

typedef struct ServicesOrder
{
	int			count;
	OrderedService *services;	/* as the scopes came */
	List	   *turns;			/* of ServiceTurn * */
} ServicesOrder;

/*
 * Look at all of them before the first one runs.  Unless the request says
 * "continue", the first thing that would stop one is raised: whatever stops a
 * run of it alone, a ring of migrations over several services (MG004), a need
 * that none of them will meet (MG005).  In CurrentMemoryContext.
 */
extern ServicesOrder *services_order(const RunRequest *request, List *scopes);

/* Without a look at them. */
extern ServicesOrder *services_as_they_come(List *scopes);

#endif
