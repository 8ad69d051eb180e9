/*
 * statement_kind.c
 *	  What a parsed statement is, as far as running it is concerned.
 *
 * Looks at the raw parse tree only: what depends on the catalogs (REINDEX or
 * CLUSTER of a partitioned table, DROP SUBSCRIPTION with a slot) is ordinary
 * here and left to the server when it runs.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "tcop/utility.h"

#include "script/statement_kind.h"

/* the extension and its schema */
#define OWN_NAME "migrator"

/* a table, its TOAST table and the index of that */
#define TABLE_LOCKS 3

static const ForbiddenStatement discard_all = {
	"DISCARD ALL", "It would release the lock that keeps other runs out.",
	ERRCODE_FEATURE_NOT_SUPPORTED
};
static const ForbiddenStatement unlock_all = {
	"pg_advisory_unlock_all()", "It would release the lock that keeps other runs out.",
	ERRCODE_FEATURE_NOT_SUPPORTED
};
static const ForbiddenStatement drop_extension = {
	"DROP EXTENSION " OWN_NAME, "It would remove the record of this run.",
	ERRCODE_OBJECT_IN_USE
};
static const ForbiddenStatement alter_extension = {
	"ALTER EXTENSION " OWN_NAME, "The extension cannot change while it runs a migration.",
	ERRCODE_OBJECT_IN_USE
};
static const ForbiddenStatement drop_schema = {
	"DROP SCHEMA " OWN_NAME, "It would remove the record of this run.",
	ERRCODE_OBJECT_IN_USE
};
static const ForbiddenStatement alter_schema = {
	"ALTER SCHEMA " OWN_NAME, "The extension cannot change while it runs a migration.",
	ERRCODE_OBJECT_IN_USE
};
static const ForbiddenStatement set_search_path = {
	"SET search_path = " OWN_NAME,
	"The script would create its objects in the schema of the extension.",
	ERRCODE_FEATURE_NOT_SUPPORTED
};

static StatementKind classify(const Node *node, const char **name);
static StatementKind classify_transaction(const TransactionStmt *stmt, const char **name);
static StatementKind classify_set(const VariableSetStmt *stmt, const char **name);
static StatementKind classify_copy(const CopyStmt *stmt, const char **name);
static StatementKind classify_maintenance(const Node *node, const char **name);
static StatementKind classify_definition(const Node *node, const char **name);
static StatementKind classify_reindex(const ReindexStmt *stmt, const char **name);
static StatementKind classify_alter_subscription(const AlterSubscriptionStmt *stmt,
												 const char **name);
static bool detaches_concurrently(const AlterTableStmt *stmt);
static bool creates_slot(const CreateSubscriptionStmt *stmt);
static bool has_option(const List *options, const char *name);
static bool option_is_true(const List *options, const char *name, bool fallback);
static const ForbiddenStatement *find_forbidden(const Node *node);
static bool names_own(const List *names);
static bool is_own_search_path(const VariableSetStmt *stmt);
static bool calls_unlock_all(Node *query);
static bool unlock_all_walker(Node *node, void *context);
static bool is_unlock_all(const FuncCall *call);
static int	table_locks(const CreateStmt *stmt);
static int	column_locks(const ColumnDef *column);
static int	constraint_locks(const Constraint *constraint);
static int	alter_locks(const AlterTableStmt *stmt);

StatementKind
statement_kind(const RawStmt *raw)
{
	const char *name;

	if (find_forbidden(raw->stmt) != NULL)
		return STATEMENT_FORBIDDEN;
	return classify(raw->stmt, &name);
}

const ForbiddenStatement *
statement_forbidden(const RawStmt *raw)
{
	return find_forbidden(raw->stmt);
}

const char *
statement_name(const RawStmt *raw)
{
	const ForbiddenStatement *forbidden = find_forbidden(raw->stmt);
	const char *name = NULL;

	if (forbidden != NULL)
		return forbidden->name;
	classify(raw->stmt, &name);
	return name != NULL ? name : GetCommandTagName(CreateCommandTag(raw->stmt));
}

const char *
statement_kind_name(StatementKind kind)
{
	switch (kind)
	{
		case STATEMENT_ORDINARY:
			return "ordinary";
		case STATEMENT_SET:
			return "set";
		case STATEMENT_COPY_IN:
			return "copy in";
		case STATEMENT_COPY_OUT:
			return "copy out";
		case STATEMENT_BEGIN:
			return "begin";
		case STATEMENT_COMMIT:
			return "commit";
		case STATEMENT_SET_TRANSACTION:
			return "set transaction";
		case STATEMENT_TRANSACTION_REFUSED:
			return "transaction refused";
		case STATEMENT_OUTSIDE:
			return "outside";
		case STATEMENT_FORBIDDEN:
			return "forbidden";
	}
	return "unknown";
}

bool
statement_begin_has_options(const RawStmt *raw)
{
	return IsA(raw->stmt, TransactionStmt) &&
		((const TransactionStmt *) raw->stmt)->options != NIL;
}

/* *name is set only where the command tag of the server would not do. */
static StatementKind
classify(const Node *node, const char **name)
{
	switch (nodeTag(node))
	{
		case T_TransactionStmt:
			return classify_transaction((const TransactionStmt *) node, name);
		case T_VariableSetStmt:
			return classify_set((const VariableSetStmt *) node, name);
		case T_CopyStmt:
			return classify_copy((const CopyStmt *) node, name);
		case T_VacuumStmt:
		case T_ReindexStmt:
		case T_ClusterStmt:
		case T_AlterSystemStmt:
			return classify_maintenance(node, name);
		default:
			return classify_definition(node, name);
	}
}

static StatementKind
classify_transaction(const TransactionStmt *stmt, const char **name)
{
	switch (stmt->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			return STATEMENT_BEGIN;
		case TRANS_STMT_COMMIT:
			if (!stmt->chain)
				return STATEMENT_COMMIT;
			*name = "COMMIT AND CHAIN";
			break;
		case TRANS_STMT_ROLLBACK:
			if (stmt->chain)
				*name = "ROLLBACK AND CHAIN";
			break;
		case TRANS_STMT_ROLLBACK_TO:
			*name = "ROLLBACK TO SAVEPOINT";
			break;
		case TRANS_STMT_RELEASE:
			*name = "RELEASE SAVEPOINT";
			break;
		default:
			break;
	}
	return STATEMENT_TRANSACTION_REFUSED;
}

static StatementKind
classify_set(const VariableSetStmt *stmt, const char **name)
{
	static const char *const of_transaction[] = {
		"TRANSACTION", "TRANSACTION SNAPSHOT", "transaction_isolation",
		"transaction_read_only", "transaction_deferrable"
	};

	for (int i = 0; stmt->name != NULL && i < lengthof(of_transaction); i++)
	{
		if (strcmp(stmt->name, of_transaction[i]) == 0)
		{
			*name = "SET TRANSACTION";
			return STATEMENT_SET_TRANSACTION;
		}
	}
	return STATEMENT_SET;
}

static StatementKind
classify_copy(const CopyStmt *stmt, const char **name)
{
	if (stmt->filename != NULL || stmt->is_program)
		return STATEMENT_ORDINARY;
	if (stmt->is_from)
	{
		*name = "COPY FROM stdin";
		return STATEMENT_COPY_IN;
	}
	*name = "COPY TO stdout";
	return STATEMENT_COPY_OUT;
}

static StatementKind
classify_maintenance(const Node *node, const char **name)
{
	bool		outside = true;

	switch (nodeTag(node))
	{
		case T_VacuumStmt:
			outside = ((const VacuumStmt *) node)->is_vacuumcmd;
			break;
		case T_ReindexStmt:
			return classify_reindex((const ReindexStmt *) node, name);
		case T_ClusterStmt:
			outside = ((const ClusterStmt *) node)->relation == NULL;
			break;
		default:
			break;
	}
	return outside ? STATEMENT_OUTSIDE : STATEMENT_ORDINARY;
}

static StatementKind
classify_definition(const Node *node, const char **name)
{
	bool		outside = false;

	switch (nodeTag(node))
	{
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
			outside = true;
			break;
		case T_IndexStmt:
			outside = ((const IndexStmt *) node)->concurrent;
			if (outside)
				*name = "CREATE INDEX CONCURRENTLY";
			break;
		case T_DropStmt:
			outside = ((const DropStmt *) node)->removeType == OBJECT_INDEX &&
				((const DropStmt *) node)->concurrent;
			if (outside)
				*name = "DROP INDEX CONCURRENTLY";
			break;
		case T_AlterTableStmt:
			outside = detaches_concurrently((const AlterTableStmt *) node);
			if (outside)
				*name = "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY";
			break;
		case T_AlterDatabaseStmt:
			outside = has_option(((const AlterDatabaseStmt *) node)->options, "tablespace");
			if (outside)
				*name = "ALTER DATABASE ... SET TABLESPACE";
			break;
		case T_CreateSubscriptionStmt:
			outside = creates_slot((const CreateSubscriptionStmt *) node);
			if (outside)
				*name = "CREATE SUBSCRIPTION ... WITH (create_slot = true)";
			break;
		case T_AlterSubscriptionStmt:
			return classify_alter_subscription((const AlterSubscriptionStmt *) node, name);
		default:
			break;
	}
	return outside ? STATEMENT_OUTSIDE : STATEMENT_ORDINARY;
}

static StatementKind
classify_reindex(const ReindexStmt *stmt, const char **name)
{
	bool		concurrently = option_is_true(stmt->params, "concurrently", false);

	switch (stmt->kind)
	{
		case REINDEX_OBJECT_SCHEMA:
			*name = concurrently ? "REINDEX SCHEMA CONCURRENTLY" : "REINDEX SCHEMA";
			return STATEMENT_OUTSIDE;
		case REINDEX_OBJECT_SYSTEM:
			*name = concurrently ? "REINDEX SYSTEM CONCURRENTLY" : "REINDEX SYSTEM";
			return STATEMENT_OUTSIDE;
		case REINDEX_OBJECT_DATABASE:
			*name = concurrently ? "REINDEX DATABASE CONCURRENTLY" : "REINDEX DATABASE";
			return STATEMENT_OUTSIDE;
		case REINDEX_OBJECT_INDEX:
			if (concurrently)
				*name = "REINDEX INDEX CONCURRENTLY";
			break;
		case REINDEX_OBJECT_TABLE:
			if (concurrently)
				*name = "REINDEX TABLE CONCURRENTLY";
			break;
	}
	return concurrently ? STATEMENT_OUTSIDE : STATEMENT_ORDINARY;
}

/*
 * failover can be altered from 17 on and two_phase from 18 on; older servers
 * refuse the options themselves, whatever we call the statement.
 */
static StatementKind
classify_alter_subscription(const AlterSubscriptionStmt *stmt, const char **name)
{
	switch (stmt->kind)
	{
		case ALTER_SUBSCRIPTION_REFRESH:
			*name = "ALTER SUBSCRIPTION ... REFRESH PUBLICATION";
			return STATEMENT_OUTSIDE;
		case ALTER_SUBSCRIPTION_SET_PUBLICATION:
		case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
		case ALTER_SUBSCRIPTION_DROP_PUBLICATION:
			if (!option_is_true(stmt->options, "refresh", true))
				return STATEMENT_ORDINARY;
			*name = "ALTER SUBSCRIPTION ... PUBLICATION ... WITH (refresh = true)";
			return STATEMENT_OUTSIDE;
		case ALTER_SUBSCRIPTION_OPTIONS:
			/* changing these changes the slot as well */
			if (has_option(stmt->options, "failover"))
			{
				*name = "ALTER SUBSCRIPTION ... SET (failover)";
				return STATEMENT_OUTSIDE;
			}
			if (!option_is_true(stmt->options, "two_phase", true))
			{
				*name = "ALTER SUBSCRIPTION ... SET (two_phase)";
				return STATEMENT_OUTSIDE;
			}
			return STATEMENT_ORDINARY;
		default:
			return STATEMENT_ORDINARY;
	}
}

static bool
detaches_concurrently(const AlterTableStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, command->def)->concurrent)
			return true;
	}
	return false;
}

/* a slot is made unless create_slot or connect is switched off */
static bool
creates_slot(const CreateSubscriptionStmt *stmt)
{
	return option_is_true(stmt->options, "create_slot",
						  option_is_true(stmt->options, "connect", true));
}

static bool
has_option(const List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		if (strcmp(lfirst_node(DefElem, cell)->defname, name) == 0)
			return true;
	}
	return false;
}

/* The last one counts, as for VACUUM and REINDEX in the server. */
static bool
option_is_true(const List *options, const char *name, bool fallback)
{
	bool		result = fallback;
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0)
			result = defGetBoolean(option);
	}
	return result;
}

static const ForbiddenStatement *
find_forbidden(const Node *node)
{
	switch (nodeTag(node))
	{
		case T_DiscardStmt:
			return ((const DiscardStmt *) node)->target == DISCARD_ALL ? &discard_all : NULL;
		case T_DropStmt:
			{
				const DropStmt *stmt = (const DropStmt *) node;

				if (stmt->removeType == OBJECT_EXTENSION && names_own(stmt->objects))
					return &drop_extension;
				if (stmt->removeType == OBJECT_SCHEMA && names_own(stmt->objects))
					return &drop_schema;
				return NULL;
			}
		case T_AlterExtensionStmt:
			return strcmp(((const AlterExtensionStmt *) node)->extname, OWN_NAME) == 0 ?
				&alter_extension : NULL;
		case T_AlterExtensionContentsStmt:
			return strcmp(((const AlterExtensionContentsStmt *) node)->extname, OWN_NAME) == 0 ?
				&alter_extension : NULL;
		case T_AlterObjectSchemaStmt:
			{
				const AlterObjectSchemaStmt *stmt = (const AlterObjectSchemaStmt *) node;

				return stmt->objectType == OBJECT_EXTENSION &&
					strcmp(strVal(stmt->object), OWN_NAME) == 0 ? &alter_extension : NULL;
			}
		case T_RenameStmt:
			{
				const RenameStmt *stmt = (const RenameStmt *) node;

				return stmt->renameType == OBJECT_SCHEMA &&
					strcmp(stmt->subname, OWN_NAME) == 0 ? &alter_schema : NULL;
			}
		case T_VariableSetStmt:
			return is_own_search_path((const VariableSetStmt *) node) ? &set_search_path : NULL;
		default:
			return calls_unlock_all(unconstify(Node *, node)) ? &unlock_all : NULL;
	}
}

/* names is a list of String, as DROP EXTENSION and DROP SCHEMA have it */
static bool
names_own(const List *names)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		if (IsA(lfirst(cell), String) && strcmp(strVal(lfirst(cell)), OWN_NAME) == 0)
			return true;
	}
	return false;
}

static bool
is_own_search_path(const VariableSetStmt *stmt)
{
	A_Const    *first;

	if (stmt->kind != VAR_SET_VALUE || pg_strcasecmp(stmt->name, "search_path") != 0 ||
		stmt->args == NIL || !IsA(linitial(stmt->args), A_Const))
		return false;
	first = linitial_node(A_Const, stmt->args);
	return !first->isnull && nodeTag(&first->val) == T_String &&
		strcmp(strVal(&first->val), OWN_NAME) == 0;
}

/*
 * Only in statements that run a query.  What raw_expression_tree_walker does
 * not know it raises an error for; such a statement is let pass, since the
 * lock is looked at again after each migration.
 */
static bool
calls_unlock_all(Node *query)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool found = false;

	switch (nodeTag(query))
	{
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			break;
		case T_ExplainStmt:
			return calls_unlock_all(((ExplainStmt *) query)->query);
		case T_CreateTableAsStmt:
			return calls_unlock_all(((CreateTableAsStmt *) query)->query);
		case T_CopyStmt:
			return ((CopyStmt *) query)->query != NULL &&
				calls_unlock_all(((CopyStmt *) query)->query);
		case T_DeclareCursorStmt:
			return calls_unlock_all(((DeclareCursorStmt *) query)->query);
		case T_PrepareStmt:
			return calls_unlock_all(((PrepareStmt *) query)->query);
		case T_CallStmt:
			query = (Node *) ((CallStmt *) query)->funccall;
			break;
		default:
			return false;
	}

	PG_TRY();
	{
		error_context_stack = NULL;
		found = unlock_all_walker(query, NULL);
	}
	PG_CATCH();
	{
		int			sqlstate = geterrcode();

		if (sqlstate != ERRCODE_INTERNAL_ERROR &&
			sqlstate != ERRCODE_STATEMENT_TOO_COMPLEX)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();

	return found;
}

static bool
unlock_all_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncCall) && is_unlock_all((const FuncCall *) node))
		return true;
	return raw_expression_tree_walker(node, unlock_all_walker, context);
}

static bool
is_unlock_all(const FuncCall *call)
{
	if (strcmp(strVal(llast(call->funcname)), "pg_advisory_unlock_all") != 0)
		return false;
	return list_length(call->funcname) == 1 ||
		strcmp(strVal(linitial(call->funcname)), "pg_catalog") == 0;
}

int
statement_lock_estimate(const RawStmt *raw)
{
	const Node *node = raw->stmt;
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
