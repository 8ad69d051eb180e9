/*
 * execute.h
 *	  Run one script, statement by statement.
 */
#ifndef MIGRATOR_EXECUTE_EXECUTE_H
#define MIGRATOR_EXECUTE_EXECUTE_H

#include "execute/session_settings.h"
#include "script/psql_late.h"
#include "script/script.h"

/*
 * What is being run, for error messages, and how far it came: kept up to date
 * so that whoever catches an error can say where it happened.
 */
typedef struct Execution
{
	const char *kind;			/* of script; NULL: a migration's own */
	const char *version;		/* or NULL */
	const char *file;
	const Script *script;
	int			statement;		/* index of the current one, -1 before */
	bool		begun;			/* it was; else only looked at */
	char		error_file[MAXPGPATH];	/* that is included, and that the
										 * error is in; "": file */
	int			error_line;		/* set when an error passes; 0 else */
	int			error_column;
	PsqlLate   *late;			/* what the script leaves to its run, or NULL:
								 * execute_begin() */
	int			actions_done;	/* then: of the script's */
	List	   *late_settings;	/* char *, names that statements SET which
								 * only the run knows */
	const Script *shown;		/* the current statement with late values in
								 * it, or NULL */
	const ScriptAction *action; /* that is being done, or NULL */
	bool		filled;			/* values of variables are in the script */
	int			position;		/* in the statement, of the error; 0: none */
	bool		own_query;		/* its query is ours, as it stands in the file */
	bool		set_constraints;	/* it ran SET CONSTRAINTS */
	bool		own_transaction;	/* the transaction is the script's alone */
	BaseSettings base;			/* what RESET comes back to */

	/* called before each statement, if set; must not raise */
	void		(*before_statement) (int statement, const char *text, int length);
} Execution;

/*
 * Run a transactional script in the current (sub)transaction.  BEGIN and
 * COMMIT that wrap the whole script are passed over; in a transaction of our
 * own, what a BEGIN says of isolation is honoured.  Errors are the statements'
 * own, with the migration, file, line and column as context, their position
 * moved into the statement as it stands in the file, and no values of variables.
 * Deferred constraints are checked at the end (constraint.h).  The caller restores
 * settings that the script changed.
 */
extern void execute_script(Execution *execution);

/*
 * Run statements first to last (from 0, inclusive) in the current transaction,
 * passing over BEGIN and COMMIT likewise.  With top_level they may be such that
 * refuse a transaction block, or end transactions within: then there must be
 * no subtransaction and no snapshot, and the transaction may be another one
 * afterwards.
 */
extern void execute_statements(Execution *execution, int first, int last, bool top_level);

/* Once, when script is set and before any of its statements is run. */
extern void execute_begin(Execution *execution);

/*
 * Statement i as it would be run now, in CurrentMemoryContext; NULL: it would not,
 * since the branch that it stands in does not count.
 */
extern RawStmt *execute_parse(Execution *execution, int i);

/* What fails from here on is statement i's fault, though it has not begun. */
extern void execute_look_at(Execution *execution, int i);

/*
 * Take the values of variables out of an error of the script that was run last;
 * for one that did not pass here, of a commit.
 */
extern void execute_hide_values(const Execution *execution, Variables *variables, ErrorData *error);

/* Run a statement that the extension itself composed, with the caller's rights. */
extern void execute_command(const char *sql, bool top_level);

#endif
