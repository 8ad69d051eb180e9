/*
 * suggestions.c
 *	  Lint rules of check suggestions.
 *
 * A script alone is seen, not what is in the database: a table that it does not
 * make exists, and an index that it does not make is missing.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "nodes/value.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "script/change.h"
#include "script/lint.h"
#include "script/made.h"
#include "script/suggestions.h"

#define COLUMNS_AT_FIRST 64

/* A column that refers to another table, or that an index begins with. */
typedef struct KeyColumn
{
	char		table[NAMEDATALEN];
	char		column[NAMEDATALEN];
	/* the two above are the key */
	bool		has_index;
	bool		refers;
	int			statement;		/* that makes it refer */
} KeyColumn;

#define KEY_LENGTH offsetof(KeyColumn, has_index)

/* that core has, or an extension that many use: their value is another one each time */
static const char *const volatile_functions[] = {
	"clock_timestamp", "gen_random_uuid", "nextval", "random", "timeofday", "uuid_generate_v1", "uuid_generate_v1mc",
	"uuid_generate_v4", "uuidv4", "uuidv7"
};

static void alter_command(const RangeVar *table, const AlterTableCmd *command, RuleSink *sink);
static void suggest_column(const RangeVar *table, const ColumnDef *column, RuleSink *sink);
static void suggest_new_column(const RangeVar *table, const ColumnDef *column, RuleSink *sink);
static void suggest_foreign_key(const RangeVar *table, const Constraint *constraint, RuleSink *sink);
static void suggest_type(const RangeVar *table, const ColumnDef *column, RuleSink *sink);
static void note_constraint(const RangeVar *table, const char *column, const Constraint *constraint, RuleSink *sink);
static KeyColumn *key_column(Script *script, const char *table, const char *column);
static bool is_type(const TypeName *type, const char *name);
static bool is_serial(const TypeName *type);
static const char *volatile_function(const Node *expression);

void
suggest_index(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const IndexStmt *stmt;
	const IndexElem *first;

	if (IsA(node, DropStmt))
	{
		if (((const DropStmt *) node)->removeType == OBJECT_INDEX && !((const DropStmt *) node)->concurrent)
			lint_remark(sink->script, sink->statement, LINT_DROP_INDEX,
						"DROP INDEX waits for, and keeps out, whoever uses the table");
		return;
	}
	stmt = (const IndexStmt *) node;
	first = linitial_node(IndexElem, stmt->indexParams);
	if (first->name != NULL)
		key_column(sink->script, stmt->relation->relname, first->name)->has_index = true;
	if (!stmt->concurrent && !IsA(sink->top, CreateSchemaStmt) && !made_here(script, stmt->relation))
		lint_remark(sink->script, sink->statement, LINT_CREATE_INDEX,
					psprintf("CREATE INDEX keeps out whoever writes to %s while the index is built",
							 change_relation_name(stmt->relation)));
}

void
suggest_alter_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) node;
	ListCell   *cell;

	if (stmt->objtype != OBJECT_TABLE)
		return;
	foreach(cell, stmt->cmds)
	{
		alter_command(stmt->relation, lfirst_node(AlterTableCmd, cell), sink);
	}
}

static void
alter_command(const RangeVar *table, const AlterTableCmd *command, RuleSink *sink)
{
	bool		exists = !made_here(sink->script, table);

	switch (command->subtype)
	{
		case AT_AddColumn:
			suggest_column(table, castNode(ColumnDef, command->def), sink);
			if (exists)
				suggest_new_column(table, castNode(ColumnDef, command->def), sink);
			break;
		case AT_AddConstraint:
			note_constraint(table, NULL, castNode(Constraint, command->def), sink);
			if (exists)
				suggest_foreign_key(table, castNode(Constraint, command->def), sink);
			break;
		case AT_SetNotNull:
			if (exists)
				lint_remark(sink->script, sink->statement, LINT_SET_NOT_NULL,
							psprintf("SET NOT NULL reads all of %s while nobody else can use it",
									 change_relation_name(table)));
			break;
		case AT_AlterColumnType:
			if (exists && !made_column(sink->script, table, command->name) &&
				!change_only_widens(castNode(ColumnDef, command->def), command->name))
				lint_remark(sink->script, sink->statement, LINT_COLUMN_TYPE,
							psprintf("the new type of column \"%s\" may rewrite all of %s while nobody else can use it",
									 command->name, change_relation_name(table)));
			break;
		default:
			break;
	}
}

void
suggest_create_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const CreateStmt *stmt = (const CreateStmt *) node;
	ListCell   *cell;

	foreach(cell, stmt->tableElts)
	{
		if (IsA(lfirst(cell), ColumnDef))
			suggest_column(stmt->relation, lfirst(cell), sink);
		else if (IsA(lfirst(cell), Constraint))
			note_constraint(stmt->relation, NULL, lfirst(cell), sink);
	}
}

static void
suggest_column(const RangeVar *table, const ColumnDef *column, RuleSink *sink)
{
	ListCell   *cell;

	foreach(cell, column->constraints)
	{
		const Constraint *constraint = lfirst_node(Constraint, cell);

		note_constraint(table, column->colname, constraint, sink);
		if (constraint->contype == CONSTR_PRIMARY && column->typeName != NULL &&
			(is_type(column->typeName, "int4") || is_type(column->typeName, "int2") ||
			 is_type(column->typeName, "serial") || is_type(column->typeName, "serial4") ||
			 is_type(column->typeName, "smallserial") || is_type(column->typeName, "serial2")))
			lint_remark(sink->script, sink->statement, LINT_SMALL_KEY,
						psprintf("the primary key \"%s\" of %s is smaller than bigint",
								 column->colname, change_relation_name(table)));
	}
	if (column->typeName != NULL)
		suggest_type(table, column, sink);
}

/* In a table with rows. */
static void
suggest_new_column(const RangeVar *table, const ColumnDef *column, RuleSink *sink)
{
	ListCell   *cell;

	if (column->typeName != NULL && is_serial(column->typeName))
		lint_remark(sink->script, sink->statement, LINT_VOLATILE_DEFAULT,
					psprintf("the numbers of new column \"%s\" rewrite all of %s while nobody else can use it",
							 column->colname, change_relation_name(table)));
	foreach(cell, column->constraints)
	{
		const Constraint *constraint = lfirst_node(Constraint, cell);
		const char *function = constraint->contype == CONSTR_DEFAULT ?
			volatile_function(constraint->raw_expr) : NULL;

		suggest_foreign_key(table, constraint, sink);
		if (function != NULL)
			lint_remark(sink->script, sink->statement, LINT_VOLATILE_DEFAULT,
						psprintf("the default %s() of new column \"%s\" rewrites all of %s while nobody else can use it",
								 function, column->colname, change_relation_name(table)));
	}
}

static void
suggest_foreign_key(const RangeVar *table, const Constraint *constraint, RuleSink *sink)
{
	if (constraint->contype == CONSTR_FOREIGN && !constraint->skip_validation)
		lint_remark(sink->script, sink->statement, LINT_FOREIGN_KEY,
					psprintf("the foreign key reads all of %s and keeps out whoever writes to it or to %s",
							 change_relation_name(table), change_relation_name(constraint->pktable)));
}

static void
suggest_type(const RangeVar *table, const ColumnDef *column, RuleSink *sink)
{
	const TypeName *type = column->typeName;
	const char *written = NULL;
	LintRule	rule = LINT_CHAR;

	if (is_type(type, "bpchar") && type->typmods != NIL)
		written = "char(n)";
	else if (is_type(type, "varchar") && type->typmods != NIL)
	{
		rule = LINT_VARCHAR;
		written = "varchar(n)";
	}
	else if (is_type(type, "timestamp"))
	{
		rule = LINT_TIMESTAMP;
		written = "timestamp without time zone";
	}
	else if (is_serial(type))
	{
		rule = LINT_SERIAL;
		written = strVal(llast(type->names));
	}
	if (written != NULL)
		lint_remark(sink->script, sink->statement, rule,
					psprintf("column \"%s\" of %s is a %s", column->colname, change_relation_name(table), written));
}

/* The new column of all rows in one go. */
void
suggest_batches(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const UpdateStmt *stmt = (const UpdateStmt *) node;

	if (change_is_of_all_rows(stmt->whereClause) && !made_here(script, stmt->relation) &&
		change_only_fills(script, stmt))
		lint_remark(sink->script, sink->statement, LINT_BATCHES,
					psprintf("UPDATE fills a new column of all rows of %s in one transaction",
							 change_relation_name(stmt->relation)));
}

void
suggest_enum(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	lint_remark(sink->script, sink->statement, LINT_ENUM,
				psprintf("type %s is an enum", NameListToString(((const CreateEnumStmt *) node)->typeName)));
}

/* column: of a constraint that is written behind one. */
static void
note_constraint(const RangeVar *table, const char *column, const Constraint *constraint, RuleSink *sink)
{
	const List *columns = constraint->contype == CONSTR_FOREIGN ? constraint->fk_attrs : constraint->keys;
	KeyColumn  *key;

	if (constraint->contype != CONSTR_FOREIGN && constraint->contype != CONSTR_PRIMARY &&
		constraint->contype != CONSTR_UNIQUE)
		return;
	if (columns != NIL)
		column = strVal(linitial(columns));
	if (column == NULL)
		return;					/* USING INDEX: that was made before */
	key = key_column(sink->script, table->relname, column);
	if (constraint->contype != CONSTR_FOREIGN)
		key->has_index = true;
	else if (!key->refers)
	{
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(sink->script));

		key->refers = true;
		key->statement = sink->statement;
		sink->script->foreign_keys = lappend(sink->script->foreign_keys, key);
		MemoryContextSwitchTo(old);
	}
}

static KeyColumn *
key_column(Script *script, const char *table, const char *column)
{
	KeyColumn	key;
	KeyColumn  *found;
	bool		is_known;

	if (script->key_columns == NULL)
	{
		HASHCTL		control = {
			.keysize = KEY_LENGTH,
			.entrysize = sizeof(KeyColumn),
			.hcxt = GetMemoryChunkContext(script)
		};

		script->key_columns = hash_create("migrator keys of a script", COLUMNS_AT_FIRST, &control,
										  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	/* all of it is hashed */
	memset(&key, 0, sizeof(key));
	strlcpy(key.table, table, NAMEDATALEN);
	strlcpy(key.column, column, NAMEDATALEN);
	found = hash_search(script->key_columns, &key, HASH_ENTER, &is_known);
	if (!is_known)
		found->has_index = found->refers = false;
	return found;
}

void
suggestions_finish(Script *script)
{
	ListCell   *cell;

	foreach(cell, script->foreign_keys)
	{
		const KeyColumn *key = lfirst(cell);

		if (!key->has_index)
			lint_remark(script, key->statement, LINT_FOREIGN_KEY_INDEX,
						psprintf("no index in this script begins with the foreign key \"%s\" of %s", key->column, key->table));
	}
}

/* As the parser names it: the SQL standard's own names have a schema then. */
static bool
is_type(const TypeName *type, const char *name)
{
	return type->names != NIL && strcmp(strVal(llast(type->names)), name) == 0 &&
		(list_length(type->names) == 1 || strcmp(strVal(linitial(type->names)), "pg_catalog") == 0);
}

static bool
is_serial(const TypeName *type)
{
	return is_type(type, "serial") || is_type(type, "bigserial") || is_type(type, "smallserial") ||
		is_type(type, "serial4") || is_type(type, "serial8") || is_type(type, "serial2");
}

/* The default itself, or a cast of it. */
static const char *
volatile_function(const Node *expression)
{
	const char *name;

	if (expression != NULL && IsA(expression, TypeCast))
		expression = ((const TypeCast *) expression)->arg;
	if (expression == NULL || !IsA(expression, FuncCall))
		return NULL;
	name = strVal(llast(((const FuncCall *) expression)->funcname));
	for (int i = 0; i < lengthof(volatile_functions); i++)
		if (strcmp(name, volatile_functions[i]) == 0)
			return volatile_functions[i];
	return NULL;
}
