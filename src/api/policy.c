/*
 * policy.c
 *	  SQL functions of what a policy may demand: approvals, maintenance windows,
 *	  backups.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "api/api.h"
#include "plan/window_time.h"
#include "run/approve.h"
#include "run/maintenance.h"

PG_FUNCTION_INFO_V1(migrator_approve);
PG_FUNCTION_INFO_V1(migrator_revoke_approval);
PG_FUNCTION_INFO_V1(migrator_add_maintenance_window);
PG_FUNCTION_INFO_V1(migrator_drop_maintenance_window);
PG_FUNCTION_INFO_V1(migrator_window_times);
PG_FUNCTION_INFO_V1(migrator_record_backup);

static void take_once(RangeType * during, TimestampTz at, WindowTimes *times);

/* approve(version, service, note, source, environment) */
Datum
migrator_approve(PG_FUNCTION_ARGS)
{
	run_enter("migrator.approve()");
	PG_TRY();
	{
		char	   *version = api_required_text(fcinfo, 0, "version");
		const Scope *scope = scope_resolve(api_text(fcinfo, 3), api_text(fcinfo, 1), api_text(fcinfo, 4));

		scope_require_rights(scope, false);
		approve_version(scope, version, api_text(fcinfo, 2));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_VOID();
}

/* revoke_approval(version, service, note) */
Datum
migrator_revoke_approval(PG_FUNCTION_ARGS)
{
	volatile bool revoked = false;

	run_enter("migrator.revoke_approval()");
	PG_TRY();
	{
		char	   *version = api_required_text(fcinfo, 0, "version");
		const Scope *scope = scope_resolve(NULL, api_text(fcinfo, 1), NULL);

		registration_require_member(scope->registration);
		revoked = approve_revoke(scope, version, api_text(fcinfo, 2));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_BOOL(revoked);
}

/* add_maintenance_window(opens, closes, days, during, service, time_zone, note) */
Datum
migrator_add_maintenance_window(PG_FUNCTION_ARGS)
{
	volatile int64 id = 0;

	run_enter("migrator.add_maintenance_window()");
	PG_TRY();
	{
		NewWindow	window = {
			.opens = PG_ARGISNULL(0) ? 0 : PG_GETARG_TIMEADT(0),
			.closes = PG_ARGISNULL(1) ? 0 : PG_GETARG_TIMEADT(1),
			.during = PG_ARGISNULL(3) ? NULL : PG_GETARG_RANGE_P(3),
			.service = api_text(fcinfo, 4),
			.time_zone = api_text(fcinfo, 5),
			.note = api_text(fcinfo, 6)
		};

		window.days = api_text_array(fcinfo, 2, "days", &window.day_count);
		id = maintenance_add_window(&window, !PG_ARGISNULL(0), !PG_ARGISNULL(1));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_INT64(id);
}

/* drop_maintenance_window(id) */
Datum
migrator_drop_maintenance_window(PG_FUNCTION_ARGS)
{
	volatile bool dropped = false;

	run_enter("migrator.drop_maintenance_window()");
	PG_TRY();
	{
		if (PG_ARGISNULL(0))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("argument \"id\" must not be null"));
		dropped = maintenance_drop_window(PG_GETARG_INT64(0));
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_BOOL(dropped);
}

/*
 * window_times(opens, closes, days, during, time_zone, at): is it open, and when
 * does it open next?  A zone that this server does not know any more never is.
 */
Datum
migrator_window_times(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	WindowTimes times = {false, DT_NOEND};
	Datum		values[2];
	bool		nulls[2] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!PG_ARGISNULL(5) && !PG_ARGISNULL(3))
		take_once(PG_GETARG_RANGE_P(3), PG_GETARG_TIMESTAMPTZ(5), &times);
	else if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1) && !PG_ARGISNULL(4) && !PG_ARGISNULL(5))
	{
		WeeklyWindow window = {
			.opens = PG_GETARG_TIMEADT(0),
			.closes = PG_GETARG_TIMEADT(1),
			.zone = window_zone(api_text(fcinfo, 4))
		};
		int			count;
		char	  **days = api_text_array(fcinfo, 2, "days", &count);

		for (int i = 0; i < count; i++)
			window.days |= window_day(days[i]);
		if (count == 0)
			window.days = 0x7F;
		if (window.zone != NULL)
			window_weekly(&window, PG_GETARG_TIMESTAMPTZ(5), &times);
	}
	values[0] = BoolGetDatum(times.open);
	values[1] = TimestampTzGetDatum(times.opens_next);
	nulls[1] = times.opens_next == DT_NOEND;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* One that is open once: as its bounds say. */
static void
take_once(RangeType * during, TimestampTz at, WindowTimes *times)
{
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(during), TYPECACHE_RANGE_INFO);
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(type, during, &lower, &upper, &empty);
	if (empty)
		return;
	times->open = range_contains_elem_internal(type, during, TimestampTzGetDatum(at));
	if (!lower.infinite && DatumGetTimestampTz(lower.val) > at)
		times->opens_next = DatumGetTimestampTz(lower.val);
}

/* record_backup(label, size, location, service, taken_at) */
Datum
migrator_record_backup(PG_FUNCTION_ARGS)
{
	volatile int64 id = 0;

	run_enter("migrator.record_backup()");
	PG_TRY();
	{
		BackupEntry backup = {
			.label = api_required_text(fcinfo, 0, "label"),
			.size = -1,
			.location = api_text(fcinfo, 2),
			.service = api_text(fcinfo, 3),
			.taken_at = GetCurrentTimestamp()
		};

		if (!PG_ARGISNULL(1))
			backup.size = PG_GETARG_INT64(1);
		if (!PG_ARGISNULL(1) && backup.size < 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("argument \"size\" must not be negative"));
		if (!PG_ARGISNULL(4))
			backup.taken_at = PG_GETARG_TIMESTAMPTZ(4);
		id = maintenance_record_backup(&backup);
	}
	PG_FINALLY();
	{
		run_leave();
	}
	PG_END_TRY();
	PG_RETURN_INT64(id);
}
