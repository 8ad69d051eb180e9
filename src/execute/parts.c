/*
 * parts.c
 *	  Run a script that cannot be one transaction: part by part, each with its
 *	  mark in the record.
 *
 * What must hold: no part is run twice, none is left out, and none is run in
 * another session's state than the one that the parts before it made.  Where
 * that cannot be told, a person is asked.
 *
 * Transactions.  Between two parts we are in a transaction that has done
 * nothing yet, with no snapshot and no subtransaction (parts.h), so that a
 * statement that refuses a transaction block finds none.  No error is caught
 * here but round a subtransaction: run/up.c aborts, records and puts the
 * settings back.
 *
 * Order of a part, and what a crash, a cancel or an error leaves at each point:
 *
 *	  BEGIN ... COMMIT, or an ordinary statement: the part, its mark, one commit.
 *	  Either both are there or neither, so the next run begins with this part or
 *	  behind it.  Unless migrator.commit is "each" the commit need not be on
 *	  disk: a crash of the server takes both, and with them all that came later.
 *
 *	  A statement that may commit within (DO, CALL and some more): its first
 *	  commit takes the mark "started" with it.  It is no single act, and nobody
 *	  can tell how far it came, so it is run again from its beginning.  If it
 *	  has not committed within, that mark is undone with it.
 *
 *	  One that refuses a transaction block: the mark "started" is committed, and
 *	  on disk, before it begins; then the statement, with transactions of its
 *	  own; then the mark "done".  Between the first and the last of these the
 *	  record does not know what happened.  The catalog does: resume_verdict()
 *	  says whether to run it, to end what it began, to drop what it left and run
 *	  it again, or that it cannot be told.
 *
 * A mark is written only while the row says that this very run is running the
 * migration (record_mark(): else 40001).  So if a script gave our locks away
 * and another run has taken the migration over, a part that was still in
 * progress is undone with its mark, and a statement that refuses a transaction
 * block is not begun.
 *
 * A resume first proves that it continues the same thing: the statements that
 * are done by the digest of their texts, the session by role and search_path,
 * then by the settings, which are set again and not computed again, and by the
 * user that comes of them.  Only then it looks at the statement that was
 * started; what it drops or runs by then is committed before the next part.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/settings.h"
#include "base/transaction.h"
#include "execute/parts.h"
#include "execute/resume.h"
#include "record/part_mark.h"
#include "script/server_parser.h"

/* the session as the finished parts left it */
typedef struct ResumeSession
{
	Parts	   *parts;
	ResumeState *state;
	const SettingValue *current;	/* being set */
} ResumeSession;

static void take_up(Parts *parts, const char *recorded_digest);
static void take_up_session(Parts *parts);
static void fill_settings(const Parts *parts, const List *settings);
static void drop_reindex_leftovers(Parts *parts);
static void refuse_other(const Parts *parts, const char *what, const char *before, const char *now);
static void apply_settings(void *argument);
static void settle_started(Parts *parts);
static int	part_end(const Script *script, int first);
static void run_transaction(Parts *parts, int first, int last);
static void run_ordinary(Parts *parts, int i);
static void run_outside(Parts *parts, int i);
static void mark_done(Parts *parts, int last);
static void keep_late(Parts *parts);
static void mark(const Parts *parts);
static void commit_part(void);
static void chain_digest(Parts *parts, int i);

void
parts_run(Parts *parts, const char *recorded_digest)
{
	const Script *script = parts->execution->script;

	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator part", ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	execute_begin(parts->execution);
	take_up(parts, recorded_digest);
	while (parts->done < script->statement_count)
	{
		int			first = parts->done;
		int			last = part_end(script, first);

		MemoryContextReset(context);
		if (last > first)
			run_transaction(parts, first, last);
		else if (script->statements[first].kind == STATEMENT_OUTSIDE)
			run_outside(parts, first);
		else
			run_ordinary(parts, first);
	}
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(context);
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
				errmsg_plural("migration \"%s\" cannot be resumed: %d statement is done, and was changed since",
							  "migration \"%s\" cannot be resumed: %d statements are done, and were changed since",
							  parts->done, parts->version, parts->done),
				errhint("Restore what was changed, or resolve the migration with migrator.resolve()."));

	if (parts->done > 0 && script->fill != NULL && script->fill->given)
		ereport(NOTICE,
				errmsg("migration \"%s\" goes on with the values of variables that this call has", parts->version));
	if (recorded_digest != NULL)
		take_up_session(parts);
	keep_late(parts);
	if (parts->started > parts->done)
		settle_started(parts);
}

/*
 * The rest of a script belongs to the same user, under the same search_path and
 * with the settings that its parts made.  The statements that made them are not
 * run again: they may have been functions, or what they need may be gone.
 */
static void
take_up_session(Parts *parts)
{
	ResumeState *state = record_resume_state(parts->service, parts->version);
	ResumeSession session = {parts, state};
	ErrorData  *error;

	if (parts->execution->late != NULL && parts->done > 0)
		psql_late_resume(parts->execution->late, state->late, parts->done);
	fill_settings(parts, state->settings);
	refuse_other(parts, "role", state->role, parts->role);
	refuse_other(parts, "search_path", state->search_path, parts->search_path);
	error = transaction_try(apply_settings, &session, false);
	if (error != NULL && session.current == NULL)
		ReThrowError(error);
	if (error != NULL)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_INTERRUPTED),
				errmsg_plural("migration \"%s\" cannot be resumed: setting \"%s\" cannot be made \"%s\" again, as %d statement that is done left it",
							  "migration \"%s\" cannot be resumed: setting \"%s\" cannot be made \"%s\" again, as %d statements that are done left it",
							  parts->done, parts->version, session.current->name,
							  session.current->hidden ? psprintf(":%s", session.current->variable) :
							  session.current->value ? session.current->value : "DEFAULT", parts->done),
				errdetail_internal("%s", error->message),
				errhint("Make that possible, or resolve the migration with migrator.resolve()."));
	/* RESET ROLE leads to whoever the session is */
	refuse_other(parts, "user", state->user, GetUserNameFromId(GetUserId(), false));
	transaction_commit(false);
	drop_reindex_leftovers(parts);
}

/* The record has no values of variables; those of this run are taken. */
static void
fill_settings(const Parts *parts, const List *settings)
{
	const FillMap *fill = parts->execution->script->fill;
	ListCell   *lc;

	foreach(lc, settings)
	{
		SettingValue *setting = lfirst(lc);
		const Variable *variable = NULL;

		if (!setting->hidden)
			continue;
		if (fill != NULL && setting->variable != NULL)
			variable = variables_find(fill->variables, setting->variable, strlen(setting->variable));
		if (variable == NULL)
			ereport(ERROR,
					errcode(ERRCODE_MIGRATOR_INTERRUPTED),
					errmsg("migration \"%s\" cannot be resumed: the value of setting \"%s\" is not on record, for there was the value of a variable in it",
						   parts->version, setting->name),
					errhint("Resolve the migration with migrator.resolve()."));
		setting->value = variable->value;
	}
}

/*
 * REINDEX CONCURRENTLY passes over invalid indexes, so it would not take them
 * away when it is run again, and a plain REINDEX would make them valid.
 */
static void
drop_reindex_leftovers(Parts *parts)
{
	List	   *left = resume_reindex_leftovers(parts->service, parts->version);
	ListCell   *lc;

	foreach(lc, left)
	{
		const ReindexLeftover *index = lfirst(lc);

		if (!resume_may_drop(index))
		{
			ereport(WARNING,
					errmsg("index %s is left by an interrupted REINDEX CONCURRENTLY", index->name),
					index->droppable ?
					errhint("Its owner has to drop it.") :
					errhint("It has become valid since; with allow_system_table_mods a superuser can drop it."));
			continue;
		}
		ereport(NOTICE,
				errmsg("dropping index %s, which an interrupted REINDEX CONCURRENTLY left", index->name));
		execute_command(psprintf("DROP INDEX CONCURRENTLY %s", index->name), true);
		transaction_commit(false);
	}
}

static void
refuse_other(const Parts *parts, const char *what, const char *before, const char *now)
{
	if (before != NULL && strcmp(before, now) != 0)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_INTERRUPTED),
				errmsg("migration \"%s\" cannot be resumed: what is done of it was run with %s \"%s\", not \"%s\"",
					   parts->version, what, before, now),
				errhint("Run it again with that %s, or resolve the migration with migrator.resolve().",
						what));
}

static void
apply_settings(void *argument)
{
	ResumeSession *session = argument;

	session_settings_apply(session->parts->settings, session->state->settings, &session->current);
}

/*
 * Only of a statement that refuses a transaction block can something be left.
 * If another one stands in its place now, that was fixed by a person.
 */
static void
settle_started(Parts *parts)
{
	const Script *script = parts->execution->script;
	int			i = parts->started - 1;
	char	   *command = NULL;
	RawStmt    *raw;

	if (i >= script->statement_count || script->statements[i].kind != STATEMENT_OUTSIDE)
		return;
	execute_look_at(parts->execution, i);
	raw = execute_parse(parts->execution, i);
	if (raw == NULL)
		return;
	switch (resume_verdict(raw, &command))
	{
		case RESUME_RUN:
		case RESUME_REBUILD:
			/* run_outside() drops what is to be rebuilt */
			break;
		case RESUME_INSTEAD:
			transaction_commit(false);
			execute_command(command, true);
			mark_done(parts, i);
			commit_part();
			break;
		case RESUME_ASK:
			ereport(ERROR,
					errcode(ERRCODE_MIGRATOR_INTERRUPTED),
					errmsg("migration \"%s\" was interrupted in statement %d, and it cannot be told whether that was done",
						   parts->version, parts->started),
					errhint("Look at what it did, then resolve the migration with migrator.resolve()."));
	}
}

/*
 * Index of the last statement of the part that begins at first.  A script whose
 * first transaction statement is COMMIT counts on a transaction being open, and
 * on its last one being committed.
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
			return first;
	}
	return open ? script->statement_count - 1 : first;
}

/* BEGIN ... COMMIT: its statements and its mark in one transaction. */
static void
run_transaction(Parts *parts, int first, int last)
{
	parts->execution->own_transaction = true;
	execute_statements(parts->execution, first, last, false);
	mark_done(parts, last);
	commit_part();
}

/*
 * One that may commit within shows by its mark that it was begun.  All others
 * are the first to write in their transaction, which a few demand
 * (pg_create_logical_replication_slot()).
 */
static void
run_ordinary(Parts *parts, int i)
{
	const RawStmt *raw = execute_parse(parts->execution, i);

	/* REINDEX and CLUSTER do when what they are about is partitioned */
	if (raw != NULL &&
		(IsA(raw->stmt, DoStmt) || IsA(raw->stmt, CallStmt) ||
		 IsA(raw->stmt, ReindexStmt) || IsA(raw->stmt, ClusterStmt)))
	{
		parts->started = i + 1;
		mark(parts);
	}
	execute_statements(parts->execution, i, i, true);
	mark_done(parts, i);
	commit_part();
}

/*
 * The mark is on disk before the statement begins, since some of these leave
 * traces outside of the database: with synchronous_commit off, too.
 */
static void
run_outside(Parts *parts, int i)
{
	RawStmt    *raw;
	char	   *command = NULL;

	execute_look_at(parts->execution, i);
	raw = execute_parse(parts->execution, i);
	if (raw == NULL)
	{
		/* in a branch that does not count; what stands behind it may */
		execute_statements(parts->execution, i, i, true);
		mark_done(parts, i);
		commit_part();
		return;
	}
	/* what an earlier attempt at this migration left, and nobody is building */
	if (parts->retry && IsA(raw->stmt, IndexStmt) && resume_verdict(raw, &command) == RESUME_REBUILD)
	{
		transaction_commit(false);
		execute_command(command, true);
		transaction_commit(false);
	}
	resume_refuse_invalid_index(raw);
	parts->started = i + 1;
	parts->reindex = resume_reindex_start(raw);
	mark(parts);
	ForceSyncCommit();
	transaction_commit(true);
	execute_statements(parts->execution, i, i, true);
	mark_done(parts, i);
	commit_part();
}

static void
mark_done(Parts *parts, int last)
{
	const Script *script = parts->execution->script;
	ListCell   *lc;

	for (int i = parts->done; i <= last; i++)
	{
		const VariableSetStmt *set;

		chain_digest(parts, i);
		if (script->statements[i].kind != STATEMENT_SET || script->statements[i].late || script->statements[i].conditional)
			continue;

		/*
		 * what a script SETs counts, though the caller's value may be the
		 * same
		 */
		set = castNode(VariableSetStmt, script_parse_statement(script, i, NULL)->stmt);
		if (set->name != NULL && !set->is_local)
			session_settings_touch(parts->settings, set->name);
	}
	foreach(lc, parts->execution->late_settings)
		session_settings_touch(parts->settings, lfirst(lc));
	list_free_deep(parts->execution->late_settings);
	parts->execution->late_settings = NIL;
	keep_late(parts);
	parts->done = last + 1;
	parts->started = 0;
	parts->reindex = NULL;
	mark(parts);
}

/* What results have set by the end of a part; it outlives the parts. */
static void
keep_late(Parts *parts)
{
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext((void *) parts->execution->script));

	if (parts->late != NULL)
		pfree(parts->late);
	parts->late = parts->execution->late != NULL ? psql_late_state(parts->execution->late) : NULL;
	MemoryContextSwitchTo(old);
}

/*
 * Whatever the script made of its transactions: a part may leave one that is
 * READ ONLY, and VACUUM begins its own by the script's defaults.
 */
static void
mark(const Parts *parts)
{
	const FillMap *fill = parts->execution->script->fill;
	StringInfoData state;
	RecordMark	mark = {
		parts->service, parts->version, parts->run_id,
		parts->done, parts->started, parts->done_digest
	};

	initStringInfo(&state);
	appendStringInfoString(&state, "{\"role\": ");
	escape_json(&state, parts->role);
	appendStringInfoString(&state, ", \"search_path\": ");
	escape_json(&state, parts->search_path);
	appendStringInfoString(&state, ", \"user\": ");
	escape_json(&state, session_settings_user());
	appendStringInfo(&state, ", \"settings\": %s", session_settings_changes(parts->settings, parts->execution->late ? psql_late_hidden(parts->execution->late) :
																			fill ? fill->variables : NULL));
	if (parts->late != NULL)
		appendStringInfo(&state, ", \"late\": %s", parts->late);
	if (parts->reindex != NULL)
		appendStringInfo(&state, ", \"reindex\": %s", parts->reindex);
	appendStringInfoChar(&state, '}');
	mark.resume_state = state.data;

	transaction_make_writable();
	record_mark(&mark);
}

/* Behind its mark. */
static void
commit_part(void)
{
	transaction_commit(migrator_commit == COMMIT_EACH);
}

/*
 * Digest of statement i behind the digest of those before.  Of the file's text:
 * one of values would let them be guessed, and a resume may have others.
 */
static void
chain_digest(Parts *parts, int i)
{
	const Script *script = parts->execution->script;
	Digest	   *digest = digest_create();
	int			length;
	const char *text = script_shown_statement(script, i, &length);

	digest_update(digest, parts->done_digest, strlen(parts->done_digest));
	digest_update(digest, text, length);
	digest_update(digest, script->text + script->statements[i].data_offset,
				  script->statements[i].data_length);
	digest_finish(digest, parts->done_digest);
}
