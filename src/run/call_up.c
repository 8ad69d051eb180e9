/*
 * call_up.c
 *	  CALL migrator.up() in a background worker, where no client sends it.
 *
 * It goes the way of a client's CALL: analysed, planned and run by a portal at
 * top level, with values as parameters.  So all that up() counts on is there: a
 * context that is not atomic, a portal that outlives its commits, the server's
 * own question whether the role may execute it.
 *
 * Not there is statement_timeout, which the server starts when a client's
 * statement comes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/params.h"
#include "pgstat.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "run/call_up.h"

const Oid	call_up_types[CALL_UP_ARGUMENTS] = {
	TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID, JSONBOID, TEXTOID, INTERVALOID, TEXTOID, JSONBOID
};

/* In which no value stands: what pg_stat_activity and the log show. */
static const char call_up_text[] = "CALL migrator.up($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)";

/* takes the one row that a CALL returns */
typedef struct ResultReceiver
{
	DestReceiver receiver;
	MemoryContext context;
	const char *outcome;
} ResultReceiver;

static void run(ParamListInfo parameters, ResultReceiver *result);
static bool receive_result(TupleTableSlot *slot, DestReceiver *self);
static void start_receiver(DestReceiver *self, int operation, TupleDesc desc);
static void end_receiver(DestReceiver *self);

const char *
call_up(CallUp *arguments, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	ParamListInfo parameters = makeParamList(CALL_UP_ARGUMENTS);
	ResultReceiver result = {
		{receive_result, start_receiver, end_receiver, end_receiver, DestNone}, context, NULL
	};

	for (int i = 0; i < CALL_UP_ARGUMENTS; i++)
	{
		ParamExternData *parameter = &parameters->params[i];

		parameter->value = arguments->values[i];
		parameter->isnull = arguments->nulls[i];
		parameter->pflags = PARAM_FLAG_CONST;
		parameter->ptype = call_up_types[i];
	}
	*error = NULL;
	debug_query_string = call_up_text;
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, call_up_text);
	PG_TRY();
	{
		run(parameters, &result);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		*error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	pgstat_report_activity(STATE_IDLE, NULL);
	debug_query_string = NULL;
	return result.outcome;
}

/* As exec_simple_query() and exec_bind_message() do (src/backend/tcop/postgres.c). */
static void
run(ParamListInfo parameters, ResultReceiver *result)
{
	MemoryContext context = CurrentMemoryContext;
	RawStmt    *parsed;
	List	   *plans;
	Portal		portal;
	QueryCompletion done;

	StartTransactionCommand();
	MemoryContextSwitchTo(context);
	parsed = linitial_node(RawStmt, pg_parse_query(call_up_text));
	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(parsed, call_up_text, call_up_types, CALL_UP_ARGUMENTS, NULL),
							call_up_text, 0, parameters);
	PopActiveSnapshot();

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, call_up_text, CMDTAG_CALL, plans, NULL);
	PortalStart(portal, parameters, 0, InvalidSnapshot);
	(void) portal_run(portal, FETCH_ALL, true, &result->receiver, &result->receiver, &done);
	PortalDrop(portal, false);
	CommitTransactionCommand();
}

void
call_up_log_error(ErrorData *error)
{
	debug_query_string = call_up_text;
	PG_TRY();
	{
		ReThrowError(error);
	}
	PG_CATCH();
	{
		EmitErrorReport();
		FlushErrorState();
	}
	PG_END_TRY();
	debug_query_string = NULL;
}

static bool
receive_result(TupleTableSlot *slot, DestReceiver *self)
{
	ResultReceiver *result = (ResultReceiver *) self;
	bool		isnull;
	Datum		json = slot_getattr(slot, 1, &isnull);
	Datum		outcome;
	MemoryContext old;

	if (isnull)
		return true;
	outcome = DirectFunctionCall2(jsonb_object_field_text, json, CStringGetTextDatum("outcome"));
	old = MemoryContextSwitchTo(result->context);
	result->outcome = TextDatumGetCString(outcome);
	MemoryContextSwitchTo(old);
	return true;
}

static void
start_receiver(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
end_receiver(DestReceiver *self)
{
}
