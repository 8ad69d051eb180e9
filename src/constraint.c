/*
 * constraint.c
 *	  Deferred constraints at the end of a migration.
 *
 * Only constraints of relations that have pending trigger events are touched:
 * set IMMEDIATE, which fires them, and those that are initially deferred are
 * set back.  Our transaction holds locks on these relations, so nobody can
 * take the constraints away in between.  SET CONSTRAINTS ALL would make all
 * the other ones forget their mode, the caller's included: that is done only
 * behind a script that ran SET CONSTRAINTS itself.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "constraint.h"
#include "owner_query.h"

/* does the database have deferrable constraints, as far as we know? */
static enum
{
	UNKNOWN, NONE, SOME
}			deferrable = UNKNOWN;

/* Two lists of qualified names, palloc'd, or NULL. */
typedef struct Names
{
	MemoryContext context;
	char	   *pending;
	char	   *initially_deferred;
} Names;

static void set_constraints(const char *names, const char *mode);
static Datum pending_relations(int *count);
static void add_pending(HeapTuple tuple, TupleDesc desc, void *argument);
static void copy_names(HeapTuple tuple, TupleDesc desc, void *argument);

void
constraint_reset(void)
{
	deferrable = UNKNOWN;
}

void
constraint_check_deferred(bool may_create, bool reset_modes)
{
	/*
	 * A name that also stands for a constraint which cannot be deferred is left
	 * alone, since it could not be set back; so is one in a schema that the
	 * caller may not use.  Their events wait for the commit.
	 */
	static OwnerQuery exists = {
		"SELECT FROM pg_catalog.pg_constraint WHERE condeferrable LIMIT 1", 0
	};
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

	if (deferrable == UNKNOWN || (deferrable == NONE && may_create))
		deferrable = owner_query_run(&exists, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot,
									 NULL, NULL) > 0 ? SOME : NONE;
	if (deferrable == NONE)
		return;
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

typedef struct Relations
{
	MemoryContext context;
	List	   *pending;		/* of Oid */
} Relations;

/* Relations with deferrable triggers and pending events, as oid[]. */
static Datum
pending_relations(int *count)
{
	static OwnerQuery query = {
		"SELECT DISTINCT tgrelid FROM pg_catalog.pg_trigger WHERE tgdeferrable", 0
	};
	Relations	relations = {CurrentMemoryContext, NIL};
	Datum	   *values;

	(void) owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, add_pending, &relations);
	*count = list_length(relations.pending);
	values = palloc(Max(*count, 1) * sizeof(Datum));
	for (int i = 0; i < *count; i++)
		values[i] = ObjectIdGetDatum(list_nth_oid(relations.pending, i));
	return PointerGetDatum(construct_array(values, *count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

static void
add_pending(HeapTuple tuple, TupleDesc desc, void *argument)
{
	Relations  *relations = argument;
	MemoryContext old = MemoryContextSwitchTo(relations->context);
	bool		isnull;
	Oid			relation = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));

	if (AfterTriggerPendingOnRel(relation))
		relations->pending = lappend_oid(relations->pending, relation);
	MemoryContextSwitchTo(old);
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
