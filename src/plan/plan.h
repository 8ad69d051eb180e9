/*
 * plan.h
 *	  Files and record joined to one list of migrations, and the choice of those
 *	  that a run will apply.
 *
 * Pure: no I/O, no database, so that the rules can be tested as a table.
 */
#ifndef MIGRATOR_PLAN_PLAN_H
#define MIGRATOR_PLAN_PLAN_H

#include "base/compat.h"
#include "base/finding.h"
#include "layout/migration.h"
#include "record/down_script.h"
#include "record/record.h"
#include "script/change_class.h"

/* what status() shows beside the state; in its order */
typedef enum PlanFlag
{
	FLAG_MODIFIED = 1 << 0,
	FLAG_REFORMATTED = 1 << 1,
	FLAG_MISSING = 1 << 2,
	FLAG_LATE = 1 << 3,
	FLAG_BLOCKED = 1 << 4,
	FLAG_MANUAL = 1 << 5,
	FLAG_EXCLUDED = 1 << 6,
	FLAG_BASELINE = 1 << 7,
	FLAG_NON_TRANSACTIONAL = 1 << 8,
	FLAG_IRREVERSIBLE = 1 << 9,
	FLAG_REPEATABLE = 1 << 10
} PlanFlag;

#define PLAN_FLAGS 11
extern const char *const plan_flag_names[PLAN_FLAGS];

/* One of a step's units, and what the check of it found out; see check_scripts.h. */
typedef struct StepScript
{
	const ScriptUnit *unit;		/* NULL: there is none */
	char	   *checksum;		/* NULL: not read, or could not be */
	char	   *fingerprint;
	char	   *description;
	int			statement_total;
	int			lock_estimate;
	const char *call_reason;	/* why apply() must refuse it, or NULL */
	int			call_line;
	ScriptChanges changes;		/* of one that was parsed */
	const char *free_variable;	/* in which any SQL may stand (fill_map.h), or
								 * NULL */
	int			free_line;
} StepScript;

/* A script that runs before or after a migration, or a run; see hooks.h. */
typedef struct Hook
{
	const HookFile *file;
	StepScript	script;
	struct Hook *next;			/* of the same event, behind it; or NULL */
} Hook;

/* What a migration needs of another service, and has not. */
typedef struct UnmetNeed
{
	const char *service;
	const char *version;		/* as the manifest writes it */
	const char *state;			/* on record there; NULL: none */
	bool		conflict;		/* it must not be there, and is */
	bool		service_known;	/* it is registered, or has a record */
	bool		registered;
} UnmetNeed;

/* One version: its files, its record, or both. */
typedef struct Step
{
	const char *version;		/* as shown */
	const char *name;
	const Migration *migration; /* NULL: the files are gone */
	const RecordRow *row;		/* NULL: never recorded */
	MigrationState state;
	uint32		flags;			/* of PlanFlag */
	const char *message;		/* for status(), or NULL */
	const char *late_after;		/* with FLAG_LATE: the applied version it
								 * sorts before */
	bool		selected;		/* the run will apply it */
	bool		again;			/* it is on record as applied, and runs again */
	bool		always;			/* and is as it was then: its tool runs it in
								 * each run */

	/* by the manifest: filled by order.c */
	const ManifestEntry *entry; /* NULL: none */
	int			need_count;
	int		   *needs;			/* places in the plan's steps */
	List	   *missing;		/* of ManifestNeed *: what nobody has */
	int			depth;			/* so many must come before it, one after the
								 * other */
	List	   *unmet;			/* of UnmetNeed * */
	TimestampTz others_at;		/* when other services had what it needs of
								 * them; 0: it needs nothing */
	const char *blocked;		/* with FLAG_BLOCKED: "needs migration ..." */
	bool		failed;			/* in this run */
	bool		broken;			/* it failed in this run, or was not run */
	StepScript	up;
	StepScript	down;
	StepScript	verify;
	Hook	   *before;			/* or NULL */
	Hook	   *after;			/* likewise */
	Hook	   *back_before;	/* the same of its way back */
	Hook	   *back_after;
	bool		says_irreversible;	/* a script of it does, as it is now */
	const DownScript *down_record;	/* what is run, where no file says the
									 * same, else NULL */
	bool		down_differs;	/* the file's from the one of record, which is
								 * run */
	bool		looked_into;	/* touches is known */
	List	   *touches;		/* of Touch *: what its script touches */
	FindingSink findings;		/* of its scripts, those of its hooks among
								 * them */
} Step;

typedef struct MigrationPlan
{
	const MigrationSet *set;	/* NULL: the record alone */
	VersionOrder order;
	const char *environment;	/* NULL: none is known */
	Step	   *steps;			/* in the order in which they run */
	Step	  **by_version;		/* the same by version */
	int			count;
	int			selected;
	UnitDirection direction;	/* of the scripts that the selected ones run */
	Hook	   *before;			/* the run; or NULL */
	Hook	   *after;			/* likewise */
	Hook	   *back_before;	/* one that goes back */
	Hook	   *back_after;
	FindingSink hook_findings;	/* of the first two */
	StepScript	bootstrap[SCRIPT_PLACES];	/* those without a unit are none */
	StepScript	seeds[SCRIPT_PLACES];	/* likewise */
	bool		bootstrap_due;	/* there is one, and it is not on record */
	FindingSink bootstrap_findings;
	FindingSink seed_findings;
	List	   *stray_hooks;	/* of HookFile *, for no version */
	List	   *second_hooks;	/* of HookFile *, where there is another one */
	List	   *shell_hooks;	/* of HookFile *, which nothing here runs */
	List	   *orphans;		/* of ManifestEntry *: neither is there a
								 * file, nor an applied migration */
	List	   *rings;			/* of lists of places in steps, each of which
								 * needs the next */
} MigrationPlan;

/* What the caller asked for. */
typedef struct PlanRequest
{
	const char *target;			/* or NULL */
	char	  **versions;		/* or NULL */
	int			version_count;
	char	  **allow_late;		/* or NULL */
	int			allow_late_count;
	bool		late_allowed;	/* migrator.late = allow */
	bool		may_resume;		/* interrupted migrations are resumed */
	bool		ready_only;		/* what is blocked has another turn */
	bool		others_follow;	/* only looked at: what other services lack
								 * will be there by the time */
} PlanRequest;

/*
 * Join a set (or NULL) and a record.  Both must outlive the plan, which lives
 * in CurrentMemoryContext.
 */
extern MigrationPlan *plan_join(const MigrationSet *set, const Record *record);

/* The script of a step that a run of the plan runs. */
static inline const StepScript *
plan_step_script(const MigrationPlan *plan, const Step *step)
{
	return plan->direction == UNIT_UP ? &step->up : &step->down;
}

/* Its first hook, or (NULL) that of the run; or NULL. */
extern Hook *plan_hook(const MigrationPlan *plan, const Step *step, bool after);

/* For each step: is it among the versions?  They may come in any order, and twice.  palloc'd. */
extern bool *plan_mark_named(const MigrationPlan *plan, char **versions, int count);

/* The steps that a version names stand together in by_version: the place of the first, or where it would be. */
extern int	plan_first_not_before(const MigrationPlan *plan, const char *version);

/* The step of a version, however it is written, or NULL. */
extern Step *plan_find(const MigrationPlan *plan, const char *version);

/* How severe what is found of its scripts is; the settings must outlive it. */
extern void plan_set_checks(MigrationPlan *plan, const CheckSettings *settings);

/*
 * Mark steps whose place is before that of an applied one and that were never
 * tried.  One that failed or was rolled back had its turn, and a manual one
 * waits for its time: they are not late.  Nor is one that could not have been
 * run then, because what it needs was not applied before: its turn comes now.
 * To be called once FLAG_MANUAL and unmet are known.
 */
extern void plan_mark_late(MigrationPlan *plan);

/*
 * Mark as blocked what a run without arguments would have to apply and cannot:
 * steps with unmet needs, and those that need one that is blocked, manual or of
 * another environment.  To be called once FLAG_MANUAL and unmet are known.
 */
extern void plan_mark_blocked(MigrationPlan *plan);

/*
 * Choose the steps of a run.  To be called after plan_mark_late.  Adds findings to the sink for what stops the run:
 * late, interrupted and blocked migrations among the chosen ones.  Raises 22023 for a
 * target or version that does not exist.
 */
extern void plan_select(MigrationPlan *plan, const PlanRequest *request, FindingSink *sink);

/* The version that a target means: of a baseline's own name the one that it stands for. */
extern const char *plan_target_reached(const MigrationPlan *plan, const char *target);

/*
 * For each step: does a target (NULL: none) take it in?  It does with every
 * version up to it, and with what pending ones of these need.  palloc'd.
 */
extern bool *plan_within_target(const MigrationPlan *plan, const char *target);

/*
 * Would a run without arguments apply this step?  Also one that is running: if
 * its run is alive, the next one waits for it; if not, resumes it.
 */
extern bool plan_step_is_pending(const Step *step);

/*
 * Is it another tool's code, on record by a name that is no version here?  It
 * has no place among the others: none behind which a new one is named, and
 * none from which the way back begins.
 */
extern bool plan_step_has_no_place(const Step *step);

/*
 * Is the schema without this step, or with a part of it only?  A part may be
 * left of a script whose file is gone.  It is not without what ran, and runs
 * in each run.
 */
extern bool plan_step_is_open(const Step *step);

/*
 * Does a failure stand?  Not that of a script whose file was taken away: it
 * left nothing, and nobody will try it again.
 */
extern bool plan_step_has_failed(const Step *step);

/* Raise 22023: it is of another environment than the one chosen. */
pg_noreturn extern void plan_refuse_excluded(const MigrationPlan *plan, const Step *step);

/*
 * Is the bootstrap script due, and will nothing be pending behind the chosen steps
 * that it may need?
 */
extern bool plan_bootstrap_follows(const MigrationPlan *plan);

/* What is known against a step: the record's word, else the first error found; or NULL. */
extern const char *plan_step_message(const Step *step);

extern int	plan_count_state(const MigrationPlan *plan, MigrationState state);

/*
 * Could what is on record have come from this source?  One applied file with
 * its content is enough; else none may be missing.
 */
extern bool plan_is_of_source(const MigrationPlan *plan);

/* Pending steps; what runs in each run is none when it ran. */
extern int	plan_count_pending(const MigrationPlan *plan);

/*
 * Is the step for one environment alone, and none is known?  Whether it should
 * run cannot be told then; the finding says so.
 */
extern bool plan_environment_unknown(const MigrationPlan *plan, const Step *step, Finding *finding);

/* Of what the step needs, one that became broken in this run; or NULL. */
extern const Step *plan_broken_need(const MigrationPlan *plan, const Step *step);

/* "a, b, c" of the versions with that flag, at most ten; NULL when none */
extern char *plan_list_flag(const MigrationPlan *plan, PlanFlag flag, int *count);

#endif
