/*
 * settings.c
 *	  The settings migrator.*, and what was wrong with them when the library
 *	  was loaded.
 *
 * The library is usually loaded by its first call, so a setting may have been
 * made before we could check it: the server then keeps it as a placeholder,
 * and drops it with a mere WARNING when the variable is defined with another
 * type, unknown, or not the user's to set.  A run that ignored such a setting
 * would not do what its owner asked for.  So we look at the placeholders
 * before defining anything, look again afterwards, and remember the
 * difference; settings_require_valid() refuses a run because of it.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "base/compat.h"
#include "base/settings.h"

#define PREFIX "migrator."

typedef struct EarlySetting
{
	char	   *name;
	char	   *value;
} EarlySetting;

char	   *migrator_environment = NULL;
char	   *migrator_lock_id = NULL;
char	   *migrator_source_roots = NULL;
int			migrator_checksum_policy = CHECKSUM_POLICY_WARN;
int			migrator_late = LATE_ERROR;
int			migrator_max_file_size = 16 * 1024;
int			migrator_max_stage_size = 256 * 1024;
int			migrator_max_stage_files = 50000;
int			migrator_backup_max_age = 24 * 60 * 60;
static char *trusted_stagers = NULL;
int			migrator_auto_migrate = AUTO_MIGRATE_OFF;
static char *auto_migrate_databases = NULL;
char	   *migrator_auto_migrate_role = NULL;
bool		migrator_enabled = true;
bool		migrator_bootstrap = true;
bool		migrator_track_schema = true;
bool		migrator_check_schema = false;
int			migrator_if_locked = IF_LOCKED_WAIT;
double		migrator_wait_timeout = 30;
int			migrator_on_error = ON_ERROR_RAISE;
bool		migrator_record_failures = true;
int			migrator_log_level = LOG;
int			migrator_commit = COMMIT_GROUPED;
int			migrator_lock_retries = 0;
int			migrator_ddl_lock_timeout = 0;
int			migrator_migration_timeout = 0;
int			migrator_slow_threshold = 30 * 1000;
char	   *migrator_notify_channel = NULL;

/* settings lost when the library was loaded; lives in TopMemoryContext */
static List *lost_settings = NIL;

static const struct config_enum_entry checksum_policy_words[] = {
	{"warn", CHECKSUM_POLICY_WARN, false},
	{"error", CHECKSUM_POLICY_ERROR, false},
	{NULL, 0, false}
};

static const struct config_enum_entry late_words[] = {
	{"error", LATE_ERROR, false},
	{"allow", LATE_ALLOW, false},
	{NULL, 0, false}
};

static const struct config_enum_entry auto_migrate_words[] = {
	{"off", AUTO_MIGRATE_OFF, false},
	{"on", AUTO_MIGRATE_ON, false},
	{"environment", AUTO_MIGRATE_ENVIRONMENT, false},
	{"false", AUTO_MIGRATE_OFF, true},
	{"no", AUTO_MIGRATE_OFF, true},
	{"true", AUTO_MIGRATE_ON, true},
	{"yes", AUTO_MIGRATE_ON, true},
	{NULL, 0, false}
};

static const struct config_enum_entry if_locked_words[] = {
	{"wait", IF_LOCKED_WAIT, false},
	{"skip", IF_LOCKED_SKIP, false},
	{"fail", IF_LOCKED_FAIL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry on_error_words[] = {
	{"raise", ON_ERROR_RAISE, false},
	{"stop", ON_ERROR_STOP, false},
	{"continue", ON_ERROR_CONTINUE, false},
	{NULL, 0, false}
};

static const struct config_enum_entry commit_words[] = {
	{"grouped", COMMIT_GROUPED, false},
	{"each", COMMIT_EACH, false},
	{NULL, 0, false}
};

/*
 * Those of auto_explain.log_level that do not reach every client: it gets
 * NOTICEs anyway.
 */
static const struct config_enum_entry log_level_words[] = {
	{"debug5", DEBUG5, false},
	{"debug4", DEBUG4, false},
	{"debug3", DEBUG3, false},
	{"debug2", DEBUG2, false},
	{"debug1", DEBUG1, false},
	{"debug", DEBUG2, true},
	{"log", LOG, false},
	{NULL, 0, false}
};

static void define_staging_policy(void);
static void define_server_settings(void);
static bool check_names(char **newval, const char *detail);
static bool check_auto_migrate_databases(char **newval, void **extra, GucSource source);
static List *early_settings(void);
static bool was_taken_over(const char *name);
static bool check_environment(char **newval, void **extra, GucSource source);
static bool check_trusted_stagers(char **newval, void **extra, GucSource source);
static bool check_lock_id(char **newval, void **extra, GucSource source);
static bool check_notify_channel(char **newval, void **extra, GucSource source);
static bool parse_lock_id(const char *text, int64 *id);
static int	parse_word(const char *argument, const char *word,
					   const struct config_enum_entry *words);

static void
define_policy(void)
{
	DefineCustomStringVariable(PREFIX "environment",
							   "Name of the environment this database belongs to.",
							   "Recorded with every migration.",
							   &migrator_environment, "",
							   PGC_SUSET, 0, check_environment, NULL, NULL);
	DefineCustomStringVariable(PREFIX "lock_id",
							   "Advisory lock key used instead of one per service.",
							   "A bigint; shared by all services, so that another tool that takes the same key is excluded.",
							   &migrator_lock_id, "",
							   PGC_SUSET, 0, check_lock_id, NULL, NULL);
	DefineCustomStringVariable(PREFIX "source_roots",
							   "Directories from which every user may read migrations, separated by commas.",
							   "Members of pg_read_server_files may read any directory.",
							   &migrator_source_roots, "",
							   PGC_SUSET, GUC_LIST_INPUT, NULL, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "checksum_policy",
							 "What a run does when an applied migration's file was modified.",
							 NULL,
							 &migrator_checksum_policy, CHECKSUM_POLICY_WARN, checksum_policy_words,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "late",
							 "What a run does with a pending migration that sorts before an applied one.",
							 NULL,
							 &migrator_late, LATE_ERROR, late_words,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "max_file_size",
							"Largest migration file that is read.",
							NULL,
							&migrator_max_file_size, 16 * 1024, 1, 1024 * 1023,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "backup_max_age",
							"Age up to which a recorded backup lets a run begin that requires one.",
							NULL,
							&migrator_backup_max_age, 24 * 60 * 60, 1, INT_MAX,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable(PREFIX "track_schema",
							 "Whether runs keep the objects of their schemas as they leave them.",
							 "migrator.drift() compares with these.",
							 &migrator_track_schema, true,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	define_staging_policy();
}

static void
define_staging_policy(void)
{
	DefineCustomStringVariable(PREFIX "trusted_stagers",
							   "Roles whose staged scripts may be run by others, with the rights of those who run them.",
							   "Without it a user runs only what was staged by a role that has all of the user's rights anyway.",
							   &trusted_stagers, "",
							   PGC_SUSET, GUC_LIST_INPUT, check_trusted_stagers, NULL, NULL);
	DefineCustomIntVariable(PREFIX "max_stage_size",
							"Largest total size of the files staged under one name.",
							NULL,
							&migrator_max_stage_size, 256 * 1024, 1, 1024 * 1023,
							PGC_SUSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "max_stage_files",
							"Largest number of files staged under one name.",
							NULL,
							&migrator_max_stage_files, 50000, 1, 1000000,
							PGC_SUSET, 0, NULL, NULL, NULL);
}

/* Read when the server starts, or a standby is promoted, with shared_preload_libraries. */
static void
define_server_settings(void)
{
	DefineCustomEnumVariable(PREFIX "auto_migrate",
							 "Whether databases are migrated when the server starts.",
							 "Environment: where the environment of a service says so. It needs shared_preload_libraries.",
							 &migrator_auto_migrate, AUTO_MIGRATE_OFF, auto_migrate_words,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable(PREFIX "auto_migrate_databases",
							   "Databases that are migrated when the server starts, separated by commas.",
							   NULL,
							   &auto_migrate_databases, "",
							   PGC_SIGHUP, GUC_LIST_INPUT, check_auto_migrate_databases, NULL, NULL);
	DefineCustomStringVariable(PREFIX "auto_migrate_role",
							   "Role that runs migrations when the server starts.",
							   "It logs in to each of the databases.",
							   &migrator_auto_migrate_role, "",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);
}

static void
define_user_settings(void)
{
	DefineCustomBoolVariable(PREFIX "enabled",
							 "Whether runs do anything.",
							 "Off lets an application start without migrating.",
							 &migrator_enabled, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(PREFIX "bootstrap",
							 "Whether a run executes the bootstrap script that is not on record.",
							 NULL,
							 &migrator_bootstrap, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(PREFIX "check_schema",
							 "Whether is_current(), assert_current() and health() ask for drift, too.",
							 NULL,
							 &migrator_check_schema, false,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "if_locked",
							 "What a run does while another run of the service is in progress.",
							 NULL,
							 &migrator_if_locked, IF_LOCKED_WAIT, if_locked_words,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomRealVariable(PREFIX "wait_timeout",
							 "Longest time to wait for another run of the same service.",
							 "A number alone is seconds, as in the argument of that name. Zero waits without limit.",
							 &migrator_wait_timeout, 30, 0, INT_MAX / 1000,
							 PGC_USERSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "on_error",
							 "What a run does when a migration fails.",
							 NULL,
							 &migrator_on_error, ON_ERROR_RAISE, on_error_words,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(PREFIX "record_failures",
							 "Whether a failed attempt is kept on record when the caller's transaction is undone.",
							 "It takes a short-lived background worker.",
							 &migrator_record_failures, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "commit",
							 "When the commits of CALL migrator.up() are flushed to disk.",
							 "Grouped: with the last one, so that nothing can be lost once the call has returned, and before that only a suffix of whole migrations.",
							 &migrator_commit, COMMIT_GROUPED, commit_words,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "lock_retries",
							"How often CALL migrator.up() tries a migration again that did not get a lock.",
							NULL,
							&migrator_lock_retries, 0, 0, 1000,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "ddl_lock_timeout",
							"lock_timeout of the scripts that CALL migrator.up() runs.",
							"Zero leaves lock_timeout as it is.",
							&migrator_ddl_lock_timeout, 0, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "migration_timeout",
							"Longest time that CALL migrator.up() gives one migration.",
							"Zero means no limit.",
							&migrator_migration_timeout, 0, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable(PREFIX "slow_threshold",
							"Time beyond which a migration is slow.",
							"Of one that took longer there is a WARNING. Zero means every migration, -1 none.",
							&migrator_slow_threshold, 30 * 1000, -1, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable(PREFIX "notify_channel",
							   "Channel on which runs tell by NOTIFY what happens.",
							   "Empty means none.",
							   &migrator_notify_channel, "migrator",
							   PGC_USERSET, 0, check_notify_channel, NULL, NULL);
	DefineCustomEnumVariable(PREFIX "log_level",
							 "Level at which runs are written to the server log.",
							 NULL,
							 &migrator_log_level, LOG, log_level_words,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

/* Called once, from _PG_init. */
void
settings_define(void)
{
	List	   *early = early_settings();
	ListCell   *lc;

	define_policy();
	define_server_settings();
	define_user_settings();

	foreach(lc, early)
	{
		EarlySetting *setting = lfirst(lc);

		if (!was_taken_over(setting->name))
		{
			MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

			lost_settings = lappend(lost_settings, setting);
			MemoryContextSwitchTo(old);
		}
	}

	MarkGUCPrefixReserved("migrator");
}

/* Placeholders migrator.* that exist before we define ours, in TopMemoryContext. */
static List *
early_settings(void)
{
	int			count;
	struct config_generic **variables = guc_variables(&count);
	List	   *result = NIL;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	for (int i = 0; i < count; i++)
	{
		struct config_generic *variable = variables[i];

		/*
		 * one that was RESET, or SET LOCAL in an earlier transaction, asks
		 * for nothing
		 */
		if ((variable->flags & GUC_CUSTOM_PLACEHOLDER) &&
			variable->source != PGC_S_DEFAULT &&
			pg_strncasecmp(variable->name, PREFIX, strlen(PREFIX)) == 0)
		{
			EarlySetting *setting = palloc(sizeof(EarlySetting));
			const char *value = *((struct config_string *) variable)->variable;

			setting->name = pstrdup(variable->name);
			setting->value = pstrdup(value ? value : "");
			result = lappend(result, setting);
		}
	}
	MemoryContextSwitchTo(old);
	return result;
}

/*
 * Did the variable now defined take the placeholder's value?  When it refused
 * it (invalid, or not the user's to set), or when no such variable exists, its
 * source is still the built-in default.
 */
static bool
was_taken_over(const char *name)
{
	int			count;
	struct config_generic **variables = guc_variables(&count);

	for (int i = 0; i < count; i++)
		if (pg_strcasecmp(variables[i]->name, name) == 0)
			return (variables[i]->flags & GUC_CUSTOM_PLACEHOLDER) == 0 &&
				variables[i]->source != PGC_S_DEFAULT;
	return false;
}

void
settings_require_valid(void)
{
	EarlySetting *first;

	if (lost_settings == NIL)
		return;
	first = linitial(lost_settings);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("setting \"%s\" = \"%s\" was not accepted when migrator was loaded",
				   first->name, first->value),
			errdetail("It is unknown, its value is invalid, or you may not set it; a run would ignore it."),
			errhint("Correct it where it is set (server, database, role or connection) and connect again."));
}

int
settings_wait_ms(void)
{
	/* less than a millisecond is still not "no limit" */
	return migrator_wait_timeout > 0 ? Max((int) rint(migrator_wait_timeout * 1000), 1) : 0;
}

IfLocked
settings_parse_if_locked(const char *word)
{
	return parse_word("if_locked", word, if_locked_words);
}

OnError
settings_parse_on_error(const char *word)
{
	return parse_word("on_error", word, on_error_words);
}

static int
parse_word(const char *argument, const char *word, const struct config_enum_entry *words)
{
	StringInfoData known;

	for (int i = 0; words[i].name; i++)
		if (strcmp(words[i].name, word) == 0)
			return words[i].val;

	initStringInfo(&known);
	for (int i = 0; words[i].name; i++)
		appendStringInfo(&known, "%s\"%s\"", i > 0 ? ", " : "", words[i].name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for argument \"%s\": \"%s\"", argument, word),
			errhint("Known values: %s.", known.data));
}

List *
settings_trusted_stagers(void)
{
	List	   *names = NIL;

	(void) SplitIdentifierString(pstrdup(trusted_stagers), ',', &names);
	return names;
}

List *
settings_auto_migrate_databases(void)
{
	List	   *names = NIL;

	(void) SplitIdentifierString(pstrdup(auto_migrate_databases), ',', &names);
	return names;
}

static bool
check_names(char **newval, const char *detail)
{
	List	   *names = NIL;
	char	   *copy = pstrdup(*newval);
	bool		valid = SplitIdentifierString(copy, ',', &names);

	list_free(names);
	pfree(copy);
	if (!valid)
		GUC_check_errdetail("%s", detail);
	return valid;
}

static bool
check_auto_migrate_databases(char **newval, void **extra, GucSource source)
{
	return check_names(newval, "It must be a list of names of databases, separated by commas.");
}

static bool
check_trusted_stagers(char **newval, void **extra, GucSource source)
{
	bool		valid = check_names(newval, "It must be a list of role names, separated by commas.");

	/* who was granted the right to set it shall not decide whom others trust */
	if (valid && source == PGC_S_DATABASE)
	{
		GUC_check_errdetail("It cannot be set for a database, only for a role, a session or the server.");
		return false;
	}
	return valid;
}

bool
settings_lock_id(int64 *id)
{
	return migrator_lock_id != NULL && parse_lock_id(migrator_lock_id, id);
}

static bool
parse_lock_id(const char *text, int64 *id)
{
	char	   *end;

	if (*text == '\0')
		return false;
	errno = 0;
	*id = strtoi64(text, &end, 10);
	return errno == 0 && *end == '\0' && end != text;
}

static bool
check_lock_id(char **newval, void **extra, GucSource source)
{
	int64		id;

	if (**newval == '\0' || parse_lock_id(*newval, &id))
		return true;
	GUC_check_errdetail("It must be a bigint, or empty for one key per service.");
	return false;
}

static bool
check_notify_channel(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name of a channel has less than %d bytes.", NAMEDATALEN);
	return false;
}

static bool
check_environment(char **newval, void **extra, GucSource source)
{
	const char *p = *newval;

	if (*p == '\0')
		return true;
	if (strlen(p) <= 63 && strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(p) &&
		*p >= 'a' && *p <= 'z')
		return true;
	GUC_check_errdetail("An environment's name has lower-case letters, digits, underscores and dashes, and begins with a letter.");
	return false;
}
