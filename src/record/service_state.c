/*
 * service_state.c
 *	  Table "service_state".
 *
 * Written under the service's locks only, so that nobody else writes the row
 * meanwhile.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/owner_query.h"
#include "record/service_state.h"
#include "record/who.h"

/* argument of take_state() */
typedef struct TakenState
{
	ServiceState *state;
	MemoryContext context;
} TakenState;

static void take_state(HeapTuple tuple, TupleDesc desc, void *argument);

void
service_state_read(const char *service, ServiceState *state)
{
	static OwnerQuery query = {
		"SELECT environment, bootstrap_checksum FROM migrator.service_state WHERE service = $1", 1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);
	TakenState	taken = {state, CurrentMemoryContext};
	Snapshot	latest = InvalidSnapshot;

	memset(state, 0, sizeof(ServiceState));
	if (IsolationUsesXactSnapshot())
		latest = RegisterSnapshot(GetLatestSnapshot());
	(void) owner_query_run(&query, SPI_OK_SELECT, &value, NULL, latest, take_state, &taken);
	if (latest != InvalidSnapshot)
		UnregisterSnapshot(latest);
}

static void
take_state(HeapTuple tuple, TupleDesc desc, void *argument)
{
	TakenState *taken = argument;
	MemoryContext old = MemoryContextSwitchTo(taken->context);

	taken->state->environment = owner_query_text(tuple, desc, 1);
	taken->state->bootstrap_checksum = owner_query_text(tuple, desc, 2);
	MemoryContextSwitchTo(old);
}

void
service_state_stamp(const char *service, const char *environment)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.service_state (service, environment, stamped_at, stamped_by)"
		" VALUES ($1, $2, pg_catalog.clock_timestamp(), $3)"
		" ON CONFLICT (service) DO UPDATE SET environment = excluded.environment,"
		" stamped_at = excluded.stamped_at, stamped_by = excluded.stamped_by"
		" WHERE service_state.environment IS NULL",
		3, {TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[3] = {
		CStringGetTextDatum(service), CStringGetTextDatum(environment),
		CStringGetTextDatum(who_name(GetSessionUserId()))
	};

	(void) owner_query_run(&query, SPI_OK_INSERT, values, NULL, InvalidSnapshot, NULL, NULL);
}

void
service_state_set_environment(const char *service, const char *environment)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.service_state (service, environment, stamped_at, stamped_by)"
		" VALUES ($1, $2, pg_catalog.clock_timestamp(), $3)"
		" ON CONFLICT (service) DO UPDATE SET environment = excluded.environment,"
		" stamped_at = excluded.stamped_at, stamped_by = excluded.stamped_by",
		3, {TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[3];
	char		nulls[3] = {' ', ' ', ' '};

	values[0] = CStringGetTextDatum(service);
	values[1] = owner_query_text_or_null(environment, &nulls[1]);
	values[2] = CStringGetTextDatum(who_name(GetSessionUserId()));
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
service_state_bootstrapped(const char *service, const char *checksum, int64 run_id)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.service_state (service, bootstrapped_at, bootstrap_checksum, bootstrap_run_id)"
		" VALUES ($1, pg_catalog.clock_timestamp(), $2, $3)"
		" ON CONFLICT (service) DO UPDATE SET bootstrapped_at = excluded.bootstrapped_at,"
		" bootstrap_checksum = excluded.bootstrap_checksum, bootstrap_run_id = excluded.bootstrap_run_id",
		3, {TEXTOID, TEXTOID, INT8OID}
	};
	Datum		values[3] = {CStringGetTextDatum(service), CStringGetTextDatum(checksum), Int64GetDatum(run_id)};
	char		nulls[3] = {' ', ' ', run_id != 0 ? ' ' : 'n'};

	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

void
service_state_forget_bootstrap(const char *service)
{
	static OwnerQuery query = {
		"UPDATE migrator.service_state SET bootstrapped_at = NULL, bootstrap_checksum = NULL, bootstrap_run_id = NULL"
		" WHERE service = $1",
		1, {TEXTOID}
	};
	Datum		value = CStringGetTextDatum(service);

	(void) owner_query_run(&query, SPI_OK_UPDATE, &value, NULL, InvalidSnapshot, NULL, NULL);
}
