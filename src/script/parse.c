/*
 * parse.c
 *	  Every statement of a script through the server's parser, and what the
 *	  parse trees say of the script as a whole.
 *
 * Parse trees live for one statement only.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "script/parse.h"
#include "script/server_parser.h"
#include "script/transactions.h"

/* one statement, read under server_parser_try() */
typedef struct Reading
{
	const Script *script;
	int			statement;
	List	   *list;			/* what the parser makes of it */
	StatementKind kind;			/* if that is one statement */
} Reading;

static void parse_one(Script *script, int i, TransactionWalk *walk);
static void read_statement(void *argument);
static void check_allowed(Script *script, int i, const RawStmt *raw, const TransactionWalk *walk);
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
	list_sort(script->problems, compare_problems);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Leaves its garbage, parse tree included, in the current context. */
static void
parse_one(Script *script, int i, TransactionWalk *walk)
{
	Statement  *statement = &script->statements[i];
	Reading		reading = {.script = script,.statement = i};
	ErrorData  *error;
	RawStmt    *raw;

	/*
	 * Text that could not be cut needs no second complaint by the parser.  A
	 * COPY with data could be cut; its problem is what stands behind it.
	 */
	if (script_has_problem(script, i) && statement->data_offset == 0)
	{
		walk->incomplete = true;
		return;
	}

	error = server_parser_try(read_statement, &reading);
	if (error != NULL)
	{
		parser_problem(script, i, error);
		walk->incomplete = true;
		return;
	}
	if (list_length(reading.list) != 1)
	{
		script_add_statement_problem(script, i, CHECK_SYNTAX, ERRCODE_SYNTAX_ERROR,
									 "the server reads this as several statements", NULL,
									 "Write each statement on its own, ended by a semicolon.");
		walk->incomplete = true;
		return;
	}

	raw = linitial_node(RawStmt, reading.list);
	statement->kind = (uint8) reading.kind;
	transactions_walk(script, i, raw, walk);
	check_allowed(script, i, raw, walk);
	script->lock_estimate += statement_lock_estimate(raw);
}

/* Its kind is found here, since that may find errors of its own. */
static void
read_statement(void *argument)
{
	Reading    *reading = argument;
	const Script *script = reading->script;

	reading->list = server_parser_read(script_statement_text(script, reading->statement),
									   script->statements[reading->statement].conforming_strings, true);
	if (list_length(reading->list) == 1)
		reading->kind = statement_kind(linitial_node(RawStmt, reading->list));
}

/* What can be said to fail without running it. */
static void
check_allowed(Script *script, int i, const RawStmt *raw, const TransactionWalk *walk)
{
	const ForbiddenStatement *forbidden;

	switch ((StatementKind) script->statements[i].kind)
	{
		case STATEMENT_OUTSIDE:
			if (script->first_outside < 0)
				script->first_outside = i;
			if (walk->in_block)
				script_add_statement_problem(script, i, CHECK_TRANSACTIONS, ERRCODE_ACTIVE_SQL_TRANSACTION,
											 psprintf("%s cannot run inside a transaction block",
													  statement_name(raw)),
											 psprintf("The script begins a transaction on line %u.",
													  script->statements[walk->begin].line),
											 NULL);
			break;

		case STATEMENT_COPY_OUT:
			script_add_statement_problem(script, i, CHECK_SYNTAX, ERRCODE_FEATURE_NOT_SUPPORTED,
										 "COPY ... TO stdout is not supported in a migration",
										 NULL, "The rows have nowhere to go.");
			break;

		case STATEMENT_FORBIDDEN:
			forbidden = statement_forbidden(raw);
			script_add_statement_problem(script, i, CHECK_SYNTAX, forbidden->sqlstate,
										 psprintf("%s is not allowed in a migration", forbidden->name),
										 forbidden->reason, NULL);
			break;

		default:
			break;
	}
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
