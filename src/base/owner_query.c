/*
 * owner_query.c
 *	  The one way to the extension's own tables.
 *
 * Switching the user id is done as amcheck and REFRESH MATERIALIZED VIEW do
 * it: SetUserIdAndSecContext with SECURITY_LOCAL_USERID_CHANGE, a GUC nest
 * level for search_path, both undone in reverse.  When a query raises an
 * error, transaction or subtransaction abort restores both: whoever catches an
 * error does so round a subtransaction.
 *
 * What hangs on a table runs with the rights of whoever writes it, and here that
 * is the owner, a superuser.  So each table is looked at before its first use and
 * after each change of it: it belongs to the extension's owner, and has no rules,
 * and no triggers and policies but those of the install script.  The lock that
 * the query will take is taken before the look, which lets nobody in between.
 * Indexes, constraints, defaults and children need no look, since only the owner
 * of the table can add them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "jit/jit.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rowsecurity.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/owner_query.h"
#include "base/settings.h"

typedef struct OwnerScope
{
	Oid			save_user;
	int			save_context;
	int			guc_level;
	bool		had_snapshot;
} OwnerScope;

/* A destination of rows that calls a function for each. */
typedef struct ScanReceiver
{
	DestReceiver pub;
	OwnerQueryValues row;
	void	   *argument;
} ScanReceiver;

static Oid	extension_owner(char **version);
static void begin(OwnerScope *scope, OwnerQuery *query, LOCKMODE mode);
static void scan_start(DestReceiver *self, int operation, TupleDesc desc);
static bool scan_row(TupleTableSlot *slot, DestReceiver *self);
static void scan_end(DestReceiver *self);
static void enter(OwnerScope *scope);
static void leave(const OwnerScope *scope);
static void prepare(OwnerQuery *query);
static bool lock_tables(OwnerQuery *query, LOCKMODE mode);
static bool add_tables(const OwnerQuery *query, List **locked);
static bool is_checked(Oid table);
static void forget_table(Datum argument, Oid table);
static void check_table(Relation rel, Oid owner);
pg_noreturn static void refuse_table(Relation rel, const char *what);

/* more tables than the extension has; what finds no room is looked at each time */
#define TABLES_AT_MOST 32

/*
 * Tables that were found to be as they should, for this owner.  As long as there
 * is one, the owner is known, too: the catalog of extensions sends no news, but
 * what gives the extension to another role, or drops it, does the same to its
 * tables, and news of any of these empties the list.
 */
static Oid	checked_tables[TABLES_AT_MOST];
static int	checked_count = 0;
static Oid	checked_owner = InvalidOid;
static uint64 news_count = 0;

uint64
owner_query_run(OwnerQuery *query, int expected,
				const Datum *values, const char *nulls,
				Snapshot snapshot,
				OwnerQueryRow row, void *argument)
{
	OwnerScope	scope;
	uint64		processed;
	int			result;

	begin(&scope, query, expected == SPI_OK_SELECT ? AccessShareLock : RowExclusiveLock);
	if (snapshot != InvalidSnapshot)
		result = SPI_execute_snapshot(query->plan, (Datum *) values, nulls,
									  snapshot, InvalidSnapshot, true, false, 0);
	else
		result = SPI_execute_plan(query->plan, (Datum *) values, nulls, false, 0);
	if (result != expected)
		elog(ERROR, "unexpected result %d of query: %s", result, query->sql);

	processed = SPI_processed;
	if (row != NULL)
		for (uint64 i = 0; i < processed; i++)
			row(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, argument);

	SPI_finish();
	leave(&scope);
	return processed;
}

void
owner_query_scan(OwnerQuery *query, const Datum *values, Snapshot snapshot,
				 OwnerQueryValues row, void *argument)
{
	OwnerScope	scope;
	ScanReceiver receiver = {
		{scan_row, scan_start, scan_end, scan_end, DestTuplestore}, row, argument
	};
	SPIExecuteOptions options = {.dest = &receiver.pub};
	int			result;

	begin(&scope, query, AccessShareLock);
	options.params = makeParamList(query->parameter_count);
	for (int i = 0; i < query->parameter_count; i++)
	{
		ParamExternData *parameter = &options.params->params[i];

		parameter->value = values[i];
		parameter->isnull = false;
		parameter->pflags = PARAM_FLAG_CONST;
		parameter->ptype = query->parameter_types[i];
	}

	/* read_only: under the active snapshot */
	options.read_only = snapshot != InvalidSnapshot;
	if (options.read_only)
		PushActiveSnapshot(snapshot);
	result = SPI_execute_plan_extended(query->plan, &options);
	if (options.read_only)
		PopActiveSnapshot();
	if (result != SPI_OK_SELECT)
		elog(ERROR, "unexpected result %d of query: %s", result, query->sql);
	SPI_finish();
	leave(&scope);
}

static void
scan_start(DestReceiver *self, int operation, TupleDesc desc)
{
}

static bool
scan_row(TupleTableSlot *slot, DestReceiver *self)
{
	ScanReceiver *receiver = (ScanReceiver *) self;

	slot_getallattrs(slot);
	receiver->row(slot->tts_values, slot->tts_isnull, receiver->argument);
	return true;
}

static void
scan_end(DestReceiver *self)
{
}

/*
 * Become the owner, and have a plan whose tables are locked and as they should be.
 *
 * A lock may bring the news that the plan is of other tables than there are now,
 * or that they are another role's.  What is locked stays as it is: a plan that was
 * made behind all locks and is invalid again is of the right tables, and the
 * server makes it anew.  (Where caches do not live long, none ever stays valid.)
 */
static void
begin(OwnerScope *scope, OwnerQuery *query, LOCKMODE mode)
{
	List	   *locked = NIL;

	enter(scope);
	SPI_connect();
	do
	{
		SetUserIdAndSecContext(owner_query_owner(),
							   scope->save_context | SECURITY_LOCAL_USERID_CHANGE);
		if (query->plan == NULL || !SPI_plan_is_valid(query->plan))
			prepare(query);
	} while (!lock_tables(query, mode) || (!SPI_plan_is_valid(query->plan) && add_tables(query, &locked)));
}

/* Adds the tables of a plan to those that were locked: is one of them new there? */
static bool
add_tables(const OwnerQuery *query, List **locked)
{
	int			before = list_length(*locked);
	ListCell   *lc;

	foreach(lc, SPI_plan_get_plan_sources(query->plan))
	{
		*locked = list_concat_unique_oid(*locked, ((CachedPlanSource *) lfirst(lc))->relationOids);
	}
	return list_length(*locked) > before;
}

char *
owner_query_text(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

Datum
owner_query_text_or_null(const char *value, char *null)
{
	*null = value ? ' ' : 'n';
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

Datum
owner_query_array(Datum *values, int count, Oid type)
{
	int16		length;
	bool		by_value;
	char		alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
}

void
owner_query_utility(const char *sql)
{
	OwnerScope	scope;

	enter(&scope);
	SPI_connect();
	if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "not a utility command: %s", sql);
	SPI_finish();
	leave(&scope);
}

/* A plan is made anew when the tables changed under it beyond repair. */
static void
prepare(OwnerQuery *query)
{
	if (query->plan != NULL)
	{
		SPI_freeplan(query->plan);
		query->plan = NULL;
	}
	query->plan = SPI_prepare_cursor(query->sql, query->parameter_count, query->parameter_types,
									 query->generic ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (query->plan == NULL)
		elog(ERROR, "could not prepare query: %s", query->sql);
	SPI_keepplan(query->plan);
}

/*
 * Lock the tables (and sequences) of a query as it will lock them itself, and
 * check each.  The user is the extension's owner here; false when that is
 * another one by now.  A table that is gone makes the plan invalid.
 */
static bool
lock_tables(OwnerQuery *query, LOCKMODE mode)
{
	static bool registered = false;
	ListCell   *lc,
			   *lc2;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
		registered = true;
	}
	foreach(lc, SPI_plan_get_plan_sources(query->plan))
	{
		CachedPlanSource *source = lfirst(lc);

		foreach(lc2, source->relationOids)
		{
			Oid			table = lfirst_oid(lc2);
			Relation	rel;
			uint64		news;

			if (table < FirstNormalObjectId)
				continue;
			LockRelationOid(table, mode);
			if (is_checked(table))
				continue;
			if (owner_query_owner() != GetUserId())
				return false;
			news = news_count;
			if ((rel = RelationIdGetRelation(table)) == NULL)
				continue;
			check_table(rel, GetUserId());
			RelationClose(rel);

			/* what came during the check may be of this table */
			if (news == news_count && checked_count < TABLES_AT_MOST)
			{
				checked_owner = GetUserId();
				checked_tables[checked_count++] = table;
			}
		}
	}
	return true;
}

static bool
is_checked(Oid table)
{
	for (int i = 0; i < checked_count; i++)
		if (checked_tables[i] == table)
			return true;
	return false;
}

/* Callback of the relcache: a table (InvalidOid: any) has changed. */
static void
forget_table(Datum argument, Oid table)
{
	news_count++;
	if (table == InvalidOid || is_checked(table))
		checked_count = 0;
}

static void
check_table(Relation rel, Oid owner)
{
	TriggerDesc *triggers;
	ListCell   *lc;

	if ((rel->rd_rel->relkind != RELKIND_RELATION && rel->rd_rel->relkind != RELKIND_SEQUENCE) ||
		rel->rd_rel->relowner != owner)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("\"migrator.%s\" does not belong to the owner of extension \"migrator\"",
					   RelationGetRelationName(rel)),
				errhint("Let ALTER TABLE ... OWNER TO give it back to role \"%s\".",
						GetUserNameFromId(owner, false)));
	if (rel->rd_rules != NULL)
		refuse_table(rel, "a rule");

	/*
	 * a copy: the look at the catalogs may have the server build the
	 * relation's anew
	 */
	triggers = CopyTriggerDesc(rel->trigdesc);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];
		Oid			extension = getExtensionOfObject(ProcedureRelationId, trigger->tgfoid);

		if (OidIsValid(trigger->tgconstraint))
			refuse_table(rel, psprintf("constraint \"%s\"", get_constraint_name(trigger->tgconstraint)));
		/* WHEN could call anything */
		if (trigger->tgqual != NULL || !OidIsValid(extension) ||
			extension != get_extension_oid("migrator", true))
			refuse_table(rel, psprintf("trigger \"%s\"", trigger->tgname));
	}
	if (rel->rd_rel->relforcerowsecurity)
		refuse_table(rel, "forced row security");
	foreach(lc, rel->rd_rsdesc ? rel->rd_rsdesc->policies : NIL)
	{
		RowSecurityPolicy *policy = lfirst(lc);

		if (policy->polcmd != ACL_SELECT_CHR || policy->qual == NULL || !IsA(policy->qual, Const))
			refuse_table(rel, psprintf("policy \"%s\"", policy->policy_name));
	}
}

static void
refuse_table(Relation rel, const char *what)
{
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("table \"migrator.%s\" has %s, which is not of extension \"migrator\"",
				   RelationGetRelationName(rel), what),
			errdetail("It could run code with the rights of the extension's owner."),
			errhint("Find out who made it, and remove it."));
}

static void
enter(OwnerScope *scope)
{
	Oid			owner = owner_query_owner();

	scope->had_snapshot = ActiveSnapshotSet();
	GetUserIdAndSecContext(&scope->save_user, &scope->save_context);
	SetUserIdAndSecContext(owner, scope->save_context | SECURITY_LOCAL_USERID_CHANGE);
	scope->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);

	/*
	 * from a few thousand rows on, compiling took longer than all the rest of
	 * a run without work
	 */
	if (jit_enabled)
		(void) set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

static void
leave(const OwnerScope *scope)
{
	AtEOXact_GUC(true, scope->guc_level);
	SetUserIdAndSecContext(scope->save_user, scope->save_context);
	owner_query_drop_snapshot(scope->had_snapshot);
}

void
owner_query_drop_snapshot(bool had_snapshot)
{
	if (!had_snapshot && ActiveSnapshotSet())
		ForgetPortalSnapshots();
}

Oid
owner_query_owner(void)
{
	Oid			owner;

	/* the news that locking the catalog would bring */
	AcceptInvalidationMessages();
	if (checked_count > 0)
		return checked_owner;
	owner = extension_owner(NULL);
	if (!OidIsValid(owner))
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("extension \"migrator\" is not installed in this database"),
				errhint("Run CREATE EXTENSION migrator."));
	return owner;
}

void
owner_query_check_version(void)
{
	char	   *version = NULL;

	if (!OidIsValid(extension_owner(&version)))
		(void) owner_query_owner();
	if (version == NULL || strcmp(version, MIGRATOR_VERSION) != 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("extension \"migrator\" has version %s, but the loaded library has version %s",
					   version ? version : "(none)", MIGRATOR_VERSION),
				errhint("Run ALTER EXTENSION migrator UPDATE, and connect again if the library was replaced."));
}

/* Owner and version of the extension from pg_extension, InvalidOid when there is none. */
static Oid
extension_owner(char **version)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			owner = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("migrator"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
		if (version != NULL)
		{
			bool		isnull;
			Datum		datum = heap_getattr(tuple, Anum_pg_extension_extversion,
											 RelationGetDescr(rel), &isnull);

			*version = isnull ? NULL : TextDatumGetCString(datum);
		}
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return owner;
}
