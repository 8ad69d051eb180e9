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

typedef struct ServiceState
{
	/*
	 * of the service's first run that had one, or the one that took its place
	 * since: its stamp; NULL where there is none
	 */
	char	   *environment;
	char	   *bootstrap_checksum; /* of the script that ran; NULL: none did */
} ServiceState;

/*
 * What is remembered, palloc'd, as it is committed now or was written by this
 * transaction.
 */
extern void service_state_read(const char *service, ServiceState *state);

/* Stamp the service, unless it is. */
extern void service_state_stamp(const char *service, const char *environment);

/* The bootstrap script ran. */
extern void service_state_bootstrapped(const char *service, const char *checksum, int64 run_id);

/* It is to run again. */
extern void service_state_forget_bootstrap(const char *service);

/* Replace the stamp; NULL takes it away. */
extern void service_state_set_environment(const char *service, const char *environment);

#endif
