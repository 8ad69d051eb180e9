/*
 * change.c
 *	  Rules that judge what a statement takes away or changes.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "script/change.h"
#include "script/made.h"

/* of AND and OR in each other */
#define DEEPEST_CONDITION 50

/* words in the text of a DO block that may stand for what we cannot see */
static const char *const telling_words[] = {
	"drop", "truncate", "delete", "update", "execute", "cascade"
};

static void note(RuleSink *sink, ChangeClass change_class, bool destructive, const char *what,...) pg_attribute_printf(4, 5);
static bool loses_with_drop(ObjectType type);
static char *dropped_names(const DropStmt *stmt);
static bool all_made_here(const Script *script, const DropStmt *stmt);
static void alter_command(const AlterTableStmt *stmt, const AlterTableCmd *command, RuleSink *sink);
static void add_column(const char *table, const ColumnDef *column, RuleSink *sink);
static void alter_domain(const AlterDomainStmt *stmt, RuleSink *sink);
static void merge_rows(const MergeStmt *stmt, RuleSink *sink);
static bool is_always_true(const Node *expression, int depth);

/* The text is made only where it is kept: a script may have 100,000 such statements. */
static void
note(RuleSink *sink, ChangeClass change_class, bool destructive, const char *what,...)
{
	Script	   *script = sink->script;
	ScriptChanges *changes = &script->changes;
	bool		worst = change_class > changes->change_class;
	bool		kept = destructive && changes->destructive_count < CHANGES_KEPT;
	ScriptChange change;
	MemoryContext old;
	StringInfoData text;

	changes->destructive_count += destructive;
	if (!worst && !kept)
		return;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(script));
	initStringInfo(&text);
	for (;;)
	{
		va_list		arguments;
		int			needed;

		va_start(arguments, what);
		needed = appendStringInfoVA(&text, what, arguments);
		va_end(arguments);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	change.line = (int) script->statements[sink->statement].line;
	change.column = (int) script->statements[sink->statement].column;
	change.what = text.data;
	if (worst)
	{
		changes->change_class = change_class;
		changes->worst = change;
	}
	if (kept)
	{
		ScriptChange *copy = palloc(sizeof(ScriptChange));

		*copy = change;
		changes->destructive = lappend(changes->destructive, copy);
	}
	MemoryContextSwitchTo(old);
}

char *
change_relation_name(const RangeVar *relation)
{
	return relation->schemaname ? psprintf("%s.%s", relation->schemaname, relation->relname) :
		pstrdup(relation->relname);
}

void
change_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const DropStmt *stmt = (const DropStmt *) node;
	bool		cascade = stmt->behavior == DROP_CASCADE;
	bool		loses = cascade || loses_with_drop(stmt->removeType);
	bool		dangerous = cascade || stmt->removeType == OBJECT_TABLE ||
		stmt->removeType == OBJECT_FOREIGN_TABLE || stmt->removeType == OBJECT_SCHEMA;

	if (!cascade && all_made_here(script, stmt))
		return;
	note(sink, dangerous ? CHANGE_DANGEROUS : CHANGE_CARE, loses, "%s%s%s",
		 statement_name(node), dropped_names(stmt), cascade ? " CASCADE" : "");
}

static bool
loses_with_drop(ObjectType type)
{
	switch (type)
	{
		case OBJECT_CAST:
		case OBJECT_EVENT_TRIGGER:
		case OBJECT_INDEX:
		case OBJECT_POLICY:
		case OBJECT_RULE:
		case OBJECT_STATISTIC_EXT:
		case OBJECT_TRANSFORM:
		case OBJECT_TRIGGER:
			return false;
		default:
			return true;
	}
}

/* A blank, the first of them, and how many there are. */
static char *
dropped_names(const DropStmt *stmt)
{
	Node	   *first = linitial(stmt->objects);
	int			others = list_length(stmt->objects) - 1;
	char	   *name;

	switch (nodeTag(first))
	{
		case T_String:
			name = strVal(first);
			break;
		case T_List:
			if (!IsA(linitial((List *) first), String))
				return "";		/* a cast: two types */
			name = NameListToString((List *) first);
			break;
		case T_TypeName:
			name = NameListToString(((const TypeName *) first)->names);
			break;
		case T_ObjectWithArgs:
			name = NameListToString(((const ObjectWithArgs *) first)->objname);
			break;
		default:
			return "";
	}
	return others == 0 ? psprintf(" %s", name) : psprintf(" %s and %d more", name, others);
}

/* Only relations are remembered. */
static bool
all_made_here(const Script *script, const DropStmt *stmt)
{
	ListCell   *cell;

	if (script->made == NULL || !made_is_kind(stmt->removeType))
		return false;
	foreach(cell, stmt->objects)
	{
		List	   *names = lfirst(cell);

		if (list_length(names) > 2 || !made_here(script, makeRangeVarFromNameList(names)))
			return false;
	}
	return true;
}

void
change_alter_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) node;
	ListCell   *cell;

	if (made_here(script, stmt->relation))
		return;
	foreach(cell, stmt->cmds)
	{
		alter_command(stmt, lfirst_node(AlterTableCmd, cell), sink);
	}
}

static void
alter_command(const AlterTableStmt *stmt, const AlterTableCmd *command, RuleSink *sink)
{
	const char *table = psprintf("%s %s", statement_name((const Node *) stmt), change_relation_name(stmt->relation));
	const char *name = command->name ? command->name : "";
	bool		cascade = command->behavior == DROP_CASCADE;
	const Constraint *constraint;

	switch (command->subtype)
	{
		case AT_AddColumn:
			add_column(table, castNode(ColumnDef, command->def), sink);
			break;
		case AT_DropColumn:
			if (!cascade && made_column(sink->script, stmt->relation, name))
				break;
			note(sink, cascade ? CHANGE_DANGEROUS : CHANGE_CARE, true, "%s DROP %s %s%s", table,
				 stmt->objtype == OBJECT_TYPE ? "ATTRIBUTE" : "COLUMN", name, cascade ? " CASCADE" : "");
			break;
		case AT_AlterColumnType:
			if (made_column(sink->script, stmt->relation, name))
				break;
			note(sink, CHANGE_CARE, !change_only_widens(castNode(ColumnDef, command->def), name),
				 "%s ALTER %s %s TYPE %s", table, stmt->objtype == OBJECT_TYPE ? "ATTRIBUTE" : "COLUMN", name,
				 strVal(llast(castNode(ColumnDef, command->def)->typeName->names)));
			break;
		case AT_AddConstraint:
			constraint = castNode(Constraint, command->def);
			if (constraint->contype == CONSTR_PRIMARY)
				note(sink, CHANGE_DANGEROUS, false, "%s ADD PRIMARY KEY", table);
			else
				note(sink, CHANGE_CARE, false, "%s ADD CONSTRAINT%s%s", table,
					 constraint->conname ? " " : "", constraint->conname ? constraint->conname : "");
			break;
		case AT_DropConstraint:
			{
				size_t		length = strlen(name);
				bool		key = length > 5 && strcmp(name + length - 5, "_pkey") == 0;

				note(sink, key || cascade ? CHANGE_DANGEROUS : CHANGE_CARE, key || cascade, "%s DROP CONSTRAINT %s%s",
					 table, name, cascade ? " CASCADE" : "");
			}
			break;
		case AT_SetNotNull:
			note(sink, CHANGE_CARE, false, "%s ALTER COLUMN %s SET NOT NULL", table, name);
			break;
		case AT_DropExpression:
			note(sink, CHANGE_CARE, false, "%s ALTER COLUMN %s DROP EXPRESSION", table, name);
			break;
		case AT_DropIdentity:
			note(sink, CHANGE_CARE, false, "%s ALTER COLUMN %s DROP IDENTITY", table, name);
			break;
		case AT_DetachPartition:
			note(sink, CHANGE_CARE, false, "%s DETACH PARTITION", table);
			break;
		case AT_SetUnLogged:
			note(sink, CHANGE_CARE, false, "%s SET UNLOGGED", table);
			break;
		case AT_DisableRowSecurity:
		case AT_DisableTrig:
		case AT_DisableTrigAll:
		case AT_DisableTrigUser:
		case AT_DisableRule:
			note(sink, CHANGE_CARE, false, "%s DISABLE", table);
			break;
		default:
			break;
	}
}

/* One that every row must have needs a default. */
static void
add_column(const char *table, const ColumnDef *column, RuleSink *sink)
{
	bool		required = false;
	bool		filled = false;
	ListCell   *cell;

	foreach(cell, column->constraints)
	{
		switch (lfirst_node(Constraint, cell)->contype)
		{
			case CONSTR_PRIMARY:
				note(sink, CHANGE_DANGEROUS, false, "%s ADD COLUMN %s PRIMARY KEY", table, column->colname);
				return;
			case CONSTR_NOTNULL:
				required = true;
				break;
			case CONSTR_DEFAULT:
			case CONSTR_GENERATED:
			case CONSTR_IDENTITY:
				filled = true;
				break;
			default:
				break;
		}
	}
	if (required && !filled)
		note(sink, CHANGE_CARE, false, "%s ADD COLUMN %s NOT NULL without a default", table, column->colname);
}

/*
 * All that a statement shows is the new type.  Every value has a form as text;
 * USING may be a cast of the column itself, and nothing else.
 */
bool
change_only_widens(const ColumnDef *column, const char *name)
{
	const TypeName *type = column->typeName;
	const Node *value = column->raw_default;
	const char *type_name = strVal(llast(type->names));

	if (type->arrayBounds != NIL || type->typmods != NIL ||
		(list_length(type->names) > 1 && strcmp(strVal(linitial(type->names)), "pg_catalog") != 0) ||
		(strcmp(type_name, "text") != 0 && strcmp(type_name, "varchar") != 0))
		return false;
	if (value != NULL && IsA(value, TypeCast))
		value = ((const TypeCast *) value)->arg;
	return value == NULL ||
		(IsA(value, ColumnRef) && IsA(llast(((const ColumnRef *) value)->fields), String) &&
		 strcmp(strVal(llast(((const ColumnRef *) value)->fields)), name) == 0);
}

void
change_definition(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const char *name = statement_name(node);
	const RangeVar *relation;

	switch (nodeTag(node))
	{
		case T_DropdbStmt:
			note(sink, CHANGE_DANGEROUS, true, "%s %s", name, ((const DropdbStmt *) node)->dbname);
			break;
		case T_DropOwnedStmt:
			note(sink, CHANGE_DANGEROUS, true, "%s", name);
			break;
		case T_DropTableSpaceStmt:
			note(sink, CHANGE_DANGEROUS, true, "%s %s", name, ((const DropTableSpaceStmt *) node)->tablespacename);
			break;
		case T_DropRoleStmt:
		case T_DropUserMappingStmt:
			note(sink, CHANGE_CARE, true, "%s", name);
			break;
		case T_DropSubscriptionStmt:
			note(sink, CHANGE_CARE, true, "%s %s", name, ((const DropSubscriptionStmt *) node)->subname);
			break;
		case T_RenameStmt:
			relation = ((const RenameStmt *) node)->relation;
			if (relation == NULL || !made_here(script, relation))
				note(sink, CHANGE_CARE, false, "%s %s RENAME ... TO %s", name,
					 relation ? change_relation_name(relation) : "...", ((const RenameStmt *) node)->newname);
			break;
		case T_AlterObjectSchemaStmt:
			relation = ((const AlterObjectSchemaStmt *) node)->relation;
			if (relation == NULL || !made_here(script, relation))
				note(sink, CHANGE_CARE, false, "%s %s SET SCHEMA %s", name,
					 relation ? change_relation_name(relation) : "...", ((const AlterObjectSchemaStmt *) node)->newschema);
			break;
		case T_AlterEnumStmt:
			if (((const AlterEnumStmt *) node)->oldVal != NULL)
				note(sink, CHANGE_CARE, false, "%s ... RENAME VALUE %s", name, ((const AlterEnumStmt *) node)->oldVal);
			break;
		case T_AlterDomainStmt:
			alter_domain((const AlterDomainStmt *) node, sink);
			break;
		case T_CallStmt:
			note(sink, CHANGE_CARE, false, "%s, which runs what cannot be seen here", name);
			break;
		default:
			break;
	}
}

/* subtype is a letter: set Not null was O, constraints are C and X */
static void
alter_domain(const AlterDomainStmt *stmt, RuleSink *sink)
{
	bool		cascade = stmt->subtype == 'X' && stmt->behavior == DROP_CASCADE;

	if (strchr("OCX", stmt->subtype) == NULL)
		return;
	note(sink, cascade ? CHANGE_DANGEROUS : CHANGE_CARE, cascade, "ALTER DOMAIN %s%s%s%s", NameListToString(stmt->typeName),
		 stmt->subtype == 'X' ? " DROP CONSTRAINT " : stmt->subtype == 'C' ? " ADD CONSTRAINT" : " SET NOT NULL",
		 stmt->subtype == 'X' && stmt->name ? stmt->name : "", cascade ? " CASCADE" : "");
}

void
change_rows(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const RangeVar *relation = NULL;
	const Node *where = NULL;
	bool		joins = false;
	const char *verb = "DELETE FROM";
	ListCell   *cell;

	switch (nodeTag(node))
	{
		case T_TruncateStmt:
			foreach(cell, ((const TruncateStmt *) node)->relations)
			{
				if (!made_here(script, lfirst(cell)))
					note(sink, CHANGE_DANGEROUS, true, "TRUNCATE %s%s", change_relation_name(lfirst(cell)),
						 ((const TruncateStmt *) node)->behavior == DROP_CASCADE ? " CASCADE" : "");
			}
			return;
		case T_MergeStmt:
			if (!made_here(script, ((const MergeStmt *) node)->relation))
				merge_rows((const MergeStmt *) node, sink);
			return;
		case T_InsertStmt:
			relation = ((const InsertStmt *) node)->relation;
			if (((const InsertStmt *) node)->onConflictClause != NULL && !made_here(script, relation) &&
				((const InsertStmt *) node)->onConflictClause->action == ONCONFLICT_UPDATE)
				note(sink, CHANGE_CARE, false, "INSERT INTO %s ... ON CONFLICT DO UPDATE", change_relation_name(relation));
			return;
		case T_DeleteStmt:
			relation = ((const DeleteStmt *) node)->relation;
			where = ((const DeleteStmt *) node)->whereClause;
			joins = ((const DeleteStmt *) node)->usingClause != NIL;
			break;
		default:
			verb = "UPDATE";
			relation = ((const UpdateStmt *) node)->relation;
			where = ((const UpdateStmt *) node)->whereClause;
			joins = ((const UpdateStmt *) node)->fromClause != NIL;
			break;
	}
	if (made_here(script, relation))
		return;
	if (IsA(node, UpdateStmt) && change_only_fills(script, (const UpdateStmt *) node))
		note(sink, CHANGE_CARE, false, "UPDATE %s", change_relation_name(relation));
	else if (change_is_of_all_rows(where))
		note(sink, CHANGE_DANGEROUS, true, "%s %s, all rows", verb, change_relation_name(relation));
	else
		note(sink, joins ? CHANGE_DANGEROUS : CHANGE_CARE, false, "%s %s%s", verb, change_relation_name(relation),
			 joins ? " by way of other tables" : "");
}

bool
change_only_fills(const Script *script, const UpdateStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->targetList)
	{
		if (!made_column(script, stmt->relation, lfirst_node(ResTarget, cell)->name))
			return false;
	}
	return true;
}

/* What the source lacks may be all there is. */
static void
merge_rows(const MergeStmt *stmt, RuleSink *sink)
{
	bool		changes = false;
	bool		loses = false;
	ListCell   *cell;

	foreach(cell, stmt->mergeWhenClauses)
	{
		const MergeWhenClause *when = lfirst_node(MergeWhenClause, cell);

		if (when->commandType != CMD_UPDATE && when->commandType != CMD_DELETE)
			continue;
		changes = true;
		loses |= change_is_of_all_rows(when->condition) &&
			(change_is_of_all_rows(stmt->joinCondition) || merge_when_not_by_source(when));
	}
	if (changes)
		note(sink, CHANGE_DANGEROUS, loses, "MERGE INTO %s%s", change_relation_name(stmt->relation),
			 loses ? ", all rows" : "");
}

bool
change_is_of_all_rows(const Node *where)
{
	return where == NULL || is_always_true(where, 0);
}

/*
 * true, 1 = 1, id = id, and what AND and OR make of them.  Nobody writes that
 * by accident at a depth at which our stack would be in danger.
 */
static bool
is_always_true(const Node *expression, int depth)
{
	if (IsA(expression, TypeCast))
		expression = ((const TypeCast *) expression)->arg;
	if (IsA(expression, A_Const))
	{
		const A_Const *constant = (const A_Const *) expression;
		bool		value = false;

		if (constant->isnull)
			return false;
		if (IsA(&constant->val, Boolean))
			return constant->val.boolval.boolval;
		return IsA(&constant->val, String) && parse_bool(constant->val.sval.sval, &value) && value;
	}
	if (IsA(expression, A_Expr))
	{
		const A_Expr *comparison = (const A_Expr *) expression;

		return comparison->kind == AEXPR_OP && list_length(comparison->name) == 1 &&
			strcmp(strVal(linitial(comparison->name)), "=") == 0 && comparison->lexpr != NULL &&
			(IsA(comparison->lexpr, A_Const) || IsA(comparison->lexpr, ColumnRef)) &&
			equal(comparison->lexpr, comparison->rexpr);
	}
	if (IsA(expression, BoolExpr) && depth < DEEPEST_CONDITION)
	{
		const BoolExpr *terms = (const BoolExpr *) expression;
		ListCell   *cell;

		if (terms->boolop == NOT_EXPR)
			return false;
		foreach(cell, terms->args)
		{
			if (is_always_true(lfirst(cell), depth + 1) == (terms->boolop == OR_EXPR))
				return terms->boolop == OR_EXPR;
		}
		return terms->boolop == AND_EXPR;
	}
	return false;
}

/* By whole words, whatever they stand in: comments and strings too. */
void
change_hidden(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	ScriptChange *hidden = &sink->script->changes.hidden;
	ListCell   *cell;

	note(sink, CHANGE_CARE, false, "DO, whose statements cannot be seen here");
	foreach(cell, ((const DoStmt *) node)->args)
	{
		const DefElem *argument = lfirst_node(DefElem, cell);
		const char *text = strcmp(argument->defname, "as") == 0 ? strVal(argument->arg) : "";

		while (*text != '\0' && hidden->line == 0)
		{
			size_t		length = 0;

			while (isalnum((unsigned char) text[length]) || text[length] == '_' || IS_HIGHBIT_SET(text[length]))
				length++;
			for (int i = 0; length > 0 && i < lengthof(telling_words); i++)
			{
				if (strlen(telling_words[i]) != length || pg_strncasecmp(text, telling_words[i], length) != 0)
					continue;
				hidden->line = (int) statement->line;
				hidden->column = (int) statement->column;
				hidden->what = MemoryContextStrdup(GetMemoryChunkContext(sink->script), telling_words[i]);
			}
			text += Max(length, 1);
		}
	}
}
