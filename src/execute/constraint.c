/*
 * constraint.c
 *	  Deferred constraints at the end of a migration.
 *
 * In a transaction of its own all of them are set IMMEDIATE, which fires what
 * is pending; its commit would do no more.  In the caller's transaction only
 * constraints of relations that have pending trigger events are touched: set
 * IMMEDIATE, and those that are initially deferred are set back.  Our
 * transaction holds locks on these relations, so nobody can take the
 * constraints away in between.  SET CONSTRAINTS ALL would make all the other
 * ones forget their mode, the caller's included: that is done only behind a
 * script that ran SET CONSTRAINTS itself.
 *
 * A database may have thousands of deferrable constraints, and a transaction
 * hundreds of thousands of pending events; the server tells of one relation at
 * a time whether it has any, by going through all of them.  So the relations
 * with deferrable triggers are read from the catalog once a run, and again as
 * far as the server says that they changed; and only those are asked about that
 * our transaction has a writer's lock on, without which there are no events.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/owner_query.h"
#include "execute/constraint.h"

/* so many relations may change between two looks; beyond, all are read again */
#define CHANGES_AT_MOST 1024

/* what has, or had in this run, deferrable triggers; NULL before the first look */
static HTAB *relations = NULL;

/* relations that changed since, as the server's cache was told */
static Oid	changes[CHANGES_AT_MOST];
static int	change_count = 0;
static bool all_changed = false;

/* a look that was not finished has lost what it was about */
static bool looking = false;

/* Two lists of qualified names, palloc'd, or NULL. */
typedef struct Names
{
	MemoryContext context;
	char	   *pending;
	char	   *initially_deferred;
} Names;

static void add_context(void *unused);
static void set_constraints(const char *names, const char *mode);
static void note_change(Datum unused, Oid relation);
static void look_at_relations(void);
static void add_relation(HeapTuple tuple, TupleDesc desc, void *argument);
static Datum oid_array(const Oid *oids, int count);
static bool has_pending(Oid relation);
static Datum pending_relations(int *count);
static void copy_names(HeapTuple tuple, TupleDesc desc, void *argument);

void
constraint_reset(void)
{
	static bool registered = false;

	if (!registered)
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	registered = true;
	if (relations != NULL)
		hash_destroy(relations);
	relations = NULL;
}

void
constraint_check_all(void)
{
	ConstraintsSetStmt *all = makeNode(ConstraintsSetStmt);
	ErrorContextCallback callback = {
		.callback = add_context,
		.previous = error_context_stack
	};

	/* once a migration, so not by way of a parser */
	error_context_stack = &callback;
	AfterTriggerSetState(all);
	error_context_stack = callback.previous;
	pfree(all);
}

/* What an error says of it all the same: no statement of the script is at fault. */
static void
add_context(void *unused)
{
	errcontext("SQL statement \"%s\"", "SET CONSTRAINTS ALL IMMEDIATE");
}

void
constraint_check_deferred(bool reset_modes)
{
	/*
	 * A name that also stands for a constraint which cannot be deferred is
	 * left alone, since it could not be set back; so is one in a schema that
	 * the caller may not use.  Their events wait for the commit.
	 */
	static OwnerQuery names_of = {
		"SELECT pg_catalog.string_agg(name, ', '), pg_catalog.string_agg(name, ', ') FILTER (WHERE deferred) FROM ("
		" SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name,"
		" pg_catalog.bool_or(c.condeferred) AS deferred"
		" FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_constraint p ON p.oid = t.tgconstraint"
		" JOIN pg_catalog.pg_constraint c ON c.conname = p.conname AND c.connamespace = p.connamespace"
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace"
		" WHERE t.tgdeferrable AND t.tgrelid = ANY ($1)"
		" AND pg_catalog.has_schema_privilege($2, n.oid, 'USAGE')"
		" GROUP BY 1 HAVING pg_catalog.bool_and(c.condeferrable)) s",
		2, {OIDARRAYOID, OIDOID}
	};
	static OwnerQuery all_names = {
		"SELECT NULL::pg_catalog.text, pg_catalog.string_agg(name, ', ') FROM ("
		" SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name"
		" FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace"
		" WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
		" GROUP BY 1 HAVING pg_catalog.bool_or(c.condeferred) AND pg_catalog.bool_and(c.condeferrable)) s",
		0
	};
	Names		names = {CurrentMemoryContext, NULL, NULL};
	int			count;
	Datum		values[2];

	look_at_relations();
	values[0] = pending_relations(&count);
	values[1] = ObjectIdGetDatum(GetUserId());
	if (count > 0)
	{
		(void) owner_query_run(&names_of, SPI_OK_SELECT, values, NULL, InvalidSnapshot, copy_names, &names);
		set_constraints(names.pending, "IMMEDIATE");
	}
	if (reset_modes)
	{
		/* catalogs as SET CONSTRAINTS sees them, not as an old snapshot does */
		Snapshot	latest = RegisterSnapshot(GetLatestSnapshot());

		set_constraints("ALL", "IMMEDIATE");
		names.initially_deferred = NULL;
		(void) owner_query_run(&all_names, SPI_OK_SELECT, NULL, NULL, latest, copy_names, &names);
		UnregisterSnapshot(latest);
	}
	if (names.initially_deferred != NULL)
		owner_query_utility(psprintf("SET CONSTRAINTS %s DEFERRED", names.initially_deferred));
}

/* With the caller's rights, since it fires triggers. */
static void
set_constraints(const char *names, const char *mode)
{
	bool		had_snapshot = ActiveSnapshotSet();

	if (names == NULL)
		return;
	SPI_connect();
	if (SPI_execute(psprintf("SET CONSTRAINTS %s %s", names, mode), false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "SET CONSTRAINTS failed");
	SPI_finish();
	owner_query_drop_snapshot(had_snapshot);
}

/* May be called whenever the server reads the news of its caches. */
static void
note_change(Datum unused, Oid relation)
{
	if (relations == NULL || all_changed)
		return;
	if (relation == InvalidOid || change_count >= CHANGES_AT_MOST)
		all_changed = true;
	else if (change_count == 0 || changes[change_count - 1] != relation)
		changes[change_count++] = relation;
}

/*
 * Relations that lost their triggers stay: they have no events.  What changes
 * while we look is for the next look.
 */
static void
look_at_relations(void)
{
	static OwnerQuery all = {
		"SELECT DISTINCT tgrelid FROM pg_catalog.pg_trigger WHERE tgdeferrable", 0
	};
	static OwnerQuery some = {
		"SELECT DISTINCT tgrelid FROM pg_catalog.pg_trigger WHERE tgdeferrable AND tgrelid = ANY ($1)",
		1, {OIDARRAYOID}
	};
	bool		whole = relations == NULL || all_changed || looking;
	Datum		changed = oid_array(changes, change_count);
	int			count = change_count;

	if (relations == NULL)
	{
		HASHCTL		control = {
			.keysize = sizeof(Oid),
			.entrysize = sizeof(Oid),
			.hcxt = TopMemoryContext
		};

		relations = hash_create("migrator session deferrable", 256, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	looking = true;
	all_changed = false;
	change_count = 0;
	if (whole)
		(void) owner_query_run(&all, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, add_relation, NULL);
	else if (count > 0)
		(void) owner_query_run(&some, SPI_OK_SELECT, &changed, NULL, InvalidSnapshot, add_relation, NULL);
	looking = false;
}

static void
add_relation(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;
	Oid			relation = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));

	(void) hash_search(relations, &relation, HASH_ENTER, NULL);
}

static Datum
oid_array(const Oid *oids, int count)
{
	Datum	   *values = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		values[i] = ObjectIdGetDatum(oids[i]);
	return PointerGetDatum(construct_array(values, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* Whatever queues an event has taken this lock, and keeps it to the end. */
static bool
has_pending(Oid relation)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
	return lock_held_by_me(&tag, RowExclusiveLock) && AfterTriggerPendingOnRel(relation);
}

/* Relations with deferrable triggers and pending events, as oid[]. */
static Datum
pending_relations(int *count)
{
	Oid		   *pending = palloc(Max(hash_get_num_entries(relations), 1) * sizeof(Oid));
	HASH_SEQ_STATUS scan;
	Oid		   *relation;

	*count = 0;
	hash_seq_init(&scan, relations);
	while ((relation = hash_seq_search(&scan)) != NULL)
		if (has_pending(*relation))
			pending[(*count)++] = *relation;
	return oid_array(pending, *count);
}

static void
copy_names(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Names	   *names = argument;
	MemoryContext old = MemoryContextSwitchTo(names->context);
	bool		isnull;
	Datum		value;

	value = heap_getattr(tuple, 1, desc, &isnull);
	names->pending = isnull ? NULL : TextDatumGetCString(value);
	value = heap_getattr(tuple, 2, desc, &isnull);
	names->initially_deferred = isnull ? NULL : TextDatumGetCString(value);
	MemoryContextSwitchTo(old);
}
