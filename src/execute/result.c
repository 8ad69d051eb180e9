/*
 * result.c
 *	  What psql's \gset and \gexec do with the result of a statement.
 *
 * All rows are there before anything is done with one, as in psql: what is run may
 * change what they came from.  They go to disk where they are many.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"

#include "base/finding.h"
#include "base/hide_values.h"
#include "execute/portal.h"
#include "execute/result.h"
#include "script/rules.h"
#include "script/server_parser.h"

/*
 * A result, as the text that a client would get: the types that the values are of
 * may be gone when they are used, and settings may be others.
 */
typedef struct Rows
{
	DestReceiver receiver;		/* must be first */
	bool		one;			/* there may not be more */
	MemoryContext context;
	MemoryContext row;			/* emptied with each */
	FmgrInfo   *outputs;		/* of the columns' types */
	TupleDesc	desc;			/* of the texts; NULL: there is no result */
	Tuplestorestate *store;
	TupleTableSlot *slot;
} Rows;

/* A statement of the result, for messages. */
typedef struct Generated
{
	const char *text;
	int64		row;
	Variables  *hidden;
	MemoryContext work;			/* for them */
} Generated;

static void begin_rows(DestReceiver *receiver, int operation, TupleDesc desc);
static bool take_row(TupleTableSlot *slot, DestReceiver *receiver);
static void ignore(DestReceiver *receiver);
static void set_variables(Rows *rows, const char *prefix, PsqlLate *late);
static void execute_all(Rows *rows, const ResultUse *use);
static void execute_value(const char *text, const ResultUse *use);
static void execute_generated(RawStmt *raw, const char *text, const ResultUse *use);
static char *value_of(Rows *rows, int column);
static void add_context(void *argument);

void
result_use(const ScriptResult *result, RawStmt *raw, const char *query, const ResultUse *use)
{
	Rows		rows = {
		.receiver = {take_row, begin_rows, ignore, ignore, DestNone},
		.one = !result->executes,
		.context = CurrentMemoryContext
	};

	portal_execute_into(raw, query, use->top_level, &rows.receiver);
	if (rows.desc == NULL)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("%s stands behind a statement that returns no rows", result->executes ? "\\gexec" : "\\gset"));
	CommandCounterIncrement();
	if (result->executes)
		execute_all(&rows, use);
	else
		set_variables(&rows, result->prefix, use->late);
	ExecDropSingleTupleTableSlot(rows.slot);
	tuplestore_end(rows.store);
}

/* What a procedure commits has been committed by now; the portal ends before the store is read. */
static void
begin_rows(DestReceiver *receiver, int operation, TupleDesc desc)
{
	Rows	   *rows = (Rows *) receiver;
	MemoryContext old = MemoryContextSwitchTo(rows->context);
	ResourceOwner owner = CurrentResourceOwner;

	rows->row = AllocSetContextCreate(rows->context, "migrator row of a result", ALLOCSET_DEFAULT_SIZES);
	rows->desc = CreateTemplateTupleDesc(desc->natts);
	rows->outputs = palloc(desc->natts * sizeof(FmgrInfo));
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			function;
		bool		varlena;

		TupleDescInitEntry(rows->desc, i + 1, NameStr(TupleDescAttr(desc, i)->attname), TEXTOID, -1, 0);
		getTypeOutputInfo(TupleDescAttr(desc, i)->atttypid, &function, &varlena);
		fmgr_info(function, &rows->outputs[i]);
	}
	rows->slot = MakeSingleTupleTableSlot(rows->desc, &TTSOpsMinimalTuple);
	CurrentResourceOwner = CurTransactionResourceOwner;
	rows->store = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(old);
}

/* A type's text may run SQL, which wants a snapshot. */
static bool
take_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	Rows	   *rows = (Rows *) receiver;
	int			columns = rows->desc->natts;
	bool		snapshot = !ActiveSnapshotSet();
	MemoryContext old = MemoryContextSwitchTo(rows->row);
	Datum	   *values = palloc(columns * sizeof(Datum));

	if (rows->one && tuplestore_tuple_count(rows->store) > 0)
		ereport(ERROR,
				errcode(ERRCODE_TOO_MANY_ROWS),
				errmsg("more than one row returned for \\gset"),
				errhint("It needs one row."));
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	slot_getallattrs(slot);
	for (int i = 0; i < columns; i++)
		values[i] = slot->tts_isnull[i] ? (Datum) 0 :
			CStringGetTextDatum(OutputFunctionCall(&rows->outputs[i], slot->tts_values[i]));
	if (snapshot)
		PopActiveSnapshot();
	tuplestore_putvalues(rows->store, rows->desc, values, slot->tts_isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(rows->row);
	return true;
}

static void
ignore(DestReceiver *receiver)
{
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
	for (int i = 0; i < rows->desc->natts; i++)
		psql_late_set(late, psprintf("%s%s", prefix, NameStr(TupleDescAttr(rows->desc, i)->attname)), value_of(rows, i));
}

/* NULL: it is null. */
static char *
value_of(Rows *rows, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(rows->slot, column + 1, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* Row by row, and from left to right; a null is none. */
static void
execute_all(Rows *rows, const ResultUse *use)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator generated text", ALLOCSET_DEFAULT_SIZES);
	Generated	generated = {
		.hidden = use->hidden,
		.work = AllocSetContextCreate(keep, "migrator generated context", ALLOCSET_SMALL_SIZES)
	};
	ErrorContextCallback callback = {
		.callback = add_context,
		.arg = &generated,
		.previous = error_context_stack
	};

	while (tuplestore_gettupleslot(rows->store, true, false, rows->slot))
	{
		generated.row++;
		for (int i = 0; i < rows->desc->natts; i++)
		{
			MemoryContextSwitchTo(context);
			generated.text = value_of(rows, i);
			if (generated.text != NULL)
			{
				error_context_stack = &callback;
				execute_value(generated.text, use);
				error_context_stack = callback.previous;
			}
			MemoryContextSwitchTo(keep);
			MemoryContextReset(context);
		}
	}
	MemoryContextDelete(context);
	MemoryContextDelete(generated.work);
}

/* It may have several statements, as what a client sends; what one needs dies with it. */
static void
execute_value(const char *text, const ResultUse *use)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator generated statement", ALLOCSET_DEFAULT_SIZES);
	ListCell   *lc;

	foreach(lc, raw_parser(text, RAW_PARSE_DEFAULT))
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		execute_generated(raw, text, use);
		CommandCounterIncrement();
	}
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(context);
}

static void
execute_generated(RawStmt *raw, const char *text, const ResultUse *use)
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
	if (portal_is_logged(raw))
		ereport(LOG,
				errmsg("statement: %s", hide_values(use->hidden, NULL, pstrdup(text))),
				errhidestmt(true));
	use->before_statement(use->argument, raw);
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

/*
 * A position is one in the generated statement.  The context of what is no error
 * cannot be changed by whoever hides values in it; and there may be one for each
 * statement, so nothing is left of it.
 */
static void
add_context(void *argument)
{
	const Generated *generated = argument;
	int			position = geterrposition();
	int			none = 0;
	MemoryContext old = MemoryContextSwitchTo(generated->work);
	char	   *shown = finding_excerpt(generated->text, &none);

	if (position > 0 && getinternalerrposition() == 0)
	{
		internalerrquery(finding_excerpt(generated->text, &position));
		internalerrposition(position);
		errposition(0);
	}
	if (generated->hidden != NULL && CopyErrorData()->elevel < ERROR)
		shown = hide_values(generated->hidden, NULL, shown);
	errcontext("statement \"%s\" of \\gexec, row " INT64_FORMAT, shown, generated->row);
	MemoryContextSwitchTo(old);
	MemoryContextReset(generated->work);
}
