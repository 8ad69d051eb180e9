/*
 * visit.c
 *	  The visitor of parse trees.
 *
 * Costs of rules that want nothing are one look into an array for each node.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "script/visit.h"

typedef struct Visit
{
	const RuleTable *table;
	const Script *script;
	const Statement *statement;
	RuleSink   *sink;
} Visit;

static void index_rules(RuleTable *table);
static bool visit_inside(Node *node, Visit *visit);
static bool visit_names(Node *node, Visit *visit);
static bool visit_part(Node *node, Visit *visit);
static bool visit_list(List *list, Visit *visit);
static bool visit_query(Node *node, Visit *visit);
static bool visit_expression(Node *node, void *context);
static bool ask_rules(const Visit *visit, NodeTag wants, const Node *node);

static inline bool
is_wanted(const Visit *visit, NodeTag tag)
{
	return tag < NODE_TAGS && visit->table->first[tag] != 0;
}

/*
 * What is inside comes first: of a statement that runs something forbidden,
 * that is said, and not what else is wrong with it.
 */
void
visit_statement(RuleTable *table, const Script *script, const Statement *statement,
				const RawStmt *raw, RuleSink *sink)
{
	Visit		visit = {.table = table,.script = script,.statement = statement,.sink = sink};

	if (!table->indexed)
		index_rules(table);
	sink->top = raw->stmt;
	if (!visit_inside(raw->stmt, &visit) && !ask_rules(&visit, nodeTag(raw->stmt), raw->stmt))
		(void) ask_rules(&visit, EVERY_STATEMENT, raw->stmt);
}

static void
index_rules(RuleTable *table)
{
	Assert(table->count < PG_UINT8_MAX);
	for (int i = table->count - 1; i >= 0; i--)
	{
		NodeTag		wants = table->rules[i].wants;

		if (wants >= NODE_TAGS)
			elog(ERROR, "node tag %d is too large for a rule", (int) wants);
		Assert(table->first[wants] == 0 || table->first[wants] == i + 2);
		table->first[wants] = (uint8) (i + 1);
	}
	table->indexed = true;
}

/* The parts of a statement that are visited.  True: enough. */
static bool
visit_inside(Node *node, Visit *visit)
{
	if (is_wanted(visit, T_RangeVar) && visit_names(node, visit))
		return true;
	switch (nodeTag(node))
	{
			/* what it runs */
		case T_SelectStmt:
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
			return visit_query(node, visit);
		case T_ExplainStmt:
			return visit_part(((ExplainStmt *) node)->query, visit);
		case T_CreateTableAsStmt:
			return visit_part(((CreateTableAsStmt *) node)->query, visit);
		case T_CopyStmt:
			return visit_part(((CopyStmt *) node)->query, visit) ||
				(((CopyStmt *) node)->whereClause != NULL &&
				 visit_query(((CopyStmt *) node)->whereClause, visit));
		case T_DeclareCursorStmt:
			return visit_part(((DeclareCursorStmt *) node)->query, visit);
		case T_PrepareStmt:
			return visit_part(((PrepareStmt *) node)->query, visit);
		case T_CallStmt:
			return visit_query((Node *) ((CallStmt *) node)->funccall, visit);

			/* what it defines */
		case T_CreateSchemaStmt:
			return visit_list(((CreateSchemaStmt *) node)->schemaElts, visit);
		case T_CreateStmt:
			return visit_list(((CreateStmt *) node)->tableElts, visit);
		case T_CreateForeignTableStmt:
			return visit_list(((CreateForeignTableStmt *) node)->base.tableElts, visit);
		case T_AlterTableStmt:
			return visit_list(((AlterTableStmt *) node)->cmds, visit);
		case T_AlterTableCmd:
			return visit_part(((AlterTableCmd *) node)->def, visit);
		case T_ColumnDef:
			return visit_list(((ColumnDef *) node)->constraints, visit);
		default:
			return false;
	}
}

/* The relations that a definition names. */
static bool
visit_names(Node *node, Visit *visit)
{
	RangeVar   *relation = NULL;
	ListCell   *cell;

	switch (nodeTag(node))
	{
		case T_CreateStmt:
			return visit_part((Node *) ((CreateStmt *) node)->relation, visit) ||
				visit_list(((CreateStmt *) node)->inhRelations, visit);
		case T_CreateForeignTableStmt:
			relation = ((CreateForeignTableStmt *) node)->base.relation;
			break;
		case T_CreateTableAsStmt:
			relation = ((CreateTableAsStmt *) node)->into->rel;
			break;
		case T_AlterTableStmt:
			relation = ((AlterTableStmt *) node)->relation;
			break;
		case T_AlterObjectSchemaStmt:
			relation = ((AlterObjectSchemaStmt *) node)->relation;
			break;
		case T_RenameStmt:
			relation = ((RenameStmt *) node)->relation;
			break;
		case T_Constraint:
			relation = ((Constraint *) node)->pktable;
			break;
		case T_CopyStmt:
			relation = ((CopyStmt *) node)->relation;
			break;
		case T_CreatePolicyStmt:
			relation = ((CreatePolicyStmt *) node)->table;
			break;
		case T_CreateSeqStmt:
			relation = ((CreateSeqStmt *) node)->sequence;
			break;
		case T_AlterSeqStmt:
			relation = ((AlterSeqStmt *) node)->sequence;
			break;
		case T_CreateTrigStmt:
			relation = ((CreateTrigStmt *) node)->relation;
			break;
		case T_IndexStmt:
			relation = ((IndexStmt *) node)->relation;
			break;
		case T_RefreshMatViewStmt:
			relation = ((RefreshMatViewStmt *) node)->relation;
			break;
		case T_RuleStmt:
			relation = ((RuleStmt *) node)->relation;
			break;
		case T_ViewStmt:
			relation = ((ViewStmt *) node)->view;
			break;
		case T_LockStmt:
			return visit_list(((LockStmt *) node)->relations, visit);
		case T_TruncateStmt:
			return visit_list(((TruncateStmt *) node)->relations, visit);
		case T_GrantStmt:
			return ((GrantStmt *) node)->objtype == OBJECT_TABLE &&
				visit_list(((GrantStmt *) node)->objects, visit);
		case T_VacuumStmt:
			foreach(cell, ((VacuumStmt *) node)->rels)
			{
				if (visit_part((Node *) lfirst_node(VacuumRelation, cell)->relation, visit))
					return true;
			}
			return false;
		default:
			return false;
	}
	return visit_part((Node *) relation, visit);
}

static bool
visit_part(Node *node, Visit *visit)
{
	return node != NULL &&
		(ask_rules(visit, nodeTag(node), node) || visit_inside(node, visit));
}

static bool
visit_list(List *list, Visit *visit)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		if (visit_part(lfirst(cell), visit))
			return true;
	}
	return false;
}

/*
 * Inside of a query, or of an expression, the server knows the way; but what its walker does not know
 * it raises an error for, as for trees that are too deep for it.
 */
static bool
visit_query(Node *node, Visit *visit)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		error_context_stack = NULL;
		done = IsA(node, FuncCall) ? visit_expression(node, visit) :
			raw_expression_tree_walker(node, visit_expression, visit);
	}
	PG_CATCH();
	{
		int			sqlstate = geterrcode();

		/* the walker's own, not a rule's */
		if (visit->sink->rule != NULL ||
			(sqlstate != ERRCODE_INTERNAL_ERROR &&
			 sqlstate != ERRCODE_STATEMENT_TOO_COMPLEX))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();

	return done;
}

static bool
visit_expression(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (is_wanted(context, nodeTag(node)) && ask_rules(context, nodeTag(node), node))
		return true;
	return raw_expression_tree_walker(node, visit_expression, context);
}

/* True: the statement is forbidden. */
static bool
ask_rules(const Visit *visit, NodeTag wants, const Node *node)
{
	const RuleTable *table = visit->table;
	RuleSink   *sink = visit->sink;

	if (!is_wanted(visit, wants))
		return false;
	for (int i = table->first[wants] - 1;
		 i < table->count && table->rules[i].wants == wants && !sink->forbidden; i++)
	{
		const ScriptRule *rule = &table->rules[i];

		if (sink->forbidding_only && !rule->forbids)
			continue;
		sink->rule = rule;
		rule->rule(visit->script, visit->statement, node, sink);
		sink->rule = NULL;
	}
	return sink->forbidden;
}

void
rule_report(RuleSink *sink, int sqlstate, const char *message, const char *detail, const char *hint)
{
	const ScriptRule *rule = sink->rule;

	sink->forbidden |= rule->forbids;
	if (sink->script != NULL)
		script_statement_problem(sink->script, sink->statement, rule->check, sqlstate,
								 message, detail, hint);
}
