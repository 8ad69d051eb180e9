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

#include "script/psql_variables.h"

#define BUCKETS 1024

/* what the script said last of a name */
typedef struct Setting
{
	Variable	variable;		/* value NULL: it has none */
	struct Setting *next;
} Setting;

struct PsqlVariables
{
	Variables  *given;
	Setting    *buckets[BUCKETS];
	List	   *hidden;			/* of Variable *, which the script made */
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

const Variable *
psql_variables_find(const PsqlVariables *variables, const char *name)
{
	const Variable *given;

	for (const Setting *setting = *bucket(variables, name); setting != NULL; setting = setting->next)
	{
		if (strcmp(setting->variable.name, name) == 0)
			return setting->variable.value != NULL ? &setting->variable : NULL;
	}
	given = variables_find(variables->given, name, strlen(name));
	return given != NULL ? given : built_in(name);
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
