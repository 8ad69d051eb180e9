/*
 * outbox.c
 *	  Notifications that are sent with the commit of their transaction, and
 *	  never keep it from happening.
 *
 * A full queue makes NOTIFY raise, and it does so while the transaction is being
 * committed, which undoes it; PREPARE TRANSACTION is refused behind any NOTIFY.
 * So what is to be sent is kept here, and given to the server right before the
 * commit, when it is known that it is one: as far as the queue has room then.
 * From the look at the queue to the commit there is no time to speak of, and half
 * of the queue is left for what others send meanwhile.
 *
 * Committing a notification takes a lock that all who notify share, to the end of
 * the commit; with synchronous replication that may be long.  It waits for
 * commits alone, so lock_timeout, which is meant for tables, must not count: a
 * migration would be undone for its notification.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/async.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/outbox.h"

/* of the queue; there the server begins to warn, too */
#define FULL_ENOUGH 0.5

/* what the queue adds to channel and payload, with their NULs and the alignment */
#define ENTRY_OVERHEAD 32

/* in TopTransactionContext */
typedef struct Letter
{
	struct Letter *before;
	SubTransactionId subtransaction;
	int64		run_id;
	char	   *channel;
	char	   *payload;
} Letter;

/* of the current transaction, the last first; those of a subtransaction are together */
static Letter *letters = NULL;

/* the run whose WARNING was given */
static int64 warned = 0;

static void at_end(XactEvent event, void *argument);
static void at_subtransaction_end(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *argument);
static void send_all(void);
static Letter *first_letter(void);
static bool has_room(const Letter *letter, double usage, Size *pending);
static void warn(int64 run_id, double usage);

void
outbox_put(int64 run_id, const char *channel, const char *payload)
{
	static bool registered = false;
	Letter	   *letter;

	Assert(strlen(payload) < OUTBOX_PAYLOAD_LIMIT);
	/* NOTIFY would raise, on a server that was built with small pages */
	if (strlen(payload) >= BLCKSZ - NAMEDATALEN - 128)
		return;
	if (!registered)
	{
		RegisterXactCallback(at_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
	}
	registered = true;
	letter = MemoryContextAlloc(TopTransactionContext, sizeof(Letter));
	letter->subtransaction = GetCurrentSubTransactionId();
	letter->run_id = run_id;
	letter->channel = MemoryContextStrdup(TopTransactionContext, channel);
	letter->payload = MemoryContextStrdup(TopTransactionContext, payload);
	letter->before = letters;
	letters = letter;
}

static void
at_end(XactEvent event, void *argument)
{
	if (letters == NULL)
		return;
	if (event == XACT_EVENT_PRE_COMMIT)
		send_all();
	else if (event == XACT_EVENT_PRE_PREPARE)
		ereport(WARNING,
				errmsg("the events of this transaction are not sent, since it is prepared"),
				errdetail("A prepared transaction cannot NOTIFY."));
	letters = NULL;
}

/* Each letter is touched once at each level that it passes. */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId own, SubTransactionId parent, void *argument)
{
	if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Letter *letter = letters; letter != NULL && letter->subtransaction == own; letter = letter->before)
			letter->subtransaction = parent;
	}
	else if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (letters != NULL && letters->subtransaction == own)
			letters = letters->before;
	}
}

/* What fits.  Our own is in no queue yet, so it is counted. */
static void
send_all(void)
{
	double		usage = DatumGetFloat8(OidFunctionCall0(F_PG_NOTIFICATION_QUEUE_USAGE));
	Size		pending = 0;
	bool		any = false;

	for (Letter *letter = first_letter(); letter != NULL; letter = letter->before)
	{
		if (!has_room(letter, usage, &pending))
		{
			warn(letter->run_id, usage);
			continue;
		}
		Async_Notify(letter->channel, letter->payload);
		any = true;
	}
	if (any)
		(void) set_config_option("lock_timeout", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/* Turns the list around. */
static Letter *
first_letter(void)
{
	Letter	   *first = NULL;

	while (letters != NULL)
	{
		Letter	   *letter = letters;

		letters = letter->before;
		letter->before = first;
		first = letter;
	}
	return first;
}

/* No entry of the queue lies on two pages, so half of a page may be lost. */
static bool
has_room(const Letter *letter, double usage, Size *pending)
{
	Size		size = strlen(letter->channel) + strlen(letter->payload) + ENTRY_OVERHEAD;
	double		pages = (double) (*pending + size) * 2 / BLCKSZ;

	if (usage + pages / notify_queue_pages() >= FULL_ENOUGH)
		return false;
	*pending += size;
	return true;
}

static void
warn(int64 run_id, double usage)
{
	if (run_id != 0 && run_id == warned)
		return;
	warned = run_id;
	ereport(WARNING,
			errmsg("events are not sent: the notification queue is %.0f%% full", usage * 100),
			errdetail("What they would have told is on record."),
			errhint("The queue is emptied when the session that listens and is longest in its transaction ends it."));
}
