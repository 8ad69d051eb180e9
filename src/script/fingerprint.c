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

static inline void
add_byte(Fingerprint *fingerprint, char c)
{
	if (fingerprint->used == FINGERPRINT_BUFFER)
	{
		digest_update(fingerprint->digest, fingerprint->buffer, FINGERPRINT_BUFFER);
		fingerprint->used = 0;
	}
	fingerprint->buffer[fingerprint->used++] = c;
}

/* Every byte of a script passes here: no call for each. */
void
fingerprint_token(Fingerprint *fingerprint, const char *text, const Token *token)
{
	const char *bytes = text + token->offset;

	if (token->kind == TOKEN_WORD)
	{
		for (uint32 i = 0; i < token->length; i++)
		{
			char		c = bytes[i];

			add_byte(fingerprint, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
		}
	}
	else
		fingerprint_bytes(fingerprint, bytes, token->length);
	add_byte(fingerprint, '\0');
}

void
fingerprint_bytes(Fingerprint *fingerprint, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] == '\r' && i + 1 < len && bytes[i + 1] == '\n')
			continue;
		add_byte(fingerprint, bytes[i]);
	}
}

void
fingerprint_finish(Fingerprint *fingerprint, char *result)
{
	digest_update(fingerprint->digest, fingerprint->buffer, fingerprint->used);
	memcpy(result, FINGERPRINT_ALGORITHM, strlen(FINGERPRINT_ALGORITHM));
	digest_finish(fingerprint->digest, result + strlen(FINGERPRINT_ALGORITHM));
}
