/*
 * owner_query.h
 *	  The one way to the extension's own tables.
 *
 * Callers have no rights on the tables, so a query runs as the extension's
 * owner, with search_path fixed to pg_catalog and pg_temp, whatever the
 * caller's is.  Statements are constant strings with parameters; nothing is
 * ever built from user input.
 */
#ifndef MIGRATOR_BASE_OWNER_QUERY_H
#define MIGRATOR_BASE_OWNER_QUERY_H

#include "executor/spi.h"
#include "utils/snapshot.h"

/*
 * A query and its saved plan.  Declare one static variable for each:
 *
 *	  static OwnerQuery query = {"SELECT ... WHERE service = $1", 1, {TEXTOID}};
 */
#define OWNER_QUERY_MAX_PARAMETERS 36

typedef struct OwnerQuery
{
	const char *sql;
	int			parameter_count;
	Oid			parameter_types[OWNER_QUERY_MAX_PARAMETERS];
	SPIPlanPtr	plan;			/* filled by owner_query_run, kept for the
								 * life of the backend */
	bool		generic;		/* planned once and without the values: where
								 * another plan would not be better, or would
								 * hold copies of large ones */
} OwnerQuery;

/*
 * One row of a result; called with the SPI context current, so it copies what
 * it keeps into a context of its own.
 */
typedef void (*OwnerQueryRow) (HeapTuple tuple, TupleDesc desc, void *argument);

/*
 * Run a query whose result must be expected (an SPI_OK_* code).  nulls as SPI
 * takes them, or NULL.  snapshot InvalidSnapshot means the usual: a fresh one
 * that sees all that was done before.  row may be NULL.  Returns the number of
 * rows processed.  Raises what the query raises, 0A000 when the extension is
 * not installed in this database.
 */
extern uint64 owner_query_run(OwnerQuery *query, int expected,
							  const Datum *values, const char *nulls,
							  Snapshot snapshot,
							  OwnerQueryRow row, void *argument);

/*
 * The same of a SELECT that may return thousands of rows, which are handed over
 * one by one as the executor makes them: no copy of the result is kept.  row
 * gets all columns, valid until it returns; it must not run a query.
 */
typedef void (*OwnerQueryValues) (const Datum *values, const bool *nulls, void *argument);

extern void owner_query_scan(OwnerQuery *query, const Datum *values, Snapshot snapshot,
							 OwnerQueryValues row, void *argument);

/* For an OwnerQueryRow: a column (from 1) of type text, palloc'd, NULL when it is NULL. */
extern char *owner_query_text(HeapTuple tuple, TupleDesc desc, int column);

/* A parameter of type text; *null receives what belongs into "nulls". */
extern Datum owner_query_text_or_null(const char *value, char *null);

/* For a parameter: an array, palloc'd, of values of a type. */
extern Datum owner_query_array(Datum *values, int count, Oid type);

/*
 * Inside a CALL, SPI pushes a snapshot for the portal that stays when it is
 * finished.  Whoever waits with one makes CREATE INDEX CONCURRENTLY wait for
 * him, and a statement that commits trips over it.  So every use of SPI says
 * before whether there was one, and afterwards takes away what was not there.
 */
extern void owner_query_drop_snapshot(bool had_snapshot);

/* A utility command as the owner (register() makes views).  Built by the
 * caller from quoted identifiers and literals. */
extern void owner_query_utility(const char *sql);

/* The extension's owner, cached until the next invalidation of the catalog. */
extern Oid	owner_query_owner(void);

/* Is version installed that belongs to this library?  Raises 0A000 if not. */
extern void owner_query_check_version(void);

#endif
