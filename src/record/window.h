/*
 * window.h
 *	  When runs may begin that need a maintenance window: table "windows".
 */
#ifndef MIGRATOR_RECORD_WINDOW_H
#define MIGRATOR_RECORD_WINDOW_H

#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/rangetypes.h"

/* One that is to be added: weekly, or during. */
typedef struct NewWindow
{
	const char *service;		/* NULL: of all services */
	TimeADT		opens;
	TimeADT		closes;
	char	  **days;			/* 'mon' ... */
	int			day_count;		/* 0: every day */
	RangeType  *during;			/* NULL: it is weekly */
	const char *time_zone;
	const char *note;			/* or NULL */
} NewWindow;

/* What the windows of a service, and those of all services, come to. */
typedef struct WindowState
{
	int			defined;
	bool		open;
	TimestampTz opens_next;		/* DT_NOEND: never */
	char	   *time_zone;		/* of the window that opens next, or NULL */
} WindowState;

/* As it is committed now; at is the time that is asked about. */
extern void window_state(const char *service, TimestampTz at, WindowState *state);

/* In the name of the session user.  Returns its id. */
extern int64 window_write(const NewWindow *window);

/*
 * The service that a window is of, palloc'd, NULL when it is of all; false when
 * there is no such window.
 */
extern bool window_find(int64 id, char **service);

/* False when there is no such window any more. */
extern bool window_drop(int64 id);

#endif
