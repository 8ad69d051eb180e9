/*
 * resume.c
 *	  What became of a statement that was started and whose end nobody saw.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/owner_query.h"
#include "execute/resume.h"

/* What there is of the index that a CREATE INDEX names. */
typedef enum IndexState
{
	INDEX_UNNAMED,				/* the server chose the name */
	INDEX_ABSENT,
	INDEX_INVALID,
	INDEX_VALID,
	INDEX_OTHER					/* a relation of that name that is not it */
} IndexState;

static IndexState find_index(const IndexStmt *statement, Oid *index);
static ResumeVerdict index_verdict(const IndexStmt *statement, char **command);
static bool has_invalid_index(const IndexStmt *statement);
static ResumeVerdict detach_verdict(const AlterTableStmt *statement, char **command);
static void refuse_locked(Oid index, const char *name);
static bool locked_by_others(Oid relation);
static bool is_concurrent(const ReindexStmt *statement);
static void take_text(HeapTuple tuple, TupleDesc desc, void *argument);
static void take_leftover(HeapTuple tuple, TupleDesc desc, void *argument);
static char *qualified_name(Oid relation);

ResumeVerdict
resume_verdict(const RawStmt *raw, char **command)
{
	Node	   *statement = raw->stmt;

	*command = NULL;
	switch (nodeTag(statement))
	{
		case T_IndexStmt:
			return index_verdict((IndexStmt *) statement, command);
		case T_DropStmt:
			/* an interrupted one leaves an invalid index to drop */
			return RESUME_RUN;
		case T_AlterTableStmt:
			return detach_verdict((AlterTableStmt *) statement, command);

			/*
			 * The last transaction of these is ours, and commits together
			 * with the mark: what is there now, or gone, is not their doing.
			 */
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
			return RESUME_RUN;

			/* to do these twice is to do them once */
		case T_VacuumStmt:
		case T_ReindexStmt:
		case T_ClusterStmt:
		case T_AlterSystemStmt:
		case T_AlterDatabaseStmt:
			return RESUME_RUN;
		default:
			return RESUME_ASK;
	}
}

static IndexState
find_index(const IndexStmt *statement, Oid *index)
{
	Oid			table = RangeVarGetRelid(statement->relation, NoLock, true);
	HeapTuple	tuple;
	IndexState	state;

	*index = InvalidOid;
	if (statement->idxname == NULL)
		return INDEX_UNNAMED;
	if (!OidIsValid(table))
		return INDEX_ABSENT;
	*index = get_relname_relid(statement->idxname, get_rel_namespace(table));
	if (!OidIsValid(*index))
		return INDEX_ABSENT;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(*index));
	if (!HeapTupleIsValid(tuple))
		return INDEX_OTHER;
	if (((Form_pg_index) GETSTRUCT(tuple))->indrelid != table)
		state = INDEX_OTHER;
	else
		state = ((Form_pg_index) GETSTRUCT(tuple))->indisvalid ? INDEX_VALID : INDEX_INVALID;
	ReleaseSysCache(tuple);
	return state;
}

static ResumeVerdict
index_verdict(const IndexStmt *statement, char **command)
{
	Oid			index;

	switch (find_index(statement, &index))
	{
		case INDEX_INVALID:
			refuse_locked(index, statement->idxname);
			*command = psprintf("DROP INDEX CONCURRENTLY %s", qualified_name(index));
			return RESUME_REBUILD;
		case INDEX_VALID:
		case INDEX_ABSENT:
		case INDEX_OTHER:

			/*
			 * ours would be valid only with its mark; the server has the word
			 * on a name that is taken
			 */
			return RESUME_RUN;
		case INDEX_UNNAMED:
			/* without an invalid index on the table, nothing was left */
			return has_invalid_index(statement) ? RESUME_ASK : RESUME_RUN;
	}
	return RESUME_ASK;
}

static bool
has_invalid_index(const IndexStmt *statement)
{
	static OwnerQuery query = {
		"SELECT FROM pg_catalog.pg_index WHERE indrelid = $1 AND NOT indisvalid", 1, {OIDOID}
	};
	Datum		table = ObjectIdGetDatum(RangeVarGetRelid(statement->relation, NoLock, true));

	return owner_query_run(&query, SPI_OK_SELECT, &table, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

/* An interrupted DETACH ... CONCURRENTLY wants FINALIZE. */
static ResumeVerdict
detach_verdict(const AlterTableStmt *statement, char **command)
{
	const AlterTableCmd *detach = linitial_node(AlterTableCmd, statement->cmds);
	Oid			parent = RangeVarGetRelid(statement->relation, NoLock, true);
	Oid			child;

	if (detach->subtype != AT_DetachPartition)
		return RESUME_ASK;
	child = RangeVarGetRelid(castNode(PartitionCmd, detach->def)->name, NoLock, true);
	if (!OidIsValid(parent) || !OidIsValid(child) ||
		!get_rel_relispartition(child) || !PartitionHasPendingDetach(child))
		return RESUME_RUN;
	*command = psprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE",
						qualified_name(parent), qualified_name(child));
	return RESUME_INSTEAD;
}

void
resume_refuse_invalid_index(const RawStmt *raw)
{
	const IndexStmt *statement = (const IndexStmt *) raw->stmt;
	Oid			index;

	if (!IsA(raw->stmt, IndexStmt) || find_index(statement, &index) != INDEX_INVALID)
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("index %s exists, but is invalid", qualified_name(index)),
			statement->if_not_exists ?
			errdetail("IF NOT EXISTS would let it pass for the index that is wanted.") :
			errdetail("No run of this migration left it, so it is not dropped."),
			errhint("Drop it, unless another session is building it."));
}

char *
resume_invalid_index(const RawStmt *raw)
{
	Oid			index;

	if (IsA(raw->stmt, IndexStmt) &&
		find_index((const IndexStmt *) raw->stmt, &index) == INDEX_INVALID)
		return qualified_name(index);
	return NULL;
}

static void
refuse_locked(Oid index, const char *name)
{
	if (locked_by_others(index))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_IN_USE),
				errmsg("invalid index \"%s\" is locked by another session", name),
				errdetail("It cannot be told whether that session is building it."),
				errhint("Run it again when that session has ended."));
}

static bool
locked_by_others(Oid relation)
{
	static OwnerQuery query = {
		"SELECT FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND relation = $1"
		" AND database = $2 AND pid <> $3",
		3, {OIDOID, OIDOID, INT4OID}
	};
	Datum		values[3] = {
		ObjectIdGetDatum(relation), ObjectIdGetDatum(MyDatabaseId), Int32GetDatum(MyProcPid)
	};

	return owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

static char *
qualified_name(Oid relation)
{
	char	   *name = get_rel_name(relation);
	char	   *schema = get_namespace_name(get_rel_namespace(relation));

	if (name == NULL || schema == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("index with OID %u was dropped concurrently", relation));
	return quote_qualified_identifier(schema, name);
}

/* where the rows of a query go */
typedef struct Rows
{
	MemoryContext context;
	char	   *text;
	List	   *list;
} Rows;

static void
take_text(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Rows	   *rows = argument;
	bool		isnull;
	Datum		value = heap_getattr(tuple, 1, desc, &isnull);
	MemoryContext old = MemoryContextSwitchTo(rows->context);

	rows->text = isnull ? NULL : TextDatumGetCString(value);
	MemoryContextSwitchTo(old);
}

char *
resume_reindex_start(const RawStmt *raw)
{
	static OwnerQuery query = {
		"SELECT pg_catalog.jsonb_build_object('kind', $1, 'object', $2::pg_catalog.int8, 'before',"
		" COALESCE((SELECT pg_catalog.jsonb_agg(oid::pg_catalog.int8) FROM pg_catalog.pg_class"
		"  WHERE relkind = 'i' AND relname ~ '_cc(new|old)[0-9]*$'), '[]'))::pg_catalog.text",
		2, {TEXTOID, OIDOID}
	};
	const ReindexStmt *statement = (const ReindexStmt *) raw->stmt;
	Rows		rows = {CurrentMemoryContext};
	const char *kind = "table";
	Oid			object = InvalidOid;
	Datum		values[2];

	if (!IsA(raw->stmt, ReindexStmt) || !is_concurrent(statement))
		return NULL;
	switch (statement->kind)
	{
		case REINDEX_OBJECT_INDEX:
			object = RangeVarGetRelid(statement->relation, NoLock, true);
			if (OidIsValid(object))
				object = IndexGetRelation(object, true);
			break;
		case REINDEX_OBJECT_TABLE:
			object = RangeVarGetRelid(statement->relation, NoLock, true);
			break;
		case REINDEX_OBJECT_SCHEMA:
			kind = "schema";
			object = get_namespace_oid(statement->name, true);
			break;
		default:
			kind = "database";
			object = MyDatabaseId;
	}
	if (!OidIsValid(object))
		return NULL;
	values[0] = CStringGetTextDatum(kind);
	values[1] = ObjectIdGetDatum(object);
	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_text, &rows);
	return rows.text;
}

static bool
is_concurrent(const ReindexStmt *statement)
{
	ListCell   *lc;
	bool		concurrent = false;

	foreach(lc, statement->params)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "concurrently") == 0)
			concurrent = defGetBoolean(option);
	}
	return concurrent;
}

static void
take_leftover(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Rows	   *rows = argument;
	bool		isnull;
	MemoryContext old = MemoryContextSwitchTo(rows->context);
	ReindexLeftover *left = palloc(sizeof(ReindexLeftover));

	left->index = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));
	left->owner = DatumGetObjectId(heap_getattr(tuple, 2, desc, &isnull));
	left->name = TextDatumGetCString(heap_getattr(tuple, 3, desc, &isnull));
	left->droppable = DatumGetBool(heap_getattr(tuple, 4, desc, &isnull));
	rows->list = lappend(rows->list, left);
	MemoryContextSwitchTo(old);
}

/*
 * REINDEX CONCURRENTLY calls the copy that it builds "x_ccnew", and after the
 * swap the old one "x_ccold", with a number if that is taken, and x cut to fit
 * (ChooseRelationName()); either is the same as x, and no constraint stands on
 * it.  Of a TOAST table the server lets only an invalid one be dropped.
 */
List *
resume_reindex_leftovers(const char *service, const char *version)
{
	static OwnerQuery query = {
		"WITH started AS MATERIALIZED ("
		"  SELECT resume_state -> 'reindex' ->> 'kind' AS kind,"
		"   (resume_state -> 'reindex' ->> 'object')::pg_catalog.oid AS object,"
		"   resume_state -> 'reindex' -> 'before' AS before"
		"  FROM migrator.migrations WHERE service = $1 AND version = $2"
		"  AND pg_catalog.jsonb_typeof(resume_state -> 'reindex') = 'object'),"
		" tables AS MATERIALIZED ("
		"  SELECT t.oid, t.reltoastrelid FROM started s, pg_catalog.pg_class t"
		"  WHERE t.relkind IN ('r', 'm', 'p') AND CASE s.kind"
		"   WHEN 'table' THEN t.oid = s.object OR t.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(s.object))"
		"   WHEN 'schema' THEN t.relnamespace = s.object"
		"   ELSE true END)"
		" SELECT c.oid, c.relowner, pg_catalog.format('%I.%I', n.nspname, c.relname),"
		"  n.nspname <> 'pg_toast' OR NOT i.indisvalid"
		" FROM started s, pg_catalog.pg_index i"
		" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		" WHERE i.indrelid IN (SELECT oid FROM tables UNION ALL SELECT reltoastrelid FROM tables)"
		" AND c.relkind = 'i' AND c.relname ~ '_cc(new|old)[0-9]*$'"
		" AND NOT s.before @> pg_catalog.to_jsonb(c.oid::pg_catalog.int8)"
		" AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = c.oid)"
		" AND EXISTS (SELECT FROM pg_catalog.pg_index o JOIN pg_catalog.pg_class oc ON oc.oid = o.indexrelid"
		"  WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND oc.relam = c.relam"
		"  AND (oc.relname = pg_catalog.regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '')"
		"   OR pg_catalog.octet_length(c.relname::pg_catalog.text) > 59 AND pg_catalog.starts_with(oc.relname,"
		"    pg_catalog.regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '')))"
		"  AND (o.indnatts, o.indnkeyatts, o.indisunique, o.indkey::pg_catalog.text, o.indcollation::pg_catalog.text,"
		"   o.indclass::pg_catalog.text, o.indoption::pg_catalog.text)"
		"  = (i.indnatts, i.indnkeyatts, i.indisunique, i.indkey::pg_catalog.text, i.indcollation::pg_catalog.text,"
		"   i.indclass::pg_catalog.text, i.indoption::pg_catalog.text)"
		"  AND pg_catalog.pg_get_expr(o.indexprs, o.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(i.indexprs, i.indrelid)"
		"  AND pg_catalog.pg_get_expr(o.indpred, o.indrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(i.indpred, i.indrelid))"
		" ORDER BY 3",
		2, {TEXTOID, TEXTOID}
	};
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(version)};
	Rows		rows = {CurrentMemoryContext};

	(void) owner_query_run(&query, SPI_OK_SELECT, values, NULL, InvalidSnapshot, take_leftover, &rows);
	return rows.list;
}

bool
resume_may_drop(const ReindexLeftover *index)
{
	refuse_locked(index->index, index->name);
	return index->droppable && has_privs_of_role(GetUserId(), index->owner);
}
