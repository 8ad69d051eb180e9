/*
 * other_services.h
 *	  What is on record of other services' migrations.
 */
#ifndef MIGRATOR_RECORD_OTHER_SERVICES_H
#define MIGRATOR_RECORD_OTHER_SERVICES_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* A migration of another service, and what is found of it. */
typedef struct OtherMigration
{
	const char *service;
	const char *version;		/* numbers are equal however they are written */

	bool		registered;
	bool		has_record;		/* the service, of anything */
	char	   *state;			/* of this migration; NULL: not on record */
	TimestampTz applied_at;		/* 0 when NULL */
} OtherMigration;

/*
 * Look all of them up by one query, which sees what was committed before it
 * and what this transaction did.  Nothing keeps another service from changing
 * its record afterwards: its lock is not ours.
 */
extern void other_services_look(OtherMigration *migrations, int count);

/* A schema, and another service that it is of. */
typedef struct SharedSchema
{
	char	   *schema;
	char	   *service;
} SharedSchema;

/*
 * The first of these schemas that is another service's, too, by its registration
 * or because its last run was about it, and of which service something is on
 * record as applied; palloc'd, or NULL.
 */
extern const SharedSchema *other_services_share(const char *service, const List *schemas);

#endif
