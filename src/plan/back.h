/*
 * back.h
 *	  The way back: which migrations are taken back, and what stops that.
 */
#ifndef MIGRATOR_PLAN_BACK_H
#define MIGRATOR_PLAN_BACK_H

#include "plan/plan.h"

/* Where a down script is taken from. */
typedef enum DownSource
{
	DOWN_SOURCE_RECORD,			/* what was kept at its migration's time; the
								 * file's where nothing was */
	DOWN_SOURCE_FILE
} DownSource;

/* What the caller asked for: one of the first four. */
typedef struct BackRequest
{
	int			steps;			/* at most so many; 0: not given */
	const char *target;			/* it stays; "": nothing does */
	char	  **versions;
	int			version_count;
	int64		run_id;			/* what that run applied; 0: not given */
	bool		force;
	bool		again;			/* they are to go up again afterwards */
	DownSource	down_source;
} BackRequest;

/* Does it name what is to go, and leave what came later? */
extern bool back_is_selective(const BackRequest *request);

/*
 * Choose the steps, which makes the plan one of a way back.  Adds findings for
 * migrations that are half-way up and stand among them or behind.  Raises 22023
 * for a target or version that neither source nor record knows.
 */
extern void back_select(MigrationPlan *plan, const char *service, const BackRequest *request, FindingSink *sink);

/* Raise MG012 when chosen steps have no down script: all of them. */
extern void back_require_scripts(const MigrationPlan *plan, const BackRequest *request);

/* Raise 55000 when a chosen step has no file that could go up again. */
extern void back_require_files(const MigrationPlan *plan);

/* Does a script of a step, or its entry, say that there is no way back, or did one when it was applied? */
extern bool back_is_irreversible(const Step *step);

/* The same, of files alone: what is to go on record. */
extern bool back_says_irreversible(const Step *step);

/* Raise MG012 for the first chosen step of which a script, its entry or the record says that there is no way back. */
extern void back_require_reversible(const MigrationPlan *plan);

/*
 * Raise 2BP01 when what is not chosen depends on a chosen step: by its entry, or
 * because it stands behind it and touches a table that it touches, too.
 */
extern void back_require_independent(const MigrationPlan *plan);

#endif
