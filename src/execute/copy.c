/*
 * copy.c
 *	  COPY ... FROM stdin with the data that follow it in the script.
 *
 * DoCopy() in src/backend/commands/copy.c takes its data from a client or a file,
 * and neither is here.  There are two ways round that.
 *
 * BeginCopyFrom() takes a callback in place of a file, but checks nothing of what
 * DoCopy() has checked before it calls it.  So those checks stand here, in the
 * same order (copy_by_callback); test/t/011_copy.pl compares what they say with
 * what the server says.
 *
 * That way no ProcessUtility hook hears of the COPY: an audit would have a hole,
 * and a table whose rows are kept elsewhere (a distributed one) would be loaded in
 * the wrong place.  So where there is such a hook, the statement goes the server's
 * way, with a stream of ours as the C library's stdin, which COPY reads where the
 * output does not go to a client (copy_by_utility).  Output goes to the client
 * again as soon as the first byte is read: only what BEFORE ... FOR EACH STATEMENT
 * triggers say in a NOTICE is not sent.
 */
#include "postgres.h"

#include "access/sysattr.h"
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
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "execute/copy.h"

/* Can a stream of one's own be made the C library's stdin? */
#if defined(__GLIBC__) || defined(__FreeBSD__)
#define STDIN_IS_A_VARIABLE
#endif

/*
 * The data callback gets no argument, so what it reads from is static.  A
 * trigger of the table can hardly run another COPY of ours, but the previous
 * value is kept and restored all the same.
 */
typedef struct InlineData
{
	const char *next;
	size_t		left;
	CopyFromState state;		/* NULL: not known */
	CommandDest output;			/* where it goes to */
} InlineData;

static InlineData *current = NULL;

static void copy_by_callback(const CopyStmt *statement, const char *query, InlineData *data);
static int	read_inline_data(void *buffer, int min, int max);
static void copy_by_utility(RawStmt *raw, const char *query, bool top_level, CopyRunner run,
							InlineData *data);
static Node *where_clause(ParseState *pstate, ParseNamespaceItem *item, Relation rel,
						  const CopyStmt *statement);
static void refuse_generated_columns(TupleDesc desc, Node *where);
static List *options_with_encoding(const CopyStmt *statement);

void
copy_inline_data(RawStmt *raw, const char *query, const char *data, size_t len,
				 bool top_level, CopyRunner run)
{
	CopyStmt   *statement = castNode(CopyStmt, raw->stmt);
	InlineData	inline_data = {data, len, NULL, whereToSendOutput};
	InlineData *previous = current;

	statement->options = options_with_encoding(statement);
	PG_TRY();
	{
		current = &inline_data;
		if (ProcessUtility_hook == NULL)
			copy_by_callback(statement, query, &inline_data);
		else
			copy_by_utility(raw, query, top_level, run, &inline_data);
	}
	PG_FINALLY();
	{
		current = previous;
	}
	PG_END_TRY();
}

static void
copy_by_callback(const CopyStmt *statement, const char *query, InlineData *data)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel;
	ParseNamespaceItem *item;
	Node	   *where;
	ListCell   *lc;

	pstate->p_sourcetext = query;
	PushActiveSnapshot(GetTransactionSnapshot());

	rel = table_openrv(statement->relation, RowExclusiveLock);
	item = addRangeTableEntryForRelation(pstate, rel, RowExclusiveLock, NULL, false, false);
	copy_permissions(item)->requiredPerms = ACL_INSERT;
	where = where_clause(pstate, item, rel, statement);
	foreach(lc, CopyGetAttnums(RelationGetDescr(rel), rel, statement->attlist))
	{
		copy_permissions(item)->insertedCols =
			bms_add_member(copy_permissions(item)->insertedCols,
						   lfirst_int(lc) - FirstLowInvalidHeapAttributeNumber);
	}
	check_permissions(pstate, item);
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("COPY FROM not supported with row-level security"),
				errhint("Use INSERT statements instead."));
	if (XactReadOnly && !rel->rd_islocaltemp)
		PreventCommandIfReadOnly("COPY FROM");

	data->state = BeginCopyFrom(pstate, rel, where, NULL, false, read_inline_data,
								statement->attlist, statement->options);
	(void) CopyFrom(data->state);
	EndCopyFrom(data->state);

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
where_clause(ParseState *pstate, ParseNamespaceItem *item, Relation rel, const CopyStmt *statement)
{
	Node	   *where;

	if (statement->whereClause == NULL)
		return NULL;
	addNSItemToQuery(pstate, item, false, true, true);
	where = transformExpr(pstate, copyObject(statement->whereClause), EXPR_KIND_COPY_WHERE);
	where = coerce_to_boolean(pstate, where, "WHERE");
	assign_expr_collations(pstate, where);
	refuse_generated_columns(RelationGetDescr(rel), where);
	where = eval_const_expressions(NULL, where);
	where = (Node *) canonicalize_qual((Expr *) where, false);
	return (Node *) make_ands_implicit((Expr *) where);
}

/*
 * They are not computed yet when WHERE is, so that rows would be left out.  Older
 * minors let that pass.
 */
static void
refuse_generated_columns(TupleDesc desc, Node *where)
{
	Bitmapset  *columns = NULL;
	bool		whole_row;

	pull_varattnos(where, 1, &columns);
	whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attgenerated != '\0' &&
			(whole_row || bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, columns)))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					errmsg("generated columns are not supported in COPY FROM WHERE conditions"),
					errdetail("Column \"%s\" is a generated column.", NameStr(attribute->attname)));
	}
}

#ifdef STDIN_IS_A_VARIABLE

/*
 * A stream's read function.  COPY has begun to read, so it will not ask any more
 * where the output goes; and if rows are read, the innermost error context is that
 * of their COPY, which knows its line.
 */
static ssize_t
read_stream(void *cookie, char *buffer, size_t size)
{
	whereToSendOutput = current->output;
	if (error_context_stack != NULL && error_context_stack->callback == CopyFromErrorCallback)
		current->state = error_context_stack->arg;
	return read_inline_data(buffer, 0, (int) Min(size, INT_MAX));
}

/*
 * An error before the first byte was raised when there was no client to be told;
 * it is raised again as what it is.
 */
static void
copy_by_utility(RawStmt *raw, const char *query, bool top_level, CopyRunner run, InlineData *data)
{
	MemoryContext context = CurrentMemoryContext;
	FILE	   *save_stdin = stdin;
	cookie_io_functions_t functions = {.read = read_stream};
	FILE	   *stream = fopencookie(NULL, "r", functions);

	if (stream == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OUT_OF_MEMORY),
				errmsg("out of memory"));
	PG_TRY();
	{
		stdin = stream;
		whereToSendOutput = DestNone;
		run(raw, query, top_level);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		whereToSendOutput = data->output;
		stdin = save_stdin;
		(void) fclose(stream);
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->output_to_client = whereToSendOutput == DestRemote;
		ReThrowError(error);
	}
	PG_END_TRY();
	whereToSendOutput = data->output;
	stdin = save_stdin;
	(void) fclose(stream);
}

#else

static void
copy_by_utility(RawStmt *raw, const char *query, bool top_level, CopyRunner run, InlineData *data)
{
	ereport(ERROR,
			errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("COPY FROM stdin in a migration cannot run while a library observes utility statements"),
			errdetail("On this platform its data cannot be given to the server's own COPY, and the library (pg_stat_statements, pgaudit, ...) must not miss it."),
			errhint("Use INSERT statements, or take the library out of shared_preload_libraries for the run."));
}

#endif

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
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "encoding") == 0)
			return statement->options;
	}
	return lappend(list_copy(statement->options),
				   makeDefElem("encoding", (Node *) makeString(pstrdup(GetDatabaseEncodingName())), -1));
}
