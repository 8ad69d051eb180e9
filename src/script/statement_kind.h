/*
 * statement_kind.h
 *	  What a parsed statement is, as far as running it is concerned.
 *
 * Decided by the parse tree of the running server version, never by its text.
 * The list of statements that refuse a transaction block follows the calls of
 * PreventInTransactionBlock() in PostgreSQL's src/backend (utility.c,
 * tablecmds.c, indexcmds.c, dbcommands.c, subscriptioncmds.c, ...).  What
 * depends on the catalogs is left to the server when it runs: REINDEX and
 * CLUSTER of a partitioned table, DROP SUBSCRIPTION with a slot.
 */
#ifndef MIGRATOR_SCRIPT_STATEMENT_KIND_H
#define MIGRATOR_SCRIPT_STATEMENT_KIND_H

#include "nodes/parsenodes.h"

typedef enum StatementKind
{
	STATEMENT_ORDINARY,
	STATEMENT_SET,				/* SET or RESET of a setting */
	STATEMENT_COPY_IN,			/* COPY ... FROM stdin: data follow inline */
	STATEMENT_COPY_OUT,			/* COPY ... TO stdout: refused */
	STATEMENT_BEGIN,			/* BEGIN, START TRANSACTION */
	STATEMENT_COMMIT,			/* COMMIT, END */
	STATEMENT_SET_TRANSACTION,	/* SET TRANSACTION */
	STATEMENT_TRANSACTION_REFUSED,	/* ROLLBACK, SAVEPOINT, PREPARE
									 * TRANSACTION, COMMIT AND CHAIN, ... */
	STATEMENT_OUTSIDE,			/* refuses a transaction block: VACUUM, CREATE
								 * INDEX CONCURRENTLY, ... */
	STATEMENT_FORBIDDEN			/* refused by a rule (rules.c), and none of
								 * the above */
} StatementKind;

/*
 * Classify one statement, as if nothing were forbidden.  Raises the server's
 * syntax error for options whose value is not a boolean, as the server would
 * when the statement runs.
 */
extern StatementKind statement_kind(const Node *node);

/* the kind as a word for people: "ordinary", "copy in"; a constant string */
extern const char *statement_kind_name(StatementKind kind);

/*
 * The statement's name as the user would write it: "CREATE INDEX
 * CONCURRENTLY", "VACUUM", "COMMIT PREPARED", ...; a constant string.
 */
extern const char *statement_name(const Node *node);

/* BEGIN or START TRANSACTION with an isolation level or access mode? */
extern bool statement_begin_has_options(const Node *node);

#endif
