/*
 * mirror.c
 *	  The table of another tool, kept as the tool would have it.
 *
 * Its statements are written in the transaction that writes the record, so that
 * the two never differ, and an error there is one of the migration.  They run as
 * the caller: he needs the rights that the tool's user needs.  And triggers and
 * defaults of the table run with his: so its owner must be one who might do with
 * the caller's rights what he likes, as whoever wrote the registration.
 *
 * Names in the statements are qualified: the search_path is the script's.  The
 * tool's own lock is held to the end of the transaction, as in adoption.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "adopt/mirror.h"
#include "adopt/table.h"
#include "base/compat.h"
#include "base/finding.h"
#include "base/options.h"
#include "base/owner_query.h"
#include "base/trust.h"
#include "base/version.h"

static const OptionKey mirror_keys[] = {
	{"tool", OPTION_STRING, "the name of a tool"},
	{"table", OPTION_STRING, "the name of a table"},
	{NULL}
};

/* The versions on record that are numbers, as applied, the lowest first. */
typedef struct Applied
{
	MemoryContext context;
	char	  **versions;
	int			count;
	int			room;
} Applied;

static JsonbValue *mirror_value(const Jsonb *options);
static Oid	relation_of(const char *name, bool missing_ok);
static void hold(const Mirror *mirror, const HistoryTable *table);
static void require_mirrored(const HistoryTool *tool);
static void require_rights(const HistoryTable *table);
static void require_trusted_owner(const HistoryTable *table);
pg_noreturn static void refuse_dropped(const HistoryTable *table);
static void require_trusted_triggers(const HistoryTable *table, LOCKMODE mode);
static Oid	stranger(Oid role);
static Oid	owner_of(int cache, Oid object);
static uint64 run_statement(const HistoryTable *table, const char *statement, char *const *parameters);
static void fill_parameters(const HistoryTable *table, MirrorChange change, const MirrorRow *row, Mirror *mirror, char **parameters);
static char *with_blanks(const char *name);
static char *stem_of(const char *file);
static char *highest_but(Mirror *mirror, const char *version);
static void take_applied(HeapTuple tuple, TupleDesc desc, void *argument);

Mirror *
mirror_of(const Service *registration)
{
	Mirror	   *mirror;
	List	   *options;

	if (registration == NULL || registration->mirror == NULL)
		return NULL;
	options = options_read(registration->mirror, mirror_keys, false);
	mirror = palloc0(sizeof(Mirror));
	mirror->service = registration->service;
	mirror->tool = options_find(options, "tool")->strings[0];
	mirror->table = options_find(options, "table")->strings[0];
	return mirror;
}

bool
mirror_is_in_options(const Jsonb *options)
{
	return mirror_value(options) != NULL;
}

/* NULL: there is none, or it is null. */
static JsonbValue *
mirror_value(const Jsonb *options)
{
	JsonbValue	key = {.type = jbvString,.val.string = {6, "mirror"}};
	JsonbValue *value = NULL;

	if (options != NULL && JB_ROOT_IS_OBJECT(options))
		value = findJsonbValueFromContainer(unconstify(JsonbContainer *, &options->root), JB_FOBJECT, &key);
	return value == NULL || value->type == jbvNull ? NULL : value;
}

Jsonb *
mirror_find_in_options(Jsonb *options)
{
	JsonbValue *value = mirror_value(options);
	const Option *tool = NULL;
	const Option *table = NULL;
	HistoryTable *found;

	if (value == NULL)
		return options;
	if (value->type == jbvBinary)
	{
		List	   *given = options_read(JsonbValueToJsonb(value), mirror_keys, false);

		tool = options_find(given, "tool");
		table = options_find(given, "table");
	}
	else if (value->type != jbvBool || !value->val.boolean)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"mirror\" must be true, or an object with \"tool\" and \"table\""),
				errhint("Null takes the option away."));
	found = history_find(tool ? tool->strings[0] : NULL, table ? relation_of(table->strings[0], false) : InvalidOid);
	require_mirrored(found->tool);
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(options), JsonbPGetDatum(mirror_option(found))));
}

Jsonb *
mirror_option(const HistoryTable *table)
{
	StringInfoData text;

	require_mirrored(table->tool);
	if (get_rel_persistence(table->relation) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("table \"%s\" is temporary, and cannot mirror a record that is not", finding_one_line(table->name)));
	initStringInfo(&text);
	appendStringInfoString(&text, "{\"mirror\": {\"tool\": ");
	escape_json(&text, table->tool->name);
	appendStringInfoString(&text, ", \"table\": ");
	escape_json(&text, quote_qualified_identifier(table->schema, table->name));
	appendStringInfoString(&text, "}}");
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data)));
}

void
mirror_require(const Mirror *mirror)
{
	const HistoryTable *table = mirror_table(mirror);

	require_rights(table);
	require_trusted_owner(table);
	require_trusted_triggers(table, AccessShareLock);
	history_lock_tool(table);
}

void
mirror_write(Mirror *mirror, MirrorChange change, const MirrorRow *row)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator mirror", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	const HistoryTable *table = mirror_table(mirror);
	const HistoryTool *tool = table->tool;
	char	   *parameters[MIRROR_PARAMETERS] = {0};

	hold(mirror, table);
	if (change == MIRROR_ADD)
		mirror->applied = NULL;
	fill_parameters(table, change, row, mirror, parameters);
	if (change == MIRROR_ACCEPT)
		(void) run_statement(table, tool->mirror_accept, parameters);
	else if (change == MIRROR_REMOVE)
		for (int i = 0; i < lengthof(tool->mirror_remove); i++)
			(void) run_statement(table, tool->mirror_remove[i], parameters);
	else
	{
		(void) run_statement(table, tool->mirror_add[0], parameters);
		if (run_statement(table, tool->mirror_add[1], parameters) == 0 && !tool->mirror_moves)
			ereport(ERROR,
					errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
					errmsg("a trigger of table %s keeps rows from being written", table->shown),
					errdetail("It mirrors the record for %s, which would run again what has no row there.", tool->name),
					errhint("Have the trigger return the row, or drop it, or take option \"mirror\" away with migrator.register()."));
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
mirror_clear(const Mirror *mirror)
{
	char	   *none[MIRROR_PARAMETERS] = {0};
	HistoryTable *table;

	if (!OidIsValid(relation_of(mirror->table, true)))
		return;
	table = mirror_table(mirror);
	hold(mirror, table);
	(void) run_statement(table, table->tool->mirror_clear ? table->tool->mirror_clear : "DELETE FROM ONLY %s", none);
}

/* It is looked for each time: a script may have made another one of it. */
HistoryTable *
mirror_table(const Mirror *mirror)
{
	Oid			relation = relation_of(mirror->table, true);

	if (!OidIsValid(relation))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("table %s, which mirrors the record for %s, does not exist", mirror->table, mirror->tool),
				errhint("Have %s make it again, or take option \"mirror\" away with migrator.register().", mirror->tool));
	return history_find(mirror->tool, relation);
}

static Oid
relation_of(const char *name, bool missing_ok)
{
	RangeVar   *range = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(name)));

	return RangeVarGetRelid(range, NoLock, missing_ok);
}

static void
require_mirrored(const HistoryTool *tool)
{
	StringInfoData names;
	const HistoryTool *other;

	if (tool->mirror_add[0] != NULL)
		return;
	initStringInfo(&names);
	for (int i = 0; (other = history_tool(i)) != NULL; i++)
		if (other->mirror_add[0] != NULL)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", other->name);
	ereport(ERROR,
			errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("the history of %s cannot be mirrored", tool->name),
			errdetail("Those of these tools can: %s.", names.data));
}

static void
require_rights(const HistoryTable *table)
{
	AclMode		wanted = ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (pg_class_aclmask(table->relation, GetUserId(), wanted, ACLMASK_ALL) != wanted)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for table %s", table->shown),
				errdetail("It mirrors the record for %s, and is written with your rights: SELECT, INSERT, UPDATE and DELETE.", table->tool->name),
				errhint("Have somebody grant you these, or take option \"mirror\" away with migrator.register()."));
}

static void
require_trusted_owner(const HistoryTable *table)
{
	Oid			owner = owner_of(RELOID, table->relation);

	if (!OidIsValid(owner))
		refuse_dropped(table);
	if (OidIsValid(stranger(owner)))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied to mirror to table %s, which role \"%s\" owns", table->shown, trust_role_name(owner)),
				errdetail("Its triggers would act with your rights, which that role does not have."),
				errhint("Run as that role, or give the table to a role that may do all that you may; migrator.trusted_stagers names roles that are trusted."));
}

static void
refuse_dropped(const HistoryTable *table)
{
	ereport(ERROR,
			errcode(ERRCODE_UNDEFINED_TABLE),
			errmsg("table %s was dropped meanwhile", table->shown));
}

/*
 * Triggers and foreign keys need no more than a grant, so they may be others'
 * words than the owner's.  Whose a trigger is nobody wrote down: so its function
 * must be that of a trusted role, and a condition, which could call any, is none
 * of it.  With the lock that the caller holds, or this one.
 */
static void
require_trusted_triggers(const HistoryTable *table, LOCKMODE mode)
{
	Relation	relation = try_table_open(table->relation, mode);
	TriggerDesc *triggers;
	bool		has_rules;

	if (relation == NULL)
		refuse_dropped(table);
	triggers = CopyTriggerDesc(relation->trigdesc);
	has_rules = relation->rd_rules != NULL;
	table_close(relation, mode);
	/* which would write something else, or nothing */
	if (has_rules)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("table %s has a rule", table->shown),
				errdetail("It mirrors the record for %s, whose rows are written as they are.", table->tool->name),
				errhint("Drop the rule, or take option \"mirror\" away with migrator.register()."));
	/* a row that cannot be seen would not be changed */
	if (check_enable_rls(table->relation, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("row security may hide rows of table %s", table->shown),
				errdetail("It mirrors the record for %s, and is written with your rights.", table->tool->name),
				errhint("Run as its owner, or as a role with BYPASSRLS."));
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		bool		is_foreign_key = RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK;
		Oid			owner = InvalidOid;

		if (trigger->tgenabled == TRIGGER_DISABLED)
			continue;
		if (is_foreign_key)
			owner = stranger(owner_of(RELOID, trigger->tgconstrrelid));
		else if (!trigger->tgisinternal)
			owner = stranger(owner_of(PROCOID, trigger->tgfoid));
		if (OidIsValid(owner) || (trigger->tgqual != NULL && !trigger->tgisinternal))
			ereport(ERROR,
					errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					is_foreign_key ?
					errmsg("permission denied to mirror to table %s: a foreign key of a table of role \"%s\" refers to it",
						   table->shown, trust_role_name(owner)) :
					OidIsValid(owner) ?
					errmsg("permission denied to mirror to table %s: its trigger \"%s\" calls a function of role \"%s\"",
						   table->shown, finding_one_line(trigger->tgname), trust_role_name(owner)) :
					errmsg("permission denied to mirror to table %s: its trigger \"%s\" has a condition",
						   table->shown, finding_one_line(trigger->tgname)),
					errdetail("It would act with your rights, and whoever has a grant on the table may have made it."),
					errhint("Remove it, or let it belong to a role that may do all that you may, without WHEN; migrator.trusted_stagers names roles that are trusted."));
	}
}

Oid
mirror_strange_owner(const HistoryTable *table)
{
	return stranger(owner_of(RELOID, table->relation));
}

/* The role, if what it says must not act with the caller's rights. */
static Oid
stranger(Oid role)
{
	Author		author = {role, role, role};

	return !OidIsValid(role) || has_privs_of_role(role, owner_query_owner()) || !OidIsValid(trust_stranger(&author)) ? InvalidOid : role;
}

/* InvalidOid, which is nobody's, of what is gone. */
static Oid
owner_of(int cache, Oid object)
{
	HeapTuple	tuple = SearchSysCache1(cache, ObjectIdGetDatum(object));
	Oid			owner = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = cache == PROCOID ? ((Form_pg_proc) GETSTRUCT(tuple))->proowner : ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Whoever owns the schema may put a table of his in its place while the tool's
 * lock is waited for, and he may have that lock.  So the table is looked for
 * again behind the wait, and locked as the statements lock it.
 */
static void
hold(const Mirror *mirror, const HistoryTable *table)
{
	require_trusted_owner(table);
	history_lock_tool(table);
	LockRelationOid(table->relation, RowExclusiveLock);
	if (relation_of(mirror->table, true) != table->relation)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("table %s was changed meanwhile", table->shown));
	require_trusted_owner(table);
	require_trusted_triggers(table, NoLock);
}

/* How many rows it wrote, or took away; NULL: there is none. */
static uint64
run_statement(const HistoryTable *table, const char *statement, char *const *parameters)
{
	bool		had_snapshot = ActiveSnapshotSet();
	Datum		values[MIRROR_PARAMETERS];
	char		nulls[MIRROR_PARAMETERS];
	Oid			types[MIRROR_PARAMETERS];
	char	   *name = quote_qualified_identifier(table->schema, table->name);
	uint64		count;
	StringInfoData sql;
	const char *at;

	if (statement == NULL)
		return 0;
	initStringInfo(&sql);
	while ((at = strstr(statement, "%s")) != NULL)
	{
		appendBinaryStringInfo(&sql, statement, at - statement);
		appendStringInfoString(&sql, name);
		statement = at + 2;
	}
	appendStringInfoString(&sql, statement);
	for (int i = 0; i < MIRROR_PARAMETERS; i++)
	{
		types[i] = TEXTOID;
		values[i] = owner_query_text_or_null(parameters[i], &nulls[i]);
	}
	SPI_connect();
	if (SPI_execute_with_args(sql.data, MIRROR_PARAMETERS, types, values, nulls, false, 0) < 0)
		elog(ERROR, "mirroring failed: %s", sql.data);
	count = SPI_processed;
	SPI_finish();
	owner_query_drop_snapshot(had_snapshot);
	return count;
}

static void
fill_parameters(const HistoryTable *table, MirrorChange change, const MirrorRow *row, Mirror *mirror, char **parameters)
{
	const Migration *migration = row->migration;
	const char *slash = row->file ? strrchr(row->file, '/') : NULL;
	const char *file = slash ? slash + 1 : row->file;

	parameters[MIRROR_VERSION] = unconstify(char *, row->version);
	parameters[MIRROR_NAME] = with_blanks(row->name ? row->name : "");
	/* without a file the version stands for its name */
	parameters[MIRROR_FILE] = file ? pstrdup(file) : psprintf("%s.sql", row->version);
	parameters[MIRROR_STEM] = stem_of(parameters[MIRROR_FILE]);
	if (change != MIRROR_REMOVE && migration != NULL && table->tool->checksum != NULL)
		parameters[MIRROR_CHECKSUM] = table->tool->checksum(migration, row->source);
	parameters[MIRROR_TIME] = psprintf("%.3f", Max(row->execution_time_ms, 0));
	if (migration != NULL && migration->previous != NULL && strcmp(migration->previous, "-") != 0)
		parameters[MIRROR_PREVIOUS] = migration->previous;
	if (change == MIRROR_REMOVE && table->tool->mirror_remove[1] != NULL)
		parameters[MIRROR_HIGHEST] = highest_but(mirror, row->version);
	parameters[MIRROR_KIND] = migration == NULL ? "versioned" :
		migration->kind == MIGRATION_REPEATABLE ? "repeatable" :
		migration->kind == MIGRATION_BASELINE ? "baseline" : "versioned";
}

static char *
with_blanks(const char *name)
{
	char	   *result = pstrdup(name);

	for (char *c = result; *c != '\0'; c++)
		if (*c == '_')
			*c = ' ';
	return result;
}

static char *
stem_of(const char *file)
{
	static const char *const ends[] = {".sql", ".up"};
	char	   *stem = pstrdup(file);

	for (int i = 0; i < lengthof(ends); i++)
	{
		size_t		length = strlen(stem);

		if (length > strlen(ends[i]) && strcmp(stem + length - strlen(ends[i]), ends[i]) == 0)
			stem[length - strlen(ends[i])] = '\0';
	}
	return stem;
}

/*
 * The highest version that is applied besides this one, which is taken back.
 * The record is asked once: nobody else changes it meanwhile.  What this call
 * takes back and cannot keep back is missed here, but in the table it is still
 * the highest, and what is lower leaves the table alone.
 */
static char *
highest_but(Mirror *mirror, const char *version)
{
	static OwnerQuery query = {
		"SELECT version FROM migrator.migrations"
		" WHERE service = $1 AND state = 'applied' AND version OPERATOR(pg_catalog.~) '^[0-9]+$'"
		" ORDER BY version::pg_catalog.numeric USING OPERATOR(pg_catalog.<), version COLLATE pg_catalog.\"C\" USING OPERATOR(pg_catalog.<)",
		1, {TEXTOID}
	};
	Applied    *applied = mirror->applied;

	if (applied == NULL)
	{
		Datum		value = CStringGetTextDatum(mirror->service);
		MemoryContext context = GetMemoryChunkContext(mirror);

		applied = MemoryContextAllocZero(context, sizeof(Applied));
		applied->context = context;
		(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_applied, applied);
		mirror->applied = applied;
	}
	for (int i = applied->count - 1; i >= 0 && version_compare(VERSION_ORDER_NUMBER, version, applied->versions[i]) <= 0; i--)
		if (version_matches(VERSION_ORDER_NUMBER, version, applied->versions[i]))
		{
			memmove(&applied->versions[i], &applied->versions[i + 1], (applied->count - i - 1) * sizeof(char *));
			applied->count--;
			break;
		}
	return applied->count > 0 ? applied->versions[applied->count - 1] : NULL;
}

static void
take_applied(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Applied    *applied = argument;
	MemoryContext old = MemoryContextSwitchTo(applied->context);

	if (applied->count == applied->room)
	{
		applied->room = Max(2 * applied->room, 64);
		applied->versions = applied->versions == NULL ? palloc(applied->room * sizeof(char *)) :
			repalloc(applied->versions, applied->room * sizeof(char *));
	}
	applied->versions[applied->count++] = owner_query_text(tuple, desc, 1);
	MemoryContextSwitchTo(old);
}
