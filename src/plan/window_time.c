/*
 * window_time.c
 *	  When a maintenance window is open.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "plan/window_time.h"

/* Behind them comes no day of the week that did not come before; and none may be
 * lost where the clock is put forward. */
#define DAYS_AHEAD 15

static TimestampTz instant(int day, TimeADT time, pg_tz * zone);

void
window_weekly(const WeeklyWindow *window, TimestampTz at, WindowTimes *times)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			tz;
	int			today;

	times->open = false;
	times->opens_next = DT_NOEND;
	if (TIMESTAMP_NOT_FINITE(at) ||
		timestamp2tm(at, &tz, &tm, &fsec, NULL, window->zone) != 0)
		return;
	today = date2j(tm.tm_year, tm.tm_mon, tm.tm_mday);

	/* yesterday's may go on behind midnight */
	for (int day = today - 1; day <= today + DAYS_AHEAD; day++)
	{
		TimestampTz opens;
		TimestampTz closes;

		if ((window->days & (1 << j2day(day))) == 0)
			continue;
		opens = instant(day, window->opens, window->zone);
		closes = instant(window->closes > window->opens ? day : day + 1, window->closes, window->zone);

		/* in an hour that the clock passes over */
		if (opens >= closes)
			continue;
		if (opens <= at && at < closes)
			times->open = true;
		if (opens > at)
		{
			times->opens_next = opens;
			return;
		}
	}
}

/* A time of a day, which is a Julian one. */
static TimestampTz
instant(int day, TimeADT time, pg_tz * zone)
{
	struct pg_tm tm = {0};
	fsec_t		fsec;
	int			tz;
	TimestampTz result;

	if (time == USECS_PER_DAY)
	{
		day++;
		time = 0;
	}
	time2tm(time, &tm, &fsec);
	j2date(day, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tz = DetermineTimeZoneOffset(&tm, zone);
	if (tm2timestamp(&tm, fsec, &tz, &result) != 0)
		return DT_NOEND;
	return result;
}

/* As the check of that setting does it, but for its abbreviations of no zone. */
pg_tz *
window_zone(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);

	return zone != NULL && pg_tz_acceptable(zone) ? zone : NULL;
}

uint8
window_day(const char *word)
{
	static const char *const words[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

	for (int i = 0; i < lengthof(words); i++)
		if (strcmp(words[i], word) == 0)
			return 1 << i;
	return 0;
}

char *
window_format(TimestampTz at, const char *zone)
{
	pg_tz	   *known = zone ? window_zone(zone) : NULL;
	struct pg_tm tm;
	fsec_t		fsec;
	int			tz;
	const char *tzn;
	char		text[MAXDATELEN + 1];

	if (timestamp2tm(at, &tz, &tm, &fsec, &tzn, known ? known : pg_tzset("UTC")) != 0)
		return pstrdup("?");
	EncodeDateTime(&tm, fsec, true, tz, tzn, USE_ISO_DATES, text);
	return psprintf("%s (%s)", text, known ? zone : "UTC");
}
