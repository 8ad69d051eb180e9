/*
 * registration.c
 *	  What is registered of a service, and who may act for it.
 *
 * Roles are kept as OIDs: a renamed role keeps its rights, and whoever is
 * given the name of a dropped one gets none.  OIDs mean nothing in another
 * cluster, where a dump may be restored; so the row says which cluster's they
 * are, and keeps the names for any other.  There names count, as they do for
 * the owners and grants in that dump, until the service is registered again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "glob.h"
#include "owner_query.h"
#include "registration.h"

const OptionKey registration_options[] = {
	{"roles", OPTION_STRINGS, "an array of names of roles", "Null takes the option away."},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them", "Null takes the option away."},
	{"auto_migrate", OPTION_LATER},
	{"auto_rollback_on_failure", OPTION_LATER},
	{"allow_destructive_operations", OPTION_LATER},
	{"backup_required", OPTION_LATER},
	{"checks", OPTION_LATER},
	{"layout", OPTION_LATER},
	{"maintenance_window_required", OPTION_LATER},
	{"mirror", OPTION_LATER},
	{"require_approval", OPTION_LATER},
	{"schemas", OPTION_LATER},
	{"variables", OPTION_LATER},
	{"view_schema", OPTION_LATER},
	{NULL}
};

#define COLUMNS "SELECT service, source, environment, search_path, options, role_oids, system_identifier" \
	" FROM migrator.services"

typedef struct ServiceList
{
	List	   *services;
	MemoryContext context;
} ServiceList;

static List *select_services(OwnerQuery *query, const Datum *values);
static void copy_service(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_role_oids(Service *service, Datum array);
static void resolve_roles(Service *service, const Service *old, const List *options);
static Oid	role_of(const Service *service, int i);

Service *
registration_find(const char *service)
{
	static OwnerQuery query = {COLUMNS " WHERE service = $1", 1, {TEXTOID}};
	Datum		value = CStringGetTextDatum(service);
	List	   *found = select_services(&query, &value);

	return found ? linitial(found) : NULL;
}

List *
registration_list(void)
{
	static OwnerQuery query = {COLUMNS " ORDER BY service", 0};

	return select_services(&query, NULL);
}

/*
 * As it is committed now, also in a transaction with one snapshot for all of
 * its statements: rights that were taken away are not to be had by waiting.
 */
static List *
select_services(OwnerQuery *query, const Datum *values)
{
	ServiceList list = {NIL, CurrentMemoryContext};
	Snapshot	latest = InvalidSnapshot;

	if (IsolationUsesXactSnapshot())
		latest = RegisterSnapshot(GetLatestSnapshot());
	(void) owner_query_run(query, SPI_OK_SELECT, values, NULL, latest, copy_service, &list);
	if (latest != InvalidSnapshot)
		UnregisterSnapshot(latest);
	return list.services;
}

static void
copy_service(HeapTuple tuple, TupleDesc desc, void *argument)
{
	ServiceList *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	Service    *service = palloc0(sizeof(Service));
	List	   *options;
	const Option *roles;
	const Option *ignore;
	Datum		value;
	bool		isnull;

	service->service = owner_query_text(tuple, desc, 1);
	service->source = owner_query_text(tuple, desc, 2);
	service->environment = owner_query_text(tuple, desc, 3);
	service->search_path = owner_query_text(tuple, desc, 4);

	value = heap_getattr(tuple, 5, desc, &isnull);
	options = options_read(DatumGetJsonbPCopy(value), registration_options, false);
	roles = options_find(options, "roles");
	if (roles != NULL)
	{
		service->roles = roles->strings;
		service->role_count = roles->count;
	}
	ignore = options_find(options, "ignore");
	if (ignore != NULL)
	{
		service->ignore = ignore->strings;
		service->ignore_count = ignore->count;
	}
	value = heap_getattr(tuple, 7, desc, &isnull);
	service->of_this_cluster = !isnull && (uint64) DatumGetInt64(value) == GetSystemIdentifier();
	value = heap_getattr(tuple, 6, desc, &isnull);
	if (service->of_this_cluster && !isnull)
		take_role_oids(service, value);
	list->services = lappend(list->services, service);
	MemoryContextSwitchTo(old);
}

/* One for each name, or none at all. */
static void
take_role_oids(Service *service, Datum array)
{
	Datum	   *values;
	int			count;

	deconstruct_array(DatumGetArrayTypePCopy(array), OIDOID, sizeof(Oid), true, TYPALIGN_INT,
					  &values, NULL, &count);
	if (count != service->role_count)
		return;
	service->role_oids = palloc(Max(count, 1) * sizeof(Oid));
	for (int i = 0; i < count; i++)
		service->role_oids[i] = DatumGetObjectId(values[i]);
}

Service *
registration_lock(const char *service)
{
	static OwnerQuery insert = {
		"INSERT INTO migrator.services (service) VALUES ($1) ON CONFLICT (service) DO NOTHING",
		1, {TEXTOID}
	};
	static OwnerQuery lock = {COLUMNS " WHERE service = $1 FOR UPDATE", 1, {TEXTOID}};
	Datum		value = CStringGetTextDatum(service);

	for (;;)
	{
		ServiceList list = {NIL, CurrentMemoryContext};

		if (owner_query_run(&insert, SPI_OK_INSERT, &value, NULL, InvalidSnapshot, NULL, NULL) > 0)
			return NULL;
		if (owner_query_run(&lock, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, copy_service, &list) > 0)
			return linitial(list.services);
		/* it was deleted between the two */
		CHECK_FOR_INTERRUPTS();
	}
}

void
registration_write(Service *service, const Service *old, Jsonb *options)
{
	static OwnerQuery query = {
		"UPDATE migrator.services SET source = $2, environment = $3, search_path = $4,"
		" options = (SELECT coalesce(jsonb_object_agg(key, value), '{}')"
		"  FROM jsonb_each(options || $5) WHERE value <> 'null'),"
		" role_oids = $6, registered_at = clock_timestamp(), registered_by = $7, system_identifier = $8"
		" WHERE service = $1",
		8, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, OIDARRAYOID, TEXTOID, INT8OID}
	};
	List	   *given = options_read(options, registration_options, true);
	Datum		values[8];
	char		nulls[8];
	const Option *ignore = options_find(given, "ignore");
	Datum	   *oids;

	if (ignore != NULL)
		glob_require_valid(ignore->strings, ignore->count);
	resolve_roles(service, old, given);
	oids = palloc(Max(service->role_count, 1) * sizeof(Datum));
	for (int i = 0; i < service->role_count; i++)
		oids[i] = ObjectIdGetDatum(service->role_oids[i]);

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(service->service);
	values[1] = service->source ? CStringGetTextDatum(service->source) : (Datum) 0;
	nulls[1] = service->source ? ' ' : 'n';
	values[2] = service->environment ? CStringGetTextDatum(service->environment) : (Datum) 0;
	nulls[2] = service->environment ? ' ' : 'n';
	values[3] = service->search_path ? CStringGetTextDatum(service->search_path) : (Datum) 0;
	nulls[3] = service->search_path ? ' ' : 'n';
	values[4] = options ? JsonbPGetDatum(options) : DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	values[5] = PointerGetDatum(construct_array(oids, service->role_count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	values[6] = CStringGetTextDatum(GetUserNameFromId(GetSessionUserId(), false));
	values[7] = Int64GetDatum((int64) GetSystemIdentifier());
	if (owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) != 1)
		elog(ERROR, "registration of service \"%s\" is gone", service->service);
}

/*
 * The roles that are given, else the old ones.  Those must not be looked up by
 * name again: the name may be another role's by now.
 */
static void
resolve_roles(Service *service, const Service *old, const List *options)
{
	const Option *given = options_find(options, "roles");

	if (given == NULL && old == NULL)
		return;
	service->roles = given ? given->strings : old->roles;
	service->role_count = given ? given->count : old->role_count;
	if (given != NULL && !given->is_null && given->count == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"roles\" must not be empty"),
				errhint("Null takes the option away."));
	if (given == NULL && old->role_oids != NULL)
	{
		service->role_oids = old->role_oids;
		return;
	}
	service->role_oids = palloc(Max(service->role_count, 1) * sizeof(Oid));
	for (int i = 0; i < service->role_count; i++)
	{
		service->role_oids[i] = get_role_oid(service->roles[i], true);
		if (!OidIsValid(service->role_oids[i]))
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("role \"%s\" does not exist", service->roles[i]),
					given == NULL ? errhint("The registration is of another cluster: name its roles anew with option \"roles\".") : 0);
	}
}

bool
registration_delete(const char *service)
{
	static OwnerQuery query = {"DELETE FROM migrator.services WHERE service = $1", 1, {TEXTOID}};
	Datum		value = CStringGetTextDatum(service);

	return owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

/* A member is who has the role's privileges, as for the rights on a table. */
void
registration_require_member(const Service *registration)
{
	StringInfoData names;

	if (registration == NULL || registration->role_count == 0 ||
		has_privs_of_role(GetUserId(), owner_query_owner()))
		return;
	for (int i = 0; i < registration->role_count; i++)
	{
		Oid			role = role_of(registration, i);

		if (OidIsValid(role) && has_privs_of_role(GetUserId(), role))
			return;
	}

	initStringInfo(&names);
	for (int i = 0; i < registration->role_count; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", registration->roles[i]);
	ereport(ERROR,
			errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			errmsg("permission denied for service \"%s\"", registration->service),
			errdetail("Only members of these roles may act for it: %s.", names.data),
			errhint("A member of one of them, or a superuser, can change the list with migrator.register()."));
}

/* InvalidOid when nothing is known of it. */
static Oid
role_of(const Service *service, int i)
{
	if (service->of_this_cluster)
		return service->role_oids ? service->role_oids[i] : InvalidOid;
	return get_role_oid(service->roles[i], true);
}
