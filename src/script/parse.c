/*
 * parse.c
 *	  Every statement of a script through the server's parser, and what the
 *	  parse trees say of the script as a whole.
 *
 * Parse trees live for one statement only.  Nothing is looked up and nothing
 * run; the parser touches no transaction state, which is why its errors can be
 * caught here without a subtransaction.
 *
 * Floor 1 (text): uses statement_kind.h.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "parser/parser.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "script/lexer.h"
#include "script/script.h"
#include "script/private.h"

/* where we are in the transactions of a script */
typedef struct TransactionWalk
{
	bool		seen;			/* a transaction statement */
	bool		in_block;
	int			begin;			/* the BEGIN of that block */
	bool		ended;			/* a transaction has been committed */
	bool		statement_before;	/* other than SET, outside of any block */
	bool		incomplete;		/* some statement could not be parsed */
} TransactionWalk;

static void parse_one(Script *script, int i, TransactionWalk *walk);
static void walk_transactions(Script *script, int i, const RawStmt *raw, TransactionWalk *walk);
static void refuse_outside_before(Script *script, int commit);
static void walk_refused(Script *script, int i, const RawStmt *raw, TransactionWalk *walk);
static void finish_walk(Script *script, const TransactionWalk *walk);
static void make_parts(Script *script, int i);
static void check_allowed(Script *script, int i, const RawStmt *raw, const TransactionWalk *walk);
static void statement_problem(Script *script, int i, int sqlstate, char *message,
							  const char *detail, const char *hint);
static void parser_problem(Script *script, int i, const ErrorData *error);
static bool has_problem(const Script *script, int i);
static int	compare_problems(const ListCell *a, const ListCell *b);
static List *raw_parse(const char *slice, bool conforming_strings, bool quiet);
static bool is_fault_of_text(int sqlstate);

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
	finish_walk(script, &walk);
	list_sort(script->problems, compare_problems);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* Leaves its garbage, parse tree included, in the current context. */
static void
parse_one(Script *script, int i, TransactionWalk *walk)
{
	Statement  *statement = &script->statements[i];
	StatementKind kind = STATEMENT_ORDINARY;
	ErrorData  *error = NULL;
	List	   *list = NIL;
	RawStmt    *raw;

	/*
	 * Text that could not be cut needs no second complaint by the parser.  A
	 * COPY with data could be cut; its problem is what stands behind it.
	 */
	if (has_problem(script, i) && statement->data_offset == 0)
	{
		walk->incomplete = true;
		return;
	}

	list = script_try_parse(script_statement_text(script, i),
							statement->conforming_strings, &kind, &error);
	if (error != NULL)
	{
		parser_problem(script, i, error);
		walk->incomplete = true;
		return;
	}
	if (list_length(list) != 1)
	{
		statement_problem(script, i, ERRCODE_SYNTAX_ERROR,
						  "the server reads this as several statements",
						  NULL, "Write each statement on its own, ended by a semicolon.");
		walk->incomplete = true;
		return;
	}

	raw = linitial_node(RawStmt, list);
	statement->kind = (uint8) kind;
	walk_transactions(script, i, raw, walk);
	check_allowed(script, i, raw, walk);
	script->lock_estimate += statement_lock_estimate(raw);
}

/*
 * A script without transaction statements runs in a transaction that we begin
 * and end.  One whose first transaction statement is COMMIT was written for a
 * tool that does the same.
 */
static void
walk_transactions(Script *script, int i, const RawStmt *raw, TransactionWalk *walk)
{
	Statement  *statement = &script->statements[i];
	bool		first = !walk->seen;

	switch ((StatementKind) statement->kind)
	{
		case STATEMENT_BEGIN:
			walk->seen = true;
			if (walk->in_block)
				statement_problem(script, i, ERRCODE_INVALID_TRANSACTION_INITIATION,
								  psprintf("%s inside of a transaction", statement_name(raw)),
								  psprintf("The transaction began on line %u.",
										   script->statements[walk->begin].line),
								  NULL);
			else if (walk->ended || walk->statement_before)
				make_parts(script, i);
			if (!walk->in_block)
				walk->begin = i;
			walk->in_block = true;
			if (statement_begin_has_options(raw) && script->isolation_line == 0)
				script->isolation_line = (int) statement->line;
			break;

		case STATEMENT_COMMIT:
			walk->seen = true;
			if (first)
			{
				make_parts(script, i);
				refuse_outside_before(script, i);
			}
			else if (!walk->in_block && !walk->incomplete)
				statement_problem(script, i, ERRCODE_INVALID_TRANSACTION_TERMINATION,
								  "COMMIT without BEGIN", NULL, NULL);
			walk->in_block = false;
			walk->ended = true;
			break;

		case STATEMENT_TRANSACTION_REFUSED:
			walk_refused(script, i, raw, walk);
			break;

		default:
			if (statement->kind == STATEMENT_SET_TRANSACTION && script->isolation_line == 0)
				script->isolation_line = (int) statement->line;
			if (walk->in_block)
				break;
			if (walk->ended)
				make_parts(script, i);
			else if (statement->kind != STATEMENT_SET)
				walk->statement_before = true;
	}
}

/*
 * Statement commit ends the transaction that was open from the script's first
 * statement on: none of those may refuse a transaction block.
 */
static void
refuse_outside_before(Script *script, int commit)
{
	for (int i = 0; i < commit; i++)
	{
		if (script->statements[i].kind != STATEMENT_OUTSIDE || has_problem(script, i))
			continue;
		statement_problem(script, i, ERRCODE_ACTIVE_SQL_TRANSACTION,
						  psprintf("%s cannot run inside a transaction block",
								   statement_name(script_parse_statement(script, i, NULL))),
						  psprintf("The COMMIT on line %u ends a transaction that the script counts on from its beginning.",
								   script->statements[commit].line),
						  "Write BEGIN where that transaction begins, behind this statement.");
	}
}

static void
walk_refused(Script *script, int i, const RawStmt *raw, TransactionWalk *walk)
{
	const TransactionStmt *transaction = castNode(TransactionStmt, raw->stmt);

	walk->seen = true;
	statement_problem(script, i, ERRCODE_FEATURE_NOT_SUPPORTED,
					  psprintf("%s is not supported yet in a migration", statement_name(raw)),
					  NULL,
					  "Supported are BEGIN, START TRANSACTION, COMMIT and END.");

	/* one complaint is enough: these do end a transaction */
	if ((transaction->kind == TRANS_STMT_ROLLBACK && !transaction->chain) ||
		transaction->kind == TRANS_STMT_PREPARE)
	{
		walk->in_block = false;
		walk->ended = true;
	}
}

static void
finish_walk(Script *script, const TransactionWalk *walk)
{
	/* the COMMIT may be among what could not be parsed */
	if (walk->in_block && !walk->incomplete)
		statement_problem(script, walk->begin, ERRCODE_INVALID_TRANSACTION_INITIATION,
						  "BEGIN without COMMIT",
						  "The script ends inside of the transaction that begins here.",
						  NULL);

	if (!walk->seen)
		script->transaction_form = TRANSACTION_FORM_NONE;
	else if (script->second_transaction < 0)
		script->transaction_form = TRANSACTION_FORM_WRAPPED;
	else
		script->transaction_form = TRANSACTION_FORM_PARTS;
}

static void
make_parts(Script *script, int i)
{
	if (script->second_transaction < 0)
		script->second_transaction = i;
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
				statement_problem(script, i, ERRCODE_ACTIVE_SQL_TRANSACTION,
								  psprintf("%s cannot run inside a transaction block",
										   statement_name(raw)),
								  psprintf("The script begins a transaction on line %u.",
										   script->statements[walk->begin].line),
								  NULL);
			break;

		case STATEMENT_COPY_OUT:
			statement_problem(script, i, ERRCODE_FEATURE_NOT_SUPPORTED,
							  "COPY ... TO stdout is not supported in a migration",
							  NULL, "The rows have nowhere to go.");
			break;

		case STATEMENT_FORBIDDEN:
			forbidden = statement_forbidden(raw);
			statement_problem(script, i, forbidden->sqlstate,
							  psprintf("%s is not allowed in a migration", forbidden->name),
							  forbidden->reason, NULL);
			break;

		default:
			break;
	}
}

static void
statement_problem(Script *script, int i, int sqlstate, char *message,
				  const char *detail, const char *hint)
{
	ScriptProblem problem = {0};

	problem.sqlstate = sqlstate;
	problem.message = message;
	problem.detail = unconstify(char *, detail);
	problem.hint = unconstify(char *, hint);
	problem.line = (int) script->statements[i].line;
	problem.column = (int) script->statements[i].column;
	problem.statement = i;
	script_add_problem(script, &problem);
}

/* The parser's own words. */
static void
parser_problem(Script *script, int i, const ErrorData *error)
{
	ScriptProblem problem = {0};

	problem.sqlstate = error->sqlerrcode;
	problem.message = error->message;
	problem.detail = error->detail;
	problem.hint = error->hint;
	problem.statement = i;
	problem.position = error->cursorpos;
	script_locate(script, i, error->cursorpos, &problem.line, &problem.column);
	script_add_problem(script, &problem);
}

static bool
has_problem(const Script *script, int i)
{
	ListCell   *cell;

	foreach(cell, script->problems)
	{
		if (((const ScriptProblem *) lfirst(cell))->statement == i)
			return true;
	}
	return false;
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

RawStmt *
script_parse_statement(const Script *script, int i, char **slice)
{
	char	   *text = script_statement_text(script, i);
	List	   *list = raw_parse(text, script->statements[i].conforming_strings, false);

	if (list_length(list) != 1)
		elog(ERROR, "statement %d of a script is not one statement to the parser", i);
	if (slice != NULL)
		*slice = text;
	return linitial_node(RawStmt, list);
}

List *
script_try_parse(const char *slice, bool conforming_strings,
				 StatementKind *kind, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile list = NIL;

	*error = NULL;
	PG_TRY();
	{
		/*
		 * The callbacks of our callers must not see this error: that of SPI
		 * takes the cursor position for one in the caller's query.
		 */
		error_context_stack = NULL;
		list = raw_parse(slice, conforming_strings, true);
		if (kind != NULL && list_length(list) == 1)
			*kind = statement_kind(linitial_node(RawStmt, list));
	}
	PG_CATCH();
	{
		ErrorData  *caught;

		MemoryContextSwitchTo(context);
		caught = CopyErrorData();
		if (!is_fault_of_text(caught->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		*error = caught;
		list = NIL;
	}
	PG_END_TRY();

	return list;
}

/*
 * raw_parser() with the settings that a statement is to be read by.  quiet
 * holds back warnings and notices, which the statement's run will bring.
 */
static List *
raw_parse(const char *slice, bool conforming_strings, bool quiet)
{
	bool		saved_conforming = standard_conforming_strings;
	int			saved_client = client_min_messages;
	int			saved_log = log_min_messages;
	List	   *list = NIL;

	PG_TRY();
	{
		standard_conforming_strings = conforming_strings;
		if (quiet)
		{
			client_min_messages = ERROR;
			log_min_messages = ERROR;
		}
		list = raw_parser(slice, RAW_PARSE_DEFAULT);
	}
	PG_FINALLY();
	{
		standard_conforming_strings = saved_conforming;
		client_min_messages = saved_client;
		log_min_messages = saved_log;
	}
	PG_END_TRY();

	return list;
}

/* Cancel, lack of memory and our own faults are not the script's. */
static bool
is_fault_of_text(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category != ERRCODE_OPERATOR_INTERVENTION &&
		category != ERRCODE_INSUFFICIENT_RESOURCES &&
		category != ERRCODE_SYSTEM_ERROR &&
		category != ERRCODE_INTERNAL_ERROR;
}
