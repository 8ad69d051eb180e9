/*
 * psql_variables.h
 *	  The variables of a script that has psql's commands, as it goes on.
 *
 * What the script sets comes before what it was given, and that before what psql
 * itself has: so psql does with -v.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_VARIABLES_H
#define MIGRATOR_SCRIPT_PSQL_VARIABLES_H

#include "lib/stringinfo.h"

#include "base/variables.h"

typedef struct PsqlVariables PsqlVariables;

/* given: NULL where there are none. */
extern PsqlVariables *psql_variables_create(Variables *given);

/* NULL: it has no value. */
extern const Variable *psql_variables_find(const PsqlVariables *variables, const char *name);

/* Is it the call that says what its value is, or that it has none? */
extern bool psql_variables_is_given(const PsqlVariables *variables, const char *name);

/* value NULL: it has none any more.  hidden: what it was made of is not to be shown. */
extern void psql_variables_set(PsqlVariables *variables, const char *name, const char *value, bool hidden);

/* A copy of what there is now: what becomes of the one is not the other's. */
extern PsqlVariables *psql_variables_copy(const PsqlVariables *variables);

/*
 * From here on only the run knows the values of variables whose names begin so:
 * a result sets them.
 */
extern void psql_variables_from_result(PsqlVariables *variables, const char *prefix);

/* That one's value, which may be the one that is set; to the next that is set here. */
extern void psql_variables_set_late(PsqlVariables *variables, const char *name, const char *value, bool hidden);

/* Those that were set so, by name, as JSON: null for one that has no value, an object for one that is hidden. */
extern void psql_variables_write_late(const PsqlVariables *variables, StringInfo json);

/* Does only the run know it? */
extern bool psql_variables_is_late(const PsqlVariables *variables, const char *name);

/* What is to be hidden: those that were given, and those made of them. */
extern Variables *psql_variables_to_hide(const PsqlVariables *variables);

/* Is it one of those by which psql itself is told what to do? */
extern bool psql_variables_is_special(const char *name);

/*
 * Why a variable of psql's own cannot have a value, or NULL: what it says is not
 * what is done here.  Others may have any.
 */
extern const char *psql_variables_refuse(const char *name, const char *value);

#endif
