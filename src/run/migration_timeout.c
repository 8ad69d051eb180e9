/*
 * migration_timeout.c
 *	  migrator.migration_timeout: a bound on one migration, all its attempts
 *	  and the pauses between them together.
 *
 * When the time is over, the backend cancels what it is doing, as
 * statement_timeout does.  The server keeps one flag for all cancels, so what
 * asked for one must be told apart here: a user's cancel means the whole run,
 * and it must not be lost when it comes near the end of a migration's time.
 * Every cancel of somebody else arrives as SIGINT; ours is made without one,
 * and while the clock runs a handler in front of the server's notes each
 * SIGINT but those of lock_timeout, which are the statement's own.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "run/migration_timeout.h"

static TimeoutId timeout = MAX_TIMEOUTS;
static int	allowed = 0;		/* ms */
static TimestampTz deadline = 0;	/* 0: none */
static bool running = false;
static bool noting = false;		/* our handler stands before the server's */
static struct sigaction server_action;
static volatile sig_atomic_t expired = false;
static volatile sig_atomic_t foreign = false;	/* somebody else's cancel */

/* Called in a signal handler. */
static void
cancel_self(void)
{
	expired = true;
	InterruptPending = true;
	QueryCancelPending = true;
	SetLatch(MyLatch);
}

static void
note_cancel(int signo)
{
	if (!get_timeout_indicator(LOCK_TIMEOUT, false))
		foreign = true;
	server_action.sa_handler(signo);
}

void
migration_timeout_begin(void)
{
	expired = false;
	foreign = false;
	allowed = migrator_migration_timeout;
	deadline = allowed == 0 ? 0 : TimestampTzPlusMilliseconds(GetCurrentTimestamp(), allowed);
}

void
migration_timeout_start(void)
{
	struct sigaction action;

	if (deadline == 0 || running)
		return;
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, cancel_self);

	sigaction(SIGINT, NULL, &server_action);
	noting = (server_action.sa_flags & SA_SIGINFO) == 0 &&
		server_action.sa_handler != SIG_DFL && server_action.sa_handler != SIG_IGN;
	if (noting)
	{
		action = server_action;
		action.sa_handler = note_cancel;
		sigaction(SIGINT, &action, NULL);
	}
	running = true;
	enable_timeout_at(timeout, deadline);
}

void
migration_timeout_stop(void)
{
	if (!running)
		return;
	disable_timeout(timeout, false);

	/*
	 * Too late to cancel what it was for, ours must not cancel something
	 * else. Another's that is not served yet stays; one that comes in between
	 * is noted before the flag is looked at again.
	 */
	if (expired && QueryCancelPending)
	{
		QueryCancelPending = false;
		if (foreign)
			QueryCancelPending = InterruptPending = true;
	}
	if (noting)
		sigaction(SIGINT, &server_action, NULL);
	running = false;
}

bool
migration_timeout_expired(void)
{
	return expired && !foreign;
}

void
migration_timeout_explain(ErrorData *error)
{
	if (migration_timeout_expired() && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		error->message = psprintf("canceling migration due to migrator.migration_timeout (%d ms)",
								  allowed);
}
