/*
 * health.c
 *	  SQL function health(): how services are, as JSON.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "base/owner_query.h"
#include "watch/health.h"
#include "watch/memory.h"

PG_FUNCTION_INFO_V1(migrator_health);

static void append_text(StringInfo json, const char *key, const char *value);
static void append_count(StringInfo json, const char *key, int64 value);
static void append_time(StringInfo json, const char *key, TimestampTz time);
static void append_database(StringInfo json, const List *services);
static void append_memory(StringInfo json);
static void append_sums(StringInfo json, const List *services);
static void append_service(StringInfo json, const ServiceHealth *health);
static void append_lock(StringInfo json, const LockHolder *lock);
static void append_last_run(StringInfo json, const LastRun *run);
static int	add_known(int sum, int value);
static const char *name_worst(const ServiceHealth *worst, const List *services);
static const char *up_to_date(const List *services);

/* health(source, service) */
Datum
migrator_health(PG_FUNCTION_ARGS)
{
	List	   *services;
	const ServiceHealth *worst;
	StringInfoData json;
	ListCell   *lc;

	owner_query_check_version();
	services = health_look(api_text(fcinfo, 0), api_text(fcinfo, 1));
	worst = health_worst(services);
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_text(&json, "status", health_status_name(worst ? worst->status : HEALTH_DEGRADED));
	append_time(&json, "timestamp", GetCurrentTimestamp());
	append_database(&json, services);
	append_count(&json, "uptime", (GetCurrentTimestamp() - PgStartTime) / USECS_PER_SEC);
	append_memory(&json);
	append_sums(&json, services);
	appendStringInfoString(&json, ", \"services\": [");
	foreach(lc, services)
	{
		append_service(&json, lfirst(lc));
		if (lnext(services, lc) != NULL)
			appendStringInfoString(&json, ", ");
	}
	appendStringInfoString(&json, "]}");
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

static void
append_key(StringInfo json, const char *key)
{
	if (json->len > 0 && json->data[json->len - 1] != '{')
		appendStringInfoString(json, ", ");
	appendStringInfo(json, "\"%s\": ", key);
}

static void
append_text(StringInfo json, const char *key, const char *value)
{
	append_key(json, key);
	if (value != NULL)
		escape_json(json, value);
	else
		appendStringInfoString(json, "null");
}

/* -1: not known */
static void
append_count(StringInfo json, const char *key, int64 value)
{
	append_key(json, key);
	if (value >= 0)
		appendStringInfo(json, INT64_FORMAT, value);
	else
		appendStringInfoString(json, "null");
}

static void
append_time(StringInfo json, const char *key, TimestampTz time)
{
	append_text(json, key, time != 0 ? api_iso_time(time) : NULL);
}

static void
append_database(StringInfo json, const List *services)
{
	const ServiceHealth *worst = health_worst(services);
	HealthStatus status = worst ? worst->status : HEALTH_DEGRADED;
	const char *message = worst ? name_worst(worst, services) :
		"no service is registered, and nothing is on record";

	append_key(json, "database");
	appendStringInfoChar(json, '{');
	append_text(json, "status", health_status_name(status));
	append_text(json, "message", status == HEALTH_HEALTHY ? "Database connection and migrations are healthy" :
				psprintf("Database connection is healthy, migrations are not: %s", message));
	append_key(json, "details");
	appendStringInfoChar(json, '{');
	append_text(json, "migrationStatus", status != HEALTH_HEALTHY ? message :
				up_to_date(services));
	appendStringInfoChar(json, '}');
	append_text(json, "name", get_database_name(MyDatabaseId));
	/* more than a number of JSON's readers holds */
	append_text(json, "systemIdentifier", psprintf(UINT64_FORMAT, GetSystemIdentifier()));
	append_key(json, "standby");
	appendStringInfoString(json, RecoveryInProgress() ? "true" : "false");
	appendStringInfoChar(json, '}');
}

/* Of several services, which one it is. */
static const char *
name_worst(const ServiceHealth *worst, const List *services)
{
	return list_length(services) == 1 ? worst->message :
		psprintf("service \"%s\": %s", worst->service, worst->message);
}

/* Of healthy services: the reservation that there is, if there is one. */
static const char *
up_to_date(const List *services)
{
	ListCell   *lc;

	foreach(lc, services)
	{
		const ServiceHealth *health = lfirst(lc);

		if (strcmp(health->message, HEALTH_UP_TO_DATE) != 0)
			return health->message;
	}
	return HEALTH_UP_TO_DATE;
}

static void
append_memory(StringInfo json)
{
	BackendMemory memory;

	memory_look(&memory);
	append_key(json, "memory");
	appendStringInfoChar(json, '{');
	append_count(json, "rss", memory.rss);
	append_count(json, "heapTotal", memory.heap_total);
	append_count(json, "heapUsed", memory.heap_used);
	append_count(json, "external", memory.external);
	appendStringInfoChar(json, '}');
}

/* Over all services: what is not known of one is not known. */
static void
append_sums(StringInfo json, const List *services)
{
	int			applied = 0;
	int			pending = 0;
	int			failed = 0;
	int			interrupted = 0;
	int			drift = 0;
	const LockHolder *lock = NULL;
	const LastRun *last_run = NULL;
	ListCell   *lc;

	foreach(lc, services)
	{
		const ServiceHealth *health = lfirst(lc);

		applied = add_known(applied, health->applied);
		pending = add_known(pending, health->pending);
		failed = add_known(failed, health->failed);
		interrupted = add_known(interrupted, health->interrupted);
		drift = add_known(drift, health->drift);
		if (lock == NULL)
			lock = health->lock;
		if (last_run == NULL || (health->last_run != NULL && health->last_run->run_id > last_run->run_id))
			last_run = health->last_run;
	}
	append_count(json, "applied", applied);
	append_count(json, "pending", pending);
	append_count(json, "failed", failed);
	append_count(json, "interrupted", interrupted);
	append_count(json, "drift", services != NIL ? drift : -1);
	append_lock(json, lock);
	append_last_run(json, last_run);
}

static int
add_known(int sum, int value)
{
	return sum < 0 || value < 0 ? -1 : sum + value;
}

static void
append_service(StringInfo json, const ServiceHealth *health)
{
	appendStringInfoChar(json, '{');
	append_text(json, "service", health->service);
	append_text(json, "status", health_status_name(health->status));
	append_text(json, "message", health->message);
	append_text(json, "basedOn", health->of_files ? "files" : "record");
	append_text(json, "note", health->note);
	append_text(json, "environment", health->environment);
	append_count(json, "applied", health->applied);
	append_count(json, "pending", health->pending);
	append_count(json, "failed", health->failed);
	append_count(json, "interrupted", health->interrupted);
	append_count(json, "running", health->running);
	append_count(json, "drift", health->drift);
	append_lock(json, health->lock);
	append_last_run(json, health->last_run);
	appendStringInfoChar(json, '}');
}

static void
append_lock(StringInfo json, const LockHolder *lock)
{
	append_key(json, "lock");
	if (lock == NULL)
	{
		appendStringInfoString(json, "null");
		return;
	}
	appendStringInfoChar(json, '{');
	append_count(json, "pid", lock->pid);
	append_text(json, "user", lock->user);
	append_text(json, "application", lock->application);
	append_text(json, "client", lock->client);
	append_time(json, "since", lock->since);
	appendStringInfoChar(json, '}');
}

static void
append_last_run(StringInfo json, const LastRun *run)
{
	append_key(json, "lastRun");
	if (run == NULL)
	{
		appendStringInfoString(json, "null");
		return;
	}
	appendStringInfoChar(json, '{');
	append_count(json, "runId", run->run_id);
	append_text(json, "kind", run->kind);
	append_text(json, "outcome", run->outcome);
	append_time(json, "startedAt", run->started_at);
	append_time(json, "finishedAt", run->finished_at);
	append_count(json, "applied", run->applied);
	append_count(json, "failed", run->failed);
	appendStringInfoChar(json, '}');
}
