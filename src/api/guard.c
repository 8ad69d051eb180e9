/*
 * guard.c
 *	  The trigger that keeps others from writing the extension's tables.
 *
 * It stands on each table, before each statement, and fires whatever
 * session_replication_role says.  What the extension writes, it writes as the
 * tables' owner (base/owner_query.h), and so do superusers and a restore of theirs.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/rel.h"

#include "base/compat.h"

PG_FUNCTION_INFO_V1(migrator_owner_only);

Datum
migrator_owner_only(PG_FUNCTION_ARGS)
{
	Relation	rel;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("function \"%s\" was not called by trigger manager", "migrator.owner_only"));
	rel = ((TriggerData *) fcinfo->context)->tg_relation;
	if (!has_privs_of_role(GetUserId(), rel->rd_rel->relowner))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to write table \"migrator.%s\"", RelationGetRelationName(rel)),
				errdetail("Only the extension's owner may write it, whatever was granted."),
				errhint("Functions of the extension write it, such as migrator.resolve()."));
	PG_RETURN_POINTER(NULL);
}
