/*
 * session_settings.c
 *	  The session's settings before a script that may change them for good.
 */
#include "postgres.h"

#include "compat.h"
#include "session_settings.h"

typedef struct SavedSetting
{
	char	   *name;
	char	   *value;
	bool		of_session;		/* it was SET in the session before */
	GucContext	context;		/* by somebody with these rights, */
	Oid			role;			/* and this role */
} SavedSetting;

struct SessionSettings
{
	int			count;
	SavedSetting *settings;
};

static void reset_new_settings(const SessionSettings *saved);
static bool can_change(const struct config_generic *variable);

SessionSettings *
session_settings_save(void)
{
	SessionSettings *saved = palloc0(sizeof(SessionSettings));
	int			count;
	struct config_generic **variables = guc_variables(&count);

	saved->settings = palloc(count * sizeof(SavedSetting));
	for (int i = 0; i < count; i++)
	{
		SavedSetting *setting = &saved->settings[saved->count];
		const char *value;

		if (!can_change(variables[i]))
			continue;
		value = GetConfigOption(variables[i]->name, true, false);
		setting->name = pstrdup(variables[i]->name);
		setting->value = value ? pstrdup(value) : NULL;
		setting->of_session = variables[i]->source == PGC_S_SESSION;
		setting->context = variables[i]->scontext;
		setting->role = variables[i]->srole;
		saved->count++;
	}
	return saved;
}

/* transaction_* end with their transaction; others cannot be SET at all. */
static bool
can_change(const struct config_generic *variable)
{
	return (variable->context == PGC_USERSET || variable->context == PGC_SUSET) &&
		strncmp(variable->name, "transaction_", strlen("transaction_")) != 0;
}

/* What the session had not SET before goes back to where it came from. */
static void
reset_new_settings(const SessionSettings *saved)
{
	int			count;
	struct config_generic **variables = guc_variables(&count);

	for (int i = 0; i < count; i++)
	{
		bool		known = false;

		if (variables[i]->source != PGC_S_SESSION || !can_change(variables[i]))
			continue;
		for (int j = 0; j < saved->count && !known; j++)
			known = saved->settings[j].of_session &&
				strcmp(saved->settings[j].name, variables[i]->name) == 0;
		if (!known)
			(void) set_config_option(variables[i]->name, NULL, PGC_SUSET, PGC_S_SESSION,
									 GUC_ACTION_SET, true, 0, false);
	}
}

/*
 * With the rights of the server itself: what was there before may be put back.
 * session_authorization sorts before nothing that matters but role, which it
 * resets; so role is put back last.
 */
void
session_settings_restore(const SessionSettings *saved)
{
	const SavedSetting *role = NULL;

	reset_new_settings(saved);

	for (int i = 0; i <= saved->count; i++)
	{
		const SavedSetting *setting = i < saved->count ? &saved->settings[i] : role;
		const char *now;

		if (setting == NULL)
			break;
		if (i < saved->count && strcmp(setting->name, "role") == 0)
		{
			role = setting;
			continue;
		}
		now = GetConfigOption(setting->name, true, false);
		if (setting->value == NULL || (now != NULL && strcmp(now, setting->value) == 0))
			continue;
		if (!setting->of_session)
			(void) set_config_option(setting->name, NULL, PGC_SUSET, PGC_S_SESSION,
									 GUC_ACTION_SET, true, 0, false);
		now = GetConfigOption(setting->name, true, false);
		if (now == NULL || strcmp(now, setting->value) != 0)
			(void) set_config_option_ext(setting->name, setting->value, setting->context,
										 PGC_S_SESSION, setting->role,
										 GUC_ACTION_SET, true, WARNING, false);
	}
}
