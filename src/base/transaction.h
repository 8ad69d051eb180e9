/*
 * transaction.h
 *	  Ending and beginning transactions inside a CALL; subtransactions.
 *
 * As SPI_commit() and SPI_rollback() do (src/backend/executor/spi.c), but with
 * no SPI level connected: so a statement in between may be run at top level.
 * The portal of the CALL is active all the while, which is why commit and
 * abort leave it alone.  To be used only in a procedure whose CallContext is
 * not atomic, outermost of all users of SPI, and with no snapshot of our own
 * pushed.
 */
#ifndef MIGRATOR_BASE_TRANSACTION_H
#define MIGRATOR_BASE_TRANSACTION_H

typedef void (*TransactionBody) (void *argument);

/*
 * Anywhere: call body in a subtransaction, and release or (undo) roll it back.
 * Returns NULL, or what body raised, in CurrentMemoryContext, after the
 * subtransaction was rolled back.  Body begins in CurrentMemoryContext.
 */
extern ErrorData *transaction_try(TransactionBody body, void *argument, bool undo);

/*
 * Commit and begin the next transaction: READ COMMITTED and READ WRITE,
 * whatever the session's defaults are, with a new now().  With flush false the
 * commit does not wait for its WAL to reach the disk; a later one that does
 * covers it, since WAL is ordered.  Raises what committing raises (a deferred
 * constraint, for instance): then transaction_abort() has to follow.
 * CurrentMemoryContext is kept; it must not belong to the transaction.
 */
extern void transaction_commit(bool flush);

/*
 * Let the record be written in a transaction that the script made READ ONLY.
 */
extern void transaction_make_writable(void);

/* After an error was copied and flushed: abort and begin the next one. */
extern void transaction_abort(void);

/*
 * For a PG_CATCH: the error, copied into that context, which is current then;
 * after transaction_abort().
 */
extern ErrorData *transaction_catch(MemoryContext context);

#endif
