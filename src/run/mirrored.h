/*
 * mirrored.h
 *	  What a change of the record makes of the table of another tool.
 */
#ifndef MIGRATOR_RUN_MIRRORED_H
#define MIGRATOR_RUN_MIRRORED_H

#include "adopt/mirror.h"
#include "run/survey.h"

/* Behind the record's row, in its transaction; mirror NULL: nothing is done. */
extern void mirrored_write(Mirror *mirror, const Survey *survey, const Step *step, MirrorChange change, double ms);

/* The same of a call without a run: by the registration, as it is now. */
extern void mirrored_settle(const Survey *survey, const Step *step, MirrorChange change);

/* Of a service whose record is forgotten. */
extern void mirrored_clear(const char *service);

#endif
