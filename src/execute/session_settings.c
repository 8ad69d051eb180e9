/*
 * session_settings.c
 *	  The session's settings round a script that may change them for good.
 *
 * Values are compared and kept as text that SET takes: GetConfigOption() would
 * round floating point numbers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "base/compat.h"
#include "base/hide_values.h"
#include "execute/session_settings.h"

typedef struct SavedSetting
{
	char	   *name;
	char	   *value;
	bool		of_session;		/* it was SET in the session before */
	bool		touched;		/* the script SET or RESET it */
	GucContext	context;		/* by somebody with these rights, */
	Oid			role;			/* and this role */
} SavedSetting;

struct SessionSettings
{
	int			count;
	SavedSetting *settings;		/* in the order of the server's variables */
};

static struct config_generic *find_builtin(const char *name);
static bool can_change(const struct config_generic *variable);
static char *value_text(const struct config_generic *variable, const union config_var_val *value);
static char *current_value(const struct config_generic *variable);
static void add_hidden(StringInfo json, const char *value, const Variables *values);
static char *committed_value(const struct config_generic *variable, GucSource *source);
static GucSource committed_source(const struct config_generic *variable);
static SavedSetting *find_saved(const SessionSettings *saved, const char *name, int *next);
static void reset_new_settings(const SessionSettings *saved);
static void set_again(const SettingValue *setting);
static void restore_one(const struct config_generic *variable, const SavedSetting *before);
static bool is_value(const struct config_generic *variable, const char *value);

void
session_settings_base_add(BaseSettings *base, const char *name, const char *value)
{
	Assert(base->count < BASE_SETTINGS_MAX);
	base->settings[base->count].variable = find_builtin(name);
	base->settings[base->count].value = value;
	base->count++;
}

/*
 * The server's variable, which stays where it is for the life of the backend;
 * looked for once, since every migration asks.
 */
static struct config_generic *
find_builtin(const char *name)
{
	static struct config_generic *found[BASE_SETTINGS_MAX + 2];
	struct config_generic **variables;
	int			count;
	int			room = 0;

	for (; room < lengthof(found) && found[room] != NULL; room++)
		if (strcmp(found[room]->name, name) == 0)
			return found[room];
	variables = guc_variables(&count);
	for (int i = 0; i < count; i++)
		if (strcmp(variables[i]->name, name) == 0)
		{
			if (room < lengthof(found))
				found[room] = variables[i];
			return variables[i];
		}
	elog(ERROR, "unknown setting \"%s\"", name);
}

void
session_settings_base_set(const BaseSettings *base, GucAction action)
{
	for (int i = 0; i < base->count; i++)
		(void) set_config_option(base->settings[i].variable->name, base->settings[i].value,
								 PGC_USERSET, PGC_S_SESSION, action, true, 0, false);
}

/*
 * RESET takes a variable's source away with its value.  After SET LOCAL ... TO
 * DEFAULT the value below it, which the end of the transaction brings back, is
 * the script's own.
 */
void
session_settings_base_keep(const BaseSettings *base)
{
	for (int i = 0; i < base->count; i++)
	{
		const struct config_generic *variable = base->settings[i].variable;
		bool		local;

		if (variable->source == PGC_S_SESSION)
			continue;
		local = variable->stack != NULL &&
			(variable->stack->state == GUC_LOCAL || variable->stack->state == GUC_SET_LOCAL);
		(void) set_config_option(variable->name, base->settings[i].value, PGC_USERSET, PGC_S_SESSION,
								 local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
	}
}

SessionSettings *
session_settings_save(void)
{
	SessionSettings *saved = palloc0(sizeof(SessionSettings));
	int			count;
	struct config_generic **variables = guc_variables(&count);

	saved->settings = palloc0(count * sizeof(SavedSetting));
	for (int i = 0; i < count; i++)
	{
		SavedSetting *setting = &saved->settings[saved->count];

		if (!can_change(variables[i]))
			continue;
		setting->name = pstrdup(variables[i]->name);
		setting->value = current_value(variables[i]);
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

/* palloc'd; NULL for a string that is NULL */
static char *
value_text(const struct config_generic *variable, const union config_var_val *value)
{
	switch (variable->vartype)
	{
		case PGC_BOOL:
			return pstrdup(value->boolval ? "on" : "off");
		case PGC_INT:
			return psprintf("%d", value->intval);
		case PGC_REAL:
			return psprintf("%.17g", value->realval);
		case PGC_STRING:
			return value->stringval ? pstrdup(value->stringval) : NULL;
		case PGC_ENUM:
			return pstrdup(config_enum_lookup_by_value((struct config_enum *) variable, value->enumval));
	}
	return NULL;
}

static char *
current_value(const struct config_generic *variable)
{
	union config_var_val value = {0};

	switch (variable->vartype)
	{
		case PGC_BOOL:
			value.boolval = *((const struct config_bool *) variable)->variable;
			break;
		case PGC_INT:
			value.intval = *((const struct config_int *) variable)->variable;
			break;
		case PGC_REAL:
			value.realval = *((const struct config_real *) variable)->variable;
			break;
		case PGC_STRING:
			value.stringval = *((const struct config_string *) variable)->variable;
			break;
		case PGC_ENUM:
			value.enumval = *((const struct config_enum *) variable)->variable;
			break;
	}
	return value_text(variable, &value);
}

/*
 * What a commit now would leave, as AtEOXact_GUC() has it: SET LOCAL goes, and
 * uncovers what was SET before it or what there was before the transaction.
 */
static char *
committed_value(const struct config_generic *variable, GucSource *source)
{
	const GucStack *stack = variable->stack;

	*source = committed_source(variable);
	if (stack == NULL || stack->state == GUC_SET)
		return current_value(variable);
	return value_text(variable,
					  stack->state == GUC_SET_LOCAL ? &stack->masked.val : &stack->prior.val);
}

static GucSource
committed_source(const struct config_generic *variable)
{
	const GucStack *stack = variable->stack;

	if (stack == NULL || stack->state == GUC_SET)
		return variable->source;
	return stack->state == GUC_SET_LOCAL ? PGC_S_SESSION : stack->source;
}

/*
 * For whoever goes through the server's variables in their order, *next is
 * mostly the one: only variables that are new since push the others on.
 */
static SavedSetting *
find_saved(const SessionSettings *saved, const char *name, int *next)
{
	if (*next < saved->count && strcmp(saved->settings[*next].name, name) == 0)
		return &saved->settings[(*next)++];
	for (int i = 0; i < saved->count; i++)
		if (strcmp(saved->settings[i].name, name) == 0)
		{
			*next = i + 1;
			return &saved->settings[i];
		}
	return NULL;
}

char *
session_settings_changes(const SessionSettings *saved, Variables *values)
{
	StringInfoData json;
	int			next = 0;
	int			count;
	struct config_generic **variables = guc_variables(&count);

	initStringInfo(&json);
	for (int i = 0; i < count; i++)
	{
		const SavedSetting *before;
		GucSource	source;
		char	   *value = NULL;

		if (!can_change(variables[i]))
			continue;
		before = find_saved(saved, variables[i]->name, &next);
		source = committed_source(variables[i]);
		if (source != PGC_S_SESSION &&
			(before == NULL || (!before->of_session && !before->touched)))
			continue;
		if (source == PGC_S_SESSION)
		{
			value = committed_value(variables[i], &source);
			if (value == NULL ||
				(before != NULL && before->of_session && !before->touched &&
				 before->value != NULL && strcmp(before->value, value) == 0))
				continue;
		}
		appendStringInfoString(&json, json.len > 0 ? ", " : "{");
		escape_json(&json, variables[i]->name);
		appendStringInfoString(&json, ": ");
		if (value == NULL)
			appendStringInfoString(&json, "null");
		else if (hide_values(values, NULL, value) == value)
			escape_json(&json, value);
		else
			add_hidden(&json, value, values);
	}
	appendStringInfoString(&json, json.len > 0 ? "}" : "{}");
	return json.data;
}

static void
add_hidden(StringInfo json, const char *value, const Variables *values)
{
	const char *name = NULL;

	for (int i = 0; i < values->count; i++)
		if (strcmp(values->items[i].value, value) == 0)
			name = values->items[i].name;
	appendStringInfoString(json, "{\"variable\": ");
	if (name != NULL)
		escape_json(json, name);
	else
		appendStringInfoString(json, "null");
	appendStringInfoChar(json, '}');
}

char *
session_settings_user(void)
{
	GucSource	source;
	char	   *role = committed_value(find_builtin("role"), &source);

	if (role == NULL || strcmp(role, "none") == 0)
		role = committed_value(find_builtin("session_authorization"), &source);
	return role ? role : GetUserNameFromId(GetSessionUserId(), false);
}

void
session_settings_touch(SessionSettings *saved, const char *name)
{
	for (int i = 0; i < saved->count; i++)
		if (pg_strcasecmp(saved->settings[i].name, name) == 0)
			saved->settings[i].touched = true;
}

/*
 * What the current user may not set may be one of the role that the script had
 * become by then; so that comes before the second try.
 */
void
session_settings_apply(SessionSettings *saved, const List *values, const SettingValue **current)
{
	static const char *const last[] = {"session_authorization", "role"};
	List	   *refused = NIL;
	ListCell   *lc;

	foreach(lc, values)
	{
		const SettingValue *setting = lfirst(lc);
		bool		later = false;

		*current = setting;
		session_settings_touch(saved, setting->name);
		for (int i = 0; i < lengthof(last); i++)
			later = later || strcmp(setting->name, last[i]) == 0;
		if (!later &&
			set_config_option(setting->name, setting->value, superuser() ? PGC_SUSET : PGC_USERSET,
							  PGC_S_SESSION, GUC_ACTION_SET, true, DEBUG5, false) <= 0)
			refused = lappend(refused, lfirst(lc));
	}
	for (int i = 0; i < lengthof(last); i++)
	{
		foreach(lc, values)
		{
			*current = lfirst(lc);
			if (strcmp((*current)->name, last[i]) == 0)
				set_again(*current);
		}
	}
	foreach(lc, refused)
	{
		*current = lfirst(lc);
		set_again(*current);
	}
	*current = NULL;
}

static void
set_again(const SettingValue *setting)
{
	(void) set_config_option(setting->name, setting->value, superuser() ? PGC_SUSET : PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SET, true, ERROR, false);
}

/* What the session had not SET before goes back to where it came from. */
static void
reset_new_settings(const SessionSettings *saved)
{
	int			next = 0;
	int			count;
	struct config_generic **variables = guc_variables(&count);

	for (int i = 0; i < count; i++)
	{
		const SavedSetting *before;

		if (!can_change(variables[i]))
			continue;
		before = find_saved(saved, variables[i]->name, &next);
		if (variables[i]->source == PGC_S_SESSION && (before == NULL || !before->of_session))
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
	const struct config_generic *role = NULL;
	int			next = 0;
	int			count;
	struct config_generic **variables = guc_variables(&count);

	reset_new_settings(saved);

	for (int i = 0; i < count; i++)
	{
		if (!can_change(variables[i]))
			continue;
		if (strcmp(variables[i]->name, "role") == 0)
			role = variables[i];
		else
			restore_one(variables[i], find_saved(saved, variables[i]->name, &next));
	}
	if (role != NULL)
		restore_one(role, find_saved(saved, role->name, &next));
}

static void
restore_one(const struct config_generic *variable, const SavedSetting *before)
{
	if (before == NULL || is_value(variable, before->value))
		return;
	if (!before->of_session)
		(void) set_config_option(variable->name, NULL, PGC_SUSET, PGC_S_SESSION,
								 GUC_ACTION_SET, true, 0, false);
	if (!is_value(variable, before->value))
		(void) set_config_option_ext(variable->name, before->value, before->context,
									 PGC_S_SESSION, before->role,
									 GUC_ACTION_SET, true, WARNING, false);
}

/* A string that was NULL cannot be SET again, and passes. */
static bool
is_value(const struct config_generic *variable, const char *value)
{
	char	   *now;

	if (value == NULL)
		return true;
	now = current_value(variable);
	return now != NULL && strcmp(now, value) == 0;
}
