/*
 * session_copy.c
 *	  Who a session is and what it has set, for a worker that acts in its place.
 *
 * Settings travel as they do to the workers of a parallel query, with the role
 * and the context that each was set by: so what only a superuser may set comes
 * along where it was in force, and nowhere else.  What RESET comes back to does
 * not travel; it is what the worker's own login had from files and roles.
 *
 * Users do not: those of a parallel query are adopted blindly, and here code runs
 * that may RESET ROLE.  The worker logs in as the session did, and becomes what
 * that session became by the same steps and under the same checks.  So it has
 * on each level the rights of the session on that level, or it does not begin.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/session_copy.h"
#include "base/trust.h"

/* what goes through memory: this, then libraries and settings */
typedef struct SessionCopy
{
	Oid			database;
	Oid			login;
	Oid			session;
	Oid			role;			/* of SET ROLE; InvalidOid: none */
	Oid			current;
	Size		settings;		/* where these begin */
} SessionCopy;

#define COPY_SIZE MAXALIGN(sizeof(SessionCopy))

/* what RESET comes back to */
typedef struct ResetValue
{
	struct config_generic *setting;
	const char *value;
	GucSource	source;
	GucContext	context;
	Oid			role;
} ResetValue;

static List *reset_values(void);
static void put_reset_values(const List *values);
static void become(const SessionCopy *copy);
static void set_user(const char *setting, Oid role);

void
session_copy_require_plain(const char *name)
{
	if (InLocalUserIdChange() || InSecurityRestrictedOperation())
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s cannot be called from a SECURITY DEFINER function", name),
				errdetail("The run would go on with its owner's rights after the function has ended."),
				errhint("Call it directly, or from a function that runs with its caller's rights."));
}

Size
session_copy_size(void)
{
	return COPY_SIZE + MAXALIGN(EstimateLibraryStateSpace()) + EstimateGUCStateSpace();
}

void
session_copy_write(char *to, Size room)
{
	SessionCopy *copy = (SessionCopy *) to;
	Size		libraries = MAXALIGN(EstimateLibraryStateSpace());

	copy->database = MyDatabaseId;
	copy->login = GetAuthenticatedUserId();
	copy->session = GetSessionUserId();
	copy->role = GetCurrentRoleId();
	copy->current = GetUserId();
	copy->settings = COPY_SIZE + libraries;
	SerializeLibraryState(libraries, to + COPY_SIZE);
	SerializeGUCState(room - copy->settings, to + copy->settings);
}

void
session_copy_connect(const char *from)
{
	const SessionCopy *copy = (const SessionCopy *) from;

	BackgroundWorkerInitializeConnectionByOid(copy->database, copy->login, 0);
}

/* In one transaction that has no snapshot, which some settings insist on. */
void
session_copy_take_over(const char *from)
{
	const SessionCopy *copy = (const SessionCopy *) from;
	List	   *values;

	StartTransactionCommand();
	RestoreLibraryState((char *) from + COPY_SIZE);
	values = reset_values();
	RestoreGUCState((char *) from + copy->settings);
	put_reset_values(values);
	become(copy);
	CommitTransactionCommand();
}

/* Of those that the session may have SET otherwise; the built-in ones need no help. */
static List *
reset_values(void)
{
	List	   *values = NIL;
	int			count;
	struct config_generic **settings = guc_variables(&count);

	for (int i = 0; i < count; i++)
	{
		struct config_generic *setting = settings[i];
		ResetValue *value;

		if ((setting->context != PGC_USERSET && setting->context != PGC_SUSET) || setting->reset_source == PGC_S_DEFAULT ||
			(setting->flags & GUC_SUPERUSER_ONLY))
			continue;
		value = palloc(sizeof(ResetValue));
		value->setting = setting;
		value->value = pstrdup(GetConfigOptionResetString(setting->name));
		value->source = setting->reset_source;
		value->context = setting->reset_scontext;
		value->role = setting->reset_srole;
		values = lappend(values, value);
	}
	return values;
}

/* A value that comes from the session stays as it is. */
static void
put_reset_values(const List *values)
{
	ListCell   *lc;

	foreach(lc, values)
	{
		const ResetValue *value = lfirst(lc);

		if (value->setting->source > PGC_S_OVERRIDE)
			(void) set_config_option_ext(value->setting->name, value->value, value->context, value->source, value->role,
										 GUC_ACTION_SET, true, DEBUG1, true);
	}
}

/* By name, as settings are; a role that was renamed meanwhile is another one. */
static void
become(const SessionCopy *copy)
{
	if (GetSessionUserId() != copy->session)
		set_user("session_authorization", copy->session);
	/* also "none", for ALTER ROLE may have set one at the login */
	set_user("role", copy->role);
	if (GetAuthenticatedUserId() != copy->login || GetSessionUserId() != copy->session ||
		GetCurrentRoleId() != copy->role || GetUserId() != copy->current)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("role \"%s\" cannot be taken over from the session", trust_role_name(copy->current)),
				errdetail("It was renamed or dropped meanwhile."));
}

static void
set_user(const char *setting, Oid role)
{
	char	   *name = OidIsValid(role) ? GetUserNameFromId(role, false) : "none";

	SetConfigOption(setting, name, PGC_USERSET, PGC_S_SESSION);
}
