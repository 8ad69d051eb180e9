/*
 * psql_variables.h
 *	  The variables of a script that has psql's commands, as it goes on.
 *
 * What the script sets comes before what it was given, and that before what psql
 * itself has: so psql does with -v.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_VARIABLES_H
#define MIGRATOR_SCRIPT_PSQL_VARIABLES_H

#include "base/variables.h"

typedef struct PsqlVariables PsqlVariables;

/* given: NULL where there are none. */
extern PsqlVariables *psql_variables_create(Variables *given);

/* NULL: it has no value. */
extern const Variable *psql_variables_find(const PsqlVariables *variables, const char *name);

/* value NULL: it has none any more.  hidden: what it was made of is not to be shown. */
extern void psql_variables_set(PsqlVariables *variables, const char *name, const char *value, bool hidden);

/* What is to be hidden: those that were given, and those made of them. */
extern Variables *psql_variables_to_hide(const PsqlVariables *variables);

/*
 * Why a variable of psql's own cannot have a value, or NULL: what it says is not
 * what is done here.  Others may have any.
 */
extern const char *psql_variables_refuse(const char *name, const char *value);

#endif
