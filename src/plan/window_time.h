/*
 * window_time.h
 *	  When a maintenance window is open.
 *
 * Pure but for the server's time zones.
 */
#ifndef MIGRATOR_PLAN_WINDOW_TIME_H
#define MIGRATOR_PLAN_WINDOW_TIME_H

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

/* On some days of the week, from a time of day to another, in a time zone. */
typedef struct WeeklyWindow
{
	TimeADT		opens;
	TimeADT		closes;			/* not after opens: on the next day */
	uint8		days;			/* bit 0: Sunday ... bit 6: Saturday */
	pg_tz	   *zone;
} WeeklyWindow;

typedef struct WindowTimes
{
	bool		open;
	TimestampTz opens_next;		/* the first time after that; DT_NOEND: never */
} WindowTimes;

/*
 * A window is open from the instant it opens and until the one before it
 * closes.  Local times are made instants as the server makes them: one that the
 * clock passes over counts as the hour after, one that it shows twice as the
 * second.
 */
extern void window_weekly(const WeeklyWindow *window, TimestampTz at, WindowTimes *times);

/* The zone of that name as SET timezone takes it, or NULL. */
extern pg_tz * window_zone(const char *name);

/* The bit of a day, 'sun' to 'sat'; 0 for other words. */
extern uint8 window_day(const char *word);

/* "2026-03-01 02:00:00+01 (Europe/Berlin)", palloc'd; a zone that is not known is UTC. */
extern char *window_format(TimestampTz at, const char *zone);

#endif
