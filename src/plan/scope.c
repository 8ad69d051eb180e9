/*
 * scope.c
 *	  What a call is about: source, service, environment, search_path.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "plan/scope.h"
#include "base/finding.h"
#include "base/settings.h"
#include "base/valid_name.h"
#include "layout/environments.h"
#include "record/service_state.h"
#include "source/source.h"


/* names that '*' stands for in this process; NIL: all */
static const List *all_services = NIL;

static bool is_meant(const Service *registration);
static void require_decided(const char *service, const Service *registration, const char *environment,
							const char *hint);
static void resolve_environment(Scope *scope, const char *environment);
static void resolve_service(Scope *scope, const char *source, const char *service);
static Service *only_service_with(const char *source, const List *services);
static void refuse_namesake(const char *source, const Service *found, const List *services);
static bool first_schema_is_ours(const char *search_path);

Scope *
scope_resolve(const char *source, const char *service, const char *environment)
{
	Scope	   *scope = palloc0(sizeof(Scope));

	resolve_service(scope, source, service);

	scope->source_origin = "default";
	if (source != NULL)
	{
		scope->source = source;
		scope->source_origin = "argument";
	}
	else if (scope->registration && scope->registration->source)
	{
		scope->source = scope->registration->source;
		scope->source_origin = "registration";
	}

	resolve_environment(scope, environment);

	if (scope->registration)
	{
		scope->ignore = scope->registration->ignore;
		scope->ignore_count = scope->registration->ignore_count;
		scope->layout = scope->registration->layout;
		scope->contexts = scope->registration->contexts;
		scope->labels = scope->registration->labels;
	}

	scope->variables = variables_create();
	if (scope->registration)
		variables_add_jsonb(scope->variables, scope->registration->variables, "option \"variables\"", false);

	scope->search_path_origin = "caller";
	if (scope->registration && scope->registration->search_path)
	{
		scope->search_path = scope->registration->search_path;
		scope->search_path_origin = "registration";
	}
	return scope;
}

void
scope_take_variables(Scope *scope, Jsonb *argument)
{
	variables_add_jsonb(scope->variables, argument, "argument \"variables\"", true);
	scope->variables->complete = true;
}

bool
scope_means_all(const char *service)
{
	return service != NULL && strcmp(service, SCOPE_ALL_SERVICES) == 0;
}

List *
scope_resolve_each(const char *source, const char *service, const char *environment)
{
	List	   *scopes = NIL;
	ListCell   *lc;

	if (!scope_means_all(service))
		return list_make1(scope_resolve(source, service, environment));
	scope_refuse_of_one(source != NULL, "source");
	foreach(lc, registration_list())
	{
		Scope	   *scope;

		if (!is_meant(lfirst(lc)))
			continue;
		scope = scope_resolve(NULL, ((Service *) lfirst(lc))->service, environment);
		scope_require_source(scope);
		scopes = lappend(scopes, scope);
	}
	/* of none all would be well: hardly what somebody asks who has services */
	if (scopes == NIL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no service is registered"),
				errhint("Register each with migrator.register(); service '%s' is all that are registered.",
						SCOPE_ALL_SERVICES));
	return scopes;
}

void
scope_narrow_all(const List *services)
{
	all_services = services;
}

static bool
is_meant(const Service *registration)
{
	ListCell   *lc;

	foreach(lc, all_services)
	{
		if (strcmp(lfirst(lc), registration->service) == 0)
			return true;
	}
	return all_services == NIL;
}

void
scope_refuse_of_one(bool given, const char *name)
{
	if (given)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("\"%s\" cannot be given for all services at once", name),
				errhint("Name the service that is meant with argument \"service\"."));
}

/*
 * Where the setting or the registration says which environment this is, the
 * caller may only say the same.
 */
static void
resolve_environment(Scope *scope, const char *environment)
{
	scope->environment_origin = "default";
	if (environment != NULL)
		scope_check_environment_name(environment);
	if (migrator_environment[0] != '\0')
	{
		/* the setting's own memory goes when it changes */
		scope->environment = pstrdup(migrator_environment);
		scope->environment_origin = "setting";
	}
	else if (scope->registration && scope->registration->environment)
	{
		scope->environment = scope->registration->environment;
		scope->environment_origin = "registration";
	}
	if (environment == NULL)
		return;
	require_decided(scope->service, scope->registration, environment, "Leave argument \"environment\" away.");
	if (scope->environment == NULL)
		scope->environment_origin = "argument";
	/* what the caller says himself nobody else's registration does to him */
	scope->environment = environment;
}

static void
require_decided(const char *service, const Service *registration, const char *environment, const char *hint)
{
	bool		by_setting = migrator_environment[0] != '\0';
	const char *decided = by_setting ? migrator_environment : registration ? registration->environment : NULL;

	if (decided == NULL || (environment != NULL && strcmp(decided, environment) == 0))
		return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			by_setting ?
			errmsg("the environment is \"%s\", by setting migrator.environment, and not \"%s\"",
				   decided, environment ? environment : "none") :
			errmsg("the environment of service \"%s\" is \"%s\", by its registration, and not \"%s\"",
				   service, decided, environment ? environment : "none"),
			errhint("%s", hint));
}

void
scope_require_decided(const Scope *scope, const Service *registration)
{
	require_decided(scope->service, registration, scope->environment,
					"That changed while the run waited: start it again.");
}

void
scope_take_stamp(Scope *scope)
{
	ServiceState state;

	service_state_read(scope->service, &state);
	scope->stamp = state.environment;
	scope->bootstrap_checksum = state.bootstrap_checksum;
	if (scope->environment == NULL && scope->stamp != NULL)
	{
		scope->environment = scope->stamp;
		scope->environment_origin = "stamp";
	}
}

bool
scope_stamp_changed(const Scope *scope)
{
	const char *stamp;
	ServiceState state;

	service_state_read(scope->service, &state);
	stamp = state.environment;
	return stamp == NULL || scope->stamp == NULL ? stamp != scope->stamp : strcmp(stamp, scope->stamp) != 0;
}

void
scope_check_stamp(const Scope *scope)
{
	if (scope->environment == NULL || scope->stamp == NULL ||
		strcmp(scope->environment, scope->stamp) == 0)
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("service \"%s\" is in environment \"%s\" in this database, and not in \"%s\"",
				   scope->service, scope->stamp, scope->environment),
			errdetail("Its first run said so, or migrator.set_environment() since."),
			errhint("Check that this is the right database; migrator.set_environment() changes the environment."));
}

/*
 * A service that is not named: the one registered with that source, else
 * "default"; with neither, the only one registered.
 */
static void
resolve_service(Scope *scope, const char *source, const char *service)
{
	List	   *services;

	if (service != NULL)
	{
		scope_check_service_name(service);
		scope->service = service;
		scope->service_origin = "argument";
		scope->registration = registration_find(service);
		return;
	}

	services = registration_list();
	scope->service = "default";
	scope->service_origin = "default";
	if (source != NULL)
	{
		scope->registration = only_service_with(source, services);
		if (staged_is(source))
			refuse_namesake(source, scope->registration, services);
	}
	else
	{
		ListCell   *lc;

		foreach(lc, services)
		{
			if (strcmp(((Service *) lfirst(lc))->service, "default") == 0)
				scope->registration = lfirst(lc);
		}
		if (scope->registration == NULL && list_length(services) == 1)
			scope->registration = linitial(services);
		if (scope->registration == NULL && list_length(services) > 1)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("%d services are registered, and none is named", list_length(services)),
					errhint("Name one with argument \"service\"; see table migrator.services."));
	}
	if (scope->registration != NULL)
	{
		scope->service = scope->registration->service;
		scope->service_origin = "registration";
	}
	else
		scope->registration = registration_find("default");
}

static Service *
only_service_with(const char *source, const List *services)
{
	Service    *found = NULL;
	ListCell   *lc;

	foreach(lc, services)
	{
		Service    *candidate = lfirst(lc);

		if (candidate->source == NULL || !source_same(candidate->source, source))
			continue;
		if (found != NULL)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("services \"%s\" and \"%s\" are both registered with source \"%s\"",
						   found->service, candidate->service, finding_one_line(source)),
					errhint("Name one with argument \"service\"."));
		found = candidate;
	}
	return found;
}

/*
 * stage:billing, where the service "billing" is another one than the source's,
 * would be run as that one, mostly "default": all over again.  That is hardly
 * ever meant.
 */
static void
refuse_namesake(const char *source, const Service *found, const List *services)
{
	const char *name = staged_name(source);
	const char *detail = NULL;
	ListCell   *lc;

	if (strcmp(name, found ? found->service : "default") == 0)
		return;
	foreach(lc, services)
	{
		const Service *service = lfirst(lc);

		if (strcmp(service->service, name) == 0)
			detail = psprintf("Service \"%s\" is registered with source \"%s\".", name,
							  service->source ? finding_one_line(service->source) : "");
	}
	if (detail == NULL && found == NULL && record_load(name, InvalidSnapshot)->count > 0)
		detail = psprintf("Service \"%s\" is not registered, and has migrations on record.", name);
	if (detail != NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no service is named, and source \"%s\" is not that of service \"%s\"",
					   finding_one_line(source), name),
				errdetail("%s", detail),
				errhint("Name the service with argument \"service\": '%s', or '%s'.", name,
						found ? found->service : "default"));
}

void
scope_require_source(const Scope *scope)
{
	if (scope->source == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("no source is given, and service \"%s\" is not registered with one",
					   scope->service),
				errhint("Give a directory on the database server, or register the service with migrator.register()."));
}

void
scope_require_rights(const Scope *scope, bool runs)
{
	const Service *registration = scope->registration;
	StringInfoData what;

	registration_require_member(registration);
	if (registration == NULL)
		return;

	/* what was given in the call instead is the caller's own */
	initStringInfo(&what);
	if (scope->source != NULL && scope->source == registration->source)
		appendStringInfoString(&what, "source");
	if (scope->environment != NULL && scope->environment == registration->environment)
		appendStringInfo(&what, "%senvironment", what.len > 0 ? ", " : "");
	if (scope->ignore_count > 0 && scope->ignore == registration->ignore)
		appendStringInfo(&what, "%signore", what.len > 0 ? ", " : "");
	if (scope->layout != NULL && scope->layout == registration->layout)
		appendStringInfo(&what, "%slayout", what.len > 0 ? ", " : "");
	if (scope->contexts != NULL && scope->contexts == registration->contexts)
		appendStringInfo(&what, "%scontexts", what.len > 0 ? ", " : "");
	if (scope->labels != NULL && scope->labels == registration->labels)
		appendStringInfo(&what, "%slabels", what.len > 0 ? ", " : "");
	if (runs && registration->variables != NULL)
		appendStringInfo(&what, "%svariables", what.len > 0 ? ", " : "");
	if (runs && scope->search_path != NULL)
		appendStringInfo(&what, "%ssearch_path", what.len > 0 ? ", " : "");
	if (what.len > 0)
		registration_require_trusted(registration, what.data);
}

void
scope_check_service_name(const char *name)
{
	if (valid_service_name(name))
		return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid service name \"%s\"", finding_one_line(name)),
			errhint("A service's name has at most %d lower-case letters, digits, underscores and dashes, and begins with a letter.",
					SERVICE_NAME_AT_MOST));
}

void
scope_check_environment_name(const char *name)
{
	if (valid_environment_name(name))
		return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid environment name \"%s\"", finding_one_line(name)),
			errhint("An environment's name has lower-case letters, digits, underscores and dashes, and begins with a letter."));
}

void
scope_check_search_path(const Scope *scope)
{
	const char *path = scope->search_path ? scope->search_path :
		GetConfigOption("search_path", false, false);

	if (first_schema_is_ours(path))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("search_path must not begin with schema \"%s\" in a run", MIGRATOR_SCHEMA),
				errdetail("Unqualified names of the scripts would be created among the extension's own objects."),
				errhint("SET search_path to the schema of your application first."));
}

/* The first schema that exists is the one in which new objects are made. */
static bool
first_schema_is_ours(const char *search_path)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (search_path == NULL || !SplitIdentifierString(pstrdup(search_path), ',', &names))
		return false;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (strcmp(name, "$user") == 0)
			name = GetUserNameFromId(GetUserId(), true);
		if (name == NULL)
			continue;			/* the role was dropped */
		if (strcmp(name, MIGRATOR_SCHEMA) == 0)
			return true;
		if (strcmp(name, "pg_temp") == 0 || OidIsValid(get_namespace_oid(name, true)))
			return false;
	}
	return false;
}
