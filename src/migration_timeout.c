/*
 * migration_timeout.c
 *	  migrator.migration_timeout: a bound on one migration.
 *
 * When the time is over, the backend cancels itself as statement_timeout does:
 * by SIGINT, so that every wait ends.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "utils/timeout.h"

#include "migration_timeout.h"
#include "settings.h"

static TimeoutId timeout = MAX_TIMEOUTS;
static volatile sig_atomic_t expired = false;

/* Called in a signal handler. */
static void
cancel_self(void)
{
	expired = true;
	kill(MyProcPid, SIGINT);
}

void
migration_timeout_start(void)
{
	expired = false;
	if (migrator_migration_timeout == 0)
		return;
	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, cancel_self);
	enable_timeout_after(timeout, migrator_migration_timeout);
}

void
migration_timeout_stop(void)
{
	if (timeout != MAX_TIMEOUTS)
		disable_timeout(timeout, false);

	/* too late to cancel what it was for, it must not cancel something else */
	if (expired)
		QueryCancelPending = false;
}

bool
migration_timeout_expired(void)
{
	return expired;
}

void
migration_timeout_explain(ErrorData *error)
{
	if (expired && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		error->message = psprintf("canceling migration due to migrator.migration_timeout (%d ms)",
								  migrator_migration_timeout);
}
