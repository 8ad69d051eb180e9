/*
 * psql_late.h
 *	  What a script of psql's leaves to its run: values that results have set, and
 *	  all that depends on them.
 *
 * Before the run nobody knows them.  So a statement that refers to one is cut and
 * checked with something that stands for the value; when its turn comes it is
 * filled anew, from the text of the file, and must be what it was taken for: one
 * statement, of the same kind.  The list of statements is fixed before, with those
 * of all branches of an \if that waits for its condition.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_LATE_H
#define MIGRATOR_SCRIPT_PSQL_LATE_H

#include "script/script.h"

/*
 * Of a script that was filled, with its actions and results: mark its statements,
 * and find something for each late one that can be read as SQL, if there is
 * anything, and its kind; else it is unfilled.  text is the script's, and changed.
 */
extern void psql_late_settle(Script *script, char *text);

/* Where a run of it stands. */
typedef struct PsqlLate PsqlLate;

/* NULL: it leaves nothing to its run.  Lives as long as the script. */
extern PsqlLate *psql_late_begin(const Script *script);

/* Does what stands here count? */
extern bool psql_late_counts(const PsqlLate *late);

/*
 * Do an action.  What is to be said is returned, palloc'd, or NULL.  Raises what
 * is wrong with its arguments.
 */
extern char *psql_late_act(PsqlLate *late, const ScriptAction *action);

/*
 * A script of one statement: number i as it is to be run, in
 * CurrentMemoryContext; its positions are those of the file.  It may have become
 * none.  Raises an error about a variable without a value with its position in
 * statement i.
 */
extern Script *psql_late_fill(PsqlLate *late, int i);

/* What is done with the result of statement i, or NULL. */
extern const ScriptResult *psql_late_result(const Script *script, int i);

/*
 * Set a variable to what a result has (NULL: it has no value any more).  Raises
 * what speaks against its name.
 */
extern void psql_late_set(PsqlLate *late, const char *name, const char *value);

/*
 * Where it stands, as JSON that psql_late_resume() understands: values that are to
 * be hidden are not in it.
 */
extern char *psql_late_state(const PsqlLate *late);

/*
 * Take that up before statement i.  Raises what keeps it from that: a value that
 * was hidden, other branches.  state: NULL where nothing is known.
 */
extern void psql_late_resume(PsqlLate *late, const char *state, int i);

/* What is to be hidden by now. */
extern Variables *psql_late_hidden(const PsqlLate *late);

#endif
