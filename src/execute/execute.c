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
#include "execute/portal.h"
#include "execute/result.h"
#include "script/rules.h"
#include "script/server_parser.h"

/* what is to be done of a script */
typedef struct Work
{
	int			first;			/* these of its statements */
	int			last;
	bool		top_level;
	bool		whole;			/* it is all of the script, and its deferred
								 * constraints are checked */
	bool		look;			/* the first is not run, but raw made of it */
	RawStmt    *raw;
} Work;

static void run_guarded(Execution *execution, Work *work);
static void run_in_context(Execution *execution, Work *work);
static RawStmt *look_at_late(Execution *execution, int i);
static void hide_from_error(const Execution *execution, Variables *variables, ErrorData *error, HideFocus focus);
static void push_context(Execution *execution, ErrorContextCallback *callback);
static void act_before(Execution *execution, int statement);
static const Script *shown_script(const Execution *execution, int *i);
static Variables *values_to_hide(const Execution *execution);
static RawStmt *fill_late(Execution *execution, int i, char **query);
static void run_statements(Execution *execution, int first, int last, bool top_level);
static void keep_to_this_process(void);
static void execute_statement(Execution *execution, int i, bool top_level);
static void use_result(Execution *execution, const ScriptResult *result, RawStmt *raw, const char *query, bool top_level);
static void before_generated(void *argument, const RawStmt *raw);
static void refuse_other_strings(const RawStmt *raw);
static void note_setting(Execution *execution, const RawStmt *raw);
static void log_statement_text(const Script *script, int i, RawStmt *raw);
static void set_characteristics(const TransactionStmt *begin);
static void add_context(void *argument);
static char *place_of(const Execution *execution);
static void hide_in_notice(const Execution *execution);
static void set_error_file(Execution *execution, const char *file);
static void locate_error(Execution *execution, int position);

void
execute_begin(Execution *execution)
{
	execution->late = psql_late_begin(execution->script);
	execution->actions_done = 0;
	execution->late_settings = NIL;
}

void
execute_script(Execution *execution)
{
	Work		work = {.first = 0,.last = execution->script->statement_count - 1,.whole = true};

	execute_begin(execution);
	run_guarded(execution, &work);
}

void
execute_statements(Execution *execution, int first, int last, bool top_level)
{
	Work		work = {.first = first,.last = last,.top_level = top_level};

	run_guarded(execution, &work);
}

RawStmt *
execute_parse(Execution *execution, int i)
{
	Work		work = {.first = i,.last = i,.look = true};

	if (execution->late == NULL)
		return script_parse_statement(execution->script, i, NULL);
	run_guarded(execution, &work);
	return work.raw;
}

/* Nobody gets to see an error with values of variables in it. */
static void
run_guarded(Execution *execution, Work *work)
{
	MemoryContext context = CurrentMemoryContext;

	execution->filled = execution->script->fill != NULL;
	if (!execution->filled)
	{
		run_in_context(execution, work);
		return;
	}
	PG_TRY();
	{
		run_in_context(execution, work);
	}
	PG_CATCH();
	{
		ErrorData  *error;
		const Script *shown;
		int			i;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		shown = shown_script(execution, &i);
		hide_from_error(execution, values_to_hide(execution), error, script_focus(shown, i, execution->position));
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
						 execution->statement >= 0 || execution->action != NULL ? place_of(execution) : NULL);
	if (execution->own_query)
	{
		error->internalquery = query;
		error->internalpos = position;
	}
}

static void
run_in_context(Execution *execution, Work *work)
{
	ErrorContextCallback callback;

	push_context(execution, &callback);
	if (work->look)
		work->raw = look_at_late(execution, work->first);
	else
		run_statements(execution, work->first, work->last, work->top_level);
	if (work->whole && execution->own_transaction)
		constraint_check_all();
	else if (work->whole)
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
	execution->shown = NULL;
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
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		act_before(execution, i);
		if (execution->late != NULL && !psql_late_counts(execution->late))
			continue;
		execution->statement = i;
		execution->begun = true;
		if (execution->before_statement != NULL)
		{
			int			length;
			const char *text = script_shown_statement(execution->script, i, &length);

			execution->before_statement(i + 1, text, length);
		}
		if (execution->filled)
			keep_to_this_process();
		execute_statement(execution, i, top_level);
		execution->shown = NULL;
		session_settings_base_keep(&execution->base);
	}
	if (last == execution->script->statement_count - 1)
		act_before(execution, last + 1);
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(context);
}

/*
 * What the script does before a statement besides running others; number of
 * statements: behind all.  They are in its order.
 */
static void
act_before(Execution *execution, int statement)
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
	/* some may have been done already, to look at the statement */
	for (low = Max(low, execution->actions_done); low < list_length(actions); low++)
	{
		const ScriptAction *action = list_nth(actions, low);
		char	   *text;

		if (action->statement > statement)
			return;
		if (execution->late != NULL)
		{
			execution->action = action;
			execution->actions_done = low + 1;
		}
		text = execution->late != NULL ? psql_late_act(execution->late, action) : pstrdup(action->text);
		if (text != NULL)
			ereport(NOTICE,
					errmsg("%s", hide_values(values_to_hide(execution), NULL, text)),
					errhidecontext(true));
		execution->action = NULL;
	}
}

/* The script whose statement *i stands for the current one: late values are in it by now. */
static const Script *
shown_script(const Execution *execution, int *i)
{
	*i = execution->shown != NULL ? 0 : execution->statement;
	return execution->shown != NULL ? execution->shown : execution->script;
}

static Variables *
values_to_hide(const Execution *execution)
{
	return execution->late != NULL ? psql_late_hidden(execution->late) :
		execution->script->fill != NULL ? execution->script->fill->variables : NULL;
}

/* A statement before it is run, as it will be; NULL: it will not. */
static RawStmt *
look_at_late(Execution *execution, int i)
{
	RawStmt    *raw;
	char	   *query;

	act_before(execution, i);
	if (!psql_late_counts(execution->late))
		return NULL;
	execution->statement = i;
	execution->begun = false;
	if (!execution->script->statements[i].late)
		return script_parse_statement(execution->script, i, NULL);
	raw = fill_late(execution, i, &query);
	execution->shown = NULL;
	return raw;
}

/*
 * A statement with values that nobody knew when it was checked.  NULL: nothing is
 * left of it.
 */
static RawStmt *
fill_late(Execution *execution, int i, char **query)
{
	const Statement *statement = &execution->script->statements[i];
	Script	   *filled = psql_late_fill(execution->late, i);
	StatementKind kind;
	List	   *list;
	RawStmt    *raw;

	*query = script_statement_text(filled, 0);
	execution->shown = filled;
	list = server_parser_read(*query, statement->conforming_strings, false);
	if (list == NIL)
		return NULL;
	if (list_length(list) > 1)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("with the values of its variables this is several statements"),
				errhint("A value can be a statement, or a part of one. \\gexec runs those of a result."));
	raw = linitial_node(RawStmt, list);
	kind = statement_kind(raw->stmt);
	if (statement->unfilled ? kind != STATEMENT_ORDINARY && kind != STATEMENT_SET : kind != statement->kind)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("with the values of its variables this is another kind of statement: %s", statement_name(raw->stmt)),
				errhint("That must be seen before the script runs: write its words into the script."));
	return raw;
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
	const ScriptResult *result = psql_late_result(script, i);
	char	   *query;
	RawStmt    *raw = statement->late ? fill_late(execution, i, &query) : script_parse_to_run(script, i, &query);
	StatementKind kind;

	if (raw == NULL)
		return;
	log_statement_text(script, i, raw);
	if (IsA(raw->stmt, ConstraintsSetStmt))
		execution->set_constraints = true;
	kind = script_statement_kind(script, i, raw->stmt);
	if (rules_forbid(script, i, kind, raw))
	{
		if (statement->late)
			result_check_statement((Script *) execution->shown, kind, raw);
		elog(ERROR, "statement should have been refused by the checks");
	}
	if (statement->late || statement->conditional)
	{
		refuse_other_strings(raw);
		note_setting(execution, raw);
	}
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
							 top_level, portal_execute);
			break;
		default:
			if (result == NULL)
				portal_execute(raw, query, top_level);
			else
				use_result(execution, result, raw, query, top_level);
	}
	CommandCounterIncrement();
}

static void
use_result(Execution *execution, const ScriptResult *result, RawStmt *raw, const char *query, bool top_level)
{
	ResultUse	use = {
		.late = execution->late,
		.hidden = values_to_hide(execution),
		.top_level = top_level,
		.before_statement = before_generated,
		.argument = execution
	};

	result_use(result, raw, query, &use);
}

/* Those before it may have been RESET ALL. */
static void
before_generated(void *argument, const RawStmt *raw)
{
	Execution  *execution = argument;

	session_settings_base_keep(&execution->base);
	keep_to_this_process();
	execution->set_constraints |= IsA(raw->stmt, ConstraintsSetStmt);
	refuse_other_strings(raw);
	note_setting(execution, raw);
}

/* How the strings of what follows are to be read has been settled. */
static void
refuse_other_strings(const RawStmt *raw)
{
	const VariableSetStmt *set = (const VariableSetStmt *) raw->stmt;

	if (IsA(set, VariableSetStmt) && set->name != NULL && pg_strcasecmp(set->name, "standard_conforming_strings") == 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("SET standard_conforming_strings cannot depend on a result"));
}

static void
note_setting(Execution *execution, const RawStmt *raw)
{
	const VariableSetStmt *set = (const VariableSetStmt *) raw->stmt;
	MemoryContext old;
	ListCell   *lc;

	if (!IsA(set, VariableSetStmt) || set->name == NULL || set->is_local)
		return;
	foreach(lc, execution->late_settings)
	{
		if (strcmp(lfirst(lc), set->name) == 0)
			return;
	}
	old = MemoryContextSwitchTo(GetMemoryChunkContext((void *) execution->script));
	execution->late_settings = lappend(execution->late_settings, pstrdup(set->name));
	MemoryContextSwitchTo(old);
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

	if (portal_is_logged(raw))
		ereport(LOG,
				errmsg("statement: %s", script_shown_text(script, i, &position)),
				errhidestmt(true));
}

void
execute_command(const char *sql, bool top_level)
{
	List	   *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);

	portal_execute(linitial_node(RawStmt, parsed), sql, top_level);
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
	if (execution->statement < 0 && execution->action == NULL)
		return;
	locate_error(execution, position);
	if (position > 0 && getinternalerrposition() == 0)
	{
		int			i;
		const Script *script = shown_script(execution, &i);
		char	   *whole;

		whole = script_shown_text(script, i, &position);
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
		int			i;
		const Script *script = shown_script(execution, &i);
		HideFocus	focus = script_focus(script, i, execution->position);

		hide_values_in_error(values_to_hide(execution), &focus, notice, NULL);
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
	const Statement *statement = &script->statements[Max(execution->statement, 0)];
	uint64		copy_line = copy_current_line();

	if (execution->action != NULL)
	{
		set_error_file(execution, execution->action->file);
		execution->error_line = execution->action->line;
		execution->error_column = execution->action->column;
		return;
	}
	set_error_file(execution, script_file_of(script, execution->statement));
	execution->error_line = statement->line;
	execution->error_column = statement->column;
	if (position > 0)
	{
		int			i;
		const Script *shown = shown_script(execution, &i);

		script_locate(shown, i, position, &execution->error_line, &execution->error_column);
	}
	else if (copy_line > 0 && statement->data_line > 0)
	{
		if (script->fill != NULL)
			set_error_file(execution, fill_map_file(script->fill, fill_map_offset(script->fill, statement->data_offset, false)));
		execution->error_line = statement->data_line + copy_line - 1;
		execution->error_column = 1;
	}
}
