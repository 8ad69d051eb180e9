/*
 * fingerprint.h
 *	  A hash of what a script says, whatever its layout: white space, comments
 *	  and the case of keywords do not count.
 *
 * It is fed token by token while a script is cut into statements.
 */
#ifndef MIGRATOR_SCRIPT_FINGERPRINT_H
#define MIGRATOR_SCRIPT_FINGERPRINT_H

#include "base/digest.h"
#include "script/lexer.h"

#define FINGERPRINT_BUFFER 8192

/* starts the entries of the token stream that are not tokens of SQL */
#define FINGERPRINT_COPY_DATA "\001"
#define FINGERPRINT_DIRECTIVE "\002"

typedef struct Fingerprint
{
	Digest	   *digest;
	int			used;
	char		buffer[FINGERPRINT_BUFFER];
} Fingerprint;

/* The digest lives in CurrentMemoryContext. */
extern void fingerprint_begin(Fingerprint *fingerprint);

/* Each token is ended by a NUL, which no text contains. */
extern void fingerprint_token(Fingerprint *fingerprint, const char *text, const Token *token);

/* Add bytes, CRLF as LF. */
extern void fingerprint_bytes(Fingerprint *fingerprint, const char *bytes, size_t len);

/* Writes result[FINGERPRINT_LENGTH + 1] and frees the digest. */
extern void fingerprint_finish(Fingerprint *fingerprint, char *result);

#endif
