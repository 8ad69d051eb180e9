/*
 * touch.c
 *	  Which tables a script touches, by its parse trees.
 *
 * A kind of statement is a row of rules, and a function that knows where its
 * tables stand.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "script/touch.h"
#include "script/visit.h"

/* quotes may double a name's length, and two more are round it; a dot, a zero */
#define KEY_SIZE (2 * (2 * NAMEDATALEN + 2) + 2)

struct TouchSet
{
	MemoryContext context;
	HTAB	   *by_name;		/* of TouchEntry */
	List	   *touches;		/* of Touch *, as they came */
};

typedef struct TouchEntry
{
	char		key[KEY_SIZE];	/* by touch_name() */
	Touch	   *touch;
} TouchEntry;

/* The visitor hands this to the rules as the RuleSink that it begins with. */
typedef struct TouchSink
{
	RuleSink	sink;
	TouchSet   *set;
	const char *schema;			/* of CREATE SCHEMA, whose elements need none */
} TouchSink;

static void
add(RuleSink *sink, const char *schema, const char *name, const char *command, bool temporary)
{
	TouchSink  *touch_sink = (TouchSink *) sink;
	TouchSet   *set = touch_sink->set;
	MemoryContext old = MemoryContextSwitchTo(set->context);
	char	   *key = touch_name(schema ? schema : touch_sink->schema, name);
	TouchEntry *entry;
	bool		found;
	ListCell   *lc;

	entry = hash_search(set->by_name, key, HASH_ENTER, &found);
	if (!found)
	{
		entry->touch = palloc0(sizeof(Touch));
		if (schema != NULL || touch_sink->schema != NULL)
			entry->touch->schema = pstrdup(schema ? schema : touch_sink->schema);
		entry->touch->name = pstrdup(name);
		set->touches = lappend(set->touches, entry->touch);
	}
	entry->touch->temporary |= temporary;
	pfree(key);
	found = false;
	foreach(lc, entry->touch->commands)
	{
		found |= strcmp(lfirst(lc), command) == 0;
	}
	if (!found)
		entry->touch->commands = lappend(entry->touch->commands, pstrdup(command));
	MemoryContextSwitchTo(old);
}

static void
add_relation(RuleSink *sink, const RangeVar *relation, const Node *node)
{
	if (relation != NULL)
		add(sink, relation->schemaname, relation->relname, CreateCommandName((Node *) node),
			relation->relpersistence == RELPERSISTENCE_TEMP);
}

/* A list of names, of which the last few are not the table's. */
static void
add_names(RuleSink *sink, const Node *object, int others, const Node *node)
{
	const List *names;
	int			count;

	if (object == NULL || !IsA(object, List))
		return;
	names = (const List *) object;
	count = list_length(names) - others;
	if (count > 0)
		add(sink, count > 1 ? strVal(list_nth(names, count - 2)) : NULL,
			strVal(list_nth(names, count - 1)), CreateCommandName((Node *) node), false);
}

static bool
is_table(ObjectType type)
{
	return type == OBJECT_TABLE || type == OBJECT_FOREIGN_TABLE || type == OBJECT_MATVIEW;
}

/* How many names stand behind the table's, in the name of something that belongs to one; -1: to none. */
static int
names_behind_table(ObjectType type)
{
	switch (type)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_MATVIEW:
			return 0;
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_POLICY:
		case OBJECT_RULE:
			return 1;
		default:
			return -1;
	}
}

#define RELATION_OF(function, type) \
static void \
function(const Script *script, const Statement *statement, const Node *node, RuleSink *sink) \
{ \
	add_relation(sink, ((const type *) node)->relation, node); \
}

RELATION_OF(touch_create, CreateStmt)
RELATION_OF(touch_insert, InsertStmt)
RELATION_OF(touch_update, UpdateStmt)
RELATION_OF(touch_delete, DeleteStmt)
RELATION_OF(touch_merge, MergeStmt)
RELATION_OF(touch_index, IndexStmt)
RELATION_OF(touch_trigger, CreateTrigStmt)
RELATION_OF(touch_rule, RuleStmt)
RELATION_OF(touch_refresh, RefreshMatViewStmt)

static void
touch_create_foreign(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	add_relation(sink, ((const CreateForeignTableStmt *) node)->base.relation, node);
}

static void
touch_create_as(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const CreateTableAsStmt *stmt = (const CreateTableAsStmt *) node;

	if (stmt->into != NULL)
		add_relation(sink, stmt->into->rel, node);
}

static void
touch_select_into(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const SelectStmt *stmt = (const SelectStmt *) node;

	while (stmt->larg != NULL)
		stmt = stmt->larg;
	if (stmt->intoClause != NULL)
		add(sink, stmt->intoClause->rel->schemaname, stmt->intoClause->rel->relname, "SELECT INTO",
			stmt->intoClause->rel->relpersistence == RELPERSISTENCE_TEMP);
}

static void
touch_alter(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) node;
	ListCell   *lc;

	if (!is_table(stmt->objtype))
		return;
	add_relation(sink, stmt->relation, node);
	foreach(lc, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst(lc);

		/* ATTACH and DETACH: the partition changes as well */
		if (command->def != NULL && IsA(command->def, PartitionCmd))
			add_relation(sink, ((const PartitionCmd *) command->def)->name, node);
	}
}

static void
touch_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const DropStmt *stmt = (const DropStmt *) node;
	int			behind = names_behind_table(stmt->removeType);
	ListCell   *lc;

	if (behind < 0)
		return;
	foreach(lc, stmt->objects)
	{
		add_names(sink, lfirst(lc), behind, node);
	}
}

static void
touch_truncate(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	ListCell   *lc;

	foreach(lc, ((const TruncateStmt *) node)->relations)
	{
		add_relation(sink, lfirst(lc), node);
	}
}

static void
touch_copy(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	if (((const CopyStmt *) node)->is_from)
		add_relation(sink, ((const CopyStmt *) node)->relation, node);
}

static void
touch_comment(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const		CommentStmt *stmt = (const CommentStmt *) node;
	int			behind = names_behind_table(stmt->objtype);

	if (behind >= 0)
		add_names(sink, stmt->object, behind, node);
}

static void
touch_security_label(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const		SecLabelStmt *stmt = (const SecLabelStmt *) node;
	int			behind = names_behind_table(stmt->objtype);

	if (behind >= 0)
		add_names(sink, stmt->object, behind, node);
}

static void
touch_grant(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const GrantStmt *stmt = (const GrantStmt *) node;
	ListCell   *lc;

	if (stmt->targtype != ACL_TARGET_OBJECT || stmt->objtype != OBJECT_TABLE)
		return;
	foreach(lc, stmt->objects)
	{
		add_relation(sink, lfirst(lc), node);
	}
}

static void
touch_create_policy(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	add_relation(sink, ((const CreatePolicyStmt *) node)->table, node);
}

static void
touch_alter_policy(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	add_relation(sink, ((const AlterPolicyStmt *) node)->table, node);
}

/* A column may be a view's or a type's. */
static void
touch_rename(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const RenameStmt *stmt = (const RenameStmt *) node;

	if (stmt->renameType == OBJECT_COLUMN ? is_table(stmt->relationType) :
		names_behind_table(stmt->renameType) >= 0)
		add_relation(sink, stmt->relation, node);
}

static void
touch_move(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const AlterObjectSchemaStmt *stmt = (const AlterObjectSchemaStmt *) node;

	if (is_table(stmt->objectType))
		add_relation(sink, stmt->relation, node);
}

static void
touch_statistics(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	ListCell   *lc;

	foreach(lc, ((const CreateStatsStmt *) node)->relations)
	{
		if (IsA(lfirst(lc), RangeVar))
			add_relation(sink, lfirst(lc), node);
	}
}

static const ScriptRule rules[] = {
	{T_CreateStmt, 0, false, touch_create},
	{T_CreateForeignTableStmt, 0, false, touch_create_foreign},
	{T_CreateTableAsStmt, 0, false, touch_create_as},
	{T_SelectStmt, 0, false, touch_select_into},
	{T_AlterTableStmt, 0, false, touch_alter},
	{T_DropStmt, 0, false, touch_drop},
	{T_TruncateStmt, 0, false, touch_truncate},
	{T_InsertStmt, 0, false, touch_insert},
	{T_UpdateStmt, 0, false, touch_update},
	{T_DeleteStmt, 0, false, touch_delete},
	{T_MergeStmt, 0, false, touch_merge},
	{T_CopyStmt, 0, false, touch_copy},
	{T_IndexStmt, 0, false, touch_index},
	{T_CommentStmt, 0, false, touch_comment},
	{T_SecLabelStmt, 0, false, touch_security_label},
	{T_GrantStmt, 0, false, touch_grant},
	{T_CreateTrigStmt, 0, false, touch_trigger},
	{T_RuleStmt, 0, false, touch_rule},
	{T_CreatePolicyStmt, 0, false, touch_create_policy},
	{T_AlterPolicyStmt, 0, false, touch_alter_policy},
	{T_RenameStmt, 0, false, touch_rename},
	{T_AlterObjectSchemaStmt, 0, false, touch_move},
	{T_RefreshMatViewStmt, 0, false, touch_refresh},
	{T_CreateStatsStmt, 0, false, touch_statistics},
};

static RuleTable table = {.rules = rules,.count = lengthof(rules)};

TouchSet *
touch_set_create(void)
{
	TouchSet   *set = palloc0(sizeof(TouchSet));
	HASHCTL		control = {
		.keysize = KEY_SIZE,
		.entrysize = sizeof(TouchEntry),
		.hcxt = CurrentMemoryContext
	};

	set->context = CurrentMemoryContext;
	set->by_name = hash_create("migrator touched tables", 16, &control,
							   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	return set;
}

void
touch_statement(TouchSet *set, const Script *script, int i, const RawStmt *raw)
{
	TouchSink	sink = {.sink = {.statement = i,.begin = -1},.set = set};

	if (IsA(raw->stmt, CreateSchemaStmt))
		sink.schema = ((const CreateSchemaStmt *) raw->stmt)->schemaname;
	visit_statement(&table, script, &script->statements[i], raw, &sink.sink);
}

/* A temporary table hides others of its name, and is never qualified by their schema. */
List *
touch_list(const TouchSet *set)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, set->touches)
	{
		const Touch *touch = lfirst(lc);
		Touch	   *copy;
		ListCell   *command;

		if (touch->temporary || (touch->schema != NULL && strcmp(touch->schema, "pg_temp") == 0))
			continue;
		copy = palloc0(sizeof(Touch));
		copy->schema = touch->schema ? pstrdup(touch->schema) : NULL;
		copy->name = pstrdup(touch->name);
		foreach(command, touch->commands)
		{
			copy->commands = lappend(copy->commands, pstrdup(lfirst(command)));
		}
		result = lappend(result, copy);
	}
	return result;
}

char *
touch_name(const char *schema, const char *name)
{
	return schema == NULL ? pstrdup(quote_identifier(name)) :
		psprintf("%s.%s", quote_identifier(schema), quote_identifier(name));
}

bool
touch_same(const char *schema, const char *name, const char *other_schema,
		   const char *other_name, bool *guessed)
{
	if (strcmp(name, other_name) != 0 ||
		(schema != NULL && other_schema != NULL && strcmp(schema, other_schema) != 0))
		return false;
	*guessed = (schema == NULL) != (other_schema == NULL);
	return true;
}
