/*
 * service_view.c
 *	  A registered service's view of its own migrations.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/finding.h"
#include "base/owner_query.h"
#include "base/settings.h"
#include "record/service_view.h"

static void take_grantee(HeapTuple tuple, TupleDesc desc, void *argument);
static char *qualified_name(const char *schema, const char *name);
static bool is_owners_view(const char *schema, const char *name);
static void revoke_from_others(const char *schema, const char *name);

char *
record_service_view_name(const char *service)
{
	char	   *name = psprintf("%s_schema_migrations", service);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/*
 * version and dirty are golang-migrate's columns, the rest those of
 * schema_migrations.  Not updatable and a security barrier, as the views of the
 * install script, and no more is left to others than SELECT, which default
 * privileges may give (docs/security.md).
 *
 * It is the owner's wherever it lies.  In a schema of somebody else's a relation
 * of that name may be anything: only a view of the owner's where the
 * registration had it before is ours to replace.
 */
void
record_make_service_view(const char *service, const char *schema, const char *old_schema)
{
	const char *name = record_service_view_name(service);
	const char *view = qualified_name(schema, name);
	bool		moved = schema == NULL || old_schema == NULL ? schema != old_schema : strcmp(schema, old_schema) != 0;
	bool		ours = schema == NULL || (!moved && is_owners_view(schema, name));

	if (schema != NULL && !ours && OidIsValid(get_relname_relid(name, get_namespace_oid(schema, false))))
		ereport(ERROR,
				errcode(ERRCODE_DUPLICATE_TABLE),
				errmsg("relation %s already exists, and is no view of migrator's", view),
				errhint("Choose another schema with option \"view_schema\", or drop or rename it."));
	if (moved)
		record_drop_service_view(service, old_schema);
	owner_query_utility(psprintf(
								 "%s VIEW %s WITH (security_barrier) AS"
								 " SELECT version, state IN ('failed', 'running') AS dirty,"
								 " COALESCE(pg_catalog.regexp_replace(pg_catalog.regexp_replace(file,"
								 " '/(up|migration)[.]sql$', ''), '([.]up)?[.]sql$', '', 'i'), version) AS migration_name,"
								 " applied_at,"
								 " round(execution_time_ms::pg_catalog.numeric, 3)::pg_catalog.float8 AS execution_time_ms,"
								 " CASE state WHEN 'applied' THEN 'success' ELSE 'failed' END AS status,"
								 " error_message, checksum FROM migrator.migrations, (SELECT) AS not_updatable"
								 " WHERE service = %s AND state IN ('applied', 'failed', 'running')",
								 ours ? "CREATE OR REPLACE" : "CREATE", view, quote_literal_cstr(service)));
	owner_query_utility(psprintf("COMMENT ON VIEW %s IS %s", view,
								 quote_literal_cstr(psprintf("Migrations of service %s.", service))));
	revoke_from_others(schema, name);
	owner_query_utility(psprintf("GRANT SELECT ON %s TO pg_database_owner", view));
}

void
record_check_view_schema(const char *schema)
{
	if (IsReservedName(schema))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("schema \"%s\" of option \"view_schema\" is the system's", finding_one_line(schema)));
	(void) LookupCreationNamespace(schema);
}

static char *
qualified_name(const char *schema, const char *name)
{
	return quote_qualified_identifier(schema ? schema : MIGRATOR_SCHEMA, name);
}

static bool
is_owners_view(const char *schema, const char *name)
{
	static OwnerQuery query = {
		"SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'v' AND c.relowner = $3",
		3, {NAMEOID, NAMEOID, OIDOID}
	};
	NameData	names[2] = {{{0}}};
	Datum		values[3] = {NameGetDatum(&names[0]), NameGetDatum(&names[1]), ObjectIdGetDatum(owner_query_owner())};

	namestrcpy(&names[0], schema);
	namestrcpy(&names[1], name);
	return owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

/* Whom default privileges, or earlier grants, gave anything on a view. */
typedef struct Grantees
{
	List	   *all;			/* char *, quoted */
	List	   *readers;		/* those of them that may read it */
	MemoryContext context;
} Grantees;

static void
take_grantee(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Grantees   *grantees = argument;
	MemoryContext old = MemoryContextSwitchTo(grantees->context);
	bool		isnull;
	char	   *role = TextDatumGetCString(heap_getattr(tuple, 1, desc, &isnull));

	grantees->all = lappend(grantees->all, role);
	if (DatumGetBool(heap_getattr(tuple, desc->natts, desc, &isnull)))
		grantees->readers = lappend(grantees->readers, role);
	MemoryContextSwitchTo(old);
}

static void
revoke_from_others(const char *schema, const char *name)
{
	static OwnerQuery query = {
		"SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
		" pg_catalog.bool_or(a.privilege_type = 'SELECT')"
		" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
		" pg_catalog.aclexplode(c.relacl) a"
		" WHERE n.nspname = $1 AND c.relname = $2 AND a.grantee <> c.relowner GROUP BY a.grantee",
		2, {TEXTOID, TEXTOID}
	};
	const char *view = qualified_name(schema, name);
	Datum		values[2] = {CStringGetTextDatum(schema ? schema : MIGRATOR_SCHEMA), CStringGetTextDatum(name)};
	Grantees	grantees = {NIL, NIL, CurrentMemoryContext};
	ListCell   *lc;

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_grantee, &grantees);
	foreach(lc, grantees.all)
	{
		owner_query_utility(psprintf("REVOKE ALL ON %s FROM %s CASCADE", view, (char *) lfirst(lc)));
	}
	foreach(lc, grantees.readers)
	{
		owner_query_utility(psprintf("GRANT SELECT ON %s TO %s", view, (char *) lfirst(lc)));
	}
}

void
record_drop_service_view(const char *service, const char *schema)
{
	const char *name = record_service_view_name(service);

	/*
	 * none, where this is the first registration; and what lies there by now
	 * may be somebody else's
	 */
	if (is_owners_view(schema ? schema : MIGRATOR_SCHEMA, name))
		owner_query_utility(psprintf("DROP VIEW %s", qualified_name(schema, name)));
}
