/*
 * schema.c
 *	  SQL functions about the live schema.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "catalog/objects.h"

PG_FUNCTION_INFO_V1(migrator_schema_objects);
PG_FUNCTION_INFO_V1(migrator_schema_fingerprint);

static void put_object(const SchemaObject *object, void *argument);

/* schema_objects(schemas) */
Datum
migrator_schema_objects(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ObjectScope scope = {0};

	owner_query_check_version();
	scope.schemas = api_text_array(fcinfo, 0, "schemas", &scope.schema_count);
	objects_scan(&scope, InvalidSnapshot, put_object, result);
	return (Datum) 0;
}

static void
put_object(const SchemaObject *object, void *argument)
{
	Datum		values[5];
	bool		nulls[5] = {false};

	api_set_text(values, nulls, 0, object->kind);
	api_set_text(values, nulls, 1, object->schema);
	api_set_text(values, nulls, 2, object->identity);
	api_set_text(values, nulls, 3, object->hash);
	api_set_text(values, nulls, 4, object->definition);
	api_put_row(argument, values, nulls);
}

/* schema_fingerprint(schemas) */
Datum
migrator_schema_fingerprint(PG_FUNCTION_ARGS)
{
	ObjectScope scope = {0};

	owner_query_check_version();
	scope.schemas = api_text_array(fcinfo, 0, "schemas", &scope.schema_count);
	PG_RETURN_TEXT_P(cstring_to_text(objects_fingerprint(&scope)));
}
