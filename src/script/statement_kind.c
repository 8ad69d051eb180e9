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
#include "tcop/utility.h"

#include "script/statement_kind.h"

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

StatementKind
statement_kind(const Node *node)
{
	const char *name;

	return classify(node, &name);
}

const char *
statement_name(const Node *node)
{
	const char *name = NULL;

	classify(node, &name);
	return name != NULL ? name : GetCommandTagName(CreateCommandTag(unconstify(Node *, node)));
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
statement_begin_has_options(const Node *node)
{
	return IsA(node, TransactionStmt) && ((const TransactionStmt *) node)->options != NIL;
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
