/*
 * current_run.c
 *	  What the run of this session is about at the moment.
 *
 * It is this backend's own and outlives no call: run_leave() ends it, which
 * every exit reaches.
 */
#include "postgres.h"

#include "run/current_run.h"

static CurrentRun current;		/* without a kind: none */

void
current_run_set(const CurrentRun *run)
{
	current = *run;
}

void
current_run_end(void)
{
	memset(&current, 0, sizeof(current));
}

const CurrentRun *
current_run_get(void)
{
	return current.kind ? &current : NULL;
}
