/*
 * registration.h
 *	  What is registered of a service, and who may act for it: table
 *	  "services".
 */
#ifndef MIGRATOR_RECORD_REGISTRATION_H
#define MIGRATOR_RECORD_REGISTRATION_H

#include "base/checks.h"
#include "base/options.h"
#include "base/policy_flag.h"
#include "base/trust.h"

/*
 * A row of "services".  A new option is a row of registration_options and a
 * field here.
 */
typedef struct Service
{
	char	   *service;
	char	   *source;			/* or NULL */
	char	   *environment;	/* or NULL */
	char	   *search_path;	/* or NULL */

	/* of the options */
	char	  **roles;			/* names as they were given */
	int			role_count;		/* 0: the service has no rights of its own */
	char	  **ignore;			/* patterns (base/glob.h) of what is none of
								 * its files */
	int			ignore_count;
	char	   *layout;			/* that its source is read by, or NULL */
	char	   *contexts;		/* of Liquibase's changesets, or NULL */
	char	   *labels;			/* an expression of them, or NULL */
	Jsonb	   *mirror;			/* an object: whose table is kept like the
								 * record, or NULL */
	Jsonb	   *variables;		/* an object of names and values, or NULL */

	char	   *view_schema;	/* of the service's view; NULL: the
								 * extension's */
	char	  **schemas;		/* that are the service's, as they were given */
	int			schema_count;
	PolicyFlags flags;			/* what it demands, whatever files say */
	char	  **check_names;	/* how severe checks are at least: names */
	char	  **check_severities;	/* and severities */
	int			check_count;

	/* OIDs are those of this cluster; after a restore elsewhere names count */
	bool		of_this_cluster;
	Oid		   *role_oids;		/* role_count of them */

	/* who registered it; false when that is not known */
	bool		author_known;
	Author		author;
	char	   *registered_by;	/* the session user's name then */
} Service;

/* The registration of a service, or NULL. */
extern Service *registration_find(const char *service);

/* All of them as Service *, by name. */
extern List *registration_list(void);

/*
 * The same as registration_find(), and whoever else writes this service's
 * registration waits for the end of this transaction.  Where there is none, a
 * row without content is made, for registration_write() to fill.
 */
extern Service *registration_lock(const char *service);

/*
 * Write a registration that is locked, in the name of the caller.  Options that are not among the given
 * ones stay as they are in old (NULL: none); a null takes one away.  Raises
 * what options_read() does, 22023 for an empty list of roles, 42704 for a role
 * that does not exist, 42501 for a floor
 * (base/policy_flag.h) that is not the caller's to take away.
 */
extern void registration_write(Service *service, const Service *old, Jsonb *options);

/* What it says of checks, as floors over what is put already. */
extern void registration_put_checks(const Service *registration, CheckSettings *settings);

/*
 * Raise 42501 where a check that the registration makes an error would be less
 * with the new one (NULL: none), unless the caller may act as the extension's
 * owner.
 */
extern void registration_require_check_rights(const Service *old, const Service *changed);

/* Delete it; false when there was none. */
extern bool registration_delete(const char *service);

/*
 * Raise 42501 unless the current user may act for the service: run, settle,
 * unlock, register it anew.  A service without roles, or without registration
 * (NULL), leaves that to the grants on the functions.
 */
extern void registration_require_member(const Service *registration);

/*
 * OIDs of the roles whose members registration_require_member() lets pass, the
 * extension's owner among them; NIL when it lets everybody pass.
 */
extern List *registration_members(const Service *registration);

/*
 * Raise 42501 when the registration has that flag as a floor, and the current
 * user is neither the extension's owner nor a superuser.
 */
extern void registration_require_floor_rights(const Service *registration, PolicyFlag flag);

/*
 * Raise 42501 unless whoever registered the service could have done with the
 * caller's rights what the registration says: see base/trust.h.  The extension's
 * owner and superusers are trusted by everybody.  what names the parts of it
 * that the call is going to act upon, for the message.
 */
extern void registration_require_trusted(const Service *registration, const char *what);

#endif
