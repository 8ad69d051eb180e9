/*
 * registration.c
 *	  What is registered of a service, and who may act for it.
 *
 * Roles are kept as OIDs: a renamed role keeps its rights, and whoever is
 * given the name of a dropped one gets none.  OIDs mean nothing in another
 * cluster, where a dump may be restored; so the row says which cluster's they
 * are, and keeps the names for any other.  There names count, as they do for
 * the owners and grants in that dump, until the service is registered again.
 *
 * A registered search_path decides whose functions the unqualified names of a
 * script mean, and a registered source which scripts run at all: both are code
 * that runs with the rights of whoever comes along.  So the rule for those who
 * stage files holds for those who register.  To let only such schemas into the
 * path in which nobody else may create would not do: a schema's owner always
 * may, grants come later, and the source would be left open.
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

#include "base/check_settings.h"
#include "base/finding.h"
#include "base/glob.h"
#include "base/owner_query.h"
#include "base/settings.h"
#include "base/variables.h"
#include "layout/layout.h"
#include "record/author.h"
#include "record/registration.h"

/* Keys of argument "options" of register(). */
static const OptionKey registration_options[] = {
	{"roles", OPTION_STRINGS, "an array of names of roles", "Null takes the option away."},
	{"ignore", OPTION_STRING_OR_STRINGS, "a file name pattern or an array of them", "Null takes the option away."},
	{"allow_destructive_operations", OPTION_BOOLEAN, "false", "Null takes the option away."},
	{"auto_migrate", OPTION_BOOLEAN, "true or false", "Null takes the option away."},
	{"auto_rollback_on_failure", OPTION_BOOLEAN, "true or false", "Null takes the option away."},
	{"backup_required", OPTION_BOOLEAN, "true", "Null takes the option away."},
	{"maintenance_window_required", OPTION_BOOLEAN, "true", "Null takes the option away."},
	{"require_approval", OPTION_BOOLEAN, "true", "Null takes the option away."},
	{"schemas", OPTION_STRINGS, "an array of names of schemas", "Null takes the option away."},
	{"view_schema", OPTION_STRING, "the name of a schema", "Null takes the option away."},
	{"checks", OPTION_WORDS, "an object of names of checks and their severities", "Null takes the option away."},
	{"variables", OPTION_OBJECT, "an object of names and values", "Null takes the option away."},
	{"layout", OPTION_STRING, "the name of a layout", "Null takes the option away."},
	{"contexts", OPTION_STRING, "contexts of Liquibase, with commas between them", "Null takes the option away."},
	{"labels", OPTION_STRING, "an expression of Liquibase's labels", "Null takes the option away."},
	{"mirror", OPTION_OBJECT, "true, or an object with \"tool\" and \"table\"", "Null takes the option away."},
	{NULL}
};

#define COLUMNS "SELECT service, source, environment, search_path, options, role_oids, system_identifier," \
	" registered_oids, registered_as, registered_by, registered_login" \
	" FROM migrator.services"

typedef struct ServiceList
{
	List	   *services;
	MemoryContext context;
} ServiceList;

static List *select_services(OwnerQuery *query, const Datum *values);
static void copy_service(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_role_oids(Service *service, Datum array);
static char *string_of(const List *options, const char *key);
static void take_flags(const List *options, PolicyFlags *flags);
static void take_schemas(const List *options, Service *service);
static void check_floors(const Service *old, const List *given);
static void check_schemas(const List *given);
static void check_checks(const Service *old, const Option *given);
static void tell_what_stays(const Service *old, const char *option);
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
	const Option *layout;
	const Option *checks;
	const Option *variables;
	const Option *mirror;
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
	layout = options_find(options, "layout");
	if (layout != NULL)
		service->layout = layout->strings[0];
	service->contexts = string_of(options, "contexts");
	service->labels = string_of(options, "labels");
	checks = options_find(options, "checks");
	if (checks != NULL)
	{
		service->check_names = checks->keys;
		service->check_severities = checks->strings;
		service->check_count = checks->count;
	}
	take_flags(options, &service->flags);
	take_schemas(options, service);
	variables = options_find(options, "variables");
	if (variables != NULL)
		service->variables = variables->object;
	mirror = options_find(options, "mirror");
	if (mirror != NULL)
		service->mirror = mirror->object;
	value = heap_getattr(tuple, 7, desc, &isnull);
	service->of_this_cluster = !isnull && (uint64) DatumGetInt64(value) == GetSystemIdentifier();
	value = heap_getattr(tuple, 6, desc, &isnull);
	if (service->of_this_cluster && !isnull)
		take_role_oids(service, value);
	service->registered_by = owner_query_text(tuple, desc, 10);
	service->author_known = author_read(tuple, desc, 8, service->of_this_cluster, &service->author);
	list->services = lappend(list->services, service);
	MemoryContextSwitchTo(old);
}

static char *
string_of(const List *options, const char *key)
{
	const Option *option = options_find(options, key);

	return option ? option->strings[0] : NULL;
}

static void
take_flags(const List *options, PolicyFlags *flags)
{
	for (int i = 0; i < POLICY_FLAG_COUNT; i++)
	{
		const Option *option = options_find(options, policy_flag_name(i));

		if (option != NULL)
			flags->value[i] = option->boolean ? POLICY_TRUE : POLICY_FALSE;
	}
}

static void
take_schemas(const List *options, Service *service)
{
	const Option *view_schema = options_find(options, "view_schema");
	const Option *schemas = options_find(options, "schemas");

	/* the extension's own is the default */
	if (view_schema != NULL && strcmp(view_schema->strings[0], MIGRATOR_SCHEMA) != 0)
		service->view_schema = view_schema->strings[0];
	if (schemas != NULL)
	{
		service->schemas = schemas->strings;
		service->schema_count = schemas->count;
	}
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
		" role_oids = $6, registered_at = clock_timestamp(), registered_by = $7, system_identifier = $8,"
		" registered_as = $9, registered_login = $10, registered_oids = $11"
		" WHERE service = $1",
		11, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, OIDARRAYOID, TEXTOID, INT8OID, TEXTOID, TEXTOID, OIDARRAYOID}
	};
	List	   *given = options_read(options, registration_options, true);
	Datum		values[11];
	char		nulls[11];
	const Option *ignore = options_find(given, "ignore");
	const Option *layout = options_find(given, "layout");
	const Option *variables = options_find(given, "variables");
	Datum	   *oids;
	Author		by;

	if (ignore != NULL)
		glob_require_valid(ignore->strings, ignore->count);
	if (layout != NULL && !layout->is_null)
		layout_require_known(layout->strings[0]);
	if (variables != NULL && !variables->is_null)
		variables_add_jsonb(variables_create(), variables->object, "option \"variables\"", true);
	check_floors(old, given);
	check_schemas(given);
	check_checks(old, options_find(given, "checks"));
	trust_own_session(&by, "register a service");
	if (ignore == NULL && old != NULL && old->ignore_count > 0)
		tell_what_stays(old, "ignore");
	if (layout == NULL && old != NULL && old->layout != NULL)
		tell_what_stays(old, "layout");
	if (variables == NULL && old != NULL && old->variables != NULL)
		tell_what_stays(old, "variables");
	resolve_roles(service, old, given);
	oids = palloc(Max(service->role_count, 1) * sizeof(Datum));
	for (int i = 0; i < service->role_count; i++)
		oids[i] = ObjectIdGetDatum(service->role_oids[i]);

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(service->service);
	values[1] = owner_query_text_or_null(service->source, &nulls[1]);
	values[2] = owner_query_text_or_null(service->environment, &nulls[2]);
	values[3] = owner_query_text_or_null(service->search_path, &nulls[3]);
	values[4] = options ? JsonbPGetDatum(options) : DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	values[5] = PointerGetDatum(construct_array(oids, service->role_count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	values[6] = CStringGetTextDatum(trust_role_name(by.session));
	values[7] = Int64GetDatum((int64) GetSystemIdentifier());
	values[8] = CStringGetTextDatum(trust_role_name(by.current));
	values[9] = CStringGetTextDatum(trust_role_name(by.login));
	values[10] = author_oids(&by);
	if (owner_query_run(&query, SPI_OK_UPDATE, values, nulls, InvalidSnapshot, NULL, NULL) != 1)
		elog(ERROR, "registration of service \"%s\" is gone", service->service);
}

/*
 * Whoever may register sets a floor, and with it has no more rights than
 * before.  To take one away is to let runs pass which it stopped: who may
 * register is often who runs, so that it takes more.
 */
static void
check_floors(const Service *old, const List *given)
{
	ListCell   *lc;

	foreach(lc, given)
	{
		const Option *option = lfirst(lc);
		PolicyFlag	flag;
		PolicyValue floor;

		if (!policy_flag_find(option->key->name, &flag) ||
			(floor = policy_flag_floor(flag)) == POLICY_UNSET)
			continue;
		if (!option->is_null && option->boolean != (floor == POLICY_TRUE))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("option \"%s\" must be %s", option->key->name, option->key->must_be),
					errdetail("A registration demands it of every environment, or leaves it to them."),
					errhint("Null takes the option away."));
		if (option->is_null && old != NULL && old->flags.value[flag] != POLICY_UNSET)
			registration_require_floor_rights(old, flag);
	}
}

/* They need not be there yet, but have to be names. */
static void
check_schemas(const List *given)
{
	const Option *schemas = options_find(given, "schemas");

	if (schemas == NULL || schemas->is_null)
		return;
	if (schemas->count == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"schemas\" must not be empty"),
				errhint("Null takes the option away."));
	for (int i = 0; i < schemas->count; i++)
		if (schemas->strings[i][0] == '\0' || strlen(schemas->strings[i]) >= NAMEDATALEN)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid schema name \"%s\" in option \"schemas\"", finding_one_line(schemas->strings[i])));
}

/*
 * A check that is made an error is a floor as well: to lower it again takes
 * what it takes to take a flag away.
 */
static void
check_checks(const Service *old, const Option *given)
{
	Service		changed = {0};

	if (given == NULL)
		return;
	for (int i = 0; i < given->count; i++)
	{
		const char *hint;
		const char *fault = check_settings_fault(given->keys[i], given->strings[i], &hint);

		if (fault != NULL)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg_internal("%s", fault),
					hint ? errhint("%s", hint) : 0);
	}
	if (old == NULL)
		return;
	changed.check_names = given->keys;
	changed.check_severities = given->strings;
	changed.check_count = given->count;
	registration_require_check_rights(old, &changed);
}

void
registration_require_check_rights(const Service *old, const Service *changed)
{
	CheckSettings before = {0};
	CheckSettings after = {0};

	if (has_privs_of_role(GetUserId(), owner_query_owner()))
		return;
	registration_put_checks(old, &before);
	if (changed != NULL)
		registration_put_checks(changed, &after);
	for (CheckId id = CHECK_FIRST; id <= CHECK_LAST; id++)
		if (check_severity(&before, id) == FINDING_ERROR && check_severity(&after, id) != FINDING_ERROR)
			ereport(ERROR,
					errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("permission denied to lower check \"%s\" of service \"%s\"",
						   check_row(id)->name, old->service),
					errhint("The owner of extension \"migrator\", or a superuser, can do that."));
}

void
registration_put_checks(const Service *registration, CheckSettings *settings)
{
	for (int i = 0; i < registration->check_count; i++)
		check_settings_put_floor(settings, registration->check_names[i], registration->check_severities[i]);
}

void
registration_require_floor_rights(const Service *registration, PolicyFlag flag)
{
	if (registration->flags.value[flag] == POLICY_UNSET || policy_flag_floor(flag) == POLICY_UNSET ||
		has_privs_of_role(GetUserId(), owner_query_owner()))
		return;
	ereport(ERROR,
			errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			errmsg("permission denied to take option \"%s\" of service \"%s\" away",
				   policy_flag_name(flag), registration->service),
			errhint("The owner of extension \"migrator\", or a superuser, can do that."));
}

/* An option that another one gave is the caller's from now on. */
static void
tell_what_stays(const Service *old, const char *option)
{
	if (old->author_known && !OidIsValid(trust_stranger(&old->author)))
		return;
	ereport(NOTICE,
			errmsg("option \"%s\" of service \"%s\" stays as role \"%s\" registered it",
				   option, old->service, old->registered_by),
			errhint("From now on it counts as yours: give it anew in \"options\", or take it away with null."));
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

List *
registration_members(const Service *registration)
{
	List	   *members;

	if (registration == NULL || registration->role_count == 0)
		return NIL;
	members = list_make1_oid(owner_query_owner());
	for (int i = 0; i < registration->role_count; i++)
	{
		Oid			role = role_of(registration, i);

		if (OidIsValid(role))
			members = lappend_oid(members, role);
	}
	return members;
}

/* InvalidOid when nothing is known of it. */
static Oid
role_of(const Service *service, int i)
{
	if (service->of_this_cluster)
		return service->role_oids ? service->role_oids[i] : InvalidOid;
	return get_role_oid(service->roles[i], true);
}

void
registration_require_trusted(const Service *registration, const char *what)
{
	Oid			stranger;

	if (!registration->author_known)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to use the registration of service \"%s\"", registration->service),
				errdetail("Its %s would act with your rights, and role \"%s\", which registered it, is not known here.",
						  what, registration->registered_by),
				errhint("Register the service again."));
	if (has_privs_of_role(registration->author.current, owner_query_owner()))
		return;
	stranger = trust_stranger(&registration->author);
	if (OidIsValid(stranger))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to use the registration of service \"%s\", which role \"%s\" wrote",
					   registration->service, trust_role_name(stranger)),
				errdetail("Its %s would act with your rights, which that role does not have.", what),
				errhint("Register the service yourself or let a superuser do it; or have an administrator add the role to migrator.trusted_stagers for you, if it may do all that you may."));
}
