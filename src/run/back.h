/*
 * back.h
 *	  What a run that goes back asks before it begins.
 */
#ifndef MIGRATOR_RUN_BACK_H
#define MIGRATOR_RUN_BACK_H

#include "plan/back.h"
#include "run/shared.h"

/*
 * Choose the steps of a run, whichever way it goes, and raise what stops them
 * before the first statement.
 */
extern void back_or_up_raise_what_stops(Run *run);

/* Say once what does not stop a run. */
extern void back_or_up_warn_once(Run *run);

/* Scripts of record can be read where there is no source. */
extern void back_prepare_reader(Survey *survey);

/*
 * Find the down script of a step: fill step->down, if there is one, and add what
 * is wrong with it to the findings.
 */
extern void back_load_script(Survey *survey, Step *step, DownSource down_source, FindingSink *findings);

/* The same of the hooks around it, and around a run that goes back. */
extern void back_load_hooks(Survey *survey, const Step *step, FindingSink *findings);

#endif
