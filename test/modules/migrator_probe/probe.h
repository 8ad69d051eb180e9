/*
 * probe.h
 *	  What several files of the library of the tests use.
 */
#ifndef MIGRATOR_PROBE_H
#define MIGRATOR_PROBE_H

#include "utils/array.h"

#include "script/script.h"

/* A script's problems, each "line:column sqlstate message". */
extern ArrayType *problem_array(const Script *script);

#endif
