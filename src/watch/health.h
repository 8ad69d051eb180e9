/*
 * health.h
 *	  How services are: by the names in their sources, and by the record.
 *
 * Nothing is raised for what is wrong with a service, its source or the record:
 * that is the answer.
 */
#ifndef MIGRATOR_WATCH_HEALTH_H
#define MIGRATOR_WATCH_HEALTH_H

#include "nodes/pg_list.h"

#include "record/lock.h"
#include "record/runs.h"

/* Of a service that is: by names, where contents stop no run, and the record. */
#define HEALTH_UP_TO_DATE "Database is up to date!"

typedef enum HealthStatus
{
	HEALTH_HEALTHY,
	HEALTH_DEGRADED,
	HEALTH_UNHEALTHY
} HealthStatus;

typedef struct ServiceHealth
{
	const char *service;
	const char *environment;	/* or NULL */
	HealthStatus status;
	const char *message;		/* why it is not healthy, or that it is up to
								 * date */
	bool		of_files;		/* the source's names were looked at; else the
								 * record alone says all */
	const char *note;			/* then: why; or NULL */

	/* migrations; -1: not known */
	int			applied;
	int			pending;		/* with failed, interrupted and running ones */
	int			failed;
	int			interrupted;	/* partly rolled back ones among them */
	int			running;
	int			slow;			/* applied ones, by migrator.slow_threshold */
	int			drift;			/* objects; -1: not asked for, or nothing kept */

	const LockHolder *lock;		/* who keeps runs from beginning, or NULL */
	const LastRun *last_run;	/* or NULL */
} ServiceHealth;

/*
 * Of the service that the arguments name, or of all that are registered or on
 * record, as ServiceHealth *, by name.  Raises 22023 for arguments that name
 * none, and what ends a query: a cancel, or the end of the session.
 */
extern List *health_look(const char *source, const char *service);

/* "healthy", ... */
extern const char *health_status_name(HealthStatus status);

/* The one that is worst, the first of several; NULL when there are none. */
extern const ServiceHealth *health_worst(const List *services);

#endif
