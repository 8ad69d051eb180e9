/*
 * copy.c
 *	  COPY ... FROM stdin with the data that follow it in the script.
 *
 * BeginCopyFrom() takes a callback in place of a file, but checks no
 * privileges; DoCopy() in src/backend/commands/copy.c does, and has no way to
 * take a callback.  So the checks stand here in the same order as there.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/copy.h"
#include "commands/copyfrom_internal.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "copy.h"

/*
 * The data callback gets no argument, so what it reads from is static.  A
 * trigger of the table can hardly run another COPY of ours, but the previous
 * value is kept and restored all the same.
 */
typedef struct InlineData
{
	const char *next;
	size_t		left;
	CopyFromState state;
} InlineData;

static InlineData *current = NULL;

static int	read_inline_data(void *buffer, int min, int max);
static Node *where_clause(ParseState *pstate, ParseNamespaceItem *item, const CopyStmt *statement);
static List *options_with_encoding(const CopyStmt *statement);

void
copy_inline_data(const CopyStmt *statement, const char *query, const char *data, size_t len)
{
	InlineData	inline_data = {data, len, NULL};
	InlineData *previous = current;
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel;
	ParseNamespaceItem *item;
	Node	   *where;

	pstate->p_sourcetext = query;
	PushActiveSnapshot(GetTransactionSnapshot());

	rel = table_openrv(statement->relation, RowExclusiveLock);
	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	where = where_clause(pstate, item, statement);
	check_copy_permissions(pstate, item,
						   CopyGetAttnums(RelationGetDescr(rel), rel, statement->attlist));
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY FROM not supported with row-level security"),
				errhint("Use INSERT statements instead."));
	if (XactReadOnly && !rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");

	PG_TRY();
	{
		current = &inline_data;
		inline_data.state = BeginCopyFrom(pstate, rel, where, NULL, false, read_inline_data,
										  statement->attlist, options_with_encoding(statement));
		(void) CopyFrom(inline_data.state);
		EndCopyFrom(inline_data.state);
	}
	PG_FINALLY();
	{
		current = previous;
	}
	PG_END_TRY();

	table_close(rel, NoLock);
	free_parsestate(pstate);
	PopActiveSnapshot();
}

uint64
copy_current_line(void)
{
	return current != NULL && current->state != NULL ? current->state->cur_lineno : 0;
}

static int
read_inline_data(void *buffer, int min, int max)
{
	int			length = Min((size_t) max, current->left);

	memcpy(buffer, current->next, length);
	current->next += length;
	current->left -= length;
	return length;
}

/* COPY ... WHERE, as DoCopy transforms it */
static Node *
where_clause(ParseState *pstate, ParseNamespaceItem *item, const CopyStmt *statement)
{
	Node	   *where;

	if (statement->whereClause == NULL)
		return NULL;
	addNSItemToQuery(pstate, item, false, true, true);
	where = transformExpr(pstate, copyObject(statement->whereClause), EXPR_KIND_COPY_WHERE);
	where = coerce_to_boolean(pstate, where, "WHERE");
	assign_expr_collations(pstate, where);
	where = eval_const_expressions(NULL, where);
	where = (Node *) canonicalize_qual((Expr *) where, false);
	return (Node *) make_ands_implicit((Expr *) where);
}

/*
 * The script was converted to the server encoding, and so were its data,
 * whatever client_encoding is.  An ENCODING that the script names itself is
 * kept: it says what the bytes are.
 */
static List *
options_with_encoding(const CopyStmt *statement)
{
	ListCell   *lc;

	foreach(lc, statement->options)
		if (strcmp(lfirst_node(DefElem, lc)->defname, "encoding") == 0)
			return statement->options;
	return lappend(list_copy(statement->options),
				   makeDefElem("encoding", (Node *) makeString(pstrdup(GetDatabaseEncodingName())), -1));
}
