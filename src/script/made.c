/*
 * made.c
 *	  The relations that a script has made itself.
 *
 * By their names as they are written.  A script that wants to lead us astray
 * can do so, as it can hide a DROP TABLE in a DO block; one that means well
 * is read right.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "script/made.h"

#define MADE_AT_FIRST 64
#define TEMPORARY "pg_temp"

typedef struct MadeName
{
	char		schema[NAMEDATALEN];	/* "" when none is named; TEMPORARY */
	char		name[NAMEDATALEN];
	char		column[NAMEDATALEN];	/* "": the relation itself */
} MadeName;

static MadeName made_name(const RangeVar *relation);
static void enter(Script *script, const MadeName *name);
static void note_columns(Script *script, const AlterTableStmt *stmt);

static MadeName
made_name(const RangeVar *relation)
{
	MadeName	name;

	/* it is hashed with what stands behind the ends of the strings */
	memset(&name, 0, sizeof(name));
	if (relation->relpersistence == RELPERSISTENCE_TEMP)
		strlcpy(name.schema, TEMPORARY, NAMEDATALEN);
	else if (relation->schemaname != NULL)
		strlcpy(name.schema, relation->schemaname, NAMEDATALEN);
	strlcpy(name.name, relation->relname, NAMEDATALEN);
	return name;
}

void
made_create(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const RangeVar *relation = NULL;
	MadeName	name;

	switch (nodeTag(node))
	{
		case T_CreateStmt:
			if (!((const CreateStmt *) node)->if_not_exists)
				relation = ((const CreateStmt *) node)->relation;
			break;
		case T_CreateTableAsStmt:
			if (!((const CreateTableAsStmt *) node)->if_not_exists)
				relation = ((const CreateTableAsStmt *) node)->into->rel;
			break;
		case T_SelectStmt:
			if (((const SelectStmt *) node)->intoClause != NULL)
				relation = ((const SelectStmt *) node)->intoClause->rel;
			break;
		case T_ViewStmt:
			if (!((const ViewStmt *) node)->replace)
				relation = ((const ViewStmt *) node)->view;
			break;
		case T_AlterTableStmt:
			note_columns(sink->script, (const AlterTableStmt *) node);
			break;
		case T_CreateSeqStmt:
			if (!((const CreateSeqStmt *) node)->if_not_exists)
				relation = ((const CreateSeqStmt *) node)->sequence;
			break;
		default:
			break;
	}
	if (relation == NULL)
		return;
	name = made_name(relation);
	if (IsA(sink->top, CreateSchemaStmt) && ((const CreateSchemaStmt *) sink->top)->schemaname != NULL)
		strlcpy(name.schema, ((const CreateSchemaStmt *) sink->top)->schemaname, NAMEDATALEN);
	enter(sink->script, &name);
}

static void
enter(Script *script, const MadeName *name)
{
	if (script->made == NULL)
	{
		HASHCTL		control = {
			.keysize = sizeof(MadeName),
			.entrysize = sizeof(MadeName),
			.hcxt = GetMemoryChunkContext(script)
		};

		script->made = hash_create("migrator relations of a script", MADE_AT_FIRST, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(script->made, name, HASH_ENTER, NULL);
}

/* Within one ALTER TABLE the server drops first and adds then. */
static void
note_columns(Script *script, const AlterTableStmt *stmt)
{
	MadeName	name = made_name(stmt->relation);
	ListCell   *cell;

	foreach(cell, stmt->objtype == OBJECT_TABLE ? stmt->cmds : NIL)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype != AT_DropColumn || script->made == NULL)
			continue;
		memset(name.column, 0, sizeof(name.column));
		strlcpy(name.column, command->name, NAMEDATALEN);
		(void) hash_search(script->made, &name, HASH_REMOVE, NULL);
	}
	foreach(cell, stmt->objtype == OBJECT_TABLE ? stmt->cmds : NIL)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype != AT_AddColumn || command->missing_ok)
			continue;
		memset(name.column, 0, sizeof(name.column));
		strlcpy(name.column, castNode(ColumnDef, command->def)->colname, NAMEDATALEN);
		enter(script, &name);
	}
}

/* Of a temporary relation and another one of the same name, the temporary one goes. */
void
made_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const DropStmt *stmt = (const DropStmt *) node;
	ListCell   *cell;

	if (script->made == NULL || !made_is_kind(stmt->removeType))
		return;
	foreach(cell, stmt->objects)
	{
		List	   *names = lfirst(cell);
		RangeVar   *relation;
		MadeName	name;

		if (list_length(names) > 2)
			continue;
		relation = makeRangeVarFromNameList(names);
		if (relation->schemaname == NULL && made_is_temporary(script, relation->relname))
			relation->relpersistence = RELPERSISTENCE_TEMP;
		name = made_name(relation);
		(void) hash_search(script->made, &name, HASH_REMOVE, NULL);
	}
}

/*
 * A RENAME or another search_path: a name may be that of another relation then.
 * Whoever is SET ROLE to has a schema "$user" of its own.
 */
void
made_forget(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	if (IsA(node, VariableSetStmt))
	{
		const char *setting = ((const VariableSetStmt *) node)->name;

		if (setting != NULL && pg_strcasecmp(setting, "search_path") != 0 &&
			pg_strcasecmp(setting, "role") != 0 && pg_strcasecmp(setting, "session_authorization") != 0)
			return;
	}
	if (sink->script->made != NULL)
	{
		hash_destroy(sink->script->made);
		sink->script->made = NULL;
	}
}

bool
made_is_kind(ObjectType type)
{
	return type == OBJECT_TABLE || type == OBJECT_VIEW || type == OBJECT_MATVIEW || type == OBJECT_SEQUENCE;
}

bool
made_here(const Script *script, const RangeVar *relation)
{
	MadeName	name;

	if (script->made == NULL)
		return false;
	name = made_name(relation);
	return hash_search(script->made, &name, HASH_FIND, NULL) != NULL ||
		(relation->schemaname == NULL && made_is_temporary(script, relation->relname));
}

bool
made_is_temporary(const Script *script, const char *relation)
{
	RangeVar	temporary = {
		.relname = unconstify(char *, relation),
		.relpersistence = RELPERSISTENCE_TEMP
	};
	MadeName	name;

	if (script->made == NULL)
		return false;
	name = made_name(&temporary);
	return hash_search(script->made, &name, HASH_FIND, NULL) != NULL;
}

bool
made_column(const Script *script, const RangeVar *relation, const char *column)
{
	MadeName	name;

	if (script->made == NULL)
		return false;
	name = made_name(relation);
	strlcpy(name.column, column, NAMEDATALEN);
	return hash_search(script->made, &name, HASH_FIND, NULL) != NULL;
}
