/*
 * services.c
 *	  A run of every registered service, one after the other.
 *
 * Each service's run is one of its own: its locks, its row of "runs", its
 * registration's environment and search_path, its own looks before and behind
 * its locks.  What is added here is what happens when one of them fails, and
 * that nothing runs for somebody who may not run all of it.  Rights are asked
 * again by each run: they may be taken away meanwhile.
 *
 * apply() keeps the locks of all services to the end of the caller's
 * transaction, up() those of one at a time.
 *
 * An error of a service's up() is caught as that of a migration is: by aborting
 * the transaction.  So the CALL must not return normally any more, and the
 * first error is raised at the end (see up.c).
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/transaction.h"
#include "run/services.h"
#include "run/shared.h"

/* argument of apply_services() and of what it calls */
typedef struct Services
{
	RunRequest	request;		/* of the current service */
	List	   *scopes;
	RunReport	report;
	void	   *argument;
	bool		failed;			/* the current one did */
} Services;

static void require_rights(const List *scopes);
static void apply_services(void *argument);
static void apply_service(void *argument);
static void count_and_report(const RunRow *row, void *argument);
static void service_failed(Services *all, const ErrorData *error);
static void report_service(Services *all, const char *outcome, const char *message);
static ErrorData *up_service(Services *all, ServiceReport done, bool *stop);
static void name_service(void *argument);
static void add_services(ErrorData *error, const char *failed, int failed_count, const char *not_run);

/* Before the first one runs: half of a deployment is worse than none. */
static void
require_rights(const List *scopes)
{
	ListCell   *lc;

	foreach(lc, scopes)
	{
		const Scope *scope = lfirst(lc);

		scope_require_rights(scope, true);
		scope_check_search_path(scope);
	}
}

/* A dry run is undone as a whole: later services must see what earlier ones made. */
void
services_apply(const RunRequest *request, List *scopes, RunReport report, void *argument)
{
	Services	all = {*request, scopes, report, argument};
	ErrorData  *error;

	require_rights(scopes);
	if (!request->dry_run || !migrator_enabled)
	{
		apply_services(&all);
		return;
	}
	all.request.undone_later = true;
	error = transaction_try(apply_services, &all, true);
	if (error != NULL)
		ReThrowError(error);
}

static void
apply_services(void *argument)
{
	Services   *all = argument;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator service", ALLOCSET_DEFAULT_SIZES);
	const char *stopped = NULL;
	ListCell   *lc;

	foreach(lc, all->scopes)
	{
		ErrorData  *error = NULL;

		all->request.scope = lfirst(lc);
		all->failed = false;
		if (stopped != NULL)
		{
			report_service(all, "not_run", psprintf("service \"%s\" failed", stopped));
			continue;
		}
		MemoryContextSwitchTo(work);
		if (all->request.on_error == ON_ERROR_RAISE)
			apply_service(all);
		else
			error = transaction_try(apply_service, all, false);
		if (error != NULL)
			service_failed(all, error);
		MemoryContextSwitchTo(context);
		MemoryContextReset(work);
		if (all->failed && all->request.on_error == ON_ERROR_STOP)
			stopped = all->request.scope->service;
	}
	MemoryContextDelete(work);
}

static void
apply_service(void *argument)
{
	Services   *all = argument;
	ErrorContextCallback callback = {error_context_stack, name_service, (void *) all->request.scope};

	error_context_stack = &callback;
	run_apply(&all->request, count_and_report, all);
	error_context_stack = callback.previous;
}

static void
count_and_report(const RunRow *row, void *argument)
{
	Services   *all = argument;

	if (strcmp(row->outcome, "failed") == 0)
		all->failed = true;
	all->report(row, all->argument);
}

/* Its run did not begin; a cancel is meant for the whole call. */
static void
service_failed(Services *all, const ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError((ErrorData *) error);
	all->failed = true;
	ereport(WARNING,
			errcode(error->sqlerrcode),
			errmsg("service \"%s\" failed: %s", all->request.scope->service,
				   finding_one_line(error->message)),
			error->detail ? errdetail_internal("%s", error->detail) : 0,
			error->hint ? errhint("%s", error->hint) : 0,
			error->context ? errcontext("%s", error->context) : 0);
	report_service(all, "failed", error->message);
}

/* A row that is of no migration. */
static void
report_service(Services *all, const char *outcome, const char *message)
{
	RunRow		row = {
		.service = all->request.scope->service,
		.outcome = outcome,
		.execution_time_ms = -1,
		.message = message
	};

	all->report(&row, all->argument);
}

void
services_up(const RunRequest *request, List *scopes, RunReport report, ServiceReport done, void *argument)
{
	Services	all = {*request, scopes, report, argument};
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "migrator service", ALLOCSET_DEFAULT_SIZES);
	ErrorData  *first = NULL;
	StringInfoData failed,
				not_run;
	int			failed_count = 0;
	bool		stop = false;
	ListCell   *lc;

	if (migrator_enabled)
		require_rights(scopes);
	initStringInfo(&failed);
	initStringInfo(&not_run);
	foreach(lc, scopes)
	{
		const char *service = ((Scope *) lfirst(lc))->service;
		ErrorData  *error;

		if (stop)
		{
			appendStringInfo(&not_run, "%s%s", not_run.len > 0 ? ", " : "", service);
			continue;
		}
		all.request.scope = lfirst(lc);
		MemoryContextSwitchTo(work);
		error = up_service(&all, done, &stop);
		MemoryContextSwitchTo(context);
		if (error != NULL)
		{
			appendStringInfo(&failed, "%s%s", failed_count++ > 0 ? ", " : "", service);
			stop |= request->on_error != ON_ERROR_CONTINUE;
			if (first == NULL)
				first = error;
		}
		/* the error it was caught as lives outside of it */
		MemoryContextReset(work);
	}
	if (first != NULL)
	{
		add_services(first, failed.data, failed_count, not_run.data);
		ReThrowError(first);
	}
	MemoryContextDelete(work);
}

/*
 * Returns the error of a service, in the parent of CurrentMemoryContext, and
 * whether nothing else is to be run.  Its locks are released by then.
 */
static ErrorData *
up_service(Services *all, ServiceReport done, bool *stop)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback callback = {error_context_stack, name_service, (void *) all->request.scope};
	ErrorData  *volatile error = NULL;
	RunResult	result = {0};
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	PG_TRY();
	{
		error_context_stack = &callback;
		run_up(&all->request, all->report, all->argument, &result);
		error_context_stack = callback.previous;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(MemoryContextGetParent(context));
		error = CopyErrorData();
		FlushErrorState();
		transaction_abort();
	}
	PG_END_TRY();
	if (error == NULL)
		done(all->request.scope, &result, run_elapsed_since(start), all->argument);
	else
		*stop = result.cancelled ||
			(result.failed == 0 && error->sqlerrcode == ERRCODE_QUERY_CANCELED);
	return error;
}

/* Which migration it was is said by others. */
static void
name_service(void *argument)
{
	errcontext("service \"%s\"", ((const Scope *) argument)->service);
}

/* Behind its own detail: what else failed, and what was not tried. */
static void
add_services(ErrorData *error, const char *failed, int failed_count, const char *not_run)
{
	StringInfoData detail;

	initStringInfo(&detail);
	if (error->detail != NULL)
		appendStringInfo(&detail, "%s\n", error->detail);
	if (failed_count > 1)
		appendStringInfo(&detail, "%d services failed: %s\n", failed_count, failed);
	if (*not_run != '\0')
		appendStringInfo(&detail, "Services that were not run: %s\n", not_run);
	if (detail.len > 0)
	{
		detail.data[--detail.len] = '\0';
		error->detail = detail.data;
	}
}
