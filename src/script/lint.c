/*
 * lint.c
 *	  Lint: the remarks, and the rules about names, CASCADE and WHERE.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "nodes/value.h"
#include "utils/memutils.h"

#include "script/change.h"
#include "script/lint.h"
#include "script/made.h"

/* of one rule in one script */
#define KEPT_OF_A_LIST 1
#define KEPT_OF_STATEMENTS 10

typedef struct LintRow
{
	CheckId		check;
	int			kept;
	const char *hint;
} LintRow;

/* What has been remarked of a script so far. */
typedef struct Lint
{
	int			count[LINT_RULES];
	ScriptProblem *last[LINT_RULES];	/* that is kept */
	bool		own_search_path;
} Lint;

static const LintRow rows[LINT_RULES] = {
	[LINT_QUALIFICATION] = {
		CHECK_QUALIFICATION, KEPT_OF_A_LIST,
		"Write schema.table, or SET search_path in the script."
	},
	[LINT_CASCADE] = {
		CHECK_CASCADE, KEPT_OF_STATEMENTS,
		"Drop by name whatever depends on it, so that the script says what is lost."
	},
	[LINT_NO_WHERE] = {
		CHECK_NO_WHERE, KEPT_OF_STATEMENTS,
		"Say which rows are meant; a large table is better changed in batches."
	},
	[LINT_CREATE_INDEX] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"CREATE INDEX CONCURRENTLY lets writes go on; it needs CALL migrator.up()."
	},
	[LINT_DROP_INDEX] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"DROP INDEX CONCURRENTLY does not lock the table; it needs CALL migrator.up()."
	},
	[LINT_FOREIGN_KEY] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Add it NOT VALID, and VALIDATE CONSTRAINT in a later migration, which lets writes go on."
	},
	[LINT_FOREIGN_KEY_INDEX] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Without an index each DELETE of a referenced row reads the whole referencing table."
	},
	[LINT_SET_NOT_NULL] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Add CHECK (column IS NOT NULL) NOT VALID and validate it in a later migration: SET NOT NULL then reads nothing."
	},
	[LINT_VOLATILE_DEFAULT] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Add the column without it, SET DEFAULT, and fill the rows in batches."
	},
	[LINT_BATCHES] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Fill the rows of a large table in batches, in a migration that says \"-- migrator: no-transaction\"."
	},
	[LINT_COLUMN_TYPE] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Add a column of the new type, fill it in batches, and take the old one away in a later migration."
	},
	[LINT_ENUM] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Values of an enum cannot be removed; a table of values or a CHECK can be changed."
	},
	[LINT_CHAR] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"char(n) is padded with blanks and not smaller: use text."
	},
	[LINT_VARCHAR] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Use text; a CHECK of the length can be changed without locking the table for long."
	},
	[LINT_TIMESTAMP] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"timestamptz is a point in time wherever the client is."
	},
	[LINT_SMALL_KEY] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"Use bigint: an integer key ends at 2147483647, and to change it means to rewrite the table."
	},
	[LINT_SERIAL] = {
		CHECK_SUGGESTIONS, KEPT_OF_A_LIST,
		"GENERATED ALWAYS AS IDENTITY keeps its sequence and the rights on it together with the column."
	},
};

static Lint *lint_of(Script *script);
static int	compare_remarks(const ListCell *a, const ListCell *b);
static int	compare_names(const ListCell *a, const ListCell *b);
static void collect_dropped(const DropStmt *stmt, RuleSink *sink);

static Lint *
lint_of(Script *script)
{
	if (script->lint == NULL)
		script->lint = MemoryContextAllocZero(GetMemoryChunkContext(script), sizeof(Lint));
	return script->lint;
}

void
lint_remark(Script *script, int i, LintRule rule, const char *message)
{
	Lint	   *lint = lint_of(script);
	const LintRow *row = &rows[rule];
	MemoryContext old;
	ScriptProblem *remark;

	if (lint->count[rule]++ >= row->kept)
		return;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(script));
	remark = palloc0(sizeof(ScriptProblem));
	remark->check = row->check;
	remark->message = pstrdup(message);
	remark->hint = unconstify(char *, row->hint);
	remark->line = (int) script->statements[i].line;
	remark->column = (int) script->statements[i].column;
	remark->statement = i;
	script->remarks = lappend(script->remarks, remark);
	lint->last[rule] = remark;
	MemoryContextSwitchTo(old);
}

void
lint_finish(Script *script)
{
	Lint	   *lint = script->lint;

	if (lint == NULL)
		return;
	for (int i = 0; i < LINT_RULES; i++)
	{
		int			others = lint->count[i] - rows[i].kept;

		if (others > 0)
			lint->last[i]->detail = MemoryContextStrdup(GetMemoryChunkContext(script),
														psprintf("and %d more like it in this script", others));
	}
	list_sort(script->remarks, compare_remarks);
}

static int
compare_remarks(const ListCell *a, const ListCell *b)
{
	const ScriptProblem *first = lfirst(a);
	const ScriptProblem *second = lfirst(b);

	if (first->statement != second->statement)
		return first->statement < second->statement ? -1 : 1;
	return (int) first->check - (int) second->check;
}

/*
 * Names without a schema are collected first: whether one is that of a query in
 * WITH, or the alias in FOR UPDATE OF, is known at the end of the statement.
 */
void
lint_relation(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const RangeVar *relation;

	if (IsA(sink->top, CreateSchemaStmt) || (script->lint != NULL && script->lint->own_search_path))
		return;
	if (IsA(node, DropStmt))
	{
		collect_dropped((const DropStmt *) node, sink);
		return;
	}
	relation = (const RangeVar *) node;
	if (relation->schemaname == NULL && relation->relpersistence != RELPERSISTENCE_TEMP)
		sink->relations = lappend(sink->relations, relation->relname);
}

static void
collect_dropped(const DropStmt *stmt, RuleSink *sink)
{
	ListCell   *cell;

	if (stmt->removeType != OBJECT_TABLE && stmt->removeType != OBJECT_FOREIGN_TABLE &&
		stmt->removeType != OBJECT_VIEW && stmt->removeType != OBJECT_MATVIEW &&
		stmt->removeType != OBJECT_SEQUENCE && stmt->removeType != OBJECT_INDEX)
		return;
	foreach(cell, stmt->objects)
	{
		const char *name = strVal(linitial(lfirst(cell)));

		/* at the end of the statement nothing is known of it any more */
		if (list_length(lfirst(cell)) == 1 && !made_is_temporary(sink->script, name))
			sink->relations = lappend(sink->relations, unconstify(char *, name));
	}
}

void
lint_query(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	ListCell   *cell;

	if (IsA(node, CommonTableExpr))
	{
		sink->queries = lappend(sink->queries, ((const CommonTableExpr *) node)->ctename);
		return;
	}
	foreach(cell, ((const LockingClause *) node)->lockedRels)
	{
		sink->queries = lappend(sink->queries, lfirst_node(RangeVar, cell)->relname);
	}
}

/* A script that says where its names belong is taken at its word. */
void
lint_search_path(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const char *name = ((const VariableSetStmt *) node)->name;

	if (name != NULL && pg_strcasecmp(name, "search_path") == 0)
		lint_of(sink->script)->own_search_path = true;
}

/* Those of the system and temporary tables have a place of their own. */
void
lint_names(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const ListCell *query = NULL;
	ListCell   *cell;

	if (sink->relations == NIL)
		return;
	if (sink->queries != NIL)
	{
		list_sort(sink->relations, compare_names);
		list_sort(sink->queries, compare_names);
		query = list_head(sink->queries);
	}
	foreach(cell, sink->relations)
	{
		const char *name = lfirst(cell);

		/* both are sorted */
		while (query != NULL && strcmp(lfirst(query), name) < 0)
			query = lnext(sink->queries, query);
		if ((query != NULL && strcmp(lfirst(query), name) == 0) ||
			strncmp(name, "pg_", 3) == 0 || made_is_temporary(script, name))
			continue;
		lint_remark(sink->script, sink->statement, LINT_QUALIFICATION,
					psprintf("\"%s\" is named without its schema", name));
	}
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

void
lint_cascade(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	const char *name = statement_name(node);
	bool		cascade = false;
	ListCell   *cell;

	switch (nodeTag(node))
	{
		case T_DropStmt:
			cascade = ((const DropStmt *) node)->behavior == DROP_CASCADE;
			break;
		case T_DropOwnedStmt:
			cascade = ((const DropOwnedStmt *) node)->behavior == DROP_CASCADE;
			break;
		case T_TruncateStmt:
			cascade = ((const TruncateStmt *) node)->behavior == DROP_CASCADE;
			break;
		case T_AlterDomainStmt:
			cascade = ((const AlterDomainStmt *) node)->subtype == 'X' &&
				((const AlterDomainStmt *) node)->behavior == DROP_CASCADE;
			break;
		case T_AlterTableStmt:
			foreach(cell, ((const AlterTableStmt *) node)->cmds)
			{
				const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

				cascade |= command->behavior == DROP_CASCADE &&
					(command->subtype == AT_DropColumn || command->subtype == AT_DropConstraint);
			}
			break;
		default:
			break;
	}
	if (cascade)
		lint_remark(sink->script, sink->statement, LINT_CASCADE,
					IsA(node, TruncateStmt) ? "TRUNCATE ... CASCADE empties every table that refers to these" :
					psprintf("%s ... CASCADE drops whatever depends on it", name));
}

void
lint_no_where(const Script *script, const Statement *statement, const Node *node, RuleSink *sink)
{
	bool		deletes = IsA(node, DeleteStmt);
	const RangeVar *relation = deletes ? ((const DeleteStmt *) node)->relation : ((const UpdateStmt *) node)->relation;
	const Node *where = deletes ? ((const DeleteStmt *) node)->whereClause : ((const UpdateStmt *) node)->whereClause;

	/* to fill a new column is another matter: suggest_batches() */
	if (change_is_of_all_rows(where) && !made_here(script, relation) &&
		(deletes || !change_only_fills(script, (const UpdateStmt *) node)))
		lint_remark(sink->script, sink->statement, LINT_NO_WHERE,
					psprintf("%s %s has no WHERE that leaves a row out", deletes ? "DELETE FROM" : "UPDATE",
							 change_relation_name(relation)));
}
