/*
 * run.h
 *	  A run, in its two transaction modes: what is asked of it, and what it
 *	  reports.
 */
#ifndef MIGRATOR_RUN_RUN_H
#define MIGRATOR_RUN_RUN_H

#include "base/settings.h"
#include "plan/back.h"
#include "plan/plan.h"
#include "plan/scope.h"

typedef struct RunRequest
{
	const Scope *scope;
	UnitDirection direction;
	PlanRequest plan;			/* of a way up */
	BackRequest back;			/* of a way back */
	bool		dry_run;
	bool		of_all;			/* one of all services: to have no seed.sql is
								 * no mistake */
	bool		undone_later;	/* a dry run that is undone with others */
	bool		force;
	bool		verify;			/* run what looks whether a migration is as it
								 * should be, behind each; else: */
	bool		no_verify;		/* also where the source says so */
	char	  **ignore;			/* instead of the registered patterns, or NULL */
	int			ignore_count;
	const char *layout;			/* instead of the registered one, or NULL */
	const char *contexts;		/* likewise */
	const char *labels;			/* likewise */
	bool		brief;			/* without the list of migrations */
	IfLocked	if_locked;
	int			wait_timeout;	/* ms; 0 = no limit */
	OnError		on_error;
} RunRequest;

/* One row of the result. */
typedef struct RunRow
{
	const char *service;
	const char *version;		/* or NULL */
	const char *name;			/* or NULL */
	const char *outcome;		/* applied, rolled_back, failed, skipped,
								 * not_run */
	double		execution_time_ms;	/* < 0: none */
	const char *message;		/* or NULL */
} RunRow;

/* What a run came to. */
typedef struct RunResult
{
	const char *outcome;		/* applied, rolled_back, up_to_date,
								 * nothing_to_do, skipped */
	int64		run_id;			/* 0: there was no run */
	int			applied;		/* or taken back */
	int			failed;
	int			total;			/* migrations of the source; -1: it was not
								 * looked at */
	int			selected;		/* those that the run chose */
	bool		again;			/* of several services: this one has another
								 * turn */
	bool		cancelled;		/* by the user, who means the whole call */
} RunResult;

typedef void (*RunReport) (const RunRow *row, void *argument);

/*
 * Apply pending migrations, or take back applied ones, in the caller's transaction, a subtransaction each.
 * Raises what keeps a run from starting; what becomes of a failed migration is
 * up to on_error.
 */
extern void run_apply(const RunRequest *request, RunReport report, void *argument);

/*
 * What such a call is refused for whatever is pending: rights, standby, no
 * source.  False when it is to be skipped, which is said.  name is for messages.
 */
extern bool run_up_may_begin(const RunRequest *request, const char *name);

/*
 * The same, each in a transaction of its own, from a procedure
 * whose context is not atomic; see base/transaction.h.  The report's rows live in
 * CurrentMemoryContext, which must outlive transactions.  A failure is raised
 * at the end, with all that came before it committed.  *result is zero before;
 * after an error, failed and cancelled are set.
 */
extern void run_up(const RunRequest *request, RunReport report, void *argument,
				   RunResult *result);

#endif
