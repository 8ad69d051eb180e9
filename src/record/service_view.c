/*
 * service_view.c
 *	  A registered service's view of its own migrations.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/owner_query.h"
#include "record/service_view.h"

static void take_grantee(HeapTuple tuple, TupleDesc desc, void *argument);
static void revoke_from_others(const char *view);

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
 */
void
record_make_service_view(const char *service)
{
	const char *name = record_service_view_name(service);
	const char *view = quote_identifier(name);

	owner_query_utility(psprintf(
								 "CREATE OR REPLACE VIEW migrator.%s WITH (security_barrier) AS"
								 " SELECT version, state IN ('failed', 'running') AS dirty,"
								 " COALESCE(pg_catalog.regexp_replace(pg_catalog.regexp_replace(file,"
								 " '/(up|migration)[.]sql$', ''), '([.]up)?[.]sql$', '', 'i'), version) AS migration_name,"
								 " applied_at, execution_time_ms,"
								 " CASE state WHEN 'applied' THEN 'success' ELSE 'failed' END AS status,"
								 " error_message, checksum FROM migrator.migrations, (SELECT) AS not_updatable"
								 " WHERE service = %s AND state IN ('applied', 'failed', 'running')",
								 view, quote_literal_cstr(service)));
	owner_query_utility(psprintf("COMMENT ON VIEW migrator.%s IS %s", view,
								 quote_literal_cstr(psprintf("Migrations of service %s.", service))));
	revoke_from_others(name);
	owner_query_utility(psprintf("GRANT SELECT ON migrator.%s TO pg_database_owner", view));
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
revoke_from_others(const char *view)
{
	static OwnerQuery query = {
		"SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,"
		" pg_catalog.bool_or(a.privilege_type = 'SELECT')"
		" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,"
		" pg_catalog.aclexplode(c.relacl) a"
		" WHERE n.nspname = 'migrator' AND c.relname = $1 AND a.grantee <> c.relowner GROUP BY a.grantee",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(view);
	Grantees	grantees = {NIL, NIL, CurrentMemoryContext};
	ListCell   *lc;

	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_grantee, &grantees);
	view = quote_identifier(view);
	foreach(lc, grantees.all)
	{
		owner_query_utility(psprintf("REVOKE ALL ON migrator.%s FROM %s CASCADE", view, (char *) lfirst(lc)));
	}
	foreach(lc, grantees.readers)
	{
		owner_query_utility(psprintf("GRANT SELECT ON migrator.%s TO %s", view, (char *) lfirst(lc)));
	}
}

void
record_drop_service_view(const char *service)
{
	owner_query_utility(psprintf("DROP VIEW IF EXISTS migrator.%s",
								 quote_identifier(record_service_view_name(service))));
}
