/*
 * check_plan.h
 *	  The checks that read nothing: what names, files and record say of each
 *	  other.
 *
 * Nothing is printed and nothing decided here: validate() turns the findings
 * into rows, a run into its first error.
 */
#ifndef MIGRATOR_PLAN_CHECK_PLAN_H
#define MIGRATOR_PLAN_CHECK_PLAN_H

#include "plan/plan.h"
#include "plan/scope.h"

/* Duplicate versions: stop every run. */
extern void check_duplicates(const MigrationSet *set, FindingSink *sink);

/*
 * What is wrong with the source's environments, if it has any: what is of the
 * chosen one, or of none, stops every run.
 */
extern void check_environments(const MigrationSet *set, FindingSink *sink);

/*
 * Names that may be meant to run and cannot, hooks among them: likewise.  Not code
 * whose version is not asked for: what is before it can run, and go back.
 */
extern void check_names_refused(const MigrationPlan *plan, const Scope *scope, FindingSink *sink);

/* A layout other than the one that the record was written under (MG013). */
extern void check_layout(const MigrationPlan *plan, FindingSink *sink);

/*
 * A version applied from a file of another name and content: the source is
 * probably another service's (MG013).
 */
extern void check_same_files(const MigrationPlan *plan, FindingSink *sink);

/* For validate() alone: names, missing, late, checksums, down scripts. */
extern void check_names_ignored(const MigrationSet *set, FindingSink *sink);
extern void check_record(const MigrationPlan *plan, FindingSink *sink);
extern void check_down_scripts(const MigrationPlan *plan, FindingSink *sink);

#endif
