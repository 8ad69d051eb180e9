/*
 * result.c
 *	  What psql's \gset and \gexec do with the result of a statement.
 *
 * All rows are there before anything is done with one, as in psql: what is run may
 * change what they came from.  They go to disk where they are many.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/finding.h"
#include "base/hide_values.h"
#include "execute/portal.h"
#include "execute/result.h"
#include "script/rules.h"
#include "script/server_parser.h"

/* A result, row by row. */
typedef struct Rows
{
	Tuplestorestate *store;
	TupleDesc	desc;
	TupleTableSlot *slot;
	FmgrInfo   *outputs;		/* of the columns' types */
} Rows;

/* A statement of the result, for messages. */
typedef struct Generated
{
	const char *text;
	int64		row;
} Generated;

static void set_variables(Rows *rows, const char *prefix, PsqlLate *late);
static bool execute_all(Rows *rows, Variables *hidden);
static bool execute_value(const char *text, Variables *hidden);
static void execute_generated(RawStmt *raw, const char *text, Variables *hidden);
static char *value_of(Rows *rows, int column);
static void add_context(void *argument);

bool
result_use(const ScriptResult *result, RawStmt *raw, const char *query, PsqlLate *late, Variables *hidden)
{
	Rows		rows = {.store = tuplestore_begin_heap(false, false, work_mem)};
	const char *command = result->executes ? "\\gexec" : "\\gset";
	bool		set_constraints = false;

	rows.desc = portal_execute_into(raw, query, rows.store);
	if (rows.desc == NULL)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("%s stands behind a statement that returns no rows", command));
	CommandCounterIncrement();
	rows.slot = MakeSingleTupleTableSlot(rows.desc, &TTSOpsMinimalTuple);
	rows.outputs = palloc(rows.desc->natts * sizeof(FmgrInfo));
	for (int i = 0; i < rows.desc->natts; i++)
	{
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(rows.desc, i)->atttypid, &function, &varlena);
		fmgr_info(function, &rows.outputs[i]);
	}
	if (result->executes)
		set_constraints = execute_all(&rows, hidden);
	else
		set_variables(&rows, result->prefix, late);
	ExecDropSingleTupleTableSlot(rows.slot);
	tuplestore_end(rows.store);
	return set_constraints;
}

/* The values of the only row. */
static void
set_variables(Rows *rows, const char *prefix, PsqlLate *late)
{
	if (!tuplestore_gettupleslot(rows->store, true, false, rows->slot))
		ereport(ERROR,
				errcode(ERRCODE_NO_DATA_FOUND),
				errmsg("no rows returned for \\gset"),
				errhint("It needs one row."));
	if (tuplestore_tuple_count(rows->store) > 1)
		ereport(ERROR,
				errcode(ERRCODE_TOO_MANY_ROWS),
				errmsg("more than one row returned for \\gset"),
				errhint("It needs one row."));
	for (int i = 0; i < rows->desc->natts; i++)
		psql_late_set(late, psprintf("%s%s", prefix, NameStr(TupleDescAttr(rows->desc, i)->attname)), value_of(rows, i));
}

/* NULL: it is null.  Its type's text may run SQL, which wants a snapshot. */
static char *
value_of(Rows *rows, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(rows->slot, column + 1, &isnull);
	char	   *text;

	if (isnull)
		return NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
	text = OutputFunctionCall(&rows->outputs[column], value);
	PopActiveSnapshot();
	return text;
}

/* Row by row, and from left to right; a null is none. */
static bool
execute_all(Rows *rows, Variables *hidden)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator generated statement", ALLOCSET_DEFAULT_SIZES);
	Generated	generated = {.row = 0};
	ErrorContextCallback callback = {
		.callback = add_context,
		.arg = &generated,
		.previous = error_context_stack
	};
	bool		set_constraints = false;

	while (tuplestore_gettupleslot(rows->store, true, false, rows->slot))
	{
		generated.row++;
		for (int i = 0; i < rows->desc->natts; i++)
		{
			CHECK_FOR_INTERRUPTS();
			MemoryContextSwitchTo(context);
			generated.text = value_of(rows, i);
			if (generated.text != NULL)
			{
				error_context_stack = &callback;
				set_constraints |= execute_value(generated.text, hidden);
				error_context_stack = callback.previous;
			}
			MemoryContextSwitchTo(keep);
			MemoryContextReset(context);
		}
	}
	MemoryContextDelete(context);
	return set_constraints;
}

/* It may have several statements, as what a client sends. */
static bool
execute_value(const char *text, Variables *hidden)
{
	bool		set_constraints = false;
	ListCell   *lc;

	foreach(lc, raw_parser(text, RAW_PARSE_DEFAULT))
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);

		set_constraints |= IsA(raw->stmt, ConstraintsSetStmt);
		execute_generated(raw, text, hidden);
		CommandCounterIncrement();
	}
	return set_constraints;
}

static void
execute_generated(RawStmt *raw, const char *text, Variables *hidden)
{
	StatementKind kind = statement_kind(raw->stmt);
	Script	   *script = palloc0(sizeof(Script));

	script->text = text;
	script->statements = palloc0(sizeof(Statement));
	script->statement_count = 1;
	result_check_statement(script, kind, raw);
	if (kind == STATEMENT_COPY_IN)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY FROM stdin cannot come of a result"),
				errhint("There are no rows behind it. Use INSERT."));
	if (log_statement != LOGSTMT_NONE &&
		(log_statement == LOGSTMT_ALL || GetCommandLogLevel((Node *) raw) <= log_statement))
		ereport(LOG,
				errmsg("statement: %s", hide_values(hidden, NULL, pstrdup(text))),
				errhidestmt(true));
	portal_execute(raw, text, false);
}

void
result_check_statement(Script *script, StatementKind kind, const RawStmt *raw)
{
	Statement  *statement = &script->statements[0];
	const ScriptProblem *problem;

	statement->kind = (uint8) kind;
	if (kind == STATEMENT_BEGIN || kind == STATEMENT_COMMIT || kind == STATEMENT_SET_TRANSACTION ||
		kind == STATEMENT_TRANSACTION_REFUSED || kind == STATEMENT_OUTSIDE)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s cannot come of a result", statement_name(raw->stmt)),
				errdetail("Where the transactions of a script begin and end is known before it runs."),
				errhint("Write it as a statement of the script."));
	if (!rules_forbid(script, 0, kind, raw))
		return;
	(void) rules_apply(script, 0, raw, -1);
	problem = llast(script->problems);
	ereport(ERROR,
			errcode(problem->sqlstate),
			errmsg("%s", problem->message),
			problem->detail ? errdetail("%s", problem->detail) : 0,
			problem->hint ? errhint("%s", problem->hint) : 0);
}

/* A position is one in the generated statement. */
static void
add_context(void *argument)
{
	const Generated *generated = argument;
	int			position = geterrposition();
	int			none = 0;

	if (position > 0 && getinternalerrposition() == 0)
	{
		internalerrquery(finding_excerpt(generated->text, &position));
		internalerrposition(position);
		errposition(0);
	}
	errcontext("statement \"%s\" of \\gexec, row " INT64_FORMAT, finding_excerpt(generated->text, &none), generated->row);
}
