/*
 * scope.h
 *	  What a call is about: source, service, environment, search_path; each by
 *	  precedence: argument > setting > registration > default.
 *
 * The environment is a matter of policy, and not the caller's to choose where
 * somebody did: setting > registration > argument > the service's stamp > the
 * source's own word (run/survey.c).
 */
#ifndef MIGRATOR_PLAN_SCOPE_H
#define MIGRATOR_PLAN_SCOPE_H

#include "base/variables.h"
#include "record/record.h"
#include "record/registration.h"

typedef struct Scope
{
	const char *service;
	const char *source;			/* as given or registered; NULL: none known */
	const char *environment;	/* NULL when none */
	const char *stamp;			/* of the service, or NULL; see
								 * scope_take_stamp() */
	const char *bootstrap_checksum; /* of the script that ran, or NULL;
									 * likewise */
	const char *search_path;	/* registered one, or NULL: the caller's */
	Service    *registration;	/* or NULL */
	char	  **ignore;			/* patterns of file names that are none of
								 * ours */
	int			ignore_count;
	const char *layout;			/* that the source is read by, or NULL: it is
								 * recognised */
	const char *contexts;		/* of Liquibase's changesets, or NULL */
	const char *labels;			/* an expression of them, or NULL */
	Variables  *variables;		/* of its scripts */
	const char *target;			/* the last version that is asked for, or NULL */
	bool		back;			/* of a way back: what is pending is not asked
								 * for */

	/* where each value comes from */
	const char *source_origin;
	const char *service_origin;
	const char *environment_origin;
	const char *search_path_origin;
} Scope;

/*
 * Resolve the arguments, each of which may be NULL.  Raises 22023 for an
 * invalid service or environment name, for another environment than the one that
 * the setting or the registration says, and when no service is named and it is
 * not clear which of several registered ones is meant.
 */
extern Scope *scope_resolve(const char *source, const char *service, const char *environment);

/* Argument "service" for every registered one. */
#define SCOPE_ALL_SERVICES "*"

extern bool scope_means_all(const char *service);

/*
 * Scopes of what the arguments name, as Scope *: of one service, or of all that
 * are registered, by name.  Raises what scope_resolve() does; of all services,
 * 22023 for a source, when one is registered without, and when there are none.
 */
extern List *scope_resolve_each(const char *source, const char *service, const char *environment);

/*
 * In a worker that acts for the server: from here on '*' is of those with these
 * names alone.  The list has to stay.
 */
extern void scope_narrow_all(const List *services);

/* Raise 22023 for what was given and has no meaning for all services at once. */
extern void scope_refuse_of_one(bool given, const char *name);

/*
 * Read the service's stamp: the environment where nobody names one.  Runs ask
 * again under the locks, where it cannot change.
 */
extern void scope_take_stamp(Scope *scope);

/*
 * Raise 22023 if the setting or the registration, as they are by now, say another
 * environment than the one of the scope.
 */
extern void scope_require_decided(const Scope *scope, const Service *registration);

/* Is it another one by now? */
extern bool scope_stamp_changed(const Scope *scope);

/* Raise 55000 for another environment than that of the stamp. */
extern void scope_check_stamp(const Scope *scope);

/*
 * Argument "variables" of a run (NULL: not given), which comes before all that
 * is registered or in files.  From here on a variable without a value is an
 * error.
 */
extern void scope_take_variables(Scope *scope, Jsonb *argument);

/* Raise 22023 when no source is given nor registered. */
extern void scope_require_source(const Scope *scope);

/* Raise 22023 unless name may be a service's. */
extern void scope_check_service_name(const char *name);

/* Raise 22023 unless name may be an environment's. */
extern void scope_check_environment_name(const char *name);

/*
 * Raise 22023 when unqualified names of a script would fall into the
 * extension's own schema.
 */
extern void scope_check_search_path(const Scope *scope);

/*
 * Raise 42501 unless the caller may act for the service, and whoever registered
 * it may be listened to: see record/registration.h.  runs says whether scripts are
 * going to run, or files are only read for the record.
 */
extern void scope_require_rights(const Scope *scope, bool runs);

#endif
