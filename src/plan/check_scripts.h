/*
 * check_scripts.h
 *	  The checks that read: each file of the plan, and what is wrong with it.
 *
 * Nothing is printed and nothing decided here: validate() turns the findings
 * into rows, a run into its first error.
 */
#ifndef MIGRATOR_PLAN_CHECK_SCRIPTS_H
#define MIGRATOR_PLAN_CHECK_SCRIPTS_H

#include "plan/plan.h"
#include "script/script.h"
#include "source/source.h"

/* How much is read. */
typedef enum CheckDepth
{
	CHECK_NAMES,				/* no file's checksum; whether it may be read,
								 * and of what is pending, up to a bound,
								 * whether it is manual */
	CHECK_FOR_RUN,				/* every file's checksum, every pending script */
	CHECK_EVERYTHING			/* every script, also applied ones and downs */
} CheckDepth;

/*
 * Read the files of every step: fill what Step says of its scripts, set the
 * flags that depend on content (modified, reformatted, manual,
 * non_transactional), and add what is wrong to the step's findings.
 */
extern void check_scripts(MigrationPlan *plan, UnitReader *reader, CheckDepth depth);

/*
 * The same of one script that is a hook's like: fill what is kept of it, and add
 * what is wrong to the findings, as warnings where no run executes it.
 */
extern void check_extra_script(StepScript *kept, bool idle, FindingSink *findings, UnitReader *reader);

/* The same of what looks whether a step is as it should be, before that runs. */
extern void check_verify_script(Step *step, UnitReader *reader, FindingSink *findings);

/*
 * Before a step is taken back: the same of its down script, and whether one of its
 * scripts says that there is no way back.  Where nothing is known yet of the tables
 * that it touches, they are those of its down script.
 */
extern void check_way_back(Step *step, UnitReader *reader, FindingSink *findings);

/*
 * Load, cut and check one script for running: the text is read anew, and must
 * be what was checked before.  Raises 55000 when the file changed meanwhile.
 */
extern Script *check_load_script(UnitReader *reader, const StepScript *script);

#endif
