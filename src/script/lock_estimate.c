/*
 * lock_estimate.c
 *	  How many locks a statement's new objects will need.
 */
#include "postgres.h"

#include "nodes/value.h"

#include "script/lock_estimate.h"

/* a table, its TOAST table and the index of that */
#define TABLE_LOCKS 3

static int	table_locks(const CreateStmt *stmt);
static int	column_locks(const ColumnDef *column);
static int	constraint_locks(const Constraint *constraint);
static int	alter_locks(const AlterTableStmt *stmt);

int
lock_estimate(const Node *node)
{
	int			locks = 0;
	ListCell   *cell;

	switch (nodeTag(node))
	{
		case T_CreateStmt:
			return table_locks((const CreateStmt *) node);
		case T_CreateForeignTableStmt:
			return 1;
		case T_CreateTableAsStmt:
			return TABLE_LOCKS;
		case T_SelectStmt:
			return ((const SelectStmt *) node)->intoClause != NULL ? TABLE_LOCKS : 0;
		case T_IndexStmt:
		case T_CreateSeqStmt:
		case T_ViewStmt:
		case T_CompositeTypeStmt:
			return 1;
		case T_AlterTableStmt:
			return alter_locks((const AlterTableStmt *) node);
		case T_CreateSchemaStmt:
			foreach(cell, ((const CreateSchemaStmt *) node)->schemaElts)
			{
				const Node *element = lfirst(cell);

				if (IsA(element, CreateStmt))
					locks += table_locks((const CreateStmt *) element);
				else if (IsA(element, IndexStmt) || IsA(element, CreateSeqStmt) ||
						 IsA(element, ViewStmt))
					locks++;
			}
			return locks;
		default:
			return 0;
	}
}

/* A partitioned table has no storage, hence no TOAST table. */
static int
table_locks(const CreateStmt *stmt)
{
	int			locks = stmt->partspec != NULL ? 1 : TABLE_LOCKS;
	ListCell   *cell;

	foreach(cell, stmt->tableElts)
	{
		const Node *element = lfirst(cell);

		if (IsA(element, ColumnDef))
			locks += column_locks((const ColumnDef *) element);
		else if (IsA(element, Constraint))
			locks += constraint_locks((const Constraint *) element);
	}
	return locks;
}

/* a serial column has a sequence */
static int
column_locks(const ColumnDef *column)
{
	static const char *const serials[] = {
		"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"
	};
	int			locks = 0;
	ListCell   *cell;

	if (column->typeName != NULL && list_length(column->typeName->names) == 1)
	{
		for (int i = 0; i < lengthof(serials); i++)
			if (strcmp(strVal(linitial(column->typeName->names)), serials[i]) == 0)
				locks++;
	}
	foreach(cell, column->constraints)
	{
		if (IsA(lfirst(cell), Constraint))
			locks += constraint_locks(lfirst_node(Constraint, cell));
	}
	return locks;
}

static int
constraint_locks(const Constraint *constraint)
{
	switch (constraint->contype)
	{
		case CONSTR_IDENTITY:
		case CONSTR_EXCLUSION:
			return 1;
		case CONSTR_PRIMARY:
		case CONSTR_UNIQUE:
			return constraint->indexname == NULL ? 1 : 0;
		default:
			return 0;
	}
}

static int
alter_locks(const AlterTableStmt *stmt)
{
	int			locks = 0;
	ListCell   *cell;

	foreach(cell, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->def == NULL)
			continue;
		if (IsA(command->def, ColumnDef) && command->subtype == AT_AddColumn)
			locks += column_locks((const ColumnDef *) command->def);
		else if (IsA(command->def, Constraint))
			locks += constraint_locks((const Constraint *) command->def);
	}
	return locks;
}
