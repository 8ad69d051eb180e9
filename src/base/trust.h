/*
 * trust.h
 *	  Whose words may act with whose rights.
 *
 * Staged files and registrations are written by one role and acted upon with
 * the rights of another, the runner.
 */
#ifndef MIGRATOR_BASE_TRUST_H
#define MIGRATOR_BASE_TRUST_H

/*
 * Who wrote something: all that its author was.  Code in a session can get from
 * the current to the session user and on to the one who logged in, by RESET
 * ROLE and RESET SESSION AUTHORIZATION.
 */
typedef struct Author
{
	Oid			current;
	Oid			session;
	Oid			login;
} Author;

/*
 * Who the caller is, where he may sign with it.  Raises 42501 where the session
 * is another role's; what he does there is for the message: "stage files".
 */
extern void trust_own_session(Author *by, const char *what);

/*
 * Who the caller is as far as he may sign with it: in a session of another role
 * only what he is himself.
 */
extern void trust_signer(Author *by);

/*
 * InvalidOid when the author could have done with the caller's rights whatever
 * he wrote, or is trusted with them by name (migrator.trusted_stagers); else
 * the role of his that could not.
 */
extern Oid	trust_stranger(const Author *by);

/* The role's name, also when it was dropped. */
extern const char *trust_role_name(Oid role);

#endif
