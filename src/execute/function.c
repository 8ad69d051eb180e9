/*
 * function.c
 *	  Run a function without arguments, as a script is run.
 *
 * By its OID, which is what was checked; a statement would look its name up
 * again.  There is no context that is not atomic: it cannot end a transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/finding.h"
#include "execute/constraint.h"
#include "execute/function.h"

static void add_context(void *argument);

void
execute_function(Execution *execution, Oid function)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator hook function", ALLOCSET_DEFAULT_SIZES);

	LOCAL_FCINFO(fcinfo, 0);
	FmgrInfo	info;
	ErrorContextCallback callback = {
		.callback = add_context,
		.arg = execution,
		.previous = error_context_stack
	};

	error_context_stack = &callback;
	MemoryContextSwitchTo(context);
	fmgr_info(function, &info);
	PushActiveSnapshot(GetTransactionSnapshot());
	InitFunctionCallInfoData(*fcinfo, &info, 0, InvalidOid, NULL, NULL);
	(void) FunctionCallInvoke(fcinfo);
	PopActiveSnapshot();
	CommandCounterIncrement();
	if (execution->own_transaction)
		constraint_check_all();
	else
		constraint_check_deferred(false);
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(context);
	error_context_stack = callback.previous;
}

static void
add_context(void *argument)
{
	Execution  *execution = argument;

	if (execution->version != NULL)
		errcontext("%s of migration \"%s\" (function %s)", execution->kind,
				   finding_one_line(execution->version), finding_one_line(execution->file));
	else
		errcontext("%s (function %s)", execution->kind, finding_one_line(execution->file));
}
