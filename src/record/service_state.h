/*
 * service_state.h
 *	  What a database remembers of a service besides its migrations: table
 *	  "service_state".
 *
 * Runs write it, and what settles them; a registration is something else, which
 * may come, change and go.
 */
#ifndef MIGRATOR_RECORD_SERVICE_STATE_H
#define MIGRATOR_RECORD_SERVICE_STATE_H

/*
 * The environment of the service's first run that had one, or the one that took
 * its place since: its stamp.  palloc'd; NULL where there is none.  As it is
 * committed now, whatever snapshot the transaction has.
 */
extern char *service_state_environment(const char *service);

/* Stamp the service, unless it is. */
extern void service_state_stamp(const char *service, const char *environment);

/* Replace the stamp; NULL takes it away. */
extern void service_state_set_environment(const char *service, const char *environment);

#endif
