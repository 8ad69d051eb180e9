/*
 * check.h
 *	  The checks: each looks at the plan, or at one script, and adds findings.
 *
 * Nothing is printed and nothing decided here: validate() turns the findings
 * into rows, a run into its first error.
 */
#ifndef MIGRATOR_PLAN_CHECK_H
#define MIGRATOR_PLAN_CHECK_H

#include "plan/plan.h"
#include "script/script.h"
#include "source/source.h"

/* How much is read. */
typedef enum CheckDepth
{
	CHECK_FOR_RUN,				/* every file's checksum, every pending script */
	CHECK_EVERYTHING			/* every script, also applied ones and downs */
} CheckDepth;

/* The names of all checks, NULL at the end, in the order validate shows them. */
extern const char *const check_names[];

/*
 * Read the files of every step: fill what Step says of its script, set the
 * flags that depend on content (modified, reformatted, manual,
 * non_transactional), and add what is wrong to the step's findings.
 */
extern void check_scripts(MigrationPlan *plan, Source *source, CheckDepth depth);

/* Duplicate versions: stop every run. */
extern void check_duplicates(const MigrationSet *set, FindingSink *sink);

/* Names that may be meant to run and cannot, hooks among them: likewise. */
extern void check_names_refused(const MigrationSet *set, FindingSink *sink);

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

/*
 * Load, cut and check one script for running: the text is read anew, and must
 * be what was checked before.  Raises 55000 when the file changed meanwhile.
 */
extern Script *check_load_script(const Source *source, const Step *step);

#endif
