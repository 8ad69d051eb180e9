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

/* so deep are values in each other, where they do not go round in a circle */
#define NESTED_AT_MOST 100
#define EXPANDED_AT_MOST (64 * 1024 * 1024)
#define LOOKED_UP_AT_MOST 10000

/* Of one reference, and all that is in its value. */
typedef struct Search
{
	const Variables *variables; /* or NULL */
	bool		keep;			/* what has a variable's value stays a
								 * reference */
	bool		circle;			/* values lead to each other, or to too many */
	int			count;			/* looked up so far */
} Search;

/* Where a value is looked for, of references that are none without one. */
typedef struct Known
{
	Search	   *search;
	const PropertyScope *properties;	/* or NULL */
	const struct Known *outer;	/* then: of the text that the value with the
								 * reference is used in */
	int			depth;
} Known;

static void refuse_circle(Script *script, const Variables *variables, const char *name, uint32 line, uint32 column);
static char *expand(const char *text, const Known *known);
static char *known_value(const char *text, const char *end, uint32 *length, const char **name, const Known *known);
static const char *find_known(const char **name, const Known *known, Known *found_in);
static const Variable *find_any_case(const Variables *variables, const char *name);
static char *known_built_in(const char *name);
static uint32 find_braces(const char *text, const char *end, const char **name, int *length);
static uint32 find_shell(const char *text, const char *end, const char **name, int *length);
static uint32 find_colon(const char *text, const char *end, const char **name, int *length);
static char *database_owner(void);

List *
fill_tool_references(Script *script, uint32 first_line, const Variables *variables, FillStyle style,
					 const PropertyScope *properties)
{
	const char *end = script->text + script->length;
	const char *counted = script->text; /* so far in the line */
	uint32		column = 1;
	uint32		line = first_line;
	Search		search = {.variables = variables};
	Known		known = {.search = &search,.properties = properties};
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
		if (whole > 0 || search.circle)
		{
			column += lexer_characters(counted, at - counted);
			counted = at;
		}
		if (search.circle && name != NULL)
			refuse_circle(script, variables, name, line, column);
		search.circle = false;
		if (whole == 0)
		{
			if (lexer_ends_line(script->text, script->length, at - script->text))
			{
				line++;
				counted = at + 1;
				column = 1;
			}
			at++;
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		reference = palloc0(sizeof(Reference));
		reference->kind = REFERENCE_OF_TOOL;
		reference->name = pnstrdup(name, length);
		reference->fallback = value;
		reference->offset = at - script->text;
		reference->length = whole;
		reference->line = line;
		reference->column = column;
		if (style == FILL_SHELL && at[1] == '{' && name + length < at + whole - 1)
			reference->fallback = pnstrdup(name + length + 2, at + whole - 1 - (name + length + 2));

		/* what has no value is no reference of graphile-migrate's */
		if (style != FILL_COLONS || variables_find(variables, name, length) != NULL || fill_tool_variable(reference, NULL) != NULL)
			result = lappend(result, reference);
		at += whole;
	}
	return result;
}

/* A variable that the run gives may break it. */
static void
refuse_circle(Script *script, const Variables *variables, const char *name, uint32 line, uint32 column)
{
	ScriptProblem problem = {
		.check = variables != NULL && variables->complete ? CHECK_VARIABLES : CHECK_VARIABLES_LATER,
		.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
		.message = psprintf("the value of \"%s\" leads back to itself, or through too many others", name),
		.hint = "Correct the property; or give it a value in argument \"variables\".",
		.line = line,
		.column = column,
		.statement = -1
	};

	script_add_problem(script, &problem);
}

static char *
expand_all(const char *text, const Variables *variables, bool keep, const PropertyScope *properties)
{
	Search		search = {.variables = variables,.keep = keep};
	Known		known = {.search = &search,.properties = properties};

	return expand(text, &known);
}

char *
fill_tool_expand(const char *text, const Variables *variables, const PropertyScope *properties)
{
	return expand_all(text, variables, false, properties);
}

char *
fill_tool_keep(const char *text, const Variables *variables, const PropertyScope *properties)
{
	return expand_all(text, variables, true, properties);
}

static char *
expand(const char *text, const Known *known)
{
	const char *end = text + strlen(text);
	StringInfoData result;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
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
	Known		deeper = *known;
	Search	   *search = known->search;
	const char *at = text + 2;
	StringInfoData inner;
	const char *value;
	char	   *result;
	char	   *from;

	check_stack_depth();
	if (end - text < 4 || text[1] != '{')
		return NULL;
	if (known->depth == 0)
	{
		search->circle = false;
		search->count = 0;
	}
	search->circle |= known->depth > NESTED_AT_MOST;
	if (search->circle)
		return NULL;
	deeper.depth++;
	initStringInfo(&inner);
	while (at < end && *at != '}' && *at != '\n' && *at != '\r' && at < text + NAME_AT_MOST)
	{
		uint32		whole;
		const char *other;
		char	   *part = *at == '$' ? known_value(at, end, &whole, &other, &deeper) : NULL;

		if (part != NULL)
		{
			appendStringInfoString(&inner, part);
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
	value = find_known(name, known, &deeper);
	result = value != NULL ? expand(value, &deeper) : NULL;
	return search->circle ? NULL : result;
}

/*
 * What stands for a name, or NULL, and where its own references are looked for: at the
 * place of its definition first, if it is so, then where it is used.
 */
static const char *
find_known(const char **name, const Known *known, Known *found_in)
{
	Search	   *search = known->search;
	const Variable *given = find_any_case(search->variables, *name);
	const char *built_in;

	search->circle |= ++search->count > LOOKED_UP_AT_MOST;
	if (given != NULL)
	{
		*name = given->name;
		return search->keep ? NULL : given->value;
	}
	if ((built_in = known_built_in(*name)) != NULL)
		return built_in;
	for (const Known *in = known; in != NULL && in->properties != NULL; in = in->outer)
	{
		const Property *property = properties_find(in->properties, *name);

		if (property == NULL)
			continue;
		found_in->properties = property->at_once ? &property->scope : in->properties;
		found_in->outer = property->at_once ? in : in->outer;
		return property->value;
	}
	return NULL;
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
