/*
 * table.c
 *	  The table of another tool: found by its columns, locked, read.
 *
 * The table is somebody's, and whoever adopts it may be a superuser.  So it is
 * read as the caller, and without SQL: a statement would evaluate what its owner
 * wrote, index expressions and policies and rules among it, with the caller's
 * rights.  A scan of the heap calls the output functions of built-in types, and
 * nothing else.  Other types, views, foreign tables and computed columns are no
 * history; nor are the rows of a table's children, which are other tables.
 *
 * Locks: the caller has the lock of the service already.  The tool's advisory
 * lock comes next, then the table in share mode, which keeps everybody from
 * writing to it, where he might write to it himself.  Neither is waited for in
 * the server's queue, where a run of the tool that waits for one of ours would
 * make a deadlock of it: they are tried until migrator.wait_timeout is over.
 *
 * Rows are read under a snapshot that is taken after that, also where the
 * transaction has an older one: what the tool did is not a matter of it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "adopt/table.h"
#include "base/advisory.h"
#include "base/finding.h"
#include "base/nearest.h"
#include "base/settings.h"

#define HISTORY(name) extern const HistoryTool name;
#include "adopt/histories.h"
#undef HISTORY

static const HistoryTool *const tools[] = {
#define HISTORY(name) &name,
#include "adopt/histories.h"
#undef HISTORY
};

#define TRY_AGAIN_MS 50

/* What is made of the rows. */
typedef struct Reading
{
	const HistoryTable *table;
	const char *group;			/* whose rows are meant; NULL: all */
	List	   *entries;
} Reading;

static HistoryTable *make_table(const HistoryTool *tool, Oid relation);
static List *find_all(const HistoryTool *wanted);
static int	compare_tables(const ListCell *a, const ListCell *b);
static bool looks_like(const HistoryTool *tool, Oid relation, bool any_name);
static bool has_columns(const HistoryTool *tool, Oid relation);
static bool type_fits(HistoryType type, Oid oid);
static const HistoryTool *tool_of_relation(const HistoryTool *wanted, Oid relation);
static void refuse_several(const List *found);
static TimestampTz end_of_wait(void);
static bool give_up(TimestampTz until);
static void require_readable(Relation relation);
static char *value_text(Datum value, Oid type, bool utc, TimestampTz *time);
static void take_row(char *const *values, const TimestampTz *times, void *argument);
static int	compare_entries(const ListCell *a, const ListCell *b);

const HistoryTool *
history_tool(int i)
{
	return i < lengthof(tools) ? tools[i] : NULL;
}

const HistoryTool *
history_tool_find(const char *name)
{
	for (int i = 0; i < lengthof(tools); i++)
		if (strcmp(tools[i]->name, name) == 0)
			return tools[i];
	return NULL;
}

void
history_require_tool(const char *name)
{
	NearestName nearest = {name};

	if (name == NULL || history_tool_find(name) != NULL)
		return;
	for (int i = 0; i < lengthof(tools); i++)
		nearest_consider(&nearest, tools[i]->name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("no tool is known as \"%s\"", finding_one_line(name)),
			nearest.found ? errhint("Perhaps you meant \"%s\".", nearest.found) :
			errhint("migrator.histories() lists those that are known."));
}

HistoryTable *
history_find(const char *tool, Oid relation)
{
	const HistoryTool *wanted = tool ? history_tool_find(tool) : NULL;
	List	   *found;

	history_require_tool(tool);
	if (OidIsValid(relation))
		return make_table(tool_of_relation(wanted, relation), relation);
	found = find_all(wanted);
	if (list_length(found) > 1)
		refuse_several(found);
	if (found == NIL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				wanted ? errmsg("there is no history of %s in this database", wanted->name) :
				errmsg("no history of a known tool is in this database"),
				errdetail("Tables are known by their columns, those that others might have by their names too."),
				errhint("Name the table in argument \"history\" of adopt(), or in key \"table\" of option \"mirror\". "
						"If the tool kept none, migrator.baseline() says what is applied."));
	return linitial(found);
}

static HistoryTable *
make_table(const HistoryTool *tool, Oid relation)
{
	HistoryTable *table = palloc0(sizeof(HistoryTable));

	table->tool = tool;
	table->relation = relation;
	table->schema = get_namespace_name(get_rel_namespace(relation));
	table->name = get_rel_name(relation);
	if (table->schema == NULL || table->name == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("relation with OID %u does not exist", relation));
	table->shown = finding_one_line(quote_qualified_identifier(table->schema, table->name));
	return table;
}

/* Every table of the database is looked at, by the catalog alone. */
static List *
find_all(const HistoryTool *wanted)
{
	List	   *found = NIL;
	List	   *candidates = NIL;
	Relation	classes = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	ListCell   *lc;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_class class = (Form_pg_class) GETSTRUCT(tuple);

		if (class->relkind == RELKIND_RELATION && class->oid >= FirstNormalObjectId &&
			class->relpersistence != RELPERSISTENCE_TEMP)
			candidates = lappend_oid(candidates, class->oid);
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);

	foreach(lc, candidates)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < lengthof(tools); i++)
			if ((wanted == NULL || wanted == tools[i]) && looks_like(tools[i], lfirst_oid(lc), false))
				found = lappend(found, make_table(tools[i], lfirst_oid(lc)));
	}
	list_sort(found, compare_tables);
	return found;
}

static int
compare_tables(const ListCell *a, const ListCell *b)
{
	const HistoryTable *x = lfirst(a);
	const HistoryTable *y = lfirst(b);
	int			compared = strcmp(x->shown, y->shown);

	return compared != 0 ? compared : strcmp(x->tool->name, y->tool->name);
}

/*
 * By name and columns; by columns alone if no other table has such, or the caller
 * says that it is the one.
 */
static bool
looks_like(const HistoryTool *tool, Oid relation, bool any_name)
{
	Oid			schema = get_rel_namespace(relation);
	char	   *name = get_rel_name(relation);
	bool		named = any_name || tool->telling;

	if (name == NULL)
		return false;
	for (int i = 0; i < lengthof(tool->tables) && tool->tables[i] != NULL; i++)
		named = named || strcmp(name, tool->tables[i]) == 0;
	return named && has_columns(tool, relation) &&
		(tool->beside == NULL || OidIsValid(get_relname_relid(tool->beside, schema))) &&
		(tool->not_beside == NULL || !OidIsValid(get_relname_relid(tool->not_beside, schema)));
}

static bool
has_columns(const HistoryTool *tool, Oid relation)
{
	int			count = 0;

	for (const HistoryColumn *column = tool->columns; column->name != NULL; column++)
	{
		AttrNumber	number = get_attnum(relation, column->name);

		if (number == InvalidAttrNumber)
		{
			if (!(column->flags & HISTORY_OPTIONAL))
				return false;
			continue;
		}
		if (!type_fits(column->type, get_atttype(relation, number)) || get_attgenerated(relation, number) != '\0')
			return false;
		count++;
	}
	if (tool->closed)
	{
		/* a dropped one has no type */
		for (AttrNumber number = 1; get_attname(relation, number, true) != NULL; number++)
			if (OidIsValid(get_atttype(relation, number)))
				count--;
		return count == 0;
	}
	return true;
}

static bool
type_fits(HistoryType type, Oid oid)
{
	switch (type)
	{
		case HISTORY_TEXT:
			return oid == TEXTOID || oid == VARCHAROID || oid == BPCHAROID || oid == NAMEOID || oid == UUIDOID;
		case HISTORY_INTEGER:
			return oid == INT8OID || oid == INT4OID || oid == INT2OID || oid == NUMERICOID;
		case HISTORY_BOOLEAN:
			return oid == BOOLOID;
		case HISTORY_TIME:
			return oid == TIMESTAMPTZOID || oid == TIMESTAMPOID;
		case HISTORY_BYTES:
			return oid == BYTEAOID;
		case HISTORY_ANY:
			return true;
	}
	return false;
}

static const HistoryTool *
tool_of_relation(const HistoryTool *wanted, Oid relation)
{
	const HistoryTool *found = NULL;

	if (get_rel_relkind(relation) != RELKIND_RELATION)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is not a table", finding_one_line(make_table(NULL, relation)->name)),
				errdetail("Views, foreign and partitioned tables are not read: what they are made of might run with your rights."));
	for (int i = 0; i < lengthof(tools); i++)
	{
		if ((wanted != NULL && wanted != tools[i]) || !looks_like(tools[i], relation, true))
			continue;
		/* its name decides where columns do not */
		if (found != NULL && !looks_like(tools[i], relation, false))
			continue;
		if (found != NULL && looks_like(found, relation, false))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("table %s may be the history of %s or of %s", make_table(NULL, relation)->shown,
						   found->name, tools[i]->name),
					errhint("Say whose it is with argument \"tool\"."));
		found = tools[i];
	}
	if (found == NULL)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				wanted ? errmsg("table %s is not a history of %s", make_table(NULL, relation)->shown, wanted->name) :
				errmsg("table %s is not the history of a known tool", make_table(NULL, relation)->shown),
				errhint("migrator.histories() lists the columns that tell them."));
	return found;
}

static void
refuse_several(const List *found)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, found)
	{
		const HistoryTable *table = lfirst(lc);

		if (foreach_current_index(lc) == 10)
		{
			appendStringInfo(&list, ", and %d more", list_length(found) - 10);
			break;
		}
		appendStringInfo(&list, "%s%s (%s)", list.len > 0 ? ", " : "", table->shown, table->tool->name);
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("there are several histories in this database"),
			errdetail("They are: %s.", list.data),
			errhint("Say which one in argument \"history\" of adopt(), or in key \"table\" of option \"mirror\"."));
}

void
history_lock(const HistoryTable *table)
{
	TimestampTz until = end_of_wait();
	AclMode		writes = ACL_INSERT | ACL_UPDATE | ACL_DELETE;
	bool		may_write = pg_class_aclmask(table->relation, GetUserId(), writes, ACLMASK_ANY) != 0;
	LOCKMODE	mode = may_write ? ShareLock : AccessShareLock;
	Relation	relation;

	history_lock_tool(table);
	while (!ConditionalLockRelationOid(table->relation, mode))
		if (give_up(until))
			ereport(ERROR,
					errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					errmsg("could not lock %s, the history of %s", table->shown, table->tool->name),
					errdetail("Another transaction has written to it: a run of %s may be in progress.", table->tool->name),
					errhint("Try again when that has ended; migrator.wait_timeout says how long to wait."));
	/* dropped or altered while nobody held it */
	relation = try_table_open(table->relation, NoLock);
	if (relation == NULL || relation->rd_rel->relkind != RELKIND_RELATION || !has_columns(table->tool, table->relation))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("table %s was changed meanwhile", table->shown));
	require_readable(relation);
	table_close(relation, NoLock);
}

/* 0: there is none. */
static TimestampTz
end_of_wait(void)
{
	int			wait_ms = settings_wait_ms();

	return wait_ms > 0 ? TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms) : 0;
}

void
history_lock_tool(const HistoryTable *table)
{
	TimestampTz until = end_of_wait();
	int64		key;

	if (table->tool->lock == NULL)
		return;
	key = table->tool->lock(table);
	while (!advisory_try(ADVISORY_PUBLIC, key, ExclusiveLock, false))
		if (give_up(until))
			ereport(ERROR,
					errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					errmsg("a run of %s is in progress", table->tool->name),
					errdetail("Another session holds the advisory lock %lld, which its runs take.", (long long) key),
					errhint("Try again when it has ended; migrator.wait_timeout says how long to wait."));
}

/* Sleeps a little, and says whether that was the last time; 0: never. */
static bool
give_up(TimestampTz until)
{
	CHECK_FOR_INTERRUPTS();
	if (migrator_if_locked == IF_LOCKED_FAIL || migrator_if_locked == IF_LOCKED_SKIP ||
		(until != 0 && GetCurrentTimestamp() >= until))
		return true;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, TRY_AGAIN_MS, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	return false;
}

/* As a SELECT would be refused; and where it would not show all. */
static void
require_readable(Relation relation)
{
	const char *name = RelationGetRelationName(relation);

	(void) LookupExplicitNamespace(get_namespace_name(RelationGetNamespace(relation)), false);
	if (pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
	if (check_enable_rls(RelationGetRelid(relation), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("row security may hide rows of table \"%s\"", finding_one_line(name)),
				errhint("Its owner, or a role with BYPASSRLS, can adopt it."));
}

List *
history_read(const HistoryTable *table, const Source *source)
{
	Reading		reading = {table};
	int			place = 0;
	ListCell   *lc;

	if (table->tool->require_idle != NULL)
		table->tool->require_idle(table);
	if (table->tool->group_of != NULL)
		reading.group = table->tool->group_of(source);
	history_scan(table->relation, table->tool->columns, table->tool->times_are_utc, take_row, &reading);
	list_sort(reading.entries, compare_entries);
	foreach(lc, reading.entries)
		((HistoryEntry *) lfirst(lc))->place = ++place;
	return reading.entries;
}

bool
history_scan_beside(const HistoryTable *table, const char *suffix, const HistoryColumn *columns, HistoryRow row, void *argument)
{
	return history_scan_sibling(table, psprintf("%s%s", table->name, suffix), columns, row, argument);
}

bool
history_scan_sibling(const HistoryTable *table, const char *name, const HistoryColumn *columns, HistoryRow row, void *argument)
{
	Oid			relation = get_relname_relid(name, get_rel_namespace(table->relation));

	if (!OidIsValid(relation) || get_rel_relkind(relation) != RELKIND_RELATION)
		return false;
	for (int i = 0; columns[i].name != NULL; i++)
	{
		AttrNumber	number = get_attnum(relation, columns[i].name);

		if (number == InvalidAttrNumber || !type_fits(columns[i].type, get_atttype(relation, number)) ||
			get_attgenerated(relation, number) != '\0')
			return false;
	}
	history_scan(relation, columns, false, row, argument);
	return true;
}

void
history_scan(Oid relid, const HistoryColumn *columns, bool times_are_utc, HistoryRow row, void *argument)
{
	Relation	relation = table_open(relid, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan;
	AttrNumber	numbers[HISTORY_COLUMNS] = {0};
	char	   *values[HISTORY_COLUMNS];
	TimestampTz times[HISTORY_COLUMNS];

	require_readable(relation);
	for (int i = 0; i < HISTORY_COLUMNS && columns[i].name != NULL; i++)
		if (columns[i].type != HISTORY_ANY)
			numbers[i] = get_attnum(relid, columns[i].name);
	scan = table_beginscan(relation, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		memset(values, 0, sizeof(values));
		memset(times, 0, sizeof(times));
		for (int i = 0; i < HISTORY_COLUMNS; i++)
		{
			bool		isnull;
			Datum		value;

			if (numbers[i] == InvalidAttrNumber)
				continue;
			value = slot_getattr(slot, numbers[i], &isnull);
			if (!isnull)
				values[i] = value_text(value, TupleDescAttr(slot->tts_tupleDescriptor, numbers[i] - 1)->atttypid,
									   times_are_utc, &times[i]);
		}
		row(values, times, argument);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, NoLock);
}

static char *
value_text(Datum value, Oid type, bool utc, TimestampTz *time)
{
	Oid			output;
	bool		varlena;

	if (type == BYTEAOID)
	{
		bytea	   *bytes = DatumGetByteaPP(value);
		char	   *hex = palloc(VARSIZE_ANY_EXHDR(bytes) * 2 + 1);

		hex[hex_encode(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), hex)] = '\0';
		return hex;
	}
	if (type == TIMESTAMPTZOID)
		*time = DatumGetTimestampTz(value);
	else if (type == TIMESTAMPOID)
	{
		Timestamp	local = DatumGetTimestamp(value);

		if (TIMESTAMP_NOT_FINITE(local))
			*time = 0;
		else
			*time = utc ? (TimestampTz) local : DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, value));
	}
	getTypeOutputInfo(type, &output, &varlena);
	return OidOutputFunctionCall(output, value);
}

static void
take_row(char *const *values, const TimestampTz *times, void *argument)
{
	Reading    *reading = argument;
	const HistoryTool *tool = reading->table->tool;
	HistoryEntry *entry = palloc0(sizeof(HistoryEntry));
	const char *said;

	entry->execution_time_ms = -1;
	for (int i = 0; i < HISTORY_COLUMNS && tool->columns[i].name != NULL; i++)
		switch (tool->columns[i].role)
		{
			case HISTORY_VERSION:
				entry->version = values[i];
				break;
			case HISTORY_FILE:
				entry->file = values[i];
				break;
			case HISTORY_NAME:
				entry->name = values[i];
				break;
			case HISTORY_APPLIED_AT:
				entry->applied_at = TIMESTAMP_NOT_FINITE(times[i]) ? 0 : times[i];
				entry->sequence = entry->sequence != 0 ? entry->sequence : times[i];
				break;
			case HISTORY_APPLIED_BY:
				entry->applied_by = values[i];
				break;
			case HISTORY_CHECKSUM:
				entry->checksum = values[i];
				break;
			case HISTORY_SEQUENCE:
				entry->sequence = times[i] != 0 ? times[i] : values[i] ? strtoi64(values[i], NULL, 10) : 0;
				break;
			case HISTORY_OTHER:
				break;
		}

	/*
	 * a column that the tool never leaves empty is missing from what is none
	 * of its rows
	 */
	for (int i = 0; i < HISTORY_COLUMNS && tool->columns[i].name != NULL; i++)
		if (values[i] == NULL && tool->columns[i].type != HISTORY_ANY && tool->columns[i].flags == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("a row of %s has no value in column \"%s\", where %s always has one",
						   reading->table->shown, tool->columns[i].name, tool->name));
	if (tool->take != NULL)
		tool->take(entry, values);
	if (reading->group != NULL && entry->group != NULL && strcmp(entry->group, reading->group) != 0)
		entry->skip = true;
	said = entry->version ? entry->version : entry->file ? entry->file : entry->name;
	if (!entry->skip && (said == NULL || said[0] == '\0'))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a row of %s does not say which migration it is about", reading->table->shown));
	if (!entry->skip)
		reading->entries = lappend(reading->entries, entry);
}

static int
compare_entries(const ListCell *a, const ListCell *b)
{
	int64		x = ((const HistoryEntry *) lfirst(a))->sequence;
	int64		y = ((const HistoryEntry *) lfirst(b))->sequence;

	return x < y ? -1 : x > y;
}
