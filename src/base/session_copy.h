/*
 * session_copy.h
 *	  Who a session is and what it has set, for a worker that acts in its place.
 */
#ifndef MIGRATOR_BASE_SESSION_COPY_H
#define MIGRATOR_BASE_SESSION_COPY_H

/*
 * Raise 0A000 where the current user is not what SET ROLE made: in a SECURITY
 * DEFINER function, or where the server restricts what may be done.  A worker
 * cannot be held to that over several transactions.  name is the function's.
 */
extern void session_copy_require_plain(const char *name);

/* Bytes that session_copy_write() needs at most, of the session as it is now. */
extern Size session_copy_size(void);
extern void session_copy_write(char *to, Size room);

/*
 * In a worker: connect to the database of the session as the role that had
 * logged in there (what keeps a client from that is FATAL here, too).
 */
extern void session_copy_connect(const char *from);

/*
 * Then, outside of a transaction: load its libraries, take its settings, SET
 * LOCAL ones among them, its session user and its role.  Raises 42501 where
 * these are not to be had any more.
 */
extern void session_copy_take_over(const char *from);

#endif
