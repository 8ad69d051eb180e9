/*
 * parse.c
 *	  Every statement of a script through the server's parser, and what the
 *	  parse trees say of the script as a whole.
 *
 * Parse trees live for one statement only.
 */
#include "postgres.h"

#include <ctype.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "script/lock_estimate.h"
#include "script/parse.h"
#include "script/psql_late.h"
#include "script/rules.h"
#include "script/server_parser.h"
#include "script/touch.h"
#include "script/transactions.h"

/* one statement, read under server_parser_try() */
typedef struct Reading
{
	Script	   *script;
	int			statement;
	int			begin;			/* the BEGIN before it, see rules_apply() */
	RawStmt    *raw;			/* NULL: it is several statements */
	RawStmt		none;
} Reading;

static void parse_one(Script *script, int i, TransactionWalk *walk);
static void unseen(Script *script, const Statement *statement, const char *what);
static void check_of_psql(Script *script, int i, const RawStmt *raw);
static void read_statement(void *argument);
static bool is_reference(const Script *script, int i, int position);
static void parser_problem(Script *script, int i, const ErrorData *error);
static int	compare_problems(const ListCell *a, const ListCell *b);

void
script_parse(Script *script)
{
	TransactionWalk walk = {0};
	MemoryContext context;
	MemoryContext old;

	context = AllocSetContextCreate(CurrentMemoryContext, "migrator statement",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	for (int i = 0; i < script->statement_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		parse_one(script, i, &walk);
		MemoryContextReset(context);
	}
	transactions_finish(script, &walk);
	rules_finish(script);
	list_sort(script->problems, compare_problems);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Leaves its garbage, parse tree included, in the current context. */
static void
parse_one(Script *script, int i, TransactionWalk *walk)
{
	Statement  *statement = &script->statements[i];
	Reading		reading = {
		.script = script,
		.statement = i,
		.begin = walk->in_block ? walk->begin : -1
	};
	ErrorData  *error;

	/*
	 * Text that could not be cut needs no second complaint by the parser.  A
	 * COPY with data could be cut; its problem is what stands behind it.
	 */
	if (script_has_error(script, i) && statement->data_offset == 0)
	{
		walk->incomplete = true;
		return;
	}

	error = server_parser_try(read_statement, &reading);
	if (statement->unfilled && (error != NULL || reading.raw == NULL))
	{
		unseen(script, statement, statement->late ? "the value of a variable stands for SQL" :
			   "a variable without a value stands for SQL");
		/* what only the run knows can be no statement about transactions */
		if (statement->late)
			transactions_walk(script, i, &reading.none, walk);
		else
			walk->incomplete = true;
		return;
	}
	if (error != NULL)
	{
		parser_problem(script, i, error);
		walk->incomplete = true;
		return;
	}
	if (reading.raw == NULL)
	{
		script_statement_problem(script, i, CHECK_SYNTAX, ERRCODE_SYNTAX_ERROR,
								 "the server reads this as several statements", NULL,
								 "Write each statement on its own, ended by a semicolon.");
		walk->incomplete = true;
		return;
	}

	if (statement->kind == STATEMENT_OUTSIDE && script->first_outside < 0)
		script->first_outside = i;
	transactions_walk(script, i, reading.raw, walk);
	if (script->is_psql)
		check_of_psql(script, i, reading.raw);
	script->lock_estimate += lock_estimate(reading.raw->stmt);
}

/* Nobody knows what it changes: there is no value for a part of it, or it runs what comes of a result. */
static void
unseen(Script *script, const Statement *statement, const char *what)
{
	ScriptChange change = {
		.line = (int) statement->line,
		.column = (int) statement->column,
		.what = MemoryContextStrdup(GetMemoryChunkContext(script), what)
	};

	if (script->changes.change_class < CHANGE_CARE)
	{
		script->changes.change_class = CHANGE_CARE;
		script->changes.worst = change;
	}
	if ((statement->late || statement->uses_result) && script->changes.late.line == 0)
		script->changes.late = change;
}

/* What a statement cannot be whose result is used, or that may not be run. */
static void
check_of_psql(Script *script, int i, const RawStmt *raw)
{
	const Statement *statement = &script->statements[i];
	const ScriptResult *result;

	if (statement->conditional &&
		(statement->kind == STATEMENT_BEGIN || statement->kind == STATEMENT_COMMIT || statement->kind == STATEMENT_SET_TRANSACTION))
		script_statement_problem(script, i, CHECK_TRANSACTIONS, ERRCODE_FEATURE_NOT_SUPPORTED,
								 psprintf("%s stands in a branch of \\if that only a run can choose", statement_name(raw->stmt)),
								 NULL, "Where transactions begin and end must be known before.");
	if (!statement->uses_result)
		return;
	result = psql_late_result(script, i);
	if (statement->kind != STATEMENT_ORDINARY)
		script_statement_problem(script, i, CHECK_SYNTAX, ERRCODE_SYNTAX_ERROR,
								 psprintf("\\%s stands behind %s, which returns no rows",
										  result->executes ? "gexec" : "gset", statement_name(raw->stmt)), NULL, NULL);
	if (result->executes)
		unseen(script, statement, "\\gexec runs what comes of a result");
}

/*
 * Parse, classify, ask the rules: all of that may find errors of the text's
 * own.
 */
static void
read_statement(void *argument)
{
	Reading    *reading = argument;
	Script	   *script = reading->script;
	Statement  *statement = &script->statements[reading->statement];
	List	   *list = server_parser_read(script_statement_text(script, reading->statement),
										  statement->conforming_strings, true);

	if (list_length(list) != 1)
		return;
	reading->raw = linitial_node(RawStmt, list);
	statement->kind = (uint8) script_statement_kind(script, reading->statement, reading->raw->stmt);
	if (rules_apply(script, reading->statement, reading->raw, reading->begin) &&
		(statement->kind == STATEMENT_ORDINARY || statement->kind == STATEMENT_SET))
		statement->kind = STATEMENT_FORBIDDEN;
	if (script->touches != NULL)
		touch_statement(script->touches, script, reading->statement, reading->raw);
}

/* Is it a colon before a name that the parser could not read? */
static bool
is_reference(const Script *script, int i, int position)
{
	const char *at = script_statement_text(script, i);

	at += pg_mbcharcliplen(at, strlen(at), position - 1);
	return at[0] == ':' && (at[1] == '\'' || at[1] == '"' || at[1] == '_' || isalpha((unsigned char) at[1]));
}

/* The parser's own words. */
static void
parser_problem(Script *script, int i, const ErrorData *error)
{
	ScriptProblem problem = {0};

	problem.check = CHECK_SYNTAX;
	problem.sqlstate = error->sqlerrcode;
	problem.message = error->message;
	problem.detail = error->detail;
	problem.hint = error->hint;
	if (problem.hint == NULL && problem.sqlstate == ERRCODE_SYNTAX_ERROR && is_reference(script, i, error->cursorpos))
		problem.hint = "If the value of a variable is to stand there, give it as one of \"variables\" of the call or of migrator.register(); where the layout has no variables, the script says \"-- migrator: variables\".";
	problem.statement = i;
	problem.position = error->cursorpos;
	script_locate(script, i, error->cursorpos, &problem.line, &problem.column);
	script_add_problem(script, &problem);
}

static int
compare_problems(const ListCell *a, const ListCell *b)
{
	const ScriptProblem *first = lfirst(a);
	const ScriptProblem *second = lfirst(b);

	if (first->line != second->line)
		return first->line < second->line ? -1 : 1;
	if (first->column != second->column)
		return first->column < second->column ? -1 : 1;
	return 0;
}
