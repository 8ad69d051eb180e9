/*
 * shared.h
 *	  What the two transaction modes of a run share.
 *
 * Only what runs, or looks at what a run would, includes this; everybody else
 * uses run.h and call.h.
 */
#ifndef MIGRATOR_RUN_SHARED_H
#define MIGRATOR_RUN_SHARED_H

#include "portability/instr_time.h"

#include "catalog/drift.h"
#include "execute/execute.h"
#include "execute/session_settings.h"
#include "plan/policy.h"
#include "record/lock.h"
#include "record/runs.h"
#include "record/write.h"
#include "run/run.h"
#include "run/survey.h"

/* Execution.kind of a script that looks whether a migration is as it should be. */
#define VERIFY_SCRIPT_KIND "verify script"

/* A run under way and what it did so far. */
typedef struct Run
{
	const RunRequest *request;
	Survey	   *survey;
	struct Mirror *mirror;		/* another tool's table, or NULL */
	Policy		policy;			/* as it was when the run was last checked */
	int64		run_id;
	TimestampTz started_at;
	instr_time	start;
	int			applied;
	int			failed;
	int			not_run;

	/* the current migration, for whoever catches its error */
	Step	   *current;
	Execution	execution;
	double		elapsed;		/* ms */

	UnitDirection direction;	/* which of a step's scripts are run */
	bool		own_transaction;	/* each migration has its own */
	const char *kind;			/* of runs.kind: apply, up, rollback, down */
	int			lock_timeout;	/* ms, for the scripts; 0: the caller's */
	void		(*before_statement) (int statement, const char *text, int length);
	SessionSettings *saved_settings;	/* to be put back after an error */
	bool		waited;			/* for the lock */
	double		lock_wait_ms;	/* then */
	int			lock_retries;	/* attempts that were repeated for a lock */
	bool		locked;			/* it was taken */
	bool		lock_lost;		/* others may be running: do no more */
	List	   *hook_functions; /* of HookFunction *, set by hook_prepare() */
	const ErrorData *error;		/* that the run is going to raise, or NULL */
	ErrorData  *hook_error;		/* of hooks that failed behind what stays */
	const char *extra_note;		/* of the extra script that is running */
	const char *extra_kind;		/* of the one that was done last */
	const char *extra_file;		/* likewise */
	MemoryContext context;		/* of the call */
	bool		cancelled;		/* likewise */
	const char *stopped;		/* likewise: why, or NULL */
	bool		told_no_restore_point;
	const char *note;			/* of each migration's event in history, or
								 * NULL */
	const char *failed_version; /* the first, or NULL */
	const ErrorData *first_error;	/* of a migration that apply() passed over */
	Homes	   *homes;			/* schemas whose objects are kept; NULL: none */
	DriftBase  *drift_base;		/* what they were at its beginning */
	bool		vanished;		/* the record is all that is left of the
								 * service */

	RunReport	report;
	void	   *report_argument;
} Run;

/* The script of a step that the run is about. */
static inline const StepScript *
run_step_script(const Run *run, const Step *step)
{
	return run->direction == UNIT_UP ? &step->up : &step->down;
}

/* The name of the SQL function, for messages: of a run in the caller's transaction, and one that commits. */
extern const char *run_function_name(const Run *run);

/* The step whose turn is i-th, of all that the plan has. */
static inline Step *
run_step_at(const Run *run, int i)
{
	MigrationPlan *plan = run->survey->plan;

	return &plan->steps[run->direction == UNIT_UP ? i : plan->count - 1 - i];
}

extern double run_elapsed_since(instr_time start);

/* For error_context_stack: the service of a scope, which is the argument. */
extern void run_name_service(void *argument);

/*
 * May the caller run this source for this service as things are now?  Raises why
 * not, else returns the registration, or NULL.
 */
extern const Service *run_require_standing(Run *run);

/* Take the survey that the run is about. */
extern void run_look_again(Run *run);

/* Of a run that goes up: choose the steps, and raise what stops them before the first statement. */
extern void run_raise_what_stops(Run *run);

/*
 * Is the bootstrap script due, and will the run leave nothing pending that it may
 * need?  Said of the steps that are chosen, and of what failed so far.
 */
extern bool run_bootstrap_follows(const Run *run);

/* What the run says when it begins and ends. */
extern void run_tell_begin(const Run *run);
extern void run_tell_end(const Run *run);

/* Was nothing chosen?  Says so, and what is pending all the same. */
extern bool run_nothing_to_do(Run *run);

/*
 * Under the lock nobody is running what the record says is running: it was
 * interrupted.
 */
extern void run_interrupt_running(Run *run);

/*
 * The first run that has an environment says which one the service is in, in the
 * transaction that its row of "runs" is written in.
 */
extern void run_stamp_environment(const Run *run);

/* Say once what does not stop a run. */
extern void run_warn_once(const Run *run);

/*
 * Run a script in the current (sub)transaction, with the registered
 * search_path; what it SETs ends with it.  It is one of a step, or of the run
 * (NULL); kind is NULL for a migration's own script, "hook" for a hook.  Fills
 * run->execution and run->elapsed, also when it raises.
 */
extern void run_script(Run *run, const StepScript *script, const Step *step, const char *kind);

/* The same of a function without arguments. */
extern void run_function(Run *run, Oid function, const char *signature, const Step *step, const char *kind);

/* Set run->execution; these two do it by themselves. */
extern void run_begin_execution(Run *run, const char *file, const Step *step, const char *kind);

/*
 * Around a script of a migration: where the layout's tool gives each a session of its own,
 * temporary objects that it made are dropped.  The first returns those of before.
 */
extern List *run_session_begin(const Run *run);
extern void run_session_end(const Run *run, const List *before);

/* A script may have released the locks of its session: take them again, or raise. */
extern void run_keep_locks(Run *run);

/* Write that the step is applied, or taken back. */
extern void run_record_step(Run *run, const Step *step);

/* What became of a step that is done: applied, rolled_back. */
extern const char *run_done_outcome(const Run *run);

/* The SQLSTATE of what a script requires and is not so. */
extern int	run_require_sqlstate(const Run *run);

/* Count it, say it, report it. */
extern void run_step_applied(Run *run, Step *step);

/*
 * Count and report a step as not run, if there is a reason: the given one, or
 * that something which it depends on failed, or was not run, in this run.
 */
extern bool run_step_not_run(Run *run, Step *step, const char *reason);

extern void run_report_step(Run *run, const Step *step, const char *outcome, double elapsed,
							const char *message);

/* Is migrator.enabled off?  Then that is said, and reported as the row of the run. */
extern bool run_is_disabled(const Run *run);

/*
 * Take the service's locks as the request says, for the session or for the
 * transaction, and tell.  False when another run is in progress and it is to
 * be skipped.
 */
extern bool run_take_lock(Run *run);

/* What is to be recorded of a step, of its failure, and of the run. */
extern void run_fill_step_entry(const Run *run, const Step *step, RecordEntry *entry);
extern void run_fill_failure(const Run *run, const Step *step, const ErrorData *error,
							 RecordEntry *entry);
extern void run_fill_error(const Run *run, const ErrorData *error, RecordEntry *entry);
extern void run_fill_entry(const Run *run, const char *outcome, RunEntry *entry);

/* Under the lock of the service: complete the rows of runs that died, and tell. */
extern void run_end_dead(const char *service);

/* Add to an error what helps: which migration, another way of running it, the next step. */
extern void run_explain_error(const Run *run, const Step *step, ErrorData *error);

/*
 * Put the place into its message, once the message is on record as it was: the
 * clients that show nothing else of an error shall know where to look.
 */
extern void run_say_place(const Run *run, const Step *step, ErrorData *error);

/* Is it of what others do, or of the server, which tells nothing of the script that was run? */
extern bool run_error_tells_nothing(const ErrorData *error);

/* What it says of the script that was run last, in one line with the place. */
extern char *run_error_line(const Run *run, const ErrorData *error);

/* Put another line behind its DETAIL. */
extern void run_add_detail(ErrorData *error, char *sentence);

#endif
