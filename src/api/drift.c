/*
 * drift.c
 *	  SQL functions drift() and accept_drift(), and what is_current() asks.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "api/api.h"
#include "api/drift.h"
#include "base/errors.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "run/settle_drift.h"

PG_FUNCTION_INFO_V1(migrator_drift);
PG_FUNCTION_INFO_V1(migrator_accept_drift);

/* so many objects of a service are named in an error */
#define NAMED_AT_MOST 10

static void put_drift(ReturnSetInfo *result, const char *service, const Drift *drift);
static const char *change_word(ObjectChange change);
static const KeptObject *drift_object(const Drift *drift);

/* drift(service) */
Datum
migrator_drift(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = api_begin_rows(fcinfo);
	ListCell   *lc;

	owner_query_check_version();
	foreach(lc, scope_resolve_each(NULL, api_text(fcinfo, 0), NULL))
	{
		const Scope *scope = lfirst(lc);
		bool		kept;
		List	   *drifts = settle_find_drift(scope, &kept);
		ListCell   *inner;

		if (!kept)
			ereport(NOTICE,
					errmsg("no run of service \"%s\" has kept the objects of its schemas", scope->service),
					errhint("The next one does with migrator.track_schema = on, and so does SELECT migrator.accept_drift()."));
		foreach(inner, drifts)
			put_drift(result, scope->service, lfirst(inner));
	}
	return (Datum) 0;
}

static void
put_drift(ReturnSetInfo *result, const char *service, const Drift *drift)
{
	const KeptObject *object = drift_object(drift);
	Datum		values[10];
	bool		nulls[10];

	memset(nulls, true, sizeof(nulls));
	api_set_text(values, nulls, 0, service);
	api_set_text(values, nulls, 1, change_word(drift->change));
	api_set_text(values, nulls, 2, object->kind);
	api_set_text(values, nulls, 3, object->identity);
	api_set_text(values, nulls, 4, drift->before ? drift->before->definition : NULL);
	api_set_text(values, nulls, 5, drift->now ? drift->now->definition : NULL);
	api_put_row(result, values, nulls);
}

static const char *
change_word(ObjectChange change)
{
	return change == OBJECT_ADDED ? "added" : change == OBJECT_REMOVED ? "removed" : "changed";
}

static const KeptObject *
drift_object(const Drift *drift)
{
	return drift->now ? drift->now : drift->before;
}

/* accept_drift(service, note) */
Datum
migrator_accept_drift(PG_FUNCTION_ARGS)
{
	volatile int count = 0;

	run_enter("migrator.accept_drift()");
	PG_TRY();
	{
		const Scope *scope = scope_resolve(NULL, api_text(fcinfo, 0), NULL);

		registration_require_member(scope->registration);
		count = settle_accept_drift(scope, api_text(fcinfo, 1));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_INT32(count);
}

bool
api_has_drift(const List *scopes)
{
	ListCell   *lc;
	bool		kept;

	foreach(lc, migrator_check_schema ? scopes : NIL)
	{
		if (settle_find_drift(lfirst(lc), &kept) != NIL)
			return true;
	}
	return false;
}

void
api_assert_no_drift(const List *scopes)
{
	StringInfoData detail;
	int			count = 0;
	ListCell   *lc;

	initStringInfo(&detail);
	foreach(lc, migrator_check_schema ? scopes : NIL)
	{
		const Scope *scope = lfirst(lc);
		bool		kept;
		ListCell   *inner;

		foreach(inner, settle_find_drift(scope, &kept))
		{
			const Drift *drift = lfirst(inner);
			const KeptObject *object = drift_object(drift);
			int			number = foreach_current_index(inner);

			count++;
			if (number == NAMED_AT_MOST)
				appendStringInfoString(&detail, "\n...");
			if (number < NAMED_AT_MOST)
				appendStringInfo(&detail, "%sservice \"%s\": %s %s %s", detail.len > 0 ? "\n" : "", scope->service,
								 object->kind, finding_one_line(object->identity), change_word(drift->change));
		}
	}
	if (count > 0)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_DRIFT),
				errmsg_plural("the schema differs from what runs left: %d object",
							  "the schema differs from what runs left: %d objects", count, count),
				errdetail_internal("%s", detail.data),
				errhint("SELECT * FROM migrator.drift() shows the definitions; migrator.accept_drift() takes the schema as it is."));
}
