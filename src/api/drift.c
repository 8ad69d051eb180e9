/*
 * drift.c
 *	  SQL functions drift() and accept_drift(), and what is_current() asks.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/api.h"
#include "api/drift.h"
#include "base/errors.h"
#include "base/finding.h"
#include "base/owner_query.h"
#include "catalog/ddl_log.h"
#include "run/settle_drift.h"

PG_FUNCTION_INFO_V1(migrator_drift);
PG_FUNCTION_INFO_V1(migrator_accept_drift);

/* so many objects of a service are named in an error */
#define NAMED_AT_MOST 10

static Culprit *find_culprits(const List *drifts);
static void put_drift(ReturnSetInfo *result, const char *service, const Drift *drift, const Culprit *culprit);
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
		Culprit    *culprits = find_culprits(drifts);
		ListCell   *inner;

		if (!kept)
			ereport(NOTICE,
					errmsg("no run of service \"%s\" has kept the objects of its schemas", scope->service),
					errhint("The next one does with migrator.track_schema = on, and so does SELECT migrator.accept_drift()."));
		if (drifts != NIL)
			settle_tell_drift(scope, drifts);
		foreach(inner, drifts)
			put_drift(result, scope->service, lfirst(inner), &culprits[foreach_current_index(inner)]);
	}
	return (Datum) 0;
}

/* Where watch_ddl() watched. */
static Culprit *
find_culprits(const List *drifts)
{
	Culprit    *culprits = palloc0((list_length(drifts) + 1) * sizeof(Culprit));
	ListCell   *lc;

	foreach(lc, drifts)
	{
		const Drift *drift = lfirst(lc);
		Culprit    *culprit = &culprits[foreach_current_index(lc)];

		culprit->kind = drift_object(drift)->kind;
		culprit->identity = drift_object(drift)->identity;
		culprit->anchor = drift_object(drift)->anchor;
		culprit->since = drift->before ? drift->before->taken_at : 0;
	}
	ddl_log_find(culprits, list_length(drifts));
	return culprits;
}

static void
put_drift(ReturnSetInfo *result, const char *service, const Drift *drift, const Culprit *culprit)
{
	const KeptObject *object = drift_object(drift);
	Datum		values[10];
	bool		nulls[10] = {false};

	api_set_text(values, nulls, 0, service);
	api_set_text(values, nulls, 1, change_word(drift->change));
	api_set_text(values, nulls, 2, object->kind);
	api_set_text(values, nulls, 3, object->identity);
	api_set_text(values, nulls, 4, drift->before ? drift->before->definition : NULL);
	api_set_text(values, nulls, 5, drift->now ? drift->now->definition : NULL);
	values[6] = TimestampTzGetDatum(culprit->changed_at);
	nulls[6] = culprit->changed_by == NULL;
	api_set_text(values, nulls, 7, culprit->changed_by);
	api_set_text(values, nulls, 8, culprit->application_name);
	api_set_text(values, nulls, 9, culprit->statement);
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
