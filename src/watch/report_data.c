/*
 * report_data.c
 *	  What a report tells, before it is a page.
 *
 * A source that cannot be read must not take the page along, least of all the page
 * about the other services: each look at one is a subtransaction.  What is known
 * without files is in the record.
 *
 * Of services that have roles, those see them who may act for them, and who may
 * read the table.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/owner_query.h"
#include "base/transaction.h"
#include "run/settle_drift.h"
#include "watch/report_data.h"

/* of an OwnerQueryRow */
typedef struct Taken
{
	MemoryContext context;
	List	   *list;
	int64		count;
} Taken;

static List *names_of_services(const char *service);
static void take_name(HeapTuple tuple, TupleDesc desc, void *argument);
static bool may_see(const Service *registration);
static ReportService *look_at(const char *name);
static char *source_of_last_run(const char *service);
static void try_survey(void *argument);
static void try_stops(void *argument);
static void try_drift(void *argument);
static ErrorData *attempt(TransactionBody body, ReportService *service);
static void count_steps(ReportService *service);
static List *read_rows(OwnerQuery *query, Datum services, int limit, OwnerQueryRow take);
static int64 count_rows(OwnerQuery *query, Datum services);
static void take_run(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_event(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_count(HeapTuple tuple, TupleDesc desc, void *argument);
static TimestampTz time_of(HeapTuple tuple, TupleDesc desc, int column);
static double number_of(HeapTuple tuple, TupleDesc desc, int column, double when_null);
static int64 integer_of(HeapTuple tuple, TupleDesc desc, int column, int64 when_null);

ReportData *
report_collect(const char *service)
{
	static OwnerQuery runs = {
		"SELECT run_id, kind, service, environment, started_at, outcome, applied, failed, duration_ms, started_by, application_name"
		" FROM migrator.runs WHERE service = ANY ($1) ORDER BY run_id DESC LIMIT $2",
		2, {TEXTARRAYOID, INT4OID}
	};
	static OwnerQuery run_count = {"SELECT count(*) FROM migrator.runs WHERE service = ANY ($1)", 1, {TEXTARRAYOID}};
	static OwnerQuery events = {
		"SELECT at, run_id, service, version, name, event, execution_time_ms, error_sqlstate,"
		" coalesce(error_message, note), applied_by"
		" FROM migrator.history WHERE service = ANY ($1) ORDER BY id DESC LIMIT $2",
		2, {TEXTARRAYOID, INT4OID}
	};
	static OwnerQuery event_count = {"SELECT count(*) FROM migrator.history WHERE service = ANY ($1)", 1, {TEXTARRAYOID}};
	ReportData *data = palloc0(sizeof(ReportData));
	List	   *names = names_of_services(service);
	Datum	   *array = palloc((list_length(names) + 1) * sizeof(Datum));
	Datum		seen;
	ListCell   *lc;

	foreach(lc, names)
	{
		array[foreach_current_index(lc)] = CStringGetTextDatum((char *) lfirst(lc));
		data->services = lappend(data->services, look_at(lfirst(lc)));
	}
	seen = owner_query_array(array, list_length(names), TEXTOID);
	data->runs = read_rows(&runs, seen, REPORT_RUNS, take_run);
	data->run_total = count_rows(&run_count, seen);
	data->events = read_rows(&events, seen, REPORT_EVENTS, take_event);
	data->event_total = count_rows(&event_count, seen);
	return data;
}

/* Those that are registered or on record, as far as the caller may see them. */
static List *
names_of_services(const char *service)
{
	static OwnerQuery query = {
		"SELECT service FROM migrator.services UNION SELECT service FROM migrator.migrations"
		" UNION SELECT service FROM migrator.runs ORDER BY 1", 0
	};
	Taken		all = {.context = CurrentMemoryContext};
	List	   *seen = NIL;
	ListCell   *lc;

	if (service != NULL)
		scope_check_service_name(service);
	owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, take_name, &all);
	foreach(lc, all.list)
	{
		Service    *registration;

		if (service != NULL && strcmp(service, lfirst(lc)) != 0)
			continue;
		registration = registration_find(lfirst(lc));
		if (may_see(registration))
			seen = lappend(seen, lfirst(lc));
		else if (service != NULL)
			registration_require_member(registration);
	}
	if (service != NULL && seen == NIL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("service \"%s\" is neither registered nor on record", service));
	return seen;
}

static void
take_name(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);

	taken->list = lappend(taken->list, owner_query_text(tuple, desc, 1));
	MemoryContextSwitchTo(old);
}

static bool
may_see(const Service *registration)
{
	List	   *members = registration_members(registration);
	Oid			table = RangeVarGetRelid(makeRangeVar("migrator", "migrations", -1), NoLock, false);
	ListCell   *lc;

	if (members == NIL || pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	foreach(lc, members)
	{
		if (has_privs_of_role(GetUserId(), lfirst_oid(lc)))
			return true;
	}
	return false;
}

static ReportService *
look_at(const char *name)
{
	ReportService *service = palloc0(sizeof(ReportService));

	service->name = name;
	service->scope = scope_resolve(NULL, name, NULL);
	if (service->scope->source == NULL)
	{
		service->scope->source = source_of_last_run(name);
		service->of_last_run = service->scope->source != NULL;
	}
	service->source_problem = attempt(try_survey, service);
	if (service->source_problem != NULL)
	{
		const char *source = service->scope->source;

		service->scope->source = NULL;
		if (attempt(try_survey, service) != NULL)
			service->survey = NULL;
		service->scope->source = source;
	}
	else
		service->stopped = attempt(try_stops, service);
	service->drift_problem = attempt(try_drift, service);
	if (service->drift_problem != NULL)
		service->drifts = NIL;
	if (service->survey != NULL)
		count_steps(service);
	return service;
}

/* Who never registered anything has told it once all the same. */
static char *
source_of_last_run(const char *service)
{
	static OwnerQuery query = {
		"SELECT source FROM migrator.runs WHERE service = $1 AND source IS NOT NULL ORDER BY run_id DESC LIMIT 1",
		1, {TEXTOID}
	};
	Datum		values[] = {CStringGetTextDatum(service)};
	Taken		taken = {.context = CurrentMemoryContext};

	owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_name, &taken);
	return taken.list ? linitial(taken.list) : NULL;
}

/* Nobody waits for a page whose call was cancelled. */
static ErrorData *
attempt(TransactionBody body, ReportService *service)
{
	ErrorData  *error = transaction_try(body, service, false);

	if (error != NULL && (error->sqlerrcode == ERRCODE_QUERY_CANCELED || error->sqlerrcode == ERRCODE_OUT_OF_MEMORY ||
						  ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR))
		ReThrowError(error);
	return error;
}

static void
try_survey(void *argument)
{
	ReportService *service = argument;

	service->survey = NULL;
	service->survey = survey_take(service->scope, CHECK_FOR_RUN);
}

static void
try_stops(void *argument)
{
	survey_raise_what_stops(((ReportService *) argument)->survey, false);
}

static void
try_drift(void *argument)
{
	ReportService *service = argument;

	service->drifts = settle_find_drift(service->scope, &service->drift_kept);
}

static void
count_steps(ReportService *service)
{
	const MigrationPlan *plan = service->survey->plan;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		service->applied += step->state == MIGRATION_APPLIED;
		service->pending += service->survey->set != NULL && plan_step_is_pending(step) && !step->always;
		service->failed += plan_step_has_failed(step) || step->state == MIGRATION_INTERRUPTED;
		service->attention += report_step_is_loud(step);
	}
}

bool
report_step_is_loud(const Step *step)
{
	return (step->flags & (FLAG_MODIFIED | FLAG_MISSING | FLAG_LATE | FLAG_BLOCKED)) != 0 &&
		(step->flags & FLAG_EXCLUDED) == 0;
}

static List *
read_rows(OwnerQuery *query, Datum services, int limit, OwnerQueryRow take)
{
	Datum		values[] = {services, Int32GetDatum(limit)};
	Taken		taken = {.context = CurrentMemoryContext};

	owner_query_run(query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take, &taken);
	return taken.list;
}

static int64
count_rows(OwnerQuery *query, Datum services)
{
	Taken		taken = {0};

	owner_query_run(query, SPI_OK_SELECT, &services, NULL, InvalidSnapshot, take_count, &taken);
	return taken.count;
}

static void
take_count(HeapTuple tuple, TupleDesc desc, void *argument)
{
	((Taken *) argument)->count = integer_of(tuple, desc, 1, 0);
}

static void
take_run(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	ReportRun  *run = palloc(sizeof(ReportRun));

	run->run_id = integer_of(tuple, desc, 1, 0);
	run->kind = owner_query_text(tuple, desc, 2);
	run->service = owner_query_text(tuple, desc, 3);
	run->environment = owner_query_text(tuple, desc, 4);
	run->started_at = time_of(tuple, desc, 5);
	run->outcome = owner_query_text(tuple, desc, 6);
	run->applied = (int) integer_of(tuple, desc, 7, -1);
	run->failed = (int) integer_of(tuple, desc, 8, -1);
	run->duration_ms = number_of(tuple, desc, 9, -1);
	run->started_by = owner_query_text(tuple, desc, 10);
	run->application = owner_query_text(tuple, desc, 11);
	taken->list = lappend(taken->list, run);
	MemoryContextSwitchTo(old);
}

static void
take_event(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Taken	   *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);
	ReportEvent *event = palloc(sizeof(ReportEvent));

	event->at = time_of(tuple, desc, 1);
	event->run_id = integer_of(tuple, desc, 2, 0);
	event->service = owner_query_text(tuple, desc, 3);
	event->version = owner_query_text(tuple, desc, 4);
	event->name = owner_query_text(tuple, desc, 5);
	event->event = owner_query_text(tuple, desc, 6);
	event->ms = number_of(tuple, desc, 7, -1);
	event->sqlstate = owner_query_text(tuple, desc, 8);
	event->message = owner_query_text(tuple, desc, 9);
	event->by = owner_query_text(tuple, desc, 10);
	taken->list = lappend(taken->list, event);
	MemoryContextSwitchTo(old);
}

static TimestampTz
time_of(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? 0 : DatumGetTimestampTz(value);
}

static double
number_of(HeapTuple tuple, TupleDesc desc, int column, double when_null)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	return isnull ? when_null : DatumGetFloat8(value);
}

/* of either width */
static int64
integer_of(HeapTuple tuple, TupleDesc desc, int column, int64 when_null)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, column, &isnull);

	if (isnull)
		return when_null;
	return SPI_gettypeid(desc, column) == INT8OID ? DatumGetInt64(value) : DatumGetInt32(value);
}
