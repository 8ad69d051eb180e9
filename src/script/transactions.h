/*
 * transactions.h
 *	  How a script deals with transactions: its BEGIN and COMMIT, statement by
 *	  statement.
 */
#ifndef MIGRATOR_SCRIPT_TRANSACTIONS_H
#define MIGRATOR_SCRIPT_TRANSACTIONS_H

#include "script/script.h"

/* Where we are in the transactions of a script; starts with zeros. */
typedef struct TransactionWalk
{
	bool		seen;			/* a transaction statement */
	bool		in_block;
	int			begin;			/* the BEGIN of that block */
	bool		ended;			/* a transaction has been committed */
	bool		counts_on_ours; /* the first one, without its BEGIN */
	bool		statement_before;	/* other than SET, outside of any block */
	bool		incomplete;		/* some statement could not be parsed */
} TransactionWalk;

/*
 * The next statement, whose kind is known; raw is its tree.  Fills what Script
 * says of transactions, and adds problems.
 */
extern void transactions_walk(Script *script, int i, const RawStmt *raw, TransactionWalk *walk);

/* Behind the last one. */
extern void transactions_finish(Script *script, const TransactionWalk *walk);

#endif
