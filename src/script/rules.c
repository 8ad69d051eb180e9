/*
 * rules.c
 *	  The rules over parse trees.
 *
 * A new rule is one function here and one row at the end; a new check is a row
 * in base/checks.c besides.  What a rule is given to see is in visit.h.
 */
#include "postgres.h"

#include "nodes/value.h"

#include "script/change.h"
#include "script/lint.h"
#include "script/made.h"
#include "script/rules.h"
#include "script/suggestions.h"
#include "script/visit.h"

/* the extension and its schema */
#define OWN_NAME "migrator"

static void
forbid(RuleSink *sink, int sqlstate, const char *what, const char *reason)
{
	rule_report(sink, sqlstate, psprintf("%s is not allowed in a migration", what), reason, NULL);
}

static void
forbid_discard_all(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	if (((const DiscardStmt *) node)->target == DISCARD_ALL)
		forbid(sink, ERRCODE_FEATURE_NOT_SUPPORTED, "DISCARD ALL",
			   "It would release the lock that keeps other runs out.");
}

/* Under another schema's name it is another function. */
static void
forbid_unlock_all(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const List *name = ((const FuncCall *) node)->funcname;

	if (strcmp(strVal(llast(name)), "pg_advisory_unlock_all") == 0 &&
		(list_length(name) == 1 || strcmp(strVal(linitial(name)), "pg_catalog") == 0))
		forbid(sink, ERRCODE_FEATURE_NOT_SUPPORTED, "pg_advisory_unlock_all()",
			   "It would release the lock that keeps other runs out.");
}

static void
forbid_own_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const DropStmt *stmt = (const DropStmt *) node;
	ListCell   *cell;

	if (stmt->removeType != OBJECT_EXTENSION && stmt->removeType != OBJECT_SCHEMA)
		return;
	foreach(cell, stmt->objects)
	{
		if (!IsA(lfirst(cell), String) || strcmp(strVal(lfirst(cell)), OWN_NAME) != 0)
			continue;
		forbid(sink, ERRCODE_OBJECT_IN_USE,
			   stmt->removeType == OBJECT_EXTENSION ? "DROP EXTENSION " OWN_NAME : "DROP SCHEMA " OWN_NAME,
			   "It would remove the record of this run.");
		return;
	}
}

static void
forbid_own_change(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const char *what = "ALTER EXTENSION " OWN_NAME;
	const char *name = NULL;

	switch (nodeTag(node))
	{
		case T_AlterExtensionStmt:
			name = ((const AlterExtensionStmt *) node)->extname;
			break;
		case T_AlterExtensionContentsStmt:
			name = ((const AlterExtensionContentsStmt *) node)->extname;
			break;
		case T_AlterObjectSchemaStmt:
			if (((const AlterObjectSchemaStmt *) node)->objectType == OBJECT_EXTENSION)
				name = strVal(((const AlterObjectSchemaStmt *) node)->object);
			break;
		case T_RenameStmt:
			what = "ALTER SCHEMA " OWN_NAME;
			if (((const RenameStmt *) node)->renameType == OBJECT_SCHEMA)
				name = ((const RenameStmt *) node)->subname;
			break;
		default:
			break;
	}
	if (name != NULL && strcmp(name, OWN_NAME) == 0)
		forbid(sink, ERRCODE_OBJECT_IN_USE, what,
			   "The extension cannot change while it runs a migration.");
}

/* As the first schema of the path: that is where objects are created. */
static void
forbid_own_search_path(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const VariableSetStmt *stmt = (const VariableSetStmt *) node;
	A_Const    *first;

	if (stmt->kind != VAR_SET_VALUE || pg_strcasecmp(stmt->name, "search_path") != 0 ||
		stmt->args == NIL || !IsA(linitial(stmt->args), A_Const))
		return;
	first = linitial_node(A_Const, stmt->args);
	if (!first->isnull && nodeTag(&first->val) == T_String &&
		strcmp(strVal(&first->val), OWN_NAME) == 0)
		forbid(sink, ERRCODE_FEATURE_NOT_SUPPORTED, "SET search_path = " OWN_NAME,
			   "The script would create its objects in the schema of the extension.");
}

static void
refuse_copy_out(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	if (statement->kind == STATEMENT_COPY_OUT)
		rule_report(sink, ERRCODE_FEATURE_NOT_SUPPORTED,
					"COPY ... TO stdout is not supported in a migration",
					NULL, "The rows have nowhere to go.");
}

static void
refuse_transaction_statement(const Script *script, const Statement *statement, const Node *node,
							 RuleSink *sink)
{
	if (statement->kind == STATEMENT_TRANSACTION_REFUSED)
		rule_report(sink, ERRCODE_FEATURE_NOT_SUPPORTED,
					psprintf("%s is not supported yet in a migration", statement_name(node)),
					NULL, "Supported are BEGIN, START TRANSACTION, COMMIT and END.");
}

/* VACUUM and the like between BEGIN and COMMIT */
static void
refuse_inside_transaction(const Script *script, const Statement *statement, const Node *node,
						  RuleSink *sink)
{
	if (statement->kind == STATEMENT_OUTSIDE && sink->begin >= 0)
		rule_report(sink, ERRCODE_ACTIVE_SQL_TRANSACTION,
					psprintf("%s cannot run inside a transaction block", statement_name(node)),
					psprintf("The script begins a transaction on line %u.",
							 script->statements[sink->begin].line),
					NULL);
}

/* What forbids comes first; what a script makes is remembered last. */
static const ScriptRule rules[] = {
	{T_DiscardStmt, CHECK_SYNTAX, true, forbid_discard_all},
	{T_FuncCall, CHECK_SYNTAX, true, forbid_unlock_all},
	{T_DropStmt, CHECK_SYNTAX, true, forbid_own_drop},
	{T_DropStmt, CHECK_DESTRUCTIVE, false, change_drop},
	{T_DropStmt, CHECK_QUALIFICATION, false, lint_relation},
	{T_DropStmt, CHECK_CASCADE, false, lint_cascade},
	{T_DropStmt, CHECK_SUGGESTIONS, false, suggest_index},
	{T_DropStmt, CHECK_DESTRUCTIVE, false, made_drop},
	{T_AlterExtensionStmt, CHECK_SYNTAX, true, forbid_own_change},
	{T_AlterExtensionContentsStmt, CHECK_SYNTAX, true, forbid_own_change},
	{T_AlterObjectSchemaStmt, CHECK_SYNTAX, true, forbid_own_change},
	{T_AlterObjectSchemaStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_AlterObjectSchemaStmt, CHECK_DESTRUCTIVE, false, made_forget},
	{T_RenameStmt, CHECK_SYNTAX, true, forbid_own_change},
	{T_RenameStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_RenameStmt, CHECK_DESTRUCTIVE, false, made_forget},
	{T_VariableSetStmt, CHECK_SYNTAX, true, forbid_own_search_path},
	{T_VariableSetStmt, CHECK_DESTRUCTIVE, false, made_forget},
	{T_VariableSetStmt, CHECK_QUALIFICATION, false, lint_search_path},
	{T_CopyStmt, CHECK_SYNTAX, true, refuse_copy_out},
	{T_TransactionStmt, CHECK_TRANSACTIONS, true, refuse_transaction_statement},

	{T_AlterTableStmt, CHECK_DESTRUCTIVE, false, change_alter_table},
	{T_AlterTableStmt, CHECK_CASCADE, false, lint_cascade},
	{T_AlterTableStmt, CHECK_SUGGESTIONS, false, suggest_alter_table},
	{T_AlterTableStmt, CHECK_DESTRUCTIVE, false, made_create},
	{T_AlterDomainStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_AlterDomainStmt, CHECK_CASCADE, false, lint_cascade},
	{T_AlterEnumStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_CallStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropdbStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropOwnedStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropOwnedStmt, CHECK_CASCADE, false, lint_cascade},
	{T_DropRoleStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropSubscriptionStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropTableSpaceStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DropUserMappingStmt, CHECK_DESTRUCTIVE, false, change_definition},
	{T_DoStmt, CHECK_DESTRUCTIVE, false, change_hidden},

	{T_DeleteStmt, CHECK_DESTRUCTIVE, false, change_rows},
	{T_DeleteStmt, CHECK_NO_WHERE, false, lint_no_where},
	{T_UpdateStmt, CHECK_DESTRUCTIVE, false, change_rows},
	{T_UpdateStmt, CHECK_NO_WHERE, false, lint_no_where},
	{T_UpdateStmt, CHECK_SUGGESTIONS, false, suggest_batches},
	{T_InsertStmt, CHECK_DESTRUCTIVE, false, change_rows},
	{T_MergeStmt, CHECK_DESTRUCTIVE, false, change_rows},
	{T_TruncateStmt, CHECK_DESTRUCTIVE, false, change_rows},
	{T_TruncateStmt, CHECK_CASCADE, false, lint_cascade},

	{T_RangeVar, CHECK_QUALIFICATION, false, lint_relation},
	{T_CommonTableExpr, CHECK_QUALIFICATION, false, lint_query},
	{T_LockingClause, CHECK_QUALIFICATION, false, lint_query},

	{T_IndexStmt, CHECK_SUGGESTIONS, false, suggest_index},
	{T_CreateEnumStmt, CHECK_SUGGESTIONS, false, suggest_enum},
	{T_CreateStmt, CHECK_SUGGESTIONS, false, suggest_create_table},
	{T_CreateStmt, CHECK_DESTRUCTIVE, false, made_create},
	{T_CreateTableAsStmt, CHECK_DESTRUCTIVE, false, made_create},
	{T_SelectStmt, CHECK_DESTRUCTIVE, false, made_create},
	{T_ViewStmt, CHECK_DESTRUCTIVE, false, made_create},
	{T_CreateSeqStmt, CHECK_DESTRUCTIVE, false, made_create},

	{EVERY_STATEMENT, CHECK_QUALIFICATION, false, lint_names},
	{EVERY_STATEMENT, CHECK_TRANSACTIONS, false, refuse_inside_transaction},
};

static RuleTable table = {.rules = rules,.count = lengthof(rules)};

bool
rules_apply(Script *script, int i, const RawStmt *raw, int begin)
{
	RuleSink	sink = {.script = script,.statement = i,.begin = begin};

	visit_statement(&table, script, &script->statements[i], raw, &sink);
	return sink.forbidden;
}

bool
rules_forbid(const Script *script, int i, StatementKind kind, const RawStmt *raw)
{
	RuleSink	sink = {.statement = i,.begin = -1,.forbidding_only = true};
	Statement	statement = script->statements[i];

	statement.kind = (uint8) kind;
	visit_statement(&table, script, &statement, raw, &sink);
	return sink.forbidden;
}

void
rules_finish(Script *script)
{
	script->changes.complete = script->errors == 0;
	suggestions_finish(script);
	lint_finish(script);
}
