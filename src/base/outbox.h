/*
 * outbox.h
 *	  Notifications that are sent with the commit of their transaction, and
 *	  never keep it from happening.
 */
#ifndef MIGRATOR_BASE_OUTBOX_H
#define MIGRATOR_BASE_OUTBOX_H

/* A payload is shorter than this, in bytes: it is the limit of NOTIFY with pages of the usual size. */
#define OUTBOX_PAYLOAD_LIMIT 8000

/*
 * NOTIFY on the channel when the current transaction commits, unless the current
 * subtransaction is undone.  Where the server's queue is half full or more it
 * is left out, with one WARNING a run (0: none), and so it is where the
 * transaction is prepared.  Channel and payload are copied.
 */
extern void outbox_put(int64 run_id, const char *channel, const char *payload);

#endif
