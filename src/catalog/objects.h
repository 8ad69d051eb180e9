/*
 * objects.h
 *	  The live schema, object by object.
 */
#ifndef MIGRATOR_CATALOG_OBJECTS_H
#define MIGRATOR_CATALOG_OBJECTS_H

#include "utils/snapshot.h"

#include "base/digest.h"

typedef struct SchemaObject
{
	const char *kind;
	const char *schema;			/* NULL: it is in none */
	const char *home;			/* the schema that it belongs to; NULL: the
								 * database's */
	const char *identity;
	const char *definition;
	char		hash[SHA256_HEX_LENGTH + 1];	/* of the definition in UTF-8 */
	Oid			anchor;			/* what it is a part of, else itself */
} SchemaObject;

/* All of an object is valid until it returns; it must not run a query. */
typedef void (*SchemaObjectRow) (const SchemaObject *object, void *argument);

/* Which objects.  No schemas: all but the system's and the extension's own. */
typedef struct ObjectScope
{
	char	  **schemas;
	int			schema_count;
	bool		database;		/* with schemas: also what belongs to the
								 * database as a whole */
	const Oid  *anchors;		/* NULL: all of them; else only what is
								 * anchored at one of these */
	int			anchor_count;
	bool		relations;		/* all of these are relations and schemas */
} ObjectScope;

/*
 * By kind, schema and identity, in the order of their bytes.  snapshot
 * InvalidSnapshot: a fresh one.
 */
extern void objects_scan(const ObjectScope *scope, Snapshot snapshot, SchemaObjectRow row, void *argument);

/* An array of OIDs, for a query's parameter. */
extern Datum objects_oid_array(const Oid *oids, int count);

/*
 * One text for all of them: the server's major version, since that has a say in
 * how definitions are printed, a colon, and a SHA-256.
 */
extern char *objects_fingerprint(const ObjectScope *scope);

#endif
