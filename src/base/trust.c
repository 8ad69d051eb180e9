/*
 * trust.c
 *	  Whose words may act with whose rights.
 *
 * A script runs with the caller's rights, and may RESET ROLE to those of the
 * session, and RESET SESSION AUTHORIZATION to those of the login.  Whoever
 * wrote it, or wrote where it is to be found and which functions its names
 * mean, must have them already, on each of these levels, or be trusted with
 * them by name; a superuser who runs what somebody else wrote is no exception.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"

#include "base/compat.h"
#include "base/settings.h"
#include "base/trust.h"

static bool session_is_own(const Author *by);
static bool may_act_as(Oid author, Oid role, const List *trusted);

/* Who the caller is. */
static void
take_caller(Author *by)
{
	by->current = GetUserId();
	by->session = GetSessionUserId();
	by->login = GetAuthenticatedUserId();
}

/*
 * In a function of another owner, and in whatever the server runs with
 * restricted rights (an index expression in ANALYZE), the session is not the
 * author's: then the owner must be able to be what the session is, or he could
 * sign with somebody else's name.
 */
static bool
session_is_own(const Author *by)
{
	return !(InLocalUserIdChange() || InSecurityRestrictedOperation()) ||
		(can_become_role(by->current, by->session) && can_become_role(by->current, by->login));
}

void
trust_own_session(Author *by, const char *what)
{
	take_caller(by);
	if (!session_is_own(by))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("role \"%s\" cannot %s in a session of role \"%s\"",
					   trust_role_name(by->current), what, trust_role_name(by->session)),
				errdetail("A SECURITY DEFINER function, or the maintenance of a table, runs here with its owner's rights."));
}

void
trust_signer(Author *by)
{
	take_caller(by);
	if (!session_is_own(by))
		by->session = by->login = by->current;
}

Oid
trust_stranger(const Author *by)
{
	Author		caller;
	List	   *trusted = NIL;
	ListCell   *lc;

	take_caller(&caller);
	foreach(lc, settings_trusted_stagers())
	{
		Oid			role = get_role_oid(lfirst(lc), true);

		if (OidIsValid(role))
			trusted = lappend_oid(trusted, role);
	}
	return !may_act_as(by->current, caller.current, trusted) ? by->current :
		!may_act_as(by->session, caller.session, trusted) ? by->session :
		!may_act_as(by->login, caller.login, trusted) ? by->login : InvalidOid;
}

static bool
may_act_as(Oid author, Oid role, const List *trusted)
{
	ListCell   *lc;

	if (can_become_role(author, role))
		return true;
	foreach(lc, trusted)
	{
		if (can_become_role(author, lfirst_oid(lc)))
			return true;
	}
	return false;
}

const char *
trust_role_name(Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	return name ? name : psprintf("%u (dropped)", role);
}
