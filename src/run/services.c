/*
 * services.c
 *	  A run of every registered service, one after the other.
 *
 * Each service's run is one of its own: its locks, its row of "runs", its
 * registration's environment and search_path, its own looks before and behind
 * its locks.  What is added here is their order (services_order.c), what
 * happens when one of them fails, and that nothing runs for somebody who may
 * not run all of it.  Rights are asked again by each run: they may be taken
 * away meanwhile.
 *
 * apply() keeps the locks of all services to the end of the caller's
 * transaction, up() those of one at a time: it waits for none while it holds
 * another's.
 *
 * An error of a service's up() is caught as that of a migration is: by aborting
 * the transaction.  So the CALL must not return normally any more, and the
 * first error is raised at the end (see up.c).
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/memutils.h"

#include "base/transaction.h"
#include "run/event.h"
#include "run/services.h"
#include "run/services_order.h"
#include "run/shared.h"

/* What became of a service so far. */
typedef enum ServiceFate
{
	SERVICE_WELL,
	SERVICE_NOT_RUN,
	SERVICE_SKIPPED,			/* another run is in progress */
	SERVICE_FAILED
} ServiceFate;

/* A call for all of them. */
typedef struct Services
{
	RunRequest	request;		/* of the current service */
	RunReport	report;
	ServiceReport done;			/* of up() */
	void	   *argument;
	ServicesOrder *order;
	ServiceFate *fates;			/* of each */
	int			current;		/* its place in the order's services */
	MemoryContext work;			/* of one run */
	List	   *rows;			/* of RunRow *: not reported yet */
	const char *stopped;		/* a service after which nothing else is run */

	/* for the error of up() */
	ErrorData  *first;
	int			failed_count;
	StringInfoData failed;
	StringInfoData not_run;
} Services;

/* Returns an error that it caught, in CurrentMemoryContext; last: of its turns. */
typedef ErrorData *(*ServiceRun) (Services *all, bool last);

static void begin(Services *all, List *scopes);
static void run_in_turns(Services *all, ServiceRun run);
static bool may_run(Services *all);
static int	in_the_way(const Services *all, const Bitmapset *needs);
static void pass_over(Services *all, ServiceFate fate, const char *message);
static void apply_services(void *argument);
static ErrorData *apply_service(Services *all, bool last);
static void try_apply(void *argument);
static void keep_row(const RunRow *row, void *argument);
static void report_service(Services *all, const char *outcome, const char *message);
static void service_failed(Services *all, ErrorData *error);
static ErrorData *up_service(Services *all, bool last);
static void raise_first(Services *all);

void
services_apply(const RunRequest *request, List *scopes, RunReport report, void *argument)
{
	Services	all = {*request, report, NULL, argument};
	ErrorData  *error;

	begin(&all, scopes);
	if (!request->dry_run || !migrator_enabled)
	{
		apply_services(&all);
		return;
	}

	/* undone as a whole: later services must see what earlier ones made */
	all.request.undone_later = true;
	error = transaction_try(apply_services, &all, true);
	if (error != NULL)
		ReThrowError(error);
}

void
services_up(const RunRequest *request, List *scopes, RunReport report, ServiceReport done, void *argument)
{
	Services	all = {*request, report, done, argument};

	begin(&all, scopes);
	run_in_turns(&all, up_service);
	if (all.first != NULL)
		raise_first(&all);
}

/* All that can be known before the first one runs: half of a deployment is worse than none. */
static void
begin(Services *all, List *scopes)
{
	ListCell   *lc;

	foreach(lc, scopes)
	{
		if (!migrator_enabled)
			break;
		scope_require_rights(lfirst(lc), true);
		scope_check_search_path(lfirst(lc));
	}
	all->order = migrator_enabled ? services_order(&all->request, scopes) : services_as_they_come(scopes);
	all->fates = palloc0(all->order->count * sizeof(ServiceFate));
	for (int i = 0; i < all->order->count; i++)
		if (all->order->services[i].error != NULL)
			all->fates[i] = SERVICE_FAILED;
	initStringInfo(&all->failed);
	initStringInfo(&all->not_run);
}

static void
run_in_turns(Services *all, ServiceRun run)
{
	ListCell   *lc;

	all->work = AllocSetContextCreate(CurrentMemoryContext, "migrator service", ALLOCSET_DEFAULT_SIZES);
	foreach(lc, all->order->turns)
	{
		const ServiceTurn *turn = lfirst(lc);
		const OrderedService *service = &all->order->services[turn->service];
		ErrorData  *error = service->error;

		all->current = turn->service;
		all->request.scope = service->scope;
		all->request.plan.ready_only = !turn->last;
		if (error == NULL)
		{
			if (!may_run(all))
				continue;
			event_service(service->scope->service, turn->last);
			error = run(all, turn->last);
			MemoryContextReset(all->work);
		}
		if (error != NULL)
			service_failed(all, error);
		if (all->fates[all->current] == SERVICE_FAILED && all->request.on_error != ON_ERROR_CONTINUE)
			all->stopped = service->scope->service;
	}
	MemoryContextDelete(all->work);
}

/*
 * Not behind what stopped the call, nor what needs a service that failed.  Where
 * another run is in progress and is passed over, what needs it is passed over
 * as well.
 */
static bool
may_run(Services *all)
{
	const OrderedService *service = &all->order->services[all->current];
	int			other = in_the_way(all, service->needs);
	const char *name = other >= 0 ? all->order->services[other].scope->service : NULL;

	if (all->fates[all->current] != SERVICE_WELL)
		return false;			/* in an earlier turn, which said so */
	if (all->stopped != NULL)
		pass_over(all, SERVICE_NOT_RUN, psprintf("service \"%s\" failed", all->stopped));
	else if (other < 0)
		return true;
	else if (all->fates[other] == SERVICE_FAILED)
		pass_over(all, SERVICE_NOT_RUN, psprintf("it needs service \"%s\", which failed", name));
	else
		pass_over(all, SERVICE_SKIPPED, psprintf("it needs service \"%s\", which is skipped", name));
	return false;
}

/* One that failed, else one that is skipped; -1: none. */
static int
in_the_way(const Services *all, const Bitmapset *needs)
{
	int			found = -1;

	for (int i = bms_next_member(needs, -1); i >= 0; i = bms_next_member(needs, i))
	{
		if (all->fates[i] == SERVICE_FAILED)
			return i;
		if (all->fates[i] == SERVICE_SKIPPED && found < 0)
			found = i;
	}
	return found;
}

static void
pass_over(Services *all, ServiceFate fate, const char *message)
{
	RunResult	result = {.outcome = "skipped",.total = -1};

	all->fates[all->current] = fate;
	report_service(all, fate == SERVICE_SKIPPED ? "skipped" : "not_run", message);
	if (fate == SERVICE_NOT_RUN)
		appendStringInfo(&all->not_run, "%s%s", all->not_run.len > 0 ? ", " : "", all->request.scope->service);
	else if (all->done != NULL)
		all->done(all->request.scope, &result, 0, all->argument);
}

static void
apply_services(void *argument)
{
	run_in_turns(argument, apply_service);
}

/* Rows of what is undone with an error are not reported. */
static ErrorData *
apply_service(Services *all, bool last)
{
	ErrorData  *error = NULL;
	ListCell   *lc;

	all->rows = NIL;
	if (all->request.on_error == ON_ERROR_RAISE)
	{
		MemoryContext context = CurrentMemoryContext;

		try_apply(all);
		MemoryContextSwitchTo(context);
	}
	else
		error = transaction_try(try_apply, all, false);
	if (error != NULL)
		return error;
	foreach(lc, all->rows)
	{
		const RunRow *row = lfirst(lc);

		if (strcmp(row->outcome, "failed") == 0)
			all->fates[all->current] = SERVICE_FAILED;
		else if (row->version == NULL && strcmp(row->outcome, "skipped") == 0)
			all->fates[all->current] = SERVICE_SKIPPED;
		all->report(row, all->argument);
	}
	return NULL;
}

static void
try_apply(void *argument)
{
	Services   *all = argument;
	ErrorContextCallback callback = {error_context_stack, run_name_service, (void *) all->request.scope};

	MemoryContextSwitchTo(all->work);
	error_context_stack = &callback;
	run_apply(&all->request, keep_row, all);
	error_context_stack = callback.previous;
}

static void
keep_row(const RunRow *row, void *argument)
{
	Services   *all = argument;
	MemoryContext old = MemoryContextSwitchTo(all->work);
	RunRow	   *copy = palloc(sizeof(RunRow));

	*copy = *row;
	copy->version = row->version ? pstrdup(row->version) : NULL;
	copy->name = row->name ? pstrdup(row->name) : NULL;
	copy->message = row->message ? pstrdup(row->message) : NULL;
	all->rows = lappend(all->rows, copy);
	MemoryContextSwitchTo(old);
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

/* Its run raised something, or cannot begin; apply() lets no cancel pass. */
static void
service_failed(Services *all, ErrorData *error)
{
	const char *service = all->request.scope->service;

	all->fates[all->current] = SERVICE_FAILED;
	if (all->first == NULL)
		all->first = error;
	appendStringInfo(&all->failed, "%s%s", all->failed_count++ > 0 ? ", " : "", service);
	if (all->done != NULL)
		return;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	ereport(WARNING,
			errcode(error->sqlerrcode),
			errmsg("service \"%s\" failed: %s", service, finding_one_line(error->message)),
			error->detail ? errdetail_internal("%s", error->detail) : 0,
			error->hint ? errhint("%s", error->hint) : 0,
			error->context ? errcontext("%s", error->context) : 0);
	report_service(all, "failed", error->message);
}

/* By then its locks are released, whatever happened. */
static ErrorData *
up_service(Services *all, bool last)
{
	MemoryContext context = CurrentMemoryContext;
	const char *service = all->request.scope->service;
	ErrorContextCallback callback = {error_context_stack, run_name_service, (void *) all->request.scope};
	ErrorData  *volatile error = NULL;
	RunResult	result = {0};
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	MemoryContextSwitchTo(all->work);
	PG_TRY();
	{
		error_context_stack = &callback;
		run_up(&all->request, all->report, all->argument, &result);
		error_context_stack = callback.previous;
	}
	PG_CATCH();
	{
		error = transaction_catch(context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	if (error == NULL)
	{
		if (strcmp(result.outcome, "skipped") == 0)
			all->fates[all->current] = SERVICE_SKIPPED;
		result.again = !last;
		all->done(all->request.scope, &result, run_elapsed_since(start), all->argument);
	}
	else if (result.cancelled || (result.failed == 0 && error->sqlerrcode == ERRCODE_QUERY_CANCELED))
		all->stopped = service;
	return error;
}

/* Behind its own detail: what else failed, and what was not tried. */
static void
raise_first(Services *all)
{
	ErrorData  *error = all->first;
	StringInfoData detail;

	initStringInfo(&detail);
	if (error->detail != NULL)
		appendStringInfo(&detail, "%s\n", error->detail);
	if (all->failed_count > 1)
		appendStringInfo(&detail, "%d services failed: %s\n", all->failed_count, all->failed.data);
	if (all->not_run.len > 0)
		appendStringInfo(&detail, "Services that were not run: %s\n", all->not_run.data);
	if (detail.len > 0)
	{
		detail.data[--detail.len] = '\0';
		error->detail = detail.data;
	}
	ReThrowError(error);
}
