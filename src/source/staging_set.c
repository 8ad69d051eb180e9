/*
 * staging_set.c
 *	  The row of a set of staged files: whose it is, and one change at a time.
 *
 * Whoever changes a set locks its row in table "stages" first, and holds it to
 * the end of his transaction.  So two changes of one set follow one another,
 * whole, and what is read of the set's contents and paths after that stays
 * true: nobody else writes them.  Readers take no lock of rows, see staged.c.
 *
 * The row is asked whose the set is after it is locked, not before: while we
 * waited it may have been unstaged and have become another role's.  What is
 * left of an unstaged set (a row without files) belongs to nobody, and is the
 * caller's with the next change.
 *
 * Each change writes the row, also one that leaves every column as it was.
 * FOR UPDATE then raises a serialization failure in a transaction whose
 * snapshot is older than the change; without that it would go on and compare
 * its files with a set that it cannot see.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "base/owner_query.h"
#include "source/staged.h"
#include "source/staging_set.h"

static bool select_for_update(const char *name, StagingSet *set);
static void require_rights(const char *name, StagingSet *set);
static void take_set(HeapTuple tuple, TupleDesc desc, void *argument);

void
staging_set_lock(const char *name, StagingSet *set)
{
	static OwnerQuery insert = {
		"INSERT INTO migrator.stages (name, owner) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
		2, {TEXTOID, OIDOID}
	};

	/* a row that another makes or removes meanwhile: look again */
	while (!select_for_update(name, set))
	{
		Datum		values[2] = {CStringGetTextDatum(name), ObjectIdGetDatum(GetUserId())};

		CHECK_FOR_INTERRUPTS();
		(void) owner_query_run(&insert, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
	}
	require_rights(name, set);
}

bool
staging_set_lock_existing(const char *name, StagingSet *set)
{
	if (!select_for_update(name, set))
		return false;
	require_rights(name, set);
	return true;
}

void
staging_set_require_rights(const char *name)
{
	static OwnerQuery query = {
		"SELECT owner, file_count, total_size FROM migrator.stages WHERE name = $1",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);
	StagingSet	set;

	if (owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_set, &set) > 0)
		require_rights(name, &set);
}

static bool
select_for_update(const char *name, StagingSet *set)
{
	static OwnerQuery query = {
		"SELECT owner, file_count, total_size FROM migrator.stages WHERE name = $1 FOR UPDATE",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	return owner_query_run(&query, SPI_OK_SELECT, &value, NULL, InvalidSnapshot, take_set, set) > 0;
}

static void
require_rights(const char *name, StagingSet *set)
{
	if (set->file_count == 0)
		set->owner = GetUserId();
	if (!has_privs_of_role(GetUserId(), set->owner))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for staged files \"%s%s\"", STAGED_PREFIX, name),
				errdetail("They belong to another role."),
				errhint("Choose another name, or SET ROLE to the role that staged them."));
}

static void
take_set(HeapTuple tuple, TupleDesc desc, void *argument)
{
	StagingSet *set = argument;
	bool		isnull;

	set->owner = DatumGetObjectId(heap_getattr(tuple, 1, desc, &isnull));
	set->file_count = DatumGetInt32(heap_getattr(tuple, 2, desc, &isnull));
	set->total_size = DatumGetInt64(heap_getattr(tuple, 3, desc, &isnull));
}

void
staging_set_update(const char *name, const StagingSet *set)
{
	static OwnerQuery query = {
		"UPDATE migrator.stages SET owner = $2, file_count = $3, total_size = $4, changed_at = clock_timestamp()"
		" WHERE name = $1",
		4, {TEXTOID, OIDOID, INT4OID, INT8OID}
	};
	Datum		values[4] = {
		CStringGetTextDatum(name),
		ObjectIdGetDatum(set->owner),
		Int32GetDatum(set->file_count),
		Int64GetDatum(set->total_size)
	};

	(void) owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL);
}

/* Contents that some run still reads keep the row, by which they are found again. */
void
staging_set_forget(const char *name)
{
	static OwnerQuery query = {
		"DELETE FROM migrator.stages s WHERE name = $1"
		" AND NOT EXISTS (SELECT FROM migrator.staged_contents c WHERE c.name = s.name)",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(name);

	(void) owner_query_run(&query, SPI_OK_DELETE, &value, NULL, InvalidSnapshot, NULL, NULL);
}
