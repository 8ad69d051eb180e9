/*
 * objects.c
 *	  The live schema, object by object.
 *
 * Read under one snapshot with the rights of the extension's owner: everybody
 * may read the catalog, but not call every function that prints definitions.
 * Printing calls output functions of constants' types; only a superuser makes
 * such a function, so nobody's code runs here with the owner's rights.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/owner_query.h"
#include "catalog/canonical.h"
#include "catalog/object_query.h"
#include "catalog/objects.h"

/* arguments of take_row() and add_to_digest() */
typedef struct Taking
{
	SchemaObjectRow row;
	void	   *argument;
	MemoryContext context;		/* of one row */
} Taking;

/*
 * What has a say in how values and names are printed.  search_path is
 * owner_query's.
 */
static const struct
{
	const char *name;
	const char *value;
}			print_settings[] = {
	{"bytea_output", "hex"},
	{"DateStyle", "ISO, YMD"},
	{"extra_float_digits", "3"},
	{"IntervalStyle", "postgres"},
	{"lc_monetary", "C"},
	{"quote_all_identifiers", "off"},
	{"TimeZone", "UTC"},
	{"xmlbinary", "base64"},
};

pg_noreturn static void refuse_changed(MemoryContext context);
static void take_row(const Datum *values, const bool *nulls, void *argument);
static void hash_definition(SchemaObject *object);
static void add_to_digest(const SchemaObject *object, void *argument);

void
objects_scan(const ObjectScope *scope, Snapshot snapshot, SchemaObjectRow row, void *argument)
{
	static OwnerQuery query = {
		OBJECTS_QUERY(OBJECTS_ALL), 2, {TEXTARRAYOID, BOOLOID},.generic = true
	};
	static OwnerQuery of_anchors = {
		OBJECTS_QUERY(OBJECTS_OF_ANCHORS), 3, {TEXTARRAYOID, BOOLOID, OIDARRAYOID},.generic = true
	};
	static OwnerQuery of_relations = {
		OBJECTS_RELATION_QUERY(OBJECTS_OF_ANCHORS), 3, {TEXTARRAYOID, BOOLOID, OIDARRAYOID},.generic = true
	};
	OwnerQuery *chosen = scope->anchors == NULL ? &query : scope->relations ? &of_relations : &of_anchors;
	Datum	   *schemas = palloc(Max(scope->schema_count, 1) * sizeof(Datum));
	Datum		values[3];
	int			guc_level;
	MemoryContext old = CurrentMemoryContext;
	Taking		taking = {
		row, argument,
		AllocSetContextCreate(CurrentMemoryContext, "migrator schema object", ALLOCSET_DEFAULT_SIZES)
	};

	for (int i = 0; i < scope->schema_count; i++)
		schemas[i] = CStringGetTextDatum(scope->schemas[i]);
	values[0] = owner_query_array(schemas, scope->schema_count, TEXTOID);
	values[1] = BoolGetDatum(scope->database);
	if (scope->anchors != NULL)
		values[2] = objects_oid_array(scope->anchors, scope->anchor_count);

	guc_level = NewGUCNestLevel();
	for (int i = 0; i < lengthof(print_settings); i++)
		(void) set_config_option(print_settings[i].name, print_settings[i].value,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	PG_TRY();
	{
		owner_query_scan(chosen, values, snapshot, take_row, &taking);
	}
	PG_CATCH();
	{
		refuse_changed(old);
	}
	PG_END_TRY();
	AtEOXact_GUC(true, guc_level);
	MemoryContextDelete(taking.context);
}

/*
 * The server's functions that print what the snapshot sees look it up as it is now.
 * Of what another transaction has dropped since then they say that the catalog is broken.
 */
static void
refuse_changed(MemoryContext context)
{
	ErrorData  *error;

	if (geterrcode() != ERRCODE_INTERNAL_ERROR)
		PG_RE_THROW();
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	ereport(ERROR,
			errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("the schema was changed while its objects were read"),
			errdetail("%s", error->message),
			errhint("Try again, in a new transaction."));
}

Datum
objects_oid_array(const Oid *oids, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = ObjectIdGetDatum(oids[i]);
	return owner_query_array(values, count, OIDOID);
}

static void
take_row(const Datum *values, const bool *nulls, void *argument)
{
	Taking	   *taking = argument;
	MemoryContext old = MemoryContextSwitchTo(taking->context);
	SchemaObject object;

	CHECK_FOR_INTERRUPTS();
	object.kind = TextDatumGetCString(values[0]);
	object.schema = nulls[1] ? NULL : TextDatumGetCString(values[1]);
	object.identity = TextDatumGetCString(values[2]);
	object.definition = canonical_definition(object.kind, TextDatumGetCString(values[3]));
	object.home = nulls[4] ? NULL : TextDatumGetCString(values[4]);
	object.anchor = DatumGetObjectId(values[5]);
	hash_definition(&object);
	MemoryContextSwitchTo(old);
	taking->row(&object, taking->argument);
	MemoryContextReset(taking->context);
}

static void
hash_definition(SchemaObject *object)
{
	const char *text = object->definition;
	const char *utf8 = pg_server_to_any(text, strlen(text), PG_UTF8);

	digest_sha256(utf8, strlen(utf8), object->hash);
}

char *
objects_fingerprint(const ObjectScope *scope)
{
	Digest	   *digest = digest_create();
	char		hex[SHA256_HEX_LENGTH + 1];

	objects_scan(scope, InvalidSnapshot, add_to_digest, digest);
	digest_finish(digest, hex);
	return psprintf("%d:%s", PG_MAJORVERSION_NUM, hex);
}

/* With each text's end: no two lists of objects give the same bytes. */
static void
add_to_digest(const SchemaObject *object, void *argument)
{
	const char *schema = object->schema ? object->schema : "";

	digest_update(argument, object->kind, strlen(object->kind) + 1);
	digest_update(argument, schema, strlen(schema) + 1);
	digest_update(argument, object->identity, strlen(object->identity) + 1);
	digest_update(argument, object->hash, SHA256_HEX_LENGTH);
}
