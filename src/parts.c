/*
 * parts.c
 *	  Run a script that cannot be one transaction: part by part, each with its
 *	  mark in the record.
 */
#include "postgres.h"

#include "errors.h"
#include "parts.h"
#include "record.h"
#include "resume.h"
#include "transaction.h"

static void take_up(Parts *parts, const char *recorded_digest);
static void settle_started(Parts *parts);
static int	part_end(const Script *script, int first);
static void run_transaction(Parts *parts, int first, int last);
static void run_ordinary(Parts *parts, int i);
static void run_outside(Parts *parts, int i);
static void drop_invalid_index(const RawStmt *raw);
static void mark_done(Parts *parts, int last);
static void mark(const Parts *parts);
static void chain_digest(Parts *parts, int i);

void
parts_run(Parts *parts, const char *recorded_digest)
{
	const Script *script = parts->execution->script;

	take_up(parts, recorded_digest);
	while (parts->done < script->statement_count)
	{
		int			first = parts->done;
		int			last = part_end(script, first);

		if (last > first)
			run_transaction(parts, first, last);
		else if (script->statements[first].kind == STATEMENT_OUTSIDE)
			run_outside(parts, first);
		else
			run_ordinary(parts, first);
	}
}

/*
 * Come to where an earlier run stopped: what it did must be the same in the
 * script as it is now, and what it SET is set again.
 */
static void
take_up(Parts *parts, const char *recorded_digest)
{
	const Script *script = parts->execution->script;

	parts->done_digest[0] = '\0';
	for (int i = 0; i < parts->done && i < script->statement_count; i++)
		chain_digest(parts, i);
	if (parts->done > script->statement_count ||
		(parts->done > 0 && recorded_digest != NULL &&
		 strcmp(parts->done_digest, recorded_digest) != 0))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_INTERRUPTED),
				errmsg("migration \"%s\" cannot be taken up again: its first %d statement(s) are done, and were changed since",
					   parts->version, parts->done),
				errhint("Restore them, or settle the migration with migrator.resolve()."));

	for (int i = 0; i < parts->done; i++)
		if (script->statements[i].kind == STATEMENT_SET)
		{
			execute_statements(parts->execution, i, i, true);
			transaction_commit(false);
		}
	if (parts->started > parts->done)
		settle_started(parts);
}

/*
 * Only of a statement that refuses a transaction block can something be left.
 * If another one stands in its place now, that was mended by a person.
 */
static void
settle_started(Parts *parts)
{
	const Script *script = parts->execution->script;
	int			i = parts->started - 1;
	char	   *command = NULL;

	if (i >= script->statement_count || script->statements[i].kind != STATEMENT_OUTSIDE)
		return;
	switch (resume_verdict(script_parse_statement(script, i, NULL), &command))
	{
		case RESUME_RUN:
		case RESUME_REBUILD:
			/* run_outside() drops what is to be rebuilt */
			break;
		case RESUME_INSTEAD:
			transaction_commit(false);
			execute_command(command, true);
			mark_done(parts, i);
			transaction_commit(false);
			break;
		case RESUME_ASK:
			ereport(ERROR,
					errcode(ERRCODE_MIGRATOR_INTERRUPTED),
					errmsg("migration \"%s\" was interrupted in statement %d, and it cannot be told whether that was done",
						   parts->version, parts->started),
					errhint("Look at what it did, then settle the migration with migrator.resolve()."));
	}
}

/*
 * Index of the last statement of the part that begins at first.  A script whose
 * first transaction statement is COMMIT counts on a transaction being open.
 */
static int
part_end(const Script *script, int first)
{
	bool		open = script->statements[first].kind == STATEMENT_BEGIN;

	/* SET TRANSACTION in a script that leaves the transaction to us */
	if (script->transaction_form == TRANSACTION_FORM_NONE && script->isolation_line > 0 &&
		script->first_outside < 0 && script_directive(script, "no-transaction") == NULL)
		return script->statement_count - 1;
	if (!open && first > 0)
		return first;
	for (int i = first; i < script->statement_count; i++)
	{
		if (script->statements[i].kind == STATEMENT_COMMIT)
			return i;
		if (i > first && script->statements[i].kind == STATEMENT_BEGIN)
			break;
	}
	return first;
}

/* BEGIN ... COMMIT: its statements and its mark in one transaction. */
static void
run_transaction(Parts *parts, int first, int last)
{
	parts->execution->own_transaction = true;
	execute_statements(parts->execution, first, last, false);
	transaction_make_writable();
	mark_done(parts, last);
	transaction_commit(false);
}

static void
run_ordinary(Parts *parts, int i)
{
	/* invisible unless the statement commits within */
	parts->started = i + 1;
	mark(parts);
	execute_statements(parts->execution, i, i, true);
	mark_done(parts, i);
	transaction_commit(false);
}

/*
 * The mark is on disk before the statement begins, since some of these leave
 * traces outside of the database.
 */
static void
run_outside(Parts *parts, int i)
{
	RawStmt    *raw = script_parse_statement(parts->execution->script, i, NULL);

	if (parts->retry)
		drop_invalid_index(raw);
	resume_refuse_invalid_index(raw);
	parts->started = i + 1;
	mark(parts);
	transaction_commit(true);
	execute_statements(parts->execution, i, i, true);
	mark_done(parts, i);
	transaction_commit(false);
}

/* What an earlier attempt at this migration left, and nobody is building. */
static void
drop_invalid_index(const RawStmt *raw)
{
	char	   *command = NULL;

	if (!IsA(raw->stmt, IndexStmt) || resume_verdict(raw, &command) != RESUME_REBUILD)
		return;
	transaction_commit(false);
	execute_command(command, true);
	transaction_commit(false);
}

static void
mark_done(Parts *parts, int last)
{
	for (int i = parts->done; i <= last; i++)
		chain_digest(parts, i);
	parts->done = last + 1;
	parts->started = 0;
	mark(parts);
}

static void
mark(const Parts *parts)
{
	record_mark(parts->service, parts->version, parts->done, parts->started, parts->done_digest);
}

/* digest of statement i behind the digest of those before */
static void
chain_digest(Parts *parts, int i)
{
	const Script *script = parts->execution->script;
	Digest	   *digest = digest_create();

	digest_update(digest, parts->done_digest, strlen(parts->done_digest));
	digest_update(digest, script->text + script->statements[i].offset, script->statements[i].length);
	digest_update(digest, script->text + script->statements[i].data_offset,
				  script->statements[i].data_length);
	digest_finish(digest, parts->done_digest);
}
