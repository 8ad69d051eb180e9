/*
 * fill_tool.c
 *	  References as other tools write them, and the variables that they have built in.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "script/fill_tool.h"
#include "script/lexer.h"

/* a longer one is no name */
#define NAME_AT_MOST 200

/* so deep are values in each other */
#define NESTED_AT_MOST 20
#define EXPANDED_AT_MOST (64 * 1024 * 1024)

/* Of references that are none without a value. */
typedef struct Known
{
	const Variables *variables; /* or NULL */
	const List *properties;
	int			depth;
} Known;

static char *expand(const char *text, const Known *known);
static char *known_value(const char *text, const char *end, uint32 *length, const char **name, const Known *known);
static const Variable *find_any_case(const Variables *variables, const char *name);
static char *known_built_in(const char *name);
static uint32 find_braces(const char *text, const char *end, const char **name, int *length);
static uint32 find_shell(const char *text, const char *end, const char **name, int *length);
static uint32 find_colon(const char *text, const char *end, const char **name, int *length);
static char *database_owner(void);

List *
fill_tool_references(const Script *script, uint32 first_line, const Variables *variables, FillStyle style,
					 const List *properties)
{
	const char *end = script->text + script->length;
	const char *line_start = script->text;
	uint32		line = first_line;
	Known		known = {variables, properties};
	List	   *result = NIL;

	for (const char *at = script->text; at < end;)
	{
		const char *name = NULL;
		char	   *value = NULL;
		int			length = 0;
		uint32		whole = *at == '$' && style == FILL_BRACES ? find_braces(at, end, &name, &length) :
			*at == '$' && style == FILL_SHELL ? find_shell(at, end, &name, &length) :
			*at == ':' && style == FILL_COLONS ? find_colon(at, end, &name, &length) : 0;
		Reference  *reference;

		if (*at == '$' && style == FILL_KNOWN_BRACES && (value = known_value(at, end, &whole, &name, &known)) != NULL)
			length = strlen(name);
		else if (style == FILL_KNOWN_BRACES)
			whole = 0;
		if (whole == 0)
		{
			if (lexer_ends_line(script->text, script->length, at - script->text))
			{
				line++;
				line_start = at + 1;
			}
			at++;
			continue;
		}
		reference = palloc0(sizeof(Reference));
		reference->kind = REFERENCE_OF_TOOL;
		reference->name = pnstrdup(name, length);
		reference->fallback = value;
		reference->offset = at - script->text;
		reference->length = whole;
		reference->line = line;
		reference->column = lexer_characters(line_start, at - line_start) + 1;
		if (style == FILL_SHELL && at[1] == '{' && name + length < at + whole - 1)
			reference->fallback = pnstrdup(name + length + 2, at + whole - 1 - (name + length + 2));

		/* what has no value is no reference of graphile-migrate's */
		if (style != FILL_COLONS || variables_find(variables, name, length) != NULL || fill_tool_variable(reference, NULL) != NULL)
			result = lappend(result, reference);
		at += whole;
	}
	return result;
}

const Variable *
fill_tool_property(const List *properties, const char *name)
{
	ListCell   *lc;

	foreach(lc, properties)
	{
		const Variable *property = lfirst(lc);

		if (pg_strcasecmp(property->name, name) == 0)
			return property;
	}
	return NULL;
}

char *
fill_tool_expand(const char *text, const Variables *variables, const List *properties)
{
	Known		known = {variables, properties};

	return expand(text, &known);
}

static char *
expand(const char *text, const Known *known)
{
	const char *end = text + strlen(text);
	StringInfoData result;

	check_stack_depth();
	initStringInfo(&result);
	while (text < end)
	{
		uint32		whole;
		const char *name;
		char	   *value = *text == '$' ? known_value(text, end, &whole, &name, known) : NULL;

		if (value != NULL)
		{
			appendStringInfoString(&result, value);
			text += whole;
		}
		else
			appendStringInfoChar(&result, *text++);
		if (result.len > EXPANDED_AT_MOST)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("a text becomes too long with the values of its properties"));
	}
	return result.data;
}

/*
 * The value of "${name}", on one line, in whose name and value may be others, and its length; NULL: it
 * has none.
 */
static char *
known_value(const char *text, const char *end, uint32 *length, const char **name, const Known *known)
{
	Known		deeper = {known->variables, known->properties, known->depth + 1};
	const char *at = text + 2;
	StringInfoData inner;
	const Variable *found;
	char	   *from;

	check_stack_depth();
	if (end - text < 4 || text[1] != '{' || known->depth > NESTED_AT_MOST)
		return NULL;
	initStringInfo(&inner);
	while (at < end && *at != '}' && *at != '\n' && *at != '\r' && at < text + NAME_AT_MOST)
	{
		uint32		whole;
		const char *other;
		char	   *value = *at == '$' ? known_value(at, end, &whole, &other, &deeper) : NULL;

		if (value != NULL)
		{
			appendStringInfoString(&inner, value);
			at += whole;
		}
		else
			appendStringInfoChar(&inner, *at++);
	}
	if (at >= end || *at != '}')
		return NULL;
	*length = at + 1 - text;
	from = inner.data + strspn(inner.data, " \t");
	for (size_t last = strlen(from); last > 0 && (from[last - 1] == ' ' || from[last - 1] == '\t'); last--)
		from[last - 1] = '\0';
	*name = from;
	found = find_any_case(known->variables, from);
	if (found != NULL)
		*name = found->name;
	else if ((found = fill_tool_property(known->properties, from)) == NULL)
		return known_built_in(from);
	return expand(found->value, &deeper);
}

bool
fill_tool_is_given(const Variables *variables, const char *name)
{
	return find_any_case(variables, name) != NULL;
}

static const Variable *
find_any_case(const Variables *variables, const char *name)
{
	const Variable *found = variables ? variables_find(variables, name, strlen(name)) : NULL;

	for (int i = 0; variables != NULL && i < variables->count && found == NULL; i++)
		if (pg_strcasecmp(variables->items[i].name, name) == 0)
			found = &variables->items[i];
	return found;
}

/* What Liquibase says of the database, to its changelogs; palloc'd, or NULL. */
static char *
known_built_in(const char *name)
{
	static const struct
	{
		const char *name;
		const char *value;
	}			built_in[] = {
		{"autoIncrementClause", "GENERATED BY DEFAULT AS IDENTITY"},
		{"currentDateTimeFunction", "NOW()"},
		{"databaseChangeLogLockTableName", "databasechangeloglock"},
		{"databaseChangeLogTableName", "databasechangelog"},
		{"databaseProductName", "PostgreSQL"},
		{"lineComment", "--"},
		{"typeName", "postgresql"},
		{"isSafeToRunUpdate", "true"},
		{"requiresPassword", "true"},
		{"requiresUsername", "true"},
		{"supportsForeignKeyDisable", "false"},
		{"supportsInitiallyDeferrableColumns", "true"},
		{"supportsRestrictForeignKeys", "true"},
		{"supportsSchemas", "true"},
		{"supportsSequences", "true"},
		{"supportsTablespaces", "true"},
		{"supportsNotNullConstraintNames", "false"}
	};
	List	   *path;
	const char *schema;

	if (pg_strncasecmp(name, "database.", strlen("database.")) != 0)
		return NULL;
	name += strlen("database.");
	for (int i = 0; i < lengthof(built_in); i++)
		if (pg_strcasecmp(name, built_in[i].name) == 0)
			return pstrdup(built_in[i].value);
	if (pg_strcasecmp(name, "databaseMajorVersion") == 0)
		return psprintf("%d", atoi(GetConfigOption("server_version_num", false, false)) / 10000);
	if (pg_strcasecmp(name, "databaseMinorVersion") == 0)
		return psprintf("%d", atoi(GetConfigOption("server_version_num", false, false)) % 10000);
	if (pg_strcasecmp(name, "databaseProductVersion") == 0)
		return pstrdup(GetConfigOption("server_version", false, false));
	if (pg_strcasecmp(name, "defaultCatalogName") == 0)
		return get_database_name(MyDatabaseId);
	path = fetch_search_path(false);
	schema = path != NIL ? get_namespace_name(linitial_oid(path)) : NULL;
	if (schema != NULL && pg_strcasecmp(name, "defaultSchemaName") == 0)
		return pstrdup(schema);
	return schema != NULL && pg_strcasecmp(name, "defaultSchemaNamePrefix") == 0 ? psprintf(".%s", schema) : NULL;
}

/* "${name}" on one line: its length, 0 for none. */
static uint32
find_braces(const char *text, const char *end, const char **name, int *length)
{
	const char *to;

	if (end - text < 4 || text[1] != '{')
		return 0;
	to = text + 2;
	while (to < end && to < text + NAME_AT_MOST && *to != '}' && *to != '\n' && *to != '\r')
		to++;
	if (to >= end || *to != '}' || to == text + 2)
		return 0;
	*name = text + 2;
	*length = to - *name;
	return to + 1 - text;
}

/* ":NAME" in capitals, not behind another colon or in front of more letters. */
static uint32
find_colon(const char *text, const char *end, const char **name, int *length)
{
	const char *to = text + 1;

	if (to >= end || *to < 'A' || *to > 'Z')
		return 0;
	while (to < end && to < text + NAME_AT_MOST && ((*to >= 'A' && *to <= 'Z') || (*to >= '0' && *to <= '9') || *to == '_'))
		to++;
	if (to < end && ((*to >= 'a' && *to <= 'z') || IS_HIGHBIT_SET(*to)))
		return 0;
	*name = text + 1;
	*length = to - *name;
	return to - text;
}

/* "$NAME", "${NAME}", or "${NAME:-value}" on one line. */
static uint32
find_shell(const char *text, const char *end, const char **name, int *length)
{
	bool		braces = end - text > 1 && text[1] == '{';
	const char *to = text + (braces ? 2 : 1);

	*name = to;
	if (to >= end || !(variables_name_character(*to) && (*to < '0' || *to > '9')))
		return 0;
	while (to < end && variables_name_character(*to))
		to++;
	*length = to - *name;
	if (!braces)
		return to - text;
	if (end - to > 1 && to[0] == ':' && to[1] == '-')
		while (to < end && *to != '}' && *to != '\n' && *to != '\r')
			to++;
	return to < end && *to == '}' ? to + 1 - text : 0;
}

const Variable *
fill_tool_variable(const Reference *reference, const char *file)
{
	const char *name = reference->name;
	Variable   *variable = palloc0(sizeof(Variable));
	Oid			schema;

	variable->name = pstrdup(name);
	if (reference->fallback != NULL)
		variable->value = pstrdup(reference->fallback);
	else if (strcmp(name, "flyway:database") == 0 || strcmp(name, "DATABASE_NAME") == 0)
		variable->value = get_database_name(MyDatabaseId);
	else if (strcmp(name, "DATABASE_OWNER") == 0)
		variable->value = database_owner();
	else if (strcmp(name, "flyway:user") == 0)
		variable->value = GetUserNameFromId(GetUserId(), false);
	else if (strcmp(name, "flyway:filename") == 0 && file != NULL)
	{
		const char *slash = strrchr(file, '/');

		variable->value = pstrdup(slash ? slash + 1 : file);
	}
	else if (strcmp(name, "flyway:timestamp") == 0)
	{
		struct pg_tm tm;
		fsec_t		fraction;
		int			zone;

		if (timestamp2tm(GetCurrentTransactionStartTimestamp(), &zone, &tm, &fraction, NULL, NULL) == 0)
			variable->value = psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
									   tm.tm_hour, tm.tm_min, tm.tm_sec);
	}
	else if (strcmp(name, "flyway:table") == 0)
		variable->value = pstrdup("flyway_schema_history");
	else if (strcmp(name, "flyway:defaultSchema") == 0)
	{
		List	   *path = fetch_search_path(false);

		schema = path != NIL ? linitial_oid(path) : InvalidOid;
		variable->value = OidIsValid(schema) ? get_namespace_name(schema) : NULL;
	}
	return variable->value != NULL ? variable : NULL;
}

static char *
database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
	ReleaseSysCache(tuple);
	return GetUserNameFromId(owner, true);
}
