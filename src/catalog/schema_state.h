/*
 * schema_state.h
 *	  The objects as runs left them: tables "schema_state", "tracked_schemas"
 *	  and "tracked_services".
 *
 * They are kept by schema and not by service, so that what one service's run
 * changes in a schema is nobody's drift.  A home is a schema, or "" for what
 * belongs to the database as a whole.
 */
#ifndef MIGRATOR_CATALOG_SCHEMA_STATE_H
#define MIGRATOR_CATALOG_SCHEMA_STATE_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "catalog/objects.h"

/* What a row is found by, in any home: the beginning of a SHA-256 in hex. */
#define OBJECT_KEY_LENGTH 32

extern void schema_state_key(const char *home, const char *kind, const char *identity, char *key);

/* The schemas of a service, and "". */
typedef struct Homes
{
	char	  **names;
	int			count;
} Homes;

extern Homes *schema_state_homes(char **schemas, int count);

/* A home whose objects are kept. */
typedef struct TrackedSchema
{
	char	   *home;
	int			server_version; /* major, that printed the definitions */
	char	   *token;			/* of the catalogs then: see marks.h */
	bool		run_open;		/* a run of a service that has it did not keep
								 * them yet */
} TrackedSchema;

/* Those of the homes that are kept, as TrackedSchema *. */
extern List *schema_state_tracked(const Homes *homes, Snapshot snapshot);

/* Objects of the homes are kept as of these catalogs. */
extern void schema_state_set_tracked(const Homes *homes, const char *token);

/* hash is "" for what was there before a run, but is not on record. */
typedef struct KeptHash
{
	char		key[OBJECT_KEY_LENGTH + 1];
	char		hash[SHA256_HEX_LENGTH + 1];
	bool		drifted;
	Oid			anchor;
	char	   *home;			/* valid until the function returns */
} KeptHash;

typedef void (*KeptHashRow) (const KeptHash *kept, void *argument);

/* anchors NULL: all; else what was anchored at one of these. */
extern void schema_state_scan(const Homes *homes, const Oid *anchors, int anchor_count, Snapshot snapshot,
							  KeptHashRow row, void *argument);

/* An object on record, or one that goes there. */
typedef struct KeptObject
{
	char		key[OBJECT_KEY_LENGTH + 1];
	char	   *home;
	char	   *kind;
	char	   *schema;			/* or NULL */
	char	   *identity;
	char	   *hash;			/* "": see above */
	char	   *definition;
	Oid			anchor;			/* of this cluster; a hint */
	bool		drifted;		/* was not as it is on record when a run began */
	bool		reprinted;		/* found to differ, but another major version
								 * printed it */
	TimestampTz taken_at;
} KeptObject;

/* Those with a key, as KeptObject *, in no order. */
extern List *schema_state_find(const List *keys, Snapshot snapshot);

/* Write them, as KeptObject *; those there are already are overwritten.  run_id 0: of no run. */
extern void schema_state_put(const List *objects, int64 run_id);

/* Change what is said of these keys alone. */
extern void schema_state_set_drifted(const List *keys, bool drifted);
extern void schema_state_set_anchors(const List *keys, const Oid *anchors);

/* Put behind the anchors (palloc'd) those of views and functions made of these relations. */
extern Oid *schema_state_add_dependents(Oid *anchors, int *count, Snapshot snapshot);

extern void schema_state_delete(const List *keys);

/* A run of the service begins, or (0) has kept the objects. */
extern void schema_state_set_run(const char *service, const Homes *homes, int64 run_id);

/* The schemas of the service's last run; NIL when there was none. */
extern List *schema_state_schemas_of(const char *service);

#endif
