/*
 * approval.c
 *	  Which bytes of which migration may run.
 *
 * Rows are never deleted: one that was revoked or used says so, and the table
 * is the trail of who approved what.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/owner_query.h"
#include "record/approval.h"
#include "record/who.h"

#define STANDS " revoked_at IS NULL AND run_id IS NULL"
#define COLUMNS "SELECT version, checksum, hooks, approved_by FROM migrator.given_approvals WHERE service = $1 AND" STANDS

static void copy_approval(const Datum *values, const bool *nulls, void *argument);
static int	compare(const void *a, const void *b);

typedef struct ApprovalLoad
{
	ApprovalList *list;
	MemoryContext context;
} ApprovalLoad;

ApprovalList *
approval_load(const char *service, const char *version)
{
	static OwnerQuery all = {COLUMNS, 1, {TEXTOID}};
	static OwnerQuery one = {COLUMNS " AND version = $2", 2, {TEXTOID, TEXTOID}};
	Datum		values[2] = {CStringGetTextDatum(service)};
	ApprovalLoad load = {palloc0(sizeof(ApprovalList)), CurrentMemoryContext};
	Snapshot	latest = InvalidSnapshot;

	if (IsolationUsesXactSnapshot())
		latest = RegisterSnapshot(GetLatestSnapshot());
	if (version != NULL)
		values[1] = CStringGetTextDatum(version);
	owner_query_scan(version ? &one : &all, values, latest, copy_approval, &load);
	if (latest != InvalidSnapshot)
		UnregisterSnapshot(latest);
	if (load.list->count > 1)
		qsort(load.list->items, load.list->count, sizeof(Approval), compare);
	return load.list;
}

static void
copy_approval(const Datum *values, const bool *nulls, void *argument)
{
	ApprovalLoad *load = argument;
	ApprovalList *list = load->list;
	MemoryContext old = MemoryContextSwitchTo(load->context);
	Approval   *approval;

	if (list->count == list->room)
	{
		Size		room = Max(list->room * 2, 64);

		list->items = list->items == NULL ? palloc(room * sizeof(Approval)) :
			repalloc_huge(list->items, room * sizeof(Approval));
		list->room = room;
	}
	approval = &list->items[list->count++];
	approval->version = TextDatumGetCString(values[0]);
	approval->checksum = TextDatumGetCString(values[1]);
	approval->hooks = TextDatumGetCString(values[2]);
	approval->approved_by = TextDatumGetCString(values[3]);
	MemoryContextSwitchTo(old);
}

/* What the first, which may be the one that is looked for, says nothing of, is equal. */
static int
compare(const void *a, const void *b)
{
	const Approval *one = a;
	const Approval *other = b;
	int			result = strcmp(one->version, other->version);

	if (result == 0 && one->checksum != NULL)
		result = strcmp(one->checksum, other->checksum);
	if (result == 0 && one->hooks != NULL)
		result = strcmp(one->hooks, other->hooks);
	return result;
}

const Approval *
approval_find(const ApprovalList *list, const Approval *like)
{
	return list->count == 0 ? NULL : bsearch(like, list->items, list->count, sizeof(Approval), compare);
}

void
approval_write(const char *service, const Approval *approval, const char *note)
{
	static OwnerQuery query = {
		"INSERT INTO migrator.given_approvals (service, version, checksum, hooks, approved_by, note)"
		" VALUES ($1, $2, $3, $4, $5, $6)",
		6, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
	};
	char		nulls[6] = {' ', ' ', ' ', ' ', ' ', ' '};
	Datum		values[6] = {
		CStringGetTextDatum(service), CStringGetTextDatum(approval->version),
		CStringGetTextDatum(approval->checksum), CStringGetTextDatum(approval->hooks),
		CStringGetTextDatum(who_name(GetSessionUserId()))
	};

	values[5] = owner_query_text_or_null(note, &nulls[5]);
	(void) owner_query_run(&query, SPI_OK_INSERT, values, nulls, InvalidSnapshot, NULL, NULL);
}

bool
approval_revoke(const char *service, const char *version)
{
	static OwnerQuery query = {
		"UPDATE migrator.given_approvals SET revoked_at = pg_catalog.clock_timestamp(), revoked_by = $3"
		" WHERE service = $1 AND" STANDS " AND (version = $2 OR version ~ '^[0-9]+$' AND $2 ~ '^[0-9]+$'"
		"  AND pg_catalog.ltrim(version, '0') = pg_catalog.ltrim($2, '0'))",
		3, {TEXTOID, TEXTOID, TEXTOID}
	};
	Datum		values[3] = {
		CStringGetTextDatum(service), CStringGetTextDatum(version),
		CStringGetTextDatum(who_name(GetSessionUserId()))
	};

	return owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}

bool
approval_use(const char *service, const Approval *approval, int64 run_id)
{
	static OwnerQuery query = {
		"UPDATE migrator.given_approvals SET run_id = $5"
		" WHERE service = $1 AND version = $2 AND checksum = $3 AND hooks = $4 AND" STANDS,
		5, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID}
	};
	Datum		values[5] = {
		CStringGetTextDatum(service), CStringGetTextDatum(approval->version),
		CStringGetTextDatum(approval->checksum), CStringGetTextDatum(approval->hooks),
		Int64GetDatum(run_id)
	};

	return owner_query_run(&query, SPI_OK_UPDATE, values, NULL, InvalidSnapshot, NULL, NULL) > 0;
}
