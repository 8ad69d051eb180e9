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

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "adopt/table.h"
#include "base/advisory.h"
#include "base/compat.h"
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

/*
 * What no tool writes: such a value is not even read, and such a name would not
 * go into an index of ours.
 */
#define VALUE_MAX_BYTES 10000
#define NAME_MAX_BYTES 2000

/* What is in the catalog of a table that may be a history. */
typedef struct Shape
{
	Oid			relation;
	Oid			schema;
	const char *name;			/* NULL: it is gone */
	struct ShapeColumn *columns;	/* those that were not dropped */
	int			count;
} Shape;

typedef struct ShapeColumn
{
	NameData	name;
	Oid			type;
	bool		generated;
} ShapeColumn;

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
static Shape *shape_of(Oid relation);
static void read_columns(Shape *shape);
static bool looks_like(const HistoryTool *tool, const Shape *shape, bool any_name);
static bool has_columns(const HistoryTool *tool, const Shape *shape);
static bool column_fits(const HistoryColumn *column, const Shape *shape, bool *found);
static bool type_fits(HistoryType type, Oid oid);
static const HistoryTool *tool_of_relation(const HistoryTool *wanted, Oid relation);
static void refuse_several(const List *found);
static Relation open_table(Oid relid, LOCKMODE mode, const char *shown, const char *tool);
pg_noreturn static void refuse_changed(const char *shown);
static TimestampTz end_of_wait(void);
static bool give_up(TimestampTz until);
static void require_readable(Relation relation);
static void require_short(Relation relation, const char *column, Datum value, Oid type);
static void require_text(Relation relation, const char *column, const char *text);
static void scan(Relation relation, const HistoryColumn *columns, bool times_are_utc, HistoryRow row, void *argument);
static char *value_text(Datum value, Oid type, bool utc, TimestampTz *time);
static void take_row(char *const *values, const TimestampTz *times, void *argument);
static int	compare_entries(const ListCell *a, const ListCell *b);

const HistoryTool *
history_tool(int i)
{
	return i < lengthof(tools) ? tools[i] : NULL;
}

/* The tool of that name, or NULL. */
static const HistoryTool *
tool_named(const char *name)
{
	for (int i = 0; i < lengthof(tools); i++)
		if (strcmp(tools[i]->name, name) == 0)
			return tools[i];
	return NULL;
}

/* Raise 22023 unless it is a tool's name; it may be NULL. */
static void
require_tool(const char *name)
{
	NearestName nearest = {name};

	if (name == NULL || tool_named(name) != NULL)
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
	const HistoryTool *wanted = tool ? tool_named(tool) : NULL;
	List	   *found;

	require_tool(tool);
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

/*
 * Every table of the database is looked at, by the catalog alone, and not by its
 * caches: they would keep all of these columns, and that there are no others.
 */
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
		{
			Shape	   *shape = palloc0(sizeof(Shape));

			shape->relation = class->oid;
			shape->schema = class->relnamespace;
			shape->name = pstrdup(NameStr(class->relname));
			candidates = lappend(candidates, shape);
		}
	}
	systable_endscan(scan);
	table_close(classes, AccessShareLock);

	foreach(lc, candidates)
	{
		Shape	   *shape = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		read_columns(shape);
		for (int i = 0; i < lengthof(tools); i++)
			if ((wanted == NULL || wanted == tools[i]) && looks_like(tools[i], shape, false))
				found = lappend(found, make_table(tools[i], shape->relation));
		pfree(shape->columns);
	}
	list_sort(found, compare_tables);
	return found;
}

static Shape *
shape_of(Oid relation)
{
	Shape	   *shape = palloc0(sizeof(Shape));

	shape->relation = relation;
	shape->schema = get_rel_namespace(relation);
	shape->name = get_rel_name(relation);
	read_columns(shape);
	return shape;
}

static void
read_columns(Shape *shape)
{
	Relation	attributes = table_open(AttributeRelationId, AccessShareLock);
	int			room = 32;
	SysScanDesc scan;
	ScanKeyData keys[2];
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(shape->relation));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTGreaterStrategyNumber, F_INT2GT, Int16GetDatum(0));
	scan = systable_beginscan(attributes, AttributeRelidNumIndexId, true, NULL, lengthof(keys), keys);
	shape->columns = palloc(room * sizeof(ShapeColumn));
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_attribute attribute = (Form_pg_attribute) GETSTRUCT(tuple);

		if (attribute->attisdropped)
			continue;
		if (shape->count == room)
			shape->columns = repalloc(shape->columns, (room *= 2) * sizeof(ShapeColumn));
		shape->columns[shape->count++] = (ShapeColumn)
		{
			attribute->attname, attribute->atttypid, attribute->attgenerated != '\0'
		};
	}
	systable_endscan(scan);
	table_close(attributes, AccessShareLock);
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
looks_like(const HistoryTool *tool, const Shape *shape, bool any_name)
{
	bool		named = any_name || tool->telling;

	if (shape->name == NULL)
		return false;
	for (int i = 0; i < lengthof(tool->tables) && tool->tables[i] != NULL; i++)
		named = named || strcmp(shape->name, tool->tables[i]) == 0;
	return named && has_columns(tool, shape) &&
		(tool->beside == NULL || OidIsValid(get_relname_relid(tool->beside, shape->schema))) &&
		(tool->not_beside == NULL || !OidIsValid(get_relname_relid(tool->not_beside, shape->schema)));
}

static bool
has_columns(const HistoryTool *tool, const Shape *shape)
{
	int			count = 0;

	for (const HistoryColumn *column = tool->columns; column->name != NULL; column++)
	{
		bool		found;

		if (!column_fits(column, shape, &found))
			return false;
		count += found;
	}
	return !tool->closed || count == shape->count;
}

/* It need not be there if it is optional. */
static bool
column_fits(const HistoryColumn *column, const Shape *shape, bool *found)
{
	*found = false;
	for (int i = 0; i < shape->count; i++)
		if (strcmp(NameStr(shape->columns[i].name), column->name) == 0)
		{
			*found = true;
			return type_fits(column->type, shape->columns[i].type) && !shape->columns[i].generated;
		}
	return (column->flags & HISTORY_OPTIONAL) != 0;
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
	const Shape *shape = shape_of(relation);

	if (get_rel_relkind(relation) != RELKIND_RELATION)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is not a table", finding_one_line(make_table(NULL, relation)->name)),
				errdetail("Views, foreign and partitioned tables are not read: what they are made of might run with your rights."));
	for (int i = 0; i < lengthof(tools); i++)
	{
		if ((wanted != NULL && wanted != tools[i]) || !looks_like(tools[i], shape, true))
			continue;
		/* its name decides where columns do not */
		if (found != NULL && !looks_like(tools[i], shape, false))
			continue;
		if (found != NULL && looks_like(found, shape, false))
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
	AclMode		writes = ACL_INSERT | ACL_UPDATE | ACL_DELETE;
	bool		may_write = pg_class_aclmask(table->relation, GetUserId(), writes, ACLMASK_ANY) != 0;
	Relation	relation;

	history_lock_tool(table);
	relation = open_table(table->relation, may_write ? ShareLock : AccessShareLock, table->shown, table->tool->name);
	if (!has_columns(table->tool, shape_of(table->relation)))
		refuse_changed(table->shown);
	require_readable(relation);
	table_close(relation, NoLock);
}

/*
 * A table that was looked at while nobody held it.  It may be gone since then, or,
 * before 16, a view, which has nothing to scan.
 */
static Relation
open_table(Oid relid, LOCKMODE mode, const char *shown, const char *tool)
{
	TimestampTz until = end_of_wait();
	Relation	relation;

	while (!ConditionalLockRelationOid(relid, mode))
		if (give_up(until))
			ereport(ERROR,
					errcode(ERRCODE_LOCK_NOT_AVAILABLE),
					errmsg("could not lock %s, the history of %s", shown, tool),
					errdetail("Another transaction has written to it: a run of %s may be in progress.", tool),
					errhint("Try again when that has ended; migrator.wait_timeout says how long to wait."));
	relation = try_table_open(relid, NoLock);
	if (relation == NULL || relation->rd_rel->relkind != RELKIND_RELATION)
		refuse_changed(shown);
	return relation;
}

static void
refuse_changed(const char *shown)
{
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("table %s was changed meanwhile", shown));
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
	Relation	relation;
	int			place = 0;
	ListCell   *lc;

	if (table->tool->require_idle != NULL)
		table->tool->require_idle(table);
	if (table->tool->group_of != NULL)
		reading.group = table->tool->group_of(source);
	relation = table_open(table->relation, AccessShareLock);
	scan(relation, table->tool->columns, table->tool->times_are_utc, take_row, &reading);
	table_close(relation, NoLock);
	list_sort(reading.entries, compare_entries);
	foreach(lc, reading.entries)
		((HistoryEntry *) lfirst(lc))->place = ++place;
	return reading.entries;
}

bool
history_scan_beside(const HistoryTable *table, const char *name, const HistoryColumn *columns, HistoryRow row, void *argument)
{
	Oid			schema = get_rel_namespace(table->relation);
	Oid			relid = get_relname_relid(name, schema);
	const char *shown = finding_one_line(quote_qualified_identifier(table->schema, name));
	bool		fits = true;
	Relation	relation;
	const Shape *shape;

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_RELATION)
		return false;
	relation = open_table(relid, AccessShareLock, shown, table->tool->name);
	if (get_relname_relid(name, schema) != relid)
		refuse_changed(shown);
	shape = shape_of(relid);
	for (int i = 0; fits && columns[i].name != NULL; i++)
	{
		bool		found;

		fits = column_fits(&columns[i], shape, &found) && found;
	}
	if (fits)
		scan(relation, columns, false, row, argument);
	table_close(relation, NoLock);
	return fits;
}

static void
take_lock_row(char *const *values, const TimestampTz *times, void *argument)
{
	if (values[0] != NULL && strcmp(values[0], "0") != 0 && strcmp(values[0], "f") != 0)
		*(bool *) argument = true;
}

void
history_require_unlocked(const HistoryTable *table, const char *name, const HistoryColumn *columns, const char *command)
{
	bool		locked = false;

	if (history_scan_beside(table, name, columns, take_lock_row, &locked) && locked)
		ereport(ERROR,
				errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				errmsg("a run of %s is in progress, or died", table->tool->name),
				errdetail("Its table of locks says so."),
				errhint("If none is, \"%s\" takes the lock away.", command));
}

/* The rows of any table with these columns. */
static void
scan(Relation relation, const HistoryColumn *columns, bool times_are_utc, HistoryRow row, void *argument)
{
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan;
	AttrNumber	numbers[HISTORY_COLUMNS] = {0};
	char	   *values[HISTORY_COLUMNS];
	TimestampTz times[HISTORY_COLUMNS];

	require_readable(relation);
	for (int i = 0; i < HISTORY_COLUMNS && columns[i].name != NULL; i++)
		if (columns[i].type != HISTORY_ANY)
			numbers[i] = get_attnum(RelationGetRelid(relation), columns[i].name);
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
			Oid			type;

			if (numbers[i] == InvalidAttrNumber)
				continue;
			value = slot_getattr(slot, numbers[i], &isnull);
			if (isnull)
				continue;
			type = TupleDescAttr(slot->tts_tupleDescriptor, numbers[i] - 1)->atttypid;
			require_short(relation, columns[i].name, value, type);
			values[i] = value_text(value, type, times_are_utc, &times[i]);
			require_text(relation, columns[i].name, values[i]);
		}
		row(values, times, argument);
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
}

static void
require_short(Relation relation, const char *column, Datum value, Oid type)
{
	if (get_typlen(type) == -1 && toast_raw_datum_size(value) > VALUE_MAX_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a row of table \"%s\" has %zu bytes in column \"%s\"", finding_one_line(RelationGetRelationName(relation)),
					   (size_t) toast_raw_datum_size(value) - VARHDRSZ, column),
				errdetail("No tool writes more than %d.", VALUE_MAX_BYTES));
}

/* A database without an encoding takes any bytes; on record they would keep clients from seeing what else is there. */
static void
require_text(Relation relation, const char *column, const char *text)
{
	if (GetDatabaseEncoding() == PG_SQL_ASCII && !pg_verify_mbstr(PG_UTF8, text, strlen(text), true))
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("a row of table \"%s\" has a text in column \"%s\" that is no UTF-8",
					   finding_one_line(RelationGetRelationName(relation)), column));
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
		int			overflow = 0;

		/* the last one of all may be none elsewhere */
		*time = utc ? (TimestampTz) local : timestamp2timestamptz_opt_overflow(local, &overflow);
		if (TIMESTAMP_NOT_FINITE(local) || overflow != 0)
			*time = 0;
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
	if (!entry->skip && said != NULL && strlen(said) > NAME_MAX_BYTES)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a row of %s has a migration of %zu bytes", reading->table->shown, strlen(said)),
				errdetail("No tool writes a name of more than %d.", NAME_MAX_BYTES));
	if (!entry->skip && (said == NULL || said[0] == '\0' || (entry->through && entry->version == NULL)))
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
