/*
 * psql_variables.c
 *	  The variables of a script that has psql's commands, as it goes on.
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"

#include "script/psql_variables.h"

#define BUCKETS 1024

/* what the script said last of a name */
typedef struct Setting
{
	Variable	variable;		/* value NULL: it has none */
	bool		late;			/* or another one, as the run knows */
	struct Setting *next;
} Setting;

struct PsqlVariables
{
	Variables  *given;
	Setting    *buckets[BUCKETS];
	List	   *hidden;			/* of Variable *, which the script made */
	List	   *prefixes;		/* char *: names that results set */
	bool		all_late;		/* one of them is empty */
};

static Setting **bucket(const PsqlVariables *variables, const char *name);
static const Variable *built_in(const char *name);

PsqlVariables *
psql_variables_create(Variables *given)
{
	PsqlVariables *variables = palloc0(sizeof(PsqlVariables));

	variables->given = given;
	return variables;
}

static Setting **
bucket(const PsqlVariables *variables, const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, strlen(name));

	return (Setting **) &variables->buckets[hash % BUCKETS];
}

/* What the script itself has made of it last; NULL: nothing. */
static const Setting *
find_setting(const PsqlVariables *variables, const char *name)
{
	const Setting *setting = *bucket(variables, name);

	while (setting != NULL && strcmp(setting->variable.name, name) != 0)
		setting = setting->next;
	return setting;
}

const Variable *
psql_variables_find(const PsqlVariables *variables, const char *name)
{
	const Setting *setting = find_setting(variables, name);
	const Variable *given;

	if (setting != NULL)
		return setting->variable.value != NULL ? &setting->variable : NULL;
	given = variables_find(variables->given, name, strlen(name));
	return given != NULL ? given : built_in(name);
}

bool
psql_variables_is_given(const PsqlVariables *variables, const char *name)
{
	return !psql_variables_is_late(variables, name) && find_setting(variables, name) == NULL &&
		(variables_find(variables->given, name, strlen(name)) != NULL || built_in(name) == NULL);
}

/* An earlier value may stand in the text, and its Variable with it: it is kept. */
void
psql_variables_set(PsqlVariables *variables, const char *name, const char *value, bool hidden)
{
	Setting   **first = bucket(variables, name);
	Setting    *setting = palloc0(sizeof(Setting));

	setting->variable.name = pstrdup(name);
	setting->variable.value = value != NULL ? pstrdup(value) : NULL;
	setting->variable.hidden = hidden;
	for (Setting **other = first; *other != NULL; other = &(*other)->next)
	{
		if (strcmp((*other)->variable.name, name) == 0)
		{
			*other = (*other)->next;
			break;
		}
	}
	setting->next = *first;
	*first = setting;
	if (hidden && value != NULL)
		variables->hidden = lappend(variables->hidden, &setting->variable);
}

PsqlVariables *
psql_variables_copy(const PsqlVariables *variables)
{
	PsqlVariables *copy = palloc(sizeof(PsqlVariables));

	*copy = *variables;
	copy->hidden = list_copy(variables->hidden);
	copy->prefixes = list_copy(variables->prefixes);
	for (int i = 0; i < BUCKETS; i++)
	{
		Setting   **end = &copy->buckets[i];

		for (const Setting *setting = variables->buckets[i]; setting != NULL; setting = setting->next)
		{
			*end = palloc(sizeof(Setting));
			**end = *setting;
			end = &(*end)->next;
		}
	}
	return copy;
}

void
psql_variables_from_result(PsqlVariables *variables, const char *prefix)
{
	ListCell   *lc;

	variables->all_late |= *prefix == '\0';
	foreach(lc, variables->prefixes)
	{
		if (strcmp(lfirst(lc), prefix) == 0)
			return;
	}
	variables->prefixes = lappend(variables->prefixes, pstrdup(prefix));
}

void
psql_variables_set_late(PsqlVariables *variables, const char *name, const char *value, bool hidden)
{
	psql_variables_set(variables, name, value, hidden);
	(*bucket(variables, name))->late = true;
}

void
psql_variables_write_late(const PsqlVariables *variables, StringInfo json)
{
	const char *separator = "{";

	for (int i = 0; i < BUCKETS; i++)
	{
		for (const Setting *setting = variables->buckets[i]; setting != NULL; setting = setting->next)
		{
			const Variable *variable = &setting->variable;

			if (!setting->late)
				continue;
			appendStringInfoString(json, separator);
			escape_json(json, variable->name);
			appendStringInfoString(json, ": ");
			if (variable->value != NULL && !variable->hidden)
				escape_json(json, variable->value);
			else
				appendStringInfoString(json, variable->value == NULL ? "null" : "{}");
			separator = ", ";
		}
	}
	appendStringInfoString(json, *separator == '{' ? "{}" : "}");
}

bool
psql_variables_is_late(const PsqlVariables *variables, const char *name)
{
	ListCell   *lc;

	if (variables->all_late)
		return true;
	for (const Setting *setting = *bucket(variables, name); setting != NULL; setting = setting->next)
		if (strcmp(setting->variable.name, name) == 0 && setting->late)
			return true;
	foreach(lc, variables->prefixes)
	{
		if (strncmp(lfirst(lc), name, strlen(lfirst(lc))) == 0)
			return true;
	}
	return false;
}

Variables *
psql_variables_to_hide(const PsqlVariables *variables)
{
	Variables  *all;

	if (variables->hidden == NIL)
		return variables->given;
	all = variables->given != NULL ? variables_copy(variables->given) : variables_create();
	variables_add_made(all, variables->hidden);
	return all;
}

/* What psql would have here, as far as it does not depend on the client. */
static const Variable *
built_in(const char *name)
{
	static const struct
	{
		const char *name;
		const char *value;
	}			fixed[] = {
		{"AUTOCOMMIT", "on"}, {"ON_ERROR_STOP", "on"}, {"ON_ERROR_ROLLBACK", "off"}, {"ENCODING", "UTF8"},
		{"QUIET", "on"}, {"ECHO", "none"}, {"ECHO_HIDDEN", "off"}, {"VERBOSITY", "default"},
		{"SHOW_CONTEXT", "errors"}, {"FETCH_COUNT", "0"}, {"SINGLELINE", "off"}, {"SINGLESTEP", "off"},
		{"SERVER_VERSION_NAME", PG_VERSION}
	};
	Variable   *variable = palloc0(sizeof(Variable));

	variable->name = pstrdup(name);
	for (int i = 0; i < lengthof(fixed); i++)
		if (strcmp(fixed[i].name, name) == 0)
			variable->value = pstrdup(fixed[i].value);
	if (strcmp(name, "DBNAME") == 0)
		variable->value = get_database_name(MyDatabaseId);
	else if (strcmp(name, "USER") == 0)
		variable->value = GetUserNameFromId(GetSessionUserId(), false);
	else if (strcmp(name, "SERVER_VERSION_NUM") == 0)
		variable->value = GetConfigOptionByName("server_version_num", NULL, false);
	return variable->value != NULL ? variable : NULL;
}

const char *
psql_variables_refuse(const char *name, const char *value)
{
	static const struct
	{
		const char *name;
		bool		only;		/* value that it can have */
		const char *reason;
	}			rows[] = {
		{"AUTOCOMMIT", true, "migrator commits what psql would commit with AUTOCOMMIT on"},
		{"ON_ERROR_STOP", true, "a migration always stops at an error"},
		{"ON_ERROR_ROLLBACK", false, "a migration always stops at an error"},
		{"SINGLELINE", false, "a line end does not end a statement"},
		{"SINGLESTEP", false, "there is nobody to ask"}
	};
	bool		is_true;

	for (int i = 0; i < lengthof(rows); i++)
	{
		if (strcmp(rows[i].name, name) != 0)
			continue;
		/* as it is with nobody at a terminal */
		if (strcmp(name, "ON_ERROR_ROLLBACK") == 0 && pg_strcasecmp(value, "interactive") == 0)
			return NULL;
		/* \set NAME is on */
		if (*value == '\0')
			is_true = true;
		else if (!parse_bool(value, &is_true))
			return "its value is neither true nor false";
		return is_true == rows[i].only ? NULL : rows[i].reason;
	}
	if (strcmp(name, "ENCODING") == 0 && pg_char_to_encoding(value) != PG_UTF8)
		return "scripts are UTF-8";
	return NULL;
}

/* Those that psql's own settings hang on, in any of its versions. */
bool
psql_variables_is_special(const char *name)
{
	static const char *const special[] = {
		"AUTOCOMMIT", "COMP_KEYWORD_CASE", "ECHO", "ECHO_HIDDEN", "FETCH_COUNT", "HIDE_TABLEAM",
		"HIDE_TOAST_COMPRESSION", "HISTCONTROL", "HISTSIZE", "IGNOREEOF", "ON_ERROR_ROLLBACK", "ON_ERROR_STOP",
		"PROMPT1", "PROMPT2", "PROMPT3", "QUIET", "SHOW_ALL_RESULTS", "SHOW_CONTEXT", "SINGLELINE", "SINGLESTEP",
		"VERBOSITY", "WATCH_INTERVAL"
	};

	for (int i = 0; i < lengthof(special); i++)
		if (strcmp(special[i], name) == 0)
			return true;
	return false;
}
