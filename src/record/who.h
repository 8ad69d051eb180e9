/*
 * who.h
 *	  Who is at it, as the record says it.
 */
#ifndef MIGRATOR_RECORD_WHO_H
#define MIGRATOR_RECORD_WHO_H

/*
 * A role's name.  A session goes on when its role was dropped; that is no
 * other's deed then.
 */
extern char *who_name(Oid user);

/*
 * Where the session's client is; NULL over a Unix socket and in a background worker
 * that acts for nobody.
 */
extern const char *who_client_addr(void);

/* In a background worker: it acts for a client who is there, or NULL. */
extern void who_act_for(const char *client_addr);

#endif
