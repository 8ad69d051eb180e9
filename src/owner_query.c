/*
 * owner_query.c
 *	  The one way to the extension's own tables.
 *
 * Switching the user id is done as amcheck and REFRESH MATERIALIZED VIEW do
 * it: SetUserIdAndSecContext with SECURITY_LOCAL_USERID_CHANGE, a GUC nest
 * level for search_path, both undone in reverse.  When a query raises an
 * error, transaction or subtransaction abort restores both: whoever catches an
 * error does so round a subtransaction.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "owner_query.h"
#include "settings.h"

typedef struct OwnerScope
{
	Oid			save_user;
	int			save_context;
	int			guc_level;
	bool		had_snapshot;
} OwnerScope;

static Oid	extension_owner(char **version);
static void enter(OwnerScope *scope);
static void leave(const OwnerScope *scope);
static void prepare(OwnerQuery *query);

uint64
owner_query_run(OwnerQuery *query, int expected,
				const Datum *values, const char *nulls,
				Snapshot snapshot,
				OwnerQueryRow row, void *argument)
{
	OwnerScope	scope;
	uint64		processed;
	int			result;

	enter(&scope);
	SPI_connect();
	if (query->plan == NULL || !SPI_plan_is_valid(query->plan))
		prepare(query);

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
	query->plan = SPI_prepare(query->sql, query->parameter_count, query->parameter_types);
	if (query->plan == NULL)
		elog(ERROR, "could not prepare query: %s", query->sql);
	SPI_keepplan(query->plan);
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
	Oid			owner = extension_owner(NULL);

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

/*
 * Owner and version of the extension from pg_extension, InvalidOid when there
 * is none.  An index scan of a tiny catalog, so nothing is cached: the owner
 * may change at any time.
 */
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
