/*
 * at_start_database.c
 *	  Migrations when the server starts: the worker of one database.
 *
 * It is the role of migrator.auto_migrate_role, which logs in here: a script that
 * says RESET ROLE or RESET SESSION AUTHORIZATION comes back to it, and no further.
 * So nothing is done for it that the role could not do in a session of its own,
 * and what it may run has to be trusted as there (base/trust.h).
 *
 * The services are run by CALL migrator.up(service => '*'), with '*' narrowed to
 * those that are chosen.
 *
 * A migration that brings the server down would do so at each start.  The row of
 * a run at a server start is on disk before its first migration begins, and
 * stays without an end when the server, or this worker, does not live on.  A
 * service that has left one at each of the last few starts is not run again,
 * until somebody else runs it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/settings.h"
#include "base/transaction.h"
#include "plan/scope.h"
#include "record/runs.h"
#include "run/at_start.h"
#include "run/background.h"
#include "run/survey.h"

/* starts in a row at which a service may fail to come to an end */
#define STARTS_AT_MOST 3

/* of a service, whether it is to be run */
typedef struct Candidate
{
	const Service *registration;
	const char *reason;			/* why not, or NULL */
} Candidate;

PGDLLEXPORT void migrator_at_start_database_main(Datum argument);

static const char *database = "";

static void migrate(void);
static List *choose(StringInfo left_out);
static void judge(void *argument);
static void add_name(StringInfo list, const char *service);
static void log_failure(const ErrorData *error);
static const char *service_of(const ErrorData *error);

/* Entry point of the worker. */
void
migrator_at_start_database_main(Datum argument)
{
	AtStartExtra extra;

	memcpy(&extra, MyBgworkerEntry->bgw_extra, sizeof(extra));
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(argument), extra.role, 0);
	SetConfigOption("application_name", "migrator at server start", PGC_USERSET, PGC_S_SESSION);
	background_set_origin("server start");
	PG_TRY();
	{
		migrate();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(TopMemoryContext);
		error = CopyErrorData();
		FlushErrorState();
		log_failure(error);
	}
	PG_END_TRY();
	proc_exit(0);
}

static void
migrate(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "migrator at server start", ALLOCSET_DEFAULT_SIZES);
	CallUp		arguments;
	StringInfoData names;
	StringInfoData left_out;
	List	   *chosen = NIL;
	ErrorData  *error;
	const char *role;
	bool		installed;
	ListCell   *lc;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(context);
	initStringInfo(&names);
	initStringInfo(&left_out);
	database = get_database_name(MyDatabaseId);
	role = GetUserNameFromId(GetUserId(), false);
	installed = OidIsValid(get_extension_oid("migrator", true));
	if (installed)
		chosen = choose(&left_out);
	MemoryContextSwitchTo(context);
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);

	foreach(lc, chosen)
		add_name(&names, lfirst(lc));
	if (!installed)
		ereport(LOG,
				errmsg(AT_START_NAME " is enabled, but extension \"migrator\" is not installed in database \"%s\"", database),
				errhint("CREATE EXTENSION migrator."));
	else
		ereport(LOG,
				chosen != NIL ?
				errmsg(AT_START_NAME " is enabled. Attempting to apply database migrations: database \"%s\", services %s, role \"%s\"",
					   database, names.data, role) :
				errmsg(AT_START_NAME " is enabled, but no service of database \"%s\" is to be run", database),
				left_out.len > 0 ? errdetail("Services that are left out: %s.", left_out.data) : 0);
	if (chosen == NIL)
		return;

	scope_narrow_all(chosen);
	memset(&arguments, 0, sizeof(arguments));
	memset(arguments.nulls, true, sizeof(arguments.nulls));
	arguments.values[1] = CStringGetTextDatum(SCOPE_ALL_SERVICES);
	arguments.nulls[1] = false;
	(void) call_up(&arguments, &error);
	if (error != NULL)
		log_failure(error);
}

/* Names of those that are run. */
static List *
choose(StringInfo left_out)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, registration_list())
	{
		Candidate	candidate = {lfirst(lc)};
		const char *service = candidate.registration->service;
		ErrorData  *error = transaction_try(judge, &candidate, false);

		MemoryContextSwitchTo(context);
		if (error != NULL)
		{
			error->context = psprintf("service \"%s\"", service);
			log_failure(error);
			candidate.reason = "an error";
		}
		if (candidate.reason == NULL)
			chosen = lappend(chosen, pstrdup(service));
		else
		{
			add_name(left_out, service);
			appendStringInfo(left_out, " (%s)", candidate.reason);
		}
	}
	return chosen;
}

/* What the registration says comes before what a file says of the environment. */
static void
judge(void *argument)
{
	Candidate  *candidate = argument;
	const Service *registration = candidate->registration;
	PolicyValue said = registration->flags.value[POLICY_AUTO_MIGRATE];
	int			unfinished = record_unfinished_starts(registration->service);

	if (said == POLICY_FALSE)
		candidate->reason = "option auto_migrate is false";
	else if (registration->source == NULL)
		candidate->reason = "it is registered without a source";
	else if (unfinished >= STARTS_AT_MOST)
		candidate->reason = psprintf("its runs at the last %d starts of the server did not come to an end", unfinished);
	else if (migrator_auto_migrate == AUTO_MIGRATE_ENVIRONMENT && said == POLICY_UNSET)
	{
		const Scope *scope = scope_resolve(NULL, registration->service, NULL);
		const Survey *survey;
		const char *environment;
		Policy		policy;

		scope_require_rights(scope, true);
		survey = survey_take(scope, CHECK_FOR_RUN);
		environment = survey->scope->environment;
		survey_raise_what_stops(survey, false);
		survey_decide_policy(survey, registration, &policy);
		if (!policy.value[POLICY_AUTO_MIGRATE])
			candidate->reason = environment ?
				psprintf("auto_migrate is not set for environment \"%s\"", environment) : "it has no environment";
	}
}

static void
add_name(StringInfo list, const char *service)
{
	appendStringInfo(list, "%s\"%s\"", list->len > 0 ? ", " : "", service);
}

/* One entry, with all that a client would have been told. */
static void
log_failure(const ErrorData *error)
{
	const char *service = service_of(error);

	ereport(LOG,
			errcode(error->sqlerrcode),
			errmsg(AT_START_NAME " failed: database \"%s\"%s: %s", database,
				   service ? psprintf(", service \"%s\"", service) : "", finding_one_line(error->message)),
			error->detail ? errdetail_internal("%s", error->detail) : 0,
			error->hint ? errhint("%s", error->hint) : 0,
			error->context ? errcontext("%s", error->context) : 0);
}

/* The one that an error's context names: of several services the run's own. */
static const char *
service_of(const ErrorData *error)
{
	static const char intro[] = "service \"";
	const char *found = error->context ? strstr(error->context, intro) : NULL;

	if (found == NULL)
		return NULL;
	found += strlen(intro);
	return pnstrdup(found, strcspn(found, "\""));
}
