/*
 * vanished.c
 *	  Is the record of a service all that is left of it?
 *
 * Somebody may have dropped a schema by hand, and what reads as up to date has
 * nothing in it.  Asked by every run that finds nothing to do, so it looks at the
 * first objects that an index of pg_depend has for each schema, and at no more.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "record/service_view.h"
#include "run/vanished.h"

static bool is_systems(const char *schema);
static bool all_empty(const Scope *scope);
static bool is_empty(Oid schema, const Scope *scope);
static bool is_ours(const Form_pg_depend dependency, const Scope *scope);

List *
vanished_schemas(const Scope *scope)
{
	const Service *registration = scope->registration;
	List	   *names = NIL;
	List	   *schemas = NIL;
	ListCell   *lc;

	if (registration != NULL && registration->schema_count > 0)
	{
		for (int i = 0; i < registration->schema_count; i++)
			schemas = lappend(schemas, registration->schemas[i]);
		return schemas;
	}
	if (scope->search_path == NULL || !SplitIdentifierString(pstrdup(scope->search_path), ',', &names))
		return NIL;
	foreach(lc, names)
	{
		if (!is_systems(lfirst(lc)) && strcmp(lfirst(lc), "$user") != 0)
			schemas = lappend(schemas, lfirst(lc));
	}
	return schemas;
}

static bool
is_systems(const char *schema)
{
	return strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0 ||
		strcmp(schema, "migrator") == 0;
}

bool
vanished(const Scope *scope)
{
	List	   *schemas = vanished_schemas(scope);
	ListCell   *lc;

	if (schemas == NIL)
		return all_empty(scope);
	foreach(lc, schemas)
	{
		Oid			schema = get_namespace_oid(lfirst(lc), true);

		if (OidIsValid(schema) && !is_empty(schema, scope))
			return false;
	}
	return true;
}

static bool
all_empty(const Scope *scope)
{
	Relation	relation = table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		empty = true;

	while (empty && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_namespace schema = (Form_pg_namespace) GETSTRUCT(tuple);

		if (!is_systems(NameStr(schema->nspname)))
			empty = is_empty(schema->oid, scope);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return empty;
}

static bool
is_empty(Oid schema, const Scope *scope)
{
	Relation	relation = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		empty = true;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(relation, DependReferenceIndexId, true, NULL, 2, keys);
	while (empty && HeapTupleIsValid(tuple = systable_getnext(scan)))
		empty = is_ours((Form_pg_depend) GETSTRUCT(tuple), scope);
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return empty;
}

/* Nobody's migration made it: an extension, a part of one, the service's view. */
static bool
is_ours(const Form_pg_depend dependency, const Scope *scope)
{
	const char *name;

	if (dependency->deptype != DEPENDENCY_NORMAL || dependency->classid == ExtensionRelationId ||
		OidIsValid(getExtensionOfObject(dependency->classid, dependency->objid)))
		return true;
	if (dependency->classid != RelationRelationId)
		return false;
	name = get_rel_name(dependency->objid);
	return name != NULL && strcmp(name, record_service_view_name(scope->service)) == 0;
}
