/*
 * maintenance.c
 *	  Maintenance windows and backups are put on record.
 *
 * Each lets runs pass that policy stops otherwise, so whoever writes one has to
 * be somebody who may act for the service; for each of them where it is about
 * all.  The rest is a matter of the grants on the functions.
 */
#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/finding.h"
#include "plan/scope.h"
#include "plan/window_time.h"
#include "run/call.h"
#include "run/maintenance.h"

static void require_rights(const char *service);
static void check_weekly(NewWindow *window, bool opens_given, bool closes_given);
static void check_during(const NewWindow *window);
static void check_time_zone(NewWindow *window);

/* service NULL: of all */
static void
require_rights(const char *service)
{
	ListCell   *lc;

	if (service != NULL)
	{
		scope_check_service_name(service);
		registration_require_member(registration_find(service));
		return;
	}
	foreach(lc, registration_list())
		registration_require_member(lfirst(lc));
}

int64
maintenance_add_window(NewWindow *window, bool opens_given, bool closes_given)
{
	run_require_writable("migrator.add_maintenance_window()");
	require_rights(window->service);
	if (window->during == NULL)
		check_weekly(window, opens_given, closes_given);
	else if (opens_given || closes_given || window->day_count > 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"during\" excludes \"opens\", \"closes\" and \"days\""),
				errhint("A window is weekly, or it is open once."));
	else
		check_during(window);
	check_time_zone(window);
	return window_write(window);
}

static void
check_weekly(NewWindow *window, bool opens_given, bool closes_given)
{
	static const char *const week[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	uint8		days = 0;

	if (!opens_given || !closes_given)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a maintenance window needs \"opens\" and \"closes\", or \"during\""),
				errhint("Weekly: opens => '22:00', closes => '02:00', days => '{sat,sun}'. Once: during => '[2026-03-01 22:00, 2026-03-02 02:00)'."));
	if (window->opens == USECS_PER_DAY)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"opens\" must not be 24:00"),
				errhint("Say 00:00 of the next day."));
	for (int i = 0; i < window->day_count; i++)
	{
		uint8		day = window_day(window->days[i]);

		if (day == 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value in argument \"days\": \"%s\"", finding_one_line(window->days[i])),
					errhint("Known values: \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"."));
		days |= day;
	}
	if (days == 0)
		return;
	/* in the order of the week, each once */
	window->days = palloc(lengthof(week) * sizeof(char *));
	window->day_count = 0;
	for (int i = 0; i < lengthof(week); i++)
		if (days & window_day(week[i]))
			window->days[window->day_count++] = (char *) week[i];
}

static void
check_during(const NewWindow *window)
{
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(window->during), TYPECACHE_RANGE_INFO);
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(type, window->during, &lower, &upper, &empty);
	if (empty)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"during\" must not be empty"));
	if (!upper.infinite && DatumGetTimestampTz(upper.val) < GetCurrentTimestamp())
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"during\" is over already"));
}

static void
check_time_zone(NewWindow *window)
{
	if (window->time_zone == NULL)
		window->time_zone = pg_get_timezone_name(session_timezone);
	if (window_zone(window->time_zone) == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("time zone \"%s\" not recognized", finding_one_line(window->time_zone)),
				errhint("See view pg_timezone_names."));
}

bool
maintenance_drop_window(int64 id)
{
	char	   *service;

	run_require_writable("migrator.drop_maintenance_window()");
	if (!window_find(id, &service))
		return false;
	require_rights(service);
	return window_drop(id);
}

int64
maintenance_record_backup(BackupEntry *backup)
{
	TimestampTz now = GetCurrentTimestamp();

	run_require_writable("migrator.record_backup()");
	require_rights(backup->service);
	if (backup->label[0] == '\0')
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"label\" must not be empty"));
	if (TIMESTAMP_NOT_FINITE(backup->taken_at) || backup->taken_at > now)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"taken_at\" must not be in the future"),
				errhint("Say when the backup began: what was changed behind that may not be in it."));
	backup->kind = "backup";
	return backup_write(backup);
}
