/*
 * transactions.c
 *	  How a script deals with transactions.
 */
#include "postgres.h"

#include "script/server_parser.h"
#include "script/transactions.h"

static void refuse_outside_before(Script *script, int commit);
static void make_parts(Script *script, int i);

/*
 * A script without transaction statements runs in a transaction that we begin
 * and end.  One whose first transaction statement is COMMIT was written for a
 * tool that does the same, and may leave its last transaction to that, too.
 */
void
transactions_walk(Script *script, int i, const RawStmt *raw, TransactionWalk *walk)
{
	Statement  *statement = &script->statements[i];
	const TransactionStmt *transaction = (const TransactionStmt *) raw->stmt;
	bool		first = !walk->seen;

	switch ((StatementKind) statement->kind)
	{
		case STATEMENT_BEGIN:
			walk->seen = true;
			if (walk->in_block)
				script_statement_problem(script, i, CHECK_TRANSACTIONS, ERRCODE_INVALID_TRANSACTION_INITIATION,
										 psprintf("%s inside of a transaction", statement_name(raw->stmt)),
										 psprintf("The transaction began on line %u.",
												  script->statements[walk->begin].line),
										 "Write COMMIT where that ends, or leave this out.");
			else if (walk->ended || walk->statement_before)
				make_parts(script, i);
			if (!walk->in_block)
				walk->begin = i;
			walk->in_block = true;
			if (statement_begin_has_options(raw->stmt) && script->isolation_line == 0)
				script->isolation_line = (int) statement->line;
			break;

		case STATEMENT_COMMIT:
			/* a ROLLBACK of nothing */
			if (script->undone && first)
				break;
			walk->seen = true;
			if (first)
			{
				walk->counts_on_ours = true;
				make_parts(script, i);
				refuse_outside_before(script, i);
			}
			else if (!walk->in_block && !walk->incomplete)
				script_statement_problem(script, i, CHECK_TRANSACTIONS, ERRCODE_INVALID_TRANSACTION_TERMINATION,
										 "COMMIT without BEGIN", NULL,
										 "Write BEGIN where the transaction begins, or leave this out.");
			walk->in_block = false;
			walk->ended = true;
			break;

		case STATEMENT_TRANSACTION_REFUSED:
			/* a rule has refused it; what ends a transaction is followed */
			walk->seen = true;
			if ((transaction->kind == TRANS_STMT_ROLLBACK && !transaction->chain) ||
				transaction->kind == TRANS_STMT_PREPARE)
			{
				walk->in_block = false;
				walk->ended = true;
			}
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
		if (script->statements[i].kind != STATEMENT_OUTSIDE || script_has_error(script, i))
			continue;
		script_statement_problem(script, i, CHECK_TRANSACTIONS, ERRCODE_ACTIVE_SQL_TRANSACTION,
								 psprintf("%s cannot run inside a transaction block",
										  statement_name(script_parse_statement(script, i, NULL)->stmt)),
								 psprintf("The COMMIT on line %u ends a transaction that the script counts on from its beginning.",
										  script->statements[commit].line),
								 "Write BEGIN where that transaction begins, behind this statement.");
	}
}

void
transactions_finish(Script *script, const TransactionWalk *walk)
{
	/* the COMMIT may be among what could not be parsed */
	if (walk->in_block && !walk->counts_on_ours && !walk->incomplete && !script->undone)
		script_statement_problem(script, walk->begin, CHECK_TRANSACTIONS, ERRCODE_INVALID_TRANSACTION_INITIATION,
								 "BEGIN without COMMIT",
								 "The script ends inside of the transaction that begins here.",
								 "Write COMMIT where it ends, or leave BEGIN out: each migration is one transaction without it.");

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
