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

/* Where the session's client is; NULL over a Unix socket and in a background worker. */
extern const char *who_client_addr(void);

#endif
