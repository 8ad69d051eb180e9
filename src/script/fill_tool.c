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
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "script/fill_tool.h"
#include "script/lexer.h"

/* a longer one is no name */
#define NAME_AT_MOST 200

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
	List	   *result = NIL;

	for (const char *at = script->text; at < end;)
	{
		const char *name;
		int			length;
		uint32		whole = *at == '$' && (style == FILL_BRACES || style == FILL_KNOWN_BRACES) ? find_braces(at, end, &name, &length) :
			*at == '$' && style == FILL_SHELL ? find_shell(at, end, &name, &length) :
			*at == ':' && style == FILL_COLONS ? find_colon(at, end, &name, &length) : 0;
		Reference  *reference;

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
		reference->offset = at - script->text;
		reference->length = whole;
		reference->line = line;
		reference->column = lexer_characters(line_start, at - line_start) + 1;
		if (style == FILL_SHELL && at[1] == '{' && name + length < at + whole - 1)
			reference->fallback = pnstrdup(name + length + 2, at + whole - 1 - (name + length + 2));

		/*
		 * what has no value is no reference of graphile-migrate's, or
		 * Liquibase's
		 */
		if (style == FILL_BRACES || style == FILL_SHELL || variables_find(variables, name, length) != NULL ||
			fill_tool_property(properties, reference->name) != NULL ||
			(style == FILL_COLONS && fill_tool_variable(reference, NULL) != NULL))
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

		if (strcmp(property->name, name) == 0)
			return property;
	}
	return NULL;
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
