/*
 * constraint.c
 *	  Deferred constraints at the end of a migration.
 *
 * SET CONSTRAINTS ALL IMMEDIATE fires what is pending, but also changes the
 * mode for the rest of the transaction; the constraints that are initially
 * deferred are set back by name.  (trigger.c keeps the mode to itself, and
 * AfterTriggerFireDeferred() must not be called within a query.)  A caller's
 * own SET CONSTRAINTS from before the call does not outlive it; docs/apply.md
 * says so.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "constraint.h"
#include "owner_query.h"

/* does the database have deferrable constraints, as far as we know? */
static enum
{
	UNKNOWN, NONE, SOME
}			deferrable = UNKNOWN;

static void copy_text(HeapTuple tuple, TupleDesc desc, void *argument);

void
constraint_reset(void)
{
	deferrable = UNKNOWN;
}

void
constraint_check_deferred(bool may_create)
{
	/*
	 * A name that stands for several constraints of a schema is left out
	 * unless all are deferrable: SET CONSTRAINTS would refuse it.
	 */
	static OwnerQuery exists = {
		"SELECT FROM pg_catalog.pg_constraint WHERE condeferrable LIMIT 1", 0
	};
	static OwnerQuery deferred = {
		"SELECT pg_catalog.string_agg(name, ', ') FROM ("
		" SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name"
		" FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace"
		" GROUP BY 1 HAVING pg_catalog.bool_or(c.condeferred) AND pg_catalog.bool_and(c.condeferrable)) s",
		0
	};
	char	   *names = NULL;

	if (deferrable == UNKNOWN || (deferrable == NONE && may_create))
		deferrable = owner_query_run(&exists, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot,
									 NULL, NULL) > 0 ? SOME : NONE;
	if (deferrable == NONE)
		return;

	/* fires triggers, so with the caller's rights */
	SPI_connect();
	if (SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "SET CONSTRAINTS failed");
	SPI_finish();

	(void) owner_query_run(&deferred, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, copy_text, &names);
	if (names != NULL)
		owner_query_utility(psprintf("SET CONSTRAINTS %s DEFERRED", names));
}

/* into the context of the migration, which is parent of SPI's */
static void
copy_text(HeapTuple tuple, TupleDesc desc, void *argument)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, 1, desc, &isnull);

	if (!isnull)
	{
		char	   *names = TextDatumGetCString(value);

		*(char **) argument = SPI_palloc(strlen(names) + 1);
		strcpy(*(char **) argument, names);
	}
}
