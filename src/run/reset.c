/*
 * reset.c
 *	  A service's schema and record as if no migration had ever run.
 *
 * Either down scripts have run, and here only the record is cleared, or there are
 * none to trust, and the objects of the service's schemas are dropped: one by
 * one, by the statements that the caller could send, so with his rights, and
 * seen by event triggers.  The schemas stay, with their rights, and so does what
 * belongs to extensions.  What depends on a dropped object goes with it, in
 * other schemas, too: the server says so.
 *
 * Drop, record and history are one transaction.  It is asked again under the locks
 * whether all this is allowed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "execute/execute.h"
#include "plan/gate.h"
#include "plan/policy.h"
#include "record/other_services.h"
#include "record/runs.h"
#include "record/service_state.h"
#include "record/service_view.h"
#include "record/write.h"
#include "run/call.h"
#include "run/mirrored.h"
#include "run/notify.h"
#include "run/reset.h"
#include "run/survey.h"
#include "run/track.h"
#include "run/vanished.h"

/* argument of take_object() */
typedef struct ObjectList
{
	List	   *commands;		/* of char *: DROP ... */
	MemoryContext context;
} ObjectList;

static void refuse_production(const Survey *survey);
static List *schemas_of(const ResetRequest *request);
static void refuse_shared(const char *service, const List *names);
static Oid	schema_to_clear(const char *name);
static int	drop_objects(const List *schemas);
static void take_object(HeapTuple tuple, TupleDesc desc, void *argument);
static bool is_service_view(const char *identity);
static void refuse_what_stays(const Record *record);
static void write_record(const ResetRequest *request, const List *schemas, int64 run_id);

void
reset_require_allowed(const ResetRequest *request)
{
	const Scope *scope = request->scope;
	const char *database = get_database_name(MyDatabaseId);
	const Service *registration = registration_find(scope->service);
	Survey	   *survey;
	Policy		policy;

	run_require_writable("migrator.reset()");
	if (request->confirm == NULL || strcmp(request->confirm, database) != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"confirm\" must be the name of this database"),
				errdetail("Service \"%s\" loses all that its migrations made here.", scope->service));
	registration_require_member(registration);
	scope_require_rights(scope, true);
	scope_require_source(scope);
	survey = survey_take(scope, CHECK_FOR_RUN);
	source_require_runnable(survey->source);
	survey_raise_what_stops(survey, false);
	refuse_production(survey);
	survey_decide_policy(survey, registration, &policy);
	if (policy_said(&policy, POLICY_ALLOW_DESTRUCTIVE_OPERATIONS) == POLICY_FALSE)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_DESTRUCTIVE),
				errmsg("service \"%s\" cannot be reset: destructive operations are not allowed", scope->service),
				errhint("The service's registration, or environments.json, says that allow_destructive_operations is false."));
	if (request->drop && policy.value[POLICY_REQUIRE_APPROVAL])
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_NOT_APPROVED),
				errmsg("service \"%s\" requires approval, and nobody can approve that its objects are dropped",
					   scope->service),
				errhint("how => 'down' runs down scripts, which can be approved."));

	/*
	 * of the rest that policy asks for; down scripts are asked by their own
	 * run
	 */
	if (request->drop)
	{
		gate_raise_what_stops(&policy, scope->service, survey->plan, true);
		(void) schemas_of(request);
	}
}

/* Whatever says so. */
static void
refuse_production(const Survey *survey)
{
	const char *said[] = {survey->scope->stamp, survey->scope->environment};

	for (int i = 0; i < lengthof(said); i++)
		if (said[i] != NULL && (strcmp(said[i], "production") == 0 || strcmp(said[i], "prod") == 0))
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("service \"%s\" cannot be reset: its environment is \"%s\"", survey->scope->service, said[i]));
}

/* OIDs of those that are named, registered, or in the registered search_path. */
static List *
schemas_of(const ResetRequest *request)
{
	const Service *registration = request->scope->registration;
	List	   *names = NIL;
	List	   *schemas = NIL;
	ListCell   *lc;

	if (request->schemas != NULL)
	{
		for (int i = 0; i < request->schema_count; i++)
			names = lappend(names, request->schemas[i]);
	}
	else
	{
		/* whoever wrote it says what is dropped with the caller's rights */
		if (registration != NULL && registration->schema_count > 0)
			registration_require_trusted(registration, "schemas");
		names = vanished_schemas(request->scope);
	}
	if (names == NIL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("it is not known which schemas are those of service \"%s\"", request->scope->service),
				errhint("Name them in argument \"schemas\", or register them: options => '{\"schemas\": [\"app\"]}'."));
	foreach(lc, names)
	{
		schemas = list_append_unique_oid(schemas, schema_to_clear(lfirst(lc)));
	}
	if (!request->force)
		refuse_shared(request->scope->service, names);
	return schemas;
}

/* What another service's migrations have made there would be gone, and still be on record. */
static void
refuse_shared(const char *service, const List *names)
{
	const SharedSchema *shared = other_services_share(service, names);

	if (shared != NULL)
		ereport(ERROR,
				errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				errmsg("schema \"%s\" is of service \"%s\" as well", finding_one_line(shared->schema), shared->service),
				errdetail("All that is in it would be dropped, and migrations of that service are on record as applied."),
				errhint("how => 'down' takes back what is this service's. If all of it is meant: options => '{\"force\": true}', and reset that service, too."));
}

static Oid
schema_to_clear(const char *name)
{
	if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0 || strcmp(name, "migrator") == 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("schema \"%s\" is no service's", name));
	return get_namespace_oid(name, false);
}

int
reset_forget(const ResetRequest *request)
{
	const char *service = request->scope->service;
	Record	   *record = run_lock_and_load(service);
	List	   *schemas = NIL;
	int			dropped = 0;
	RunRequest	run_request = {.scope = request->scope};
	Run			run = {.request = &run_request,.context = CurrentMemoryContext,.run_id = record_new_run_id()};

	reset_require_allowed(request);
	/* what is dropped is no drift */
	run.survey = survey_take(request->scope, CHECK_FOR_RUN);
	track_begin(&run);
	if (request->drop)
	{
		schemas = schemas_of(request);
		dropped = drop_objects(schemas);
	}
	else
		refuse_what_stays(record);
	record_forget_all(service);
	mirrored_clear(service);
	service_state_forget_bootstrap(service);
	track_end(&run);
	write_record(request, schemas, run.run_id);
	return dropped;
}

static int
drop_objects(const List *schemas)
{
	static OwnerQuery query = {
		"SELECT i.type, i.identity FROM pg_catalog.pg_depend d,"
		" LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i"
		" WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass"
		" AND d.refobjid OPERATOR(pg_catalog.=) $1 AND d.deptype OPERATOR(pg_catalog.=) 'n'"
		" AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass"
		" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid OPERATOR(pg_catalog.=) d.classid"
		"  AND e.objid OPERATOR(pg_catalog.=) d.objid AND (e.deptype OPERATOR(pg_catalog.=) 'e'"
		"   OR e.deptype OPERATOR(pg_catalog.=) 'i' AND (e.refclassid, e.refobjid) IS DISTINCT FROM (d.classid, d.objid)))"
		" ORDER BY d.classid, d.objid",
		1, {OIDOID}
	};
	ObjectList	list = {NIL, CurrentMemoryContext};
	ListCell   *lc;

	foreach(lc, schemas)
	{
		Datum		schema = ObjectIdGetDatum(lfirst_oid(lc));

		(void) owner_query_run(&query, SPI_OK_SELECT, &schema, NULL, InvalidSnapshot, take_object, &list);
	}
	foreach(lc, list.commands)
	{
		CHECK_FOR_INTERRUPTS();
		execute_command(lfirst(lc), false);
	}
	return list_length(list.commands);
}

/* One that went with another is passed over. */
static void
take_object(HeapTuple tuple, TupleDesc desc, void *argument)
{
	ObjectList *list = argument;
	MemoryContext old = MemoryContextSwitchTo(list->context);
	const char *type = owner_query_text(tuple, desc, 1);
	const char *identity = owner_query_text(tuple, desc, 2);

	if (strcmp(type, "view") == 0 && is_service_view(identity))
	{
		MemoryContextSwitchTo(old);
		return;
	}
	if (strcmp(type, "composite type") == 0)
		type = "type";
	else if (strcmp(type, "statistics object") == 0)
		type = "statistics";
	/* its identity lacks the asterisk of one without arguments */
	else if (strcmp(type, "aggregate") == 0)
		type = "routine";
	list->commands = lappend(list->commands,
							 psprintf("DROP %s IF EXISTS %s CASCADE", type, identity));
	MemoryContextSwitchTo(old);
}

/* It is the extension's, and stays. */
static bool
is_service_view(const char *identity)
{
	ListCell   *lc;

	foreach(lc, registration_list())
	{
		const Service *service = lfirst(lc);

		if (service->view_schema != NULL &&
			strcmp(identity, quote_qualified_identifier(service->view_schema, record_service_view_name(service->service))) == 0)
			return true;
	}
	return false;
}

/* Another run may have applied it since. */
static void
refuse_what_stays(const Record *record)
{
	for (int i = 0; i < record->count; i++)
	{
		const RecordRow *row = &record->rows[i];

		if (row->state == MIGRATION_APPLIED || row->state == MIGRATION_RUNNING || row->state == MIGRATION_INTERRUPTED)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("service \"%s\" cannot be reset: migration \"%s\" is %s", record->service,
						   finding_one_line(row->version), record_state_name(row->state)));
	}
}

static void
write_record(const ResetRequest *request, const List *schemas, int64 run_id)
{
	const Scope *scope = request->scope;
	TimestampTz now = GetCurrentTimestamp();
	StringInfoData note;
	RecordEntry entry = {
		.service = scope->service,
		.event = "reset",
		.environment = scope->environment,
		.execution_time_ms = -1
	};
	RunEntry	run = {
		.run_id = run_id,
		.kind = "reset",
		.service = scope->service,
		.source = scope->source,
		.environment = scope->environment,
		.started_at = now,
		.outcome = "reset"
	};
	ListCell   *lc;

	initStringInfo(&note);
	appendStringInfoString(&note, request->drop ? "objects dropped in" : "by down scripts");
	foreach(lc, schemas)
	{
		appendStringInfo(&note, "%s%s", foreach_current_index(lc) > 0 ? ", " : " ",
						 quote_identifier(get_namespace_name(lfirst_oid(lc))));
	}
	entry.run_id = run.run_id;
	entry.note = note.data;
	record_write_event(&entry);
	record_write_run(&run, true);
	/* no error, but what there is to say */
	run.error_message = note.data;
	notify_run_finished(&run);
}
