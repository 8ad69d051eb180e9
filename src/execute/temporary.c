/*
 * temporary.c
 *	  Temporary objects that scripts leave.
 *
 * Where a script is run twice in one transaction, what it made ON COMMIT DROP is
 * in the way of the second time.  The catalog does not tell which tables those
 * are, and others end with the session, which is another one the next time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "commands/trigger.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "execute/temporary.h"

static bool is_among(const List *objects, const ObjectAddress *object);
static bool is_in_use(const ObjectAddress *object);

/* What depends on the session's schema, as the server finds at its end what to drop (RemoveTempRelations()). */
List *
temporary_objects(void)
{
	List	   *found = NIL;
	Oid			space;
	Oid			toast_space;
	Relation	rel;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	GetTempNamespaceState(&space, &toast_space);
	if (!OidIsValid(space))
		return NIL;
	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(space));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, lengthof(keys), keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress *object = palloc(sizeof(ObjectAddress));

		ObjectAddressSubSet(*object, form->classid, form->objid, form->objsubid);
		found = lappend(found, object);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
temporary_drop_others(const List *objects)
{
	ObjectAddresses *targets = new_object_addresses();
	bool		any = false;
	ListCell   *lc;

	foreach(lc, temporary_objects())
	{
		const ObjectAddress *object = lfirst(lc);

		if (is_among(objects, object))
			continue;
		/* others may refer to it: then all of them end with the session */
		any = !is_in_use(object);
		if (!any)
			break;
		add_exact_object_address(object, targets);
	}

	/*
	 * cascade: they need each other, and all is internal; rows of the catalog
	 * may be in a TOAST table
	 */
	if (any)
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		performMultipleDeletions(targets, DROP_CASCADE, PERFORM_DELETION_INTERNAL | PERFORM_DELETION_QUIETLY);
		PopActiveSnapshot();
		CommandCounterIncrement();
	}
	free_object_addresses(targets);
}

static bool
is_among(const List *objects, const ObjectAddress *object)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		const ObjectAddress *other = lfirst(lc);

		if (other->classId == object->classId && other->objectId == object->objectId)
			return true;
	}
	return false;
}

/* Would the server refuse to drop it, as CheckTableNotInUse() has it: for an open cursor, or deferred triggers? */
static bool
is_in_use(const ObjectAddress *object)
{
	Relation	relation;
	bool		in_use;

	if (object->classId != RelationRelationId)
		return false;
	relation = relation_open(object->objectId, AccessShareLock);
	in_use = relation->rd_refcnt > 1 || AfterTriggerPendingOnRel(object->objectId);
	relation_close(relation, NoLock);
	return in_use;
}
