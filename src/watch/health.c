/*
 * health.c
 *	  How services are: by the names in their sources, and by the record.
 *
 * Asked every second by whoever watches, so no file's checksum is looked at: of
 * a source its names are read, and of what is pending, up to a bound, whether it
 * is manual.  What a run would find in contents alone is not known here:
 * is_current() knows it.  But where names leave a doubt, a service is not
 * healthy.
 *
 * Each look is in a subtransaction, for what it raises is its answer: a directory
 * that cannot be read, a source that no run would take.  A subtransaction that
 * writes nothing needs no transaction id, so this works on a standby and in a
 * transaction that is READ ONLY.  Locks on the record are waited for briefly:
 * whoever watches wants an answer.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/owner_query.h"
#include "base/settings.h"
#include "base/transaction.h"
#include "run/settle_drift.h"
#include "run/survey.h"
#include "run/vanished.h"
#include "watch/health.h"

/* ms, for the locks on the record */
#define LOCK_TIMEOUT 2000

/* One service while it is looked at. */
typedef struct Look
{
	const char *source;			/* as given, or NULL */
	ServiceHealth *health;
	bool		locks;			/* see Asked */
	Scope	   *scope;			/* NULL: not resolved yet */
	MemoryContext result;		/* of what the health keeps */
	bool		hide_names;		/* of files, from the caller */
	bool		counted;
	bool		vanished;
	bool		bootstrap_due;
	int			renamed;		/* applied migrations whose file has another
								 * name than on record */
} Look;

static void find_asked(void *argument);
static void add_service(HeapTuple tuple, TupleDesc desc, void *argument);
static ServiceHealth *look_at(const char *source, const char *service, bool locks);
static ServiceHealth *new_health(const char *service);
static ErrorData *try(TransactionBody body, void *argument);
static bool must_raise(const ErrorData *error);
static void look_at_files(void *argument);
static bool may_see_staged(void);
static void look_at_record(void *argument);
static void open_source(void *argument);
static void look_at_rest(void *argument);
static void count(Look *look, const Survey *survey);
static void raise_what_stops(const Survey *survey);
static void judge(Look *look, const ErrorData *stopped, const ErrorData *unreadable);
static bool is_passing(const ErrorData *error);
static const char *unreadable_message(const ErrorData *error);

/* Which services a call is about. */
typedef struct Asked
{
	const char *source;			/* as given, or NULL */
	const char *service;		/* likewise */
	List	   *names;			/* of char *, once it is known */
	bool		locks;			/* somebody has an advisory lock in this
								 * database */
	MemoryContext context;
} Asked;

static void find_known(Asked *asked);

List *
health_look(const char *source, const char *service)
{
	Asked		asked = {source, service, NIL, false, CurrentMemoryContext};
	List	   *result = NIL;
	ErrorData  *error = try(find_asked, &asked);
	ListCell   *lc;

	if (error != NULL && !is_passing(error))
		ReThrowError(error);
	if (error != NULL)
	{
		ServiceHealth *health = new_health(service != NULL ? service : SCOPE_ALL_SERVICES);

		health->status = HEALTH_DEGRADED;
		health->message = psprintf("the record cannot be read now: %s", error->message);
		return list_make1(health);
	}
	foreach(lc, asked.names)
	{
		result = lappend(result, look_at(source, lfirst(lc), asked.locks));
	}
	return result;
}

/*
 * Who holds a lock is a query for each service, and hardly ever does anybody:
 * that is asked once before.
 */
static void
find_asked(void *argument)
{
	static OwnerQuery locks = {
		"SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND database = $1 LIMIT 1", 1, {OIDOID}
	};
	Asked	   *asked = argument;
	Datum		database = ObjectIdGetDatum(MyDatabaseId);

	asked->locks = owner_query_run(&locks, SPI_OK_SELECT, &database, NULL, InvalidSnapshot, NULL, NULL) > 0;
	if (scope_means_all(asked->service))
		scope_refuse_of_one(asked->source != NULL, "source");
	if (asked->source == NULL && (asked->service == NULL || scope_means_all(asked->service)))
		find_known(asked);
	else
	{
		const Scope *scope = scope_resolve(asked->source, asked->service, NULL);

		asked->names = list_make1(MemoryContextStrdup(asked->context, scope->service));
	}
}

/*
 * Those that are registered, and those with a record besides: each is found by
 * the index, whatever the number of its migrations.
 */
static void
find_known(Asked *asked)
{
	static OwnerQuery query = {
		"WITH RECURSIVE recorded(service) AS ("
		" (SELECT service FROM migrator.migrations ORDER BY service LIMIT 1)"
		" UNION ALL SELECT (SELECT m.service FROM migrator.migrations m WHERE m.service OPERATOR(pg_catalog.>) r.service"
		"  ORDER BY m.service LIMIT 1) FROM recorded r WHERE r.service IS NOT NULL)"
		" SELECT service FROM migrator.services UNION SELECT service FROM recorded WHERE service IS NOT NULL ORDER BY 1",
		0
	};

	(void) owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, add_service, asked);
}

static void
add_service(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Asked	   *asked = argument;
	MemoryContext old = MemoryContextSwitchTo(asked->context);

	asked->names = lappend(asked->names, owner_query_text(tuple, desc, 1));
	MemoryContextSwitchTo(old);
}

/* What the look needs goes with it: there may be many services. */
static ServiceHealth *
look_at(const char *source, const char *service, bool locks)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator health", ALLOCSET_DEFAULT_SIZES);
	ServiceHealth *health = new_health(service);
	Look		look = {.source = source,.health = health,.locks = locks,.result = context};
	ErrorData  *stopped;
	ErrorData  *unreadable = NULL;
	ErrorData  *error;

	MemoryContextSwitchTo(work);
	stopped = try(look_at_files, &look);
	if (stopped != NULL && !look.counted && look.scope != NULL && look.scope->source != NULL)
		unreadable = try(open_source, &look);
	/* an argument that names nothing */
	if (unreadable != NULL && source != NULL && unreadable->sqlerrcode == ERRCODE_INVALID_PARAMETER_VALUE)
		ReThrowError(unreadable);
	/* not to wait for the same once more */
	if (stopped == NULL || !is_passing(stopped))
	{
		if (!look.counted && look.scope != NULL)
			(void) try(look_at_record, &look);
		error = try(look_at_rest, &look);
		if (stopped == NULL)
			stopped = error;
	}
	MemoryContextSwitchTo(context);
	judge(&look, stopped, unreadable);
	MemoryContextDelete(work);
	return health;
}

static ServiceHealth *
new_health(const char *service)
{
	ServiceHealth *health = palloc0(sizeof(ServiceHealth));

	health->service = pstrdup(service);
	health->applied = health->pending = health->failed = health->interrupted = health->running = -1;
	health->slow = health->drift = -1;
	return health;
}

/* The error, if it is an answer. */
static ErrorData *
try(TransactionBody body, void *argument)
{
	int			level = NewGUCNestLevel();
	ErrorData  *error;

	if (LockTimeout == 0 || LockTimeout > LOCK_TIMEOUT)
		(void) set_config_option("lock_timeout", CppAsString2(LOCK_TIMEOUT), PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	error = transaction_try(body, argument, false);
	AtEOXact_GUC(true, level);
	if (error != NULL && must_raise(error))
		ReThrowError(error);
	return error;
}

/* Does it keep a call from going on: a cancel, a shutdown, the end of memory? */
static bool
must_raise(const ErrorData *error)
{
	int			class = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return (class == ERRCODE_OPERATOR_INTERVENTION && error->sqlerrcode != ERRCODE_OPERATOR_INTERVENTION) ||
		error->sqlerrcode == ERRCODE_OUT_OF_MEMORY;
}

static void
look_at_files(void *argument)
{
	Look	   *look = argument;
	const Survey *survey;

	look->scope = scope_resolve(look->source, look->health->service, NULL);
	look->hide_names = look->scope->source != NULL && staged_is(look->scope->source) && !may_see_staged();
	survey = survey_take(look->scope, CHECK_NAMES);
	count(look, survey);
	settings_require_valid();
	if (survey->set != NULL)
		raise_what_stops(survey);
}

/*
 * A directory is read with the caller's rights, and what it says is his to know.
 * Of staged files the names are for those who may list them.
 */
static bool
may_see_staged(void)
{
	static OwnerQuery query = {
		"SELECT WHERE pg_catalog.has_table_privilege($1, 'migrator.staged', 'SELECT')"
		" OR pg_catalog.has_function_privilege($1, 'migrator.status(text, text, text)', 'EXECUTE')",
		1, {OIDOID}
	};
	Datum		user = ObjectIdGetDatum(GetUserId());

	return owner_query_run(&query, SPI_OK_SELECT, &user, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

/* The source said nothing: what is left is the record. */
static void
look_at_record(void *argument)
{
	Look	   *look = argument;
	Scope		scope = *look->scope;

	scope.source = NULL;
	count(look, survey_take(&scope, CHECK_NAMES));
}

/* What else went wrong is not that the source cannot be read. */
static void
open_source(void *argument)
{
	(void) source_list(source_open(((Look *) argument)->scope->source));
}

static void
look_at_rest(void *argument)
{
	Look	   *look = argument;
	ServiceHealth *health = look->health;
	MemoryContext old = MemoryContextSwitchTo(look->result);
	List	   *holders = look->locks ? lock_holders(health->service) : NIL;
	bool		kept;

	if (holders != NIL)
		health->lock = linitial(holders);
	health->last_run = record_last_run(health->service);
	MemoryContextSwitchTo(old);
	if (migrator_check_schema && look->scope != NULL)
	{
		List	   *drifts = settle_find_drift(look->scope, &kept);

		if (kept)
			health->drift = list_length(drifts);
	}
}

static void
count(Look *look, const Survey *survey)
{
	const MigrationPlan *plan = survey->plan;
	ServiceHealth *health = look->health;

	look->counted = true;
	health->of_files = survey->set != NULL;
	if (survey->scope->environment != NULL)
		health->environment = MemoryContextStrdup(look->result, survey->scope->environment);
	health->applied = plan_count_state(plan, MIGRATION_APPLIED);
	health->failed = health->interrupted = health->running = health->slow = 0;
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->state == MIGRATION_RUNNING)
			health->running++;
		else if (step->state == MIGRATION_INTERRUPTED || (step->row != NULL && step->row->going_back))
			health->interrupted++;
		else if (plan_step_has_failed(step))
			health->failed++;
		if (step->state == MIGRATION_APPLIED && migrator_slow_threshold >= 0 &&
			step->row->execution_time_ms > migrator_slow_threshold)
			health->slow++;
		if (step->state == MIGRATION_APPLIED && step->migration != NULL && step->row->file != NULL &&
			strcmp(step->row->file, step->up.unit->file) != 0)
			look->renamed++;
	}
	if (survey->set != NULL)
	{
		health->pending = plan_count_pending(plan);
		look->bootstrap_due = plan->bootstrap_due;
	}
	if (health->pending <= 0 && health->applied > 0)
		look->vanished = vanished(survey->scope);
}

/* As far as names and the record tell. */
static void
raise_what_stops(const Survey *survey)
{
	FindingSink sink = {.settings = &survey->checks};
	PlanRequest request = {
		.late_allowed = migrator_late == LATE_ALLOW,
		.may_resume = true
	};

	survey_raise_what_stops(survey, false);
	plan_select(survey->plan, &request, &sink);
	for (int i = 0; i < survey->plan->count; i++)
	{
		ListCell   *lc;

		foreach(lc, survey->plan->steps[i].findings.findings)
		{
			finding_add(&sink, lfirst(lc));
		}
	}
	finding_raise_first(&sink);
}

/*
 * The worst comes first.  Unhealthy: something is left in an unknown state, or no run
 * would begin.  Degraded: there is something to do, or it cannot be told.
 */
static void
judge(Look *look, const ErrorData *stopped, const ErrorData *unreadable)
{
	ServiceHealth *health = look->health;
	bool		standby = RecoveryInProgress();

	if (unreadable != NULL && standby)
	{
		/* files are where runs are, on the primary */
		health->note = psprintf("the source is not read on this standby: %s", unreadable_message(unreadable));
		stopped = unreadable = NULL;
	}
	else if (unreadable != NULL)
		health->note = unreadable_message(unreadable);
	else if (!health->of_files && look->scope != NULL && look->scope->source == NULL)
		health->note = "the service is not registered with a source";

	health->status = HEALTH_UNHEALTHY;
	if (health->failed > 0)
		health->message = psprintf(ngettext("%d migration has failed", "%d migrations have failed", health->failed),
								   health->failed);
	else if (health->interrupted > 0)
		health->message = psprintf(ngettext("%d migration was interrupted", "%d migrations were interrupted",
											health->interrupted), health->interrupted);
	else if (stopped != NULL && unreadable == NULL && !is_passing(stopped))
		health->message = psprintf("a run would stop: %s", look->hide_names ?
								   psprintf("SQLSTATE %s", unpack_sql_state(stopped->sqlerrcode)) : stopped->message);
	else if (look->vanished)
		health->message = "migrations are on record as applied, and nothing is left of what they made";
	else
		health->status = HEALTH_DEGRADED;
	if (health->status == HEALTH_UNHEALTHY)
		return;

	if (stopped != NULL && unreadable == NULL)
		health->message = psprintf("the record cannot be read now: %s", stopped->message);
	else if (unreadable != NULL)
		health->message = psprintf("the source cannot be read: %s", unreadable_message(unreadable));
	else if (health->pending > 0)
		health->message = psprintf(ngettext("%d migration is pending", "%d migrations are pending", health->pending),
								   health->pending);
	else if (health->running > 0)
		health->message = psprintf(ngettext("%d migration is running", "%d migrations are running", health->running),
								   health->running);
	else if (look->bootstrap_due)
		health->message = "the bootstrap script has not run";
	else if (look->renamed > 0)
		health->message = psprintf(ngettext("%d applied migration has another file name than on record",
											"%d applied migrations have other file names than on record",
											look->renamed), look->renamed);
	else if (health->drift > 0)
		health->message = psprintf(ngettext("%d object of the schema is not as runs left it",
											"%d objects of the schema are not as runs left them", health->drift),
								   health->drift);
	else if (!health->of_files && health->applied <= 0)
		health->message = "nothing is on record, and no source was read";
	else
	{
		health->status = HEALTH_HEALTHY;
		health->message = !health->of_files ? "Database is up to date, by the record alone" :
			migrator_checksum_policy == CHECKSUM_POLICY_ERROR ? "Database is up to date, by file names alone" :
			HEALTH_UP_TO_DATE;
	}
}

/* Another look may have better luck: a lock, a conflict with recovery. */
static bool
is_passing(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
}

/* Where a registered source lies is nothing for whoever may not read it. */
static const char *
unreadable_message(const ErrorData *error)
{
	FileSandbox sandbox;

	file_sandbox(&sandbox);
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE && !sandbox.any_path)
		return psprintf("role \"%s\" has no right to", GetUserNameFromId(GetUserId(), false));
	return pstrdup(error->message);
}

const char *
health_status_name(HealthStatus status)
{
	switch (status)
	{
		case HEALTH_HEALTHY:
			return "healthy";
		case HEALTH_DEGRADED:
			return "degraded";
		case HEALTH_UNHEALTHY:
			return "unhealthy";
	}
	return "unknown";
}

const ServiceHealth *
health_worst(const List *services)
{
	const ServiceHealth *worst = NULL;
	ListCell   *lc;

	foreach(lc, services)
	{
		const ServiceHealth *health = lfirst(lc);

		if (worst == NULL || health->status > worst->status)
			worst = health;
	}
	return worst;
}
