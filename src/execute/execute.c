/*
 * execute.c
 *	  Run one script, statement by statement.
 *
 * A statement goes the way it goes in exec_simple_query() of
 * src/backend/tcop/postgres.c: raw parse, analyze, plan, portal.  Analysis
 * comes only when the statement's turn has come, since it needs what the ones
 * before made.  Results of queries are thrown away.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/cmdtag.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/hide_values.h"
#include "execute/constraint.h"
#include "execute/copy.h"
#include "execute/execute.h"
#include "script/rules.h"
#include "script/server_parser.h"

static void run_guarded(Execution *execution, int first, int last, bool top_level, bool whole);
static void run_in_context(Execution *execution, int first, int last, bool top_level, bool whole);
static void hide_from_error(const Execution *execution, Variables *variables, ErrorData *error, HideFocus focus);
static void push_context(Execution *execution, ErrorContextCallback *callback);
static void act_before(const Execution *execution, int statement);
static void run_statements(Execution *execution, int first, int last, bool top_level);
static void keep_to_this_process(void);
static void execute_statement(Execution *execution, int i, bool top_level);
static void log_statement_text(const Script *script, int i, RawStmt *raw);
static void set_characteristics(const TransactionStmt *begin);
static void run_portal(RawStmt *raw, const char *query, bool top_level);
static void add_context(void *argument);
static char *place_of(const Execution *execution);
static void hide_in_notice(const Execution *execution);
static void set_error_file(Execution *execution, const char *file);
static void locate_error(Execution *execution, int position);

void
execute_script(Execution *execution)
{
	run_guarded(execution, 0, execution->script->statement_count - 1, false, true);
}

void
execute_statements(Execution *execution, int first, int last, bool top_level)
{
	run_guarded(execution, first, last, top_level, false);
}

/* Nobody gets to see an error with values of variables in it. */
static void
run_guarded(Execution *execution, int first, int last, bool top_level, bool whole)
{
	MemoryContext context = CurrentMemoryContext;

	execution->filled = execution->script->fill != NULL;
	if (!execution->filled)
	{
		run_in_context(execution, first, last, top_level, whole);
		return;
	}
	PG_TRY();
	{
		run_in_context(execution, first, last, top_level, whole);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		hide_from_error(execution, execution->script->fill->variables, error,
						script_focus(execution->script, execution->statement, execution->position));
		ReThrowError(error);
	}
	PG_END_TRY();
	execution->own_query = false;
}

/* The script may be gone by now. */
void
execute_hide_values(const Execution *execution, Variables *variables, ErrorData *error)
{
	HideFocus	focus = {0};

	hide_from_error(execution, variables, error, focus);
}

static void
hide_from_error(const Execution *execution, Variables *variables, ErrorData *error, HideFocus focus)
{
	char	   *query = error->internalquery;
	int			position = error->internalpos;

	if (execution->own_query)
		error->internalquery = NULL;
	hide_values_in_error(variables, &focus, error,
						 execution->statement >= 0 ? place_of(execution) : NULL);
	if (execution->own_query)
	{
		error->internalquery = query;
		error->internalpos = position;
	}
}

/* whole: it is all of the script, and its deferred constraints are checked. */
static void
run_in_context(Execution *execution, int first, int last, bool top_level, bool whole)
{
	ErrorContextCallback callback;

	push_context(execution, &callback);
	run_statements(execution, first, last, top_level);
	if (whole && execution->own_transaction)
		constraint_check_all();
	else if (whole)
		constraint_check_deferred(execution->set_constraints);
	error_context_stack = callback.previous;
}

static void
push_context(Execution *execution, ErrorContextCallback *callback)
{
	callback->callback = add_context;
	callback->arg = execution;
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

void
execute_look_at(Execution *execution, int i)
{
	execution->statement = i;
	execution->begun = false;
	locate_error(execution, 0);
}

/* Each statement's parse and plan trees die with it. */
static void
run_statements(Execution *execution, int first, int last, bool top_level)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator statement",
												  ALLOCSET_DEFAULT_SIZES);

	for (int i = first; i <= last; i++)
	{
		CHECK_FOR_INTERRUPTS();
		act_before(execution, i);
		execution->statement = i;
		execution->begun = true;
		if (execution->before_statement != NULL)
		{
			int			length;
			const char *text = script_shown_statement(execution->script, i, &length);

			execution->before_statement(i + 1, text, length);
		}
		MemoryContextSwitchTo(context);
		if (execution->filled)
			keep_to_this_process();
		execute_statement(execution, i, top_level);
		session_settings_base_keep(&execution->base);
		MemoryContextSwitchTo(keep);
		MemoryContextReset(context);
	}
	if (last == execution->script->statement_count - 1)
		act_before(execution, last + 1);
	MemoryContextDelete(context);
}

/*
 * What the script does before a statement besides running others; number of
 * statements: behind all.  They are in its order.
 */
static void
act_before(const Execution *execution, int statement)
{
	const List *actions = execution->script->actions;
	int			low = 0;
	int			high = list_length(actions);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (((const ScriptAction *) list_nth(actions, middle))->statement < statement)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < list_length(actions); low++)
	{
		const ScriptAction *action = list_nth(actions, low);

		if (action->statement > statement)
			return;
		ereport(NOTICE,
				errmsg("%s", hide_values(execution->script->fill->variables, NULL, pstrdup(action->text))),
				errhidecontext(true));
	}
}

/*
 * A parallel worker shows its query's text in pg_stat_activity, and logs it with
 * its errors: values of variables are in it.
 */
static void
keep_to_this_process(void)
{
	if (max_parallel_workers_per_gather > 0)
		(void) set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
}

static void
execute_statement(Execution *execution, int i, bool top_level)
{
	const Script *script = execution->script;
	const Statement *statement = &script->statements[i];
	char	   *query;
	RawStmt    *raw = script_parse_to_run(script, i, &query);
	StatementKind kind;

	if (raw == NULL)
		return;
	log_statement_text(script, i, raw);
	if (IsA(raw->stmt, ConstraintsSetStmt))
		execution->set_constraints = true;
	kind = script_statement_kind(script, i, raw->stmt);
	if (rules_forbid(script, i, kind, raw))
		elog(ERROR, "statement should have been refused by the checks");
	switch (kind)
	{
		case STATEMENT_BEGIN:
			if (execution->own_transaction)
				set_characteristics(castNode(TransactionStmt, raw->stmt));
			return;
		case STATEMENT_COMMIT:
			/* the caller has cut the script into transactions */
			return;
		case STATEMENT_COPY_IN:
			copy_inline_data(raw, query, script->text + statement->data_offset, statement->data_length,
							 top_level, run_portal);
			break;
		default:
			run_portal(raw, query, top_level);
	}
	CommandCounterIncrement();
}

/*
 * What log_statement asks for, as exec_simple_query() logs it when it comes from
 * a client: the call that runs the script says nothing of what is in it.  Our
 * context names the migration.  Values of variables are not shown.
 */
static void
log_statement_text(const Script *script, int i, RawStmt *raw)
{
	int			position = 0;

	if (log_statement != LOGSTMT_NONE &&
		(log_statement == LOGSTMT_ALL || GetCommandLogLevel((Node *) raw) <= log_statement))
		ereport(LOG,
				errmsg("statement: %s", script_shown_text(script, i, &position)),
				errhidestmt(true));
}

void
execute_command(const char *sql, bool top_level)
{
	List	   *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);

	run_portal(linitial_node(RawStmt, parsed), sql, top_level);
	CommandCounterIncrement();
}

/* BEGIN's options, as standard_ProcessUtility() applies them */
static void
set_characteristics(const TransactionStmt *begin)
{
	ListCell   *lc;

	foreach(lc, begin->options)
	{
		DefElem    *item = lfirst_node(DefElem, lc);

		SetPGVariable(item->defname, list_make1(item->arg), true);
	}
}

static void
run_portal(RawStmt *raw, const char *query, bool top_level)
{
	List	   *queries,
			   *plans;
	Portal		portal;
	QueryCompletion completion;
	bool		snapshot = analyze_requires_snapshot(raw);

	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, query, NULL, 0, NULL);
	plans = pg_plan_queries(queries, query, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	portal = CreateNewPortal();
	portal->visible = false;
	PortalDefineQuery(portal, NULL, query, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	(void) portal_run(portal, FETCH_ALL, top_level, None_Receiver, None_Receiver, &completion);
	PortalDrop(portal, false);
}

/*
 * Every message that passes says which migration it comes from.  A position
 * left for us is one in our statement (nested queries have turned theirs into
 * internal ones already); left as it is, the client would draw it on the text
 * of the SELECT that called us.
 */
static void
add_context(void *argument)
{
	Execution  *execution = argument;
	int			position = geterrposition();
	char	   *place;

	execution->position = position;
	execution->own_query = false;
	if (execution->statement < 0)
		return;
	locate_error(execution, position);
	if (position > 0 && getinternalerrposition() == 0)
	{
		char	   *whole;

		whole = script_shown_text(execution->script, execution->statement, &position);
		errposition(0);
		internalerrquery(finding_excerpt(whole, &position));
		internalerrposition(position);
		execution->own_query = true;
		pfree(whole);
	}
	if (execution->script->fill != NULL)
		hide_in_notice(execution);

	/*
	 * The context that we are in is emptied by an error only, and of notices
	 * and lines of the log there may be one for each statement.
	 */
	place = place_of(execution);
	errcontext("%s", place);
	pfree(place);
}

/*
 * What is no error is told at once: here is the last place to hide something in
 * it.  Its context, which others have made by now, cannot be changed: it is kept
 * out of the server's log, and a client shows that of errors only, unless asked
 * for more.
 */
static void
hide_in_notice(const Execution *execution)
{
	MemoryContext work = AllocSetContextCreate(GetMemoryChunkContext((void *) execution->script),
											   "migrator notice", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	ErrorData  *notice = CopyErrorData();

	if (notice->elevel < ERROR)
	{
		ErrorData	before = *notice;
		HideFocus	focus = script_focus(execution->script, execution->statement, execution->position);

		hide_values_in_error(execution->script->fill->variables, &focus, notice, NULL);
		if (notice->message != before.message)
			errmsg_internal("%s", notice->message);
		if (notice->detail != before.detail)
			errdetail_internal("%s", notice->detail);
		if (notice->hint != before.hint)
			errhint("%s", notice->hint);
		if (notice->context != before.context)
			errhidecontext(true);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

/* "migration "1" (file "1_a.sql", line 1, column 1)": where execution stands, palloc'd. */
static char *
place_of(const Execution *execution)
{
	const char *file = finding_one_line(execution->error_file[0] != '\0' ? execution->error_file : execution->file);

	if (execution->kind == NULL)
		return psprintf("migration \"%s\" (file \"%s\", line %d, column %d)",
						finding_one_line(execution->version), file,
						execution->error_line, execution->error_column);
	if (execution->version != NULL)
		return psprintf("%s of migration \"%s\" (file \"%s\", line %d, column %d)", execution->kind,
						finding_one_line(execution->version), file,
						execution->error_line, execution->error_column);
	return psprintf("%s (file \"%s\", line %d, column %d)", execution->kind, file,
					execution->error_line, execution->error_column);
}

/* It may outlive the script. */
static void
set_error_file(Execution *execution, const char *file)
{
	strlcpy(execution->error_file, file ? file : "", sizeof(execution->error_file));
}

/* Line and column in the file: of the position, the COPY row, or the statement. */
static void
locate_error(Execution *execution, int position)
{
	const Script *script = execution->script;
	const Statement *statement = &script->statements[execution->statement];
	uint64		copy_line = copy_current_line();

	set_error_file(execution, script_file_of(script, execution->statement));
	execution->error_line = statement->line;
	execution->error_column = statement->column;
	if (position > 0)
		script_locate(script, execution->statement, position,
					  &execution->error_line, &execution->error_column);
	else if (copy_line > 0 && statement->data_line > 0)
	{
		if (script->fill != NULL)
			set_error_file(execution, fill_map_file(script->fill, fill_map_offset(script->fill, statement->data_offset, false)));
		execution->error_line = statement->data_line + copy_line - 1;
		execution->error_column = 1;
	}
}
