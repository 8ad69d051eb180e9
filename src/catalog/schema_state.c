/*
 * schema_state.c
 *	  The objects as runs left them: tables "schema_state", "tracked_schemas"
 *	  and "tracked_services".
 *
 * Services run side by side, and those that share a schema, and all of them for
 * what is the whole database's, write the same rows.  So only rows that changed
 * are written, each by its key; and a row of "tracked_schemas" that another
 * transaction has locked, which may be the open one of somebody's apply(), is
 * left as it is: it says nothing that must be.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "catalog/schema_state.h"

/* arguments of the functions below that take rows */
typedef struct Taken
{
	List	   *rows;
	MemoryContext context;
} Taken;

typedef struct HashTaken
{
	KeptHashRow row;
	void	   *argument;
} HashTaken;

typedef struct AnchorsTaken
{
	Oid		   *anchors;
	int			count;
	int			room;
} AnchorsTaken;

static void take_tracked(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_hash(const Datum *values, const bool *nulls, void *argument);
static void take_anchor(const Datum *values, const bool *nulls, void *argument);
static void take_object(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_schemas(HeapTuple tuple, TupleDesc desc, void *argument);
static Datum names_array(const Homes *homes);
static Datum keys_array(const List *keys);

void
schema_state_key(const char *home, const char *kind, const char *identity, char *key)
{
	size_t		home_length = strlen(home) + 1;
	size_t		kind_length = strlen(kind) + 1;
	size_t		identity_length = strlen(identity);
	char	   *text = palloc(home_length + kind_length + identity_length);
	char		hex[SHA256_HEX_LENGTH + 1];

	memcpy(text, home, home_length);
	memcpy(text + home_length, kind, kind_length);
	memcpy(text + home_length + kind_length, identity, identity_length);
	digest_sha256(text, home_length + kind_length + identity_length, hex);
	memcpy(key, hex, OBJECT_KEY_LENGTH);
	key[OBJECT_KEY_LENGTH] = '\0';
	pfree(text);
}

Homes *
schema_state_homes(char **schemas, int count)
{
	Homes	   *homes = palloc(sizeof(Homes));

	homes->names = palloc((count + 1) * sizeof(char *));
	homes->names[0] = "";
	homes->count = 1;
	for (int i = 0; i < count; i++)
	{
		bool		known = false;

		for (int j = 0; j < homes->count && !known; j++)
			known = strcmp(homes->names[j], schemas[i]) == 0;
		if (!known)
			homes->names[homes->count++] = schemas[i];
	}
	return homes;
}

List *
schema_state_tracked(const Homes *homes, Snapshot snapshot)
{
	static OwnerQuery query = {
		"SELECT t.home, t.server_version, t.token,"
		" EXISTS (SELECT FROM migrator.tracked_services s WHERE s.open_run IS NOT NULL AND t.home = ANY (s.homes))"
		" FROM migrator.tracked_schemas t WHERE t.home = ANY ($1)",
		1, {TEXTARRAYOID}
	};
	Datum		value = names_array(homes);
	Taken		taken = {NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, snapshot, take_tracked, &taken);
	return taken.rows;
}

static void
take_tracked(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	TrackedSchema *tracked = palloc(sizeof(TrackedSchema));
	bool		isnull;

	tracked->home = owner_query_text(tuple, desc, 1);
	tracked->server_version = DatumGetInt32(heap_getattr(tuple, 2, desc, &isnull));
	tracked->token = owner_query_text(tuple, desc, 3);
	tracked->run_open = DatumGetBool(heap_getattr(tuple, 4, desc, &isnull));
	taken->rows = lappend(taken->rows, tracked);
	MemoryContextSwitchTo(old);
}

void
schema_state_set_tracked(const Homes *homes, const char *token)
{
	static OwnerQuery update = {
		"UPDATE migrator.tracked_schemas SET server_version = $2, token = $3, taken_at = pg_catalog.clock_timestamp()"
		" WHERE home IN (SELECT home FROM migrator.tracked_schemas WHERE home = ANY ($1) FOR UPDATE SKIP LOCKED)",
		3, {TEXTARRAYOID, INT4OID, TEXTOID}
	};
	static OwnerQuery insert = {
		"INSERT INTO migrator.tracked_schemas (home, server_version, token)"
		" SELECT h.home, $2, $3 FROM pg_catalog.unnest($1) h (home)"
		" WHERE NOT EXISTS (SELECT FROM migrator.tracked_schemas t WHERE t.home = h.home)"
		" ON CONFLICT DO NOTHING",
		3, {TEXTARRAYOID, INT4OID, TEXTOID}
	};
	Datum		values[3] = {names_array(homes), Int32GetDatum(PG_MAJORVERSION_NUM), CStringGetTextDatum(token)};

	if (owner_query_run(&update, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) < homes->count)
		(void) owner_query_run(&insert, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
schema_state_scan(const Homes *homes, const Oid *anchors, int anchor_count, Snapshot snapshot,
				  KeptHashRow row, void *argument)
{
	static OwnerQuery query = {
		"SELECT object, hash, drifted, anchor, home FROM migrator.schema_state WHERE home = ANY ($1)",
		1, {TEXTARRAYOID},.generic = true
	};
	static OwnerQuery of_anchors = {
		"SELECT object, hash, drifted, anchor, home FROM migrator.schema_state WHERE anchor = ANY ($2) AND home = ANY ($1)",
		2, {TEXTARRAYOID, OIDARRAYOID},.generic = true
	};
	Datum		values[2] = {names_array(homes)};
	HashTaken	taken = {row, argument};

	if (anchors != NULL)
		values[1] = objects_oid_array(anchors, anchor_count);
	owner_query_scan(anchors == NULL ? &query : &of_anchors, values, snapshot, take_hash, &taken);
}

static void
take_hash(const Datum *values, const bool *nulls, void *argument)
{
	HashTaken  *taken = argument;
	KeptHash	kept;

	text_to_cstring_buffer(DatumGetTextPP(values[0]), kept.key, sizeof(kept.key));
	text_to_cstring_buffer(DatumGetTextPP(values[1]), kept.hash, sizeof(kept.hash));
	kept.drifted = DatumGetBool(values[2]);
	kept.anchor = DatumGetObjectId(values[3]);
	kept.home = TextDatumGetCString(values[4]);
	taken->row(&kept, taken->argument);
	pfree(kept.home);
}

Oid *
schema_state_add_dependents(Oid *anchors, int *count, Snapshot snapshot)
{
	static OwnerQuery query = {
		"SELECT coalesce(w.ev_class, d.objid) FROM pg_catalog.pg_depend d"
		" LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid"
		" WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ANY ($1)"
		" AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)",
		1, {OIDARRAYOID},.generic = true
	};
	Datum		value = objects_oid_array(anchors, *count);
	AnchorsTaken taken = {anchors, *count, *count};

	owner_query_scan(&query, &value, snapshot, take_anchor, &taken);
	*count = taken.count;
	return taken.anchors;
}

static void
take_anchor(const Datum *values, const bool *nulls, void *argument)
{
	AnchorsTaken *taken = argument;

	if (taken->count == taken->room)
	{
		taken->room = 2 * taken->room + 16;
		taken->anchors = repalloc(taken->anchors, taken->room * sizeof(Oid));
	}
	taken->anchors[taken->count++] = DatumGetObjectId(values[0]);
}

List *
schema_state_find(const List *keys, Snapshot snapshot)
{
	static OwnerQuery query = {
		"SELECT object, home, kind, schema, identity, hash, definition, anchor, drifted, taken_at"
		" FROM migrator.schema_state WHERE object = ANY ($1)",
		1, {TEXTARRAYOID}
	};
	Datum		value = keys_array(keys);
	Taken		taken = {NIL, CurrentMemoryContext};

	if (keys != NIL)
		(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, snapshot, take_object, &taken);
	return taken.rows;
}

static void
take_object(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	KeptObject *object = palloc0(sizeof(KeptObject));
	bool		isnull;

	strlcpy(object->key, owner_query_text(tuple, desc, 1), sizeof(object->key));
	object->home = owner_query_text(tuple, desc, 2);
	object->kind = owner_query_text(tuple, desc, 3);
	object->schema = owner_query_text(tuple, desc, 4);
	object->identity = owner_query_text(tuple, desc, 5);
	object->hash = owner_query_text(tuple, desc, 6);
	object->definition = owner_query_text(tuple, desc, 7);
	object->anchor = DatumGetObjectId(heap_getattr(tuple, 8, desc, &isnull));
	object->drifted = DatumGetBool(heap_getattr(tuple, 9, desc, &isnull));
	object->taken_at = DatumGetTimestampTz(heap_getattr(tuple, 10, desc, &isnull));
	taken->rows = lappend(taken->rows, object);
	MemoryContextSwitchTo(old);
}

void
schema_state_put(const List *objects, int64 run_id)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.schema_state (object, home, kind, schema, identity, hash, definition, anchor, drifted, run_id)"
		" SELECT o.*, $10 FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
		"  pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7),"
		"  pg_catalog.unnest($8), pg_catalog.unnest($9)) o"
		" ON CONFLICT (object) DO UPDATE SET hash = excluded.hash, definition = excluded.definition,"
		"  anchor = excluded.anchor, drifted = excluded.drifted, run_id = excluded.run_id, taken_at = excluded.taken_at",
		10, {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
		OIDARRAYOID, BOOLARRAYOID, INT8OID}
	};
	int			count = list_length(objects);
	int			lower_bound = 1;
	Datum	   *columns[9];
	bool	   *no_schema = palloc(Max(count, 1) * sizeof(bool));
	Datum		values[10];
	char		nulls[10] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', run_id != 0 ? ' ' : 'n'};
	ListCell   *lc;

	if (count == 0)
		return;
	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = palloc(count * sizeof(Datum));
	foreach(lc, objects)
	{
		const KeptObject *object = lfirst(lc);
		int			i = foreach_current_index(lc);

		columns[0][i] = CStringGetTextDatum(object->key);
		columns[1][i] = CStringGetTextDatum(object->home);
		columns[2][i] = CStringGetTextDatum(object->kind);
		no_schema[i] = object->schema == NULL;
		columns[3][i] = object->schema ? CStringGetTextDatum(object->schema) : (Datum) 0;
		columns[4][i] = CStringGetTextDatum(object->identity);
		columns[5][i] = CStringGetTextDatum(object->hash);
		columns[6][i] = CStringGetTextDatum(object->definition);
		columns[7][i] = ObjectIdGetDatum(object->anchor);
		columns[8][i] = BoolGetDatum(object->drifted);
	}
	for (int i = 0; i < 7; i++)
		if (i != 3)
			values[i] = owner_query_array(columns[i], count, TEXTOID);
	values[3] = PointerGetDatum(construct_md_array(columns[3], no_schema, 1, &count, &lower_bound,
												   TEXTOID, -1, false, TYPALIGN_INT));
	values[7] = owner_query_array(columns[7], count, OIDOID);
	values[8] = owner_query_array(columns[8], count, BOOLOID);
	values[9] = Int64GetDatum(run_id);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
schema_state_set_drifted(const List *keys, bool drifted)
{
	static OwnerQuery query = {
		"UPDATE migrator.schema_state SET drifted = $2 WHERE object = ANY ($1) AND drifted <> $2",
		2, {TEXTARRAYOID, BOOLOID}
	};
	Datum		values[2] = {keys_array(keys), BoolGetDatum(drifted)};

	if (keys != NIL)
		(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
schema_state_set_anchors(const List *keys, const Oid *anchors)
{
	static OwnerQuery query = {
		"UPDATE migrator.schema_state s SET anchor = a.anchor"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) a (object, anchor) WHERE s.object = a.object",
		2, {TEXTARRAYOID, OIDARRAYOID}
	};
	Datum		values[2] = {keys_array(keys), objects_oid_array(anchors, list_length(keys))};

	if (keys != NIL)
		(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
schema_state_delete(const List *keys)
{
	static OwnerQuery query = {
		"DELETE FROM migrator.schema_state WHERE object = ANY ($1)", 1, {TEXTARRAYOID}
	};
	Datum		value = keys_array(keys);

	if (keys != NIL)
		(void) owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
}

void
schema_state_set_run(const char *service, const Homes *homes, int64 run_id)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.tracked_services (service, homes, open_run) VALUES ($1, $2, $3)"
		" ON CONFLICT (service) DO UPDATE SET homes = excluded.homes, open_run = excluded.open_run",
		3, {TEXTOID, TEXTARRAYOID, INT8OID}
	};
	Datum		values[3] = {CStringGetTextDatum(service), names_array(homes), Int64GetDatum(run_id)};
	char		nulls[3] = {' ', ' ', run_id != 0 ? ' ' : 'n'};

	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

List *
schema_state_schemas_of(const char *service)
{
	static OwnerQuery query = {
		"SELECT h FROM migrator.tracked_services, pg_catalog.unnest(homes) h WHERE service = $1 AND h <> ''", 1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	Taken		taken = {NIL, CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_schemas, &taken);
	return taken.rows;
}

static void
take_schemas(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);

	taken->rows = lappend(taken->rows, owner_query_text(tuple, desc, 1));
	MemoryContextSwitchTo(old);
}

static Datum
names_array(const Homes *homes)
{
	Datum	   *names = palloc(homes->count * sizeof(Datum));

	for (int i = 0; i < homes->count; i++)
		names[i] = CStringGetTextDatum(homes->names[i]);
	return owner_query_array(names, homes->count, TEXTOID);
}

static Datum
keys_array(const List *keys)
{
	Datum	   *values = palloc(Max(list_length(keys), 1) * sizeof(Datum));
	ListCell   *lc;

	foreach(lc, keys)
		values[foreach_current_index(lc)] = CStringGetTextDatum(lfirst(lc));
	return owner_query_array(values, list_length(keys), TEXTOID);
}
