/*
 * fingerprint.c
 *	  A hash of what a script says, whatever its layout.
 */
#include "postgres.h"

#include "script/fingerprint.h"

void
fingerprint_begin(Fingerprint *fingerprint)
{
	fingerprint->digest = digest_create();
	fingerprint->used = 0;
}

void
fingerprint_token(Fingerprint *fingerprint, const char *text, const Token *token)
{
	const char *bytes = text + token->offset;

	if (token->kind == TOKEN_WORD)
	{
		char		folded[NAMEDATALEN];
		uint32		done = 0;

		while (done < token->length)
		{
			uint32		n = Min(token->length - done, sizeof(folded));

			for (uint32 i = 0; i < n; i++)
				folded[i] = (char) pg_ascii_tolower((unsigned char) bytes[done + i]);
			fingerprint_bytes(fingerprint, folded, n);
			done += n;
		}
	}
	else
		fingerprint_bytes(fingerprint, bytes, token->length);
	fingerprint_bytes(fingerprint, "", 1);
}

void
fingerprint_bytes(Fingerprint *fingerprint, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] == '\r' && i + 1 < len && bytes[i + 1] == '\n')
			continue;
		if (fingerprint->used == FINGERPRINT_BUFFER)
		{
			digest_update(fingerprint->digest, fingerprint->buffer, FINGERPRINT_BUFFER);
			fingerprint->used = 0;
		}
		fingerprint->buffer[fingerprint->used++] = bytes[i];
	}
}

void
fingerprint_finish(Fingerprint *fingerprint, char *result)
{
	digest_update(fingerprint->digest, fingerprint->buffer, fingerprint->used);
	memcpy(result, FINGERPRINT_ALGORITHM, strlen(FINGERPRINT_ALGORITHM));
	digest_finish(fingerprint->digest, result + strlen(FINGERPRINT_ALGORITHM));
}
