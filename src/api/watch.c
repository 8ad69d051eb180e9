/*
 * watch.c
 *	  SQL functions watch_ddl() and unwatch_ddl(), and the event triggers' own.
 *
 * Whether a command is a run's is known from this backend's own state, which no
 * SQL can set.
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/cmdtag.h"

#include "api/api.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "base/transaction.h"
#include "catalog/ddl_log.h"
#include "run/call.h"

PG_FUNCTION_INFO_V1(migrator_watch_ddl);
PG_FUNCTION_INFO_V1(migrator_unwatch_ddl);
PG_FUNCTION_INFO_V1(migrator_log_ddl);
PG_FUNCTION_INFO_V1(migrator_refuse_ddl);

/* The names of the event triggers, and what each is on. */
static const struct
{
	const char *name;
	const char *event;
	bool		only_refuse;
}			watches[] = {
	{"migrator_watch_start", "ddl_command_start WHEN TAG IN ('CREATE INDEX', 'DROP INDEX')", true},
	{"migrator_watch_end", "ddl_command_end", false},
	{"migrator_watch_drop", "sql_drop", false},
};

static void require_superuser(const char *name);
static void drop_watches(void);
static const EventTriggerData *event_data(FunctionCallInfo fcinfo);
static void note(void *argument);
static bool cannot_be_undone(const EventTriggerData * event);
pg_noreturn static void refuse(const EventTriggerData * event, const char *object);

/* watch_ddl(policy) */
Datum
migrator_watch_ddl(PG_FUNCTION_ARGS)
{
	char	   *policy = api_required_text(fcinfo, 0, "policy");
	bool		refuses = strcmp(policy, "refuse") == 0;

	owner_query_check_version();
	require_superuser("watch_ddl");
	if (!refuses && strcmp(policy, "log") != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for argument \"policy\": \"%s\"", finding_one_line(policy)),
				errhint("Known values: \"log\", \"refuse\"."));
	drop_watches();
	for (int i = 0; i < lengthof(watches); i++)
	{
		if (watches[i].only_refuse && !refuses)
			continue;
		owner_query_utility(psprintf("CREATE EVENT TRIGGER %s ON %s EXECUTE FUNCTION migrator.%s()",
									 watches[i].name, watches[i].event, refuses ? "refuse_ddl" : "log_ddl"));
		owner_query_utility(psprintf("COMMENT ON EVENT TRIGGER %s IS 'Made by migrator.watch_ddl(); migrator.unwatch_ddl() takes it away.'",
									 watches[i].name));
	}
	PG_RETURN_VOID();
}

Datum
migrator_unwatch_ddl(PG_FUNCTION_ARGS)
{
	owner_query_check_version();
	require_superuser("unwatch_ddl");
	drop_watches();
	PG_RETURN_VOID();
}

/* As CREATE EVENT TRIGGER does: who has only EXECUTE must not get by. */
static void
require_superuser(const char *name)
{
	if (!superuser())
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied: migrator.%s() makes and drops event triggers", name),
				errhint("Only a superuser can do that."));
}

static void
drop_watches(void)
{
	for (int i = 0; i < lengthof(watches); i++)
		if (OidIsValid(get_event_trigger_oid(watches[i].name, true)))
			owner_query_utility(psprintf("DROP EVENT TRIGGER %s", watches[i].name));
}

static const EventTriggerData *
event_data(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("migrator.log_ddl() and migrator.refuse_ddl() can only be called by event triggers"));
	return (const EventTriggerData *) fcinfo->context;
}

/*
 * Whatever goes wrong here, the command is none the worse: it is caught, round a
 * subtransaction.  But a cancel is meant for the command.
 */
Datum
migrator_log_ddl(PG_FUNCTION_ARGS)
{
	const		EventTriggerData *event = event_data(fcinfo);
	ErrorData  *error;

	if (run_in_progress())
		PG_RETURN_NULL();
	error = transaction_try(note, (void *) event, false);
	if (error != NULL && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	if (error != NULL)
		ereport(WARNING,
				errcode(error->sqlerrcode),
				errmsg("migrator could not log this command: %s", finding_one_line(error->message)));
	PG_RETURN_NULL();
}

static void
note(void *argument)
{
	const		EventTriggerData *event = argument;

	ddl_log_note(GetCommandTagName(event->tag), strcmp(event->event, "sql_drop") == 0);
}

/*
 * What is temporary passes, which is not known before the command has run; then
 * the error undoes it.  Where it would not, the command is refused before.
 */
Datum
migrator_refuse_ddl(PG_FUNCTION_ARGS)
{
	const		EventTriggerData *event = event_data(fcinfo);
	char	   *object;

	if (run_in_progress())
		PG_RETURN_NULL();
	if (strcmp(event->event, "ddl_command_start") == 0)
	{
		if (cannot_be_undone(event))
			refuse(event, NULL);
		PG_RETURN_NULL();
	}
	object = ddl_log_changed(strcmp(event->event, "sql_drop") == 0);
	if (object != NULL)
		refuse(event, object);
	PG_RETURN_NULL();
}

static bool
cannot_be_undone(const EventTriggerData * event)
{
	return IsA(event->parsetree, IndexStmt) ? ((const IndexStmt *) event->parsetree)->concurrent :
		IsA(event->parsetree, DropStmt) && ((const DropStmt *) event->parsetree)->concurrent;
}

static void
refuse(const EventTriggerData * event, const char *object)
{
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("the schema is changed by migrations only: %s is refused", GetCommandTagName(event->tag)),
			object != NULL && *object != '\0' ? errdetail("It is about %s.", finding_one_line(object)) : 0,
			errhint("Put it into a migration. A superuser can let it pass with migrator.unwatch_ddl()."));
}
