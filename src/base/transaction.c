/*
 * transaction.c
 *	  Ending and beginning transactions inside a CALL; subtransactions.
 */
#include "postgres.h"

#include "access/xact.h"
#include "tcop/pquery.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "base/transaction.h"

static void begin(MemoryContext context);

ErrorData *
transaction_try(TransactionBody body, void *argument, bool undo)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		body(argument);
		if (undo)
			RollbackAndReleaseCurrentSubTransaction();
		else
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

void
transaction_commit(bool flush)
{
	MemoryContext context = CurrentMemoryContext;

	if (!flush)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	HoldPinnedPortals();
	ForgetPortalSnapshots();
	CommitTransactionCommand();
	begin(context);
}

void
transaction_abort(void)
{
	MemoryContext context = CurrentMemoryContext;

	AbortCurrentTransaction();

	/*
	 * The CALL's portal still points to its snapshot, which is gone.  (What
	 * SPI_rollback() calls before would trip over those of the statement that
	 * failed.)
	 */
	if (ActivePortal != NULL)
		ActivePortal->portalSnapshot = NULL;
	begin(context);
}

void
transaction_make_writable(void)
{
	XactReadOnly = false;
}

/*
 * StartTransaction() takes now() from the start of the client's statement
 * unless SPI is connected; each migration deserves its own.
 */
static void
begin(MemoryContext context)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	XactDeferrable = false;
	MemoryContextSwitchTo(context);
}

ErrorData *
transaction_catch(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	transaction_abort();
	return error;
}
