/*
 * signature.h
 *	  What tells the rows of staged files that migrator.stage() wrote from all
 *	  others.
 */
#ifndef MIGRATOR_SOURCE_SIGNATURE_H
#define MIGRATOR_SOURCE_SIGNATURE_H

#include "base/digest.h"
#include "base/trust.h"

/* What files are signed with: the row of "stage_key". */
typedef struct SignatureKey
{
	int			length;
	unsigned char bytes[32];
} SignatureKey;

/* Raises XX001 when there is none. */
extern void signature_load_key(SignatureKey *key);

/*
 * The signature of a file of set name, by its path in the set, as hex into
 * signature[SHA256_HEX_LENGTH + 1].
 */
extern void signature_make(const SignatureKey *key, const char *name, const char *path,
						   const char *sha256, int64 size, const Author *by, char *signature);

#endif
