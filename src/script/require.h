/*
 * require.h
 *	  "-- migrator: require SELECT ...": what must be true for a script to run.
 */
#ifndef MIGRATOR_SCRIPT_REQUIRE_H
#define MIGRATOR_SCRIPT_REQUIRE_H

#include "script/script.h"

#define DIRECTIVE_REQUIRE "require"
#define DIRECTIVE_ONLY_IF "only-if" /* else it counts as applied, and does not
									 * run */

/* What is wrong with its query, palloc'd, or NULL: it is one SELECT that the parser takes. */
extern char *require_problem(const Directive *directive);

#endif
