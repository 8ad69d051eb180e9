/*
 * temporary.c
 *	  Temporary relations that scripts leave.
 *
 * Where a script is run twice in one transaction, what it made ON COMMIT DROP is
 * in the way of the second time.  The catalog does not tell which relations those
 * are, and others end with the session, which is another one the next time.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/snapmgr.h"

#include "execute/temporary.h"

List *
temporary_relations(void)
{
	List	   *found = NIL;
	Oid			space;
	Oid			toast_space;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	GetTempNamespaceState(&space, &toast_space);
	if (!OidIsValid(space))
		return NIL;
	rel = table_open(RelationRelationId, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relnamespace == space)
			found = lappend_oid(found, form->oid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
temporary_drop_others(const List *relations)
{
	ObjectAddresses *targets;
	ListCell   *lc;
	bool		any = false;

	targets = new_object_addresses();
	foreach(lc, temporary_relations())
	{
		ObjectAddress address = {RelationRelationId, lfirst_oid(lc), 0};

		if (list_member_oid(relations, lfirst_oid(lc)))
			continue;
		add_exact_object_address(&address, targets);
		any = true;
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
