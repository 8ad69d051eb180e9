/*
 * resume.c
 *	  What became of a statement that was started and whose end nobody saw.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "owner_query.h"
#include "resume.h"

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
static bool locked_by_others(Oid relation);
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
			if (locked_by_others(index))
				ereport(ERROR,
						errcode(ERRCODE_OBJECT_IN_USE),
						errmsg("invalid index \"%s\" is locked by another session", statement->idxname),
						errdetail("It cannot be told whether that session is building it."),
						errhint("Run it again when that session has ended."));
			*command = psprintf("DROP INDEX CONCURRENTLY %s", qualified_name(index));
			return RESUME_REBUILD;
		case INDEX_VALID:
		case INDEX_ABSENT:
		case INDEX_OTHER:
			/* ours would be valid only with its mark; the server has the word on a name that is taken */
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
