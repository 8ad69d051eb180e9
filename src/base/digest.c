/*
 * digest.c
 *	  SHA-256 over bytes, by OpenSSL's EVP interface.
 *
 * OpenSSL allocates with malloc, outside of every memory context.  The
 * one-shot form therefore keeps its context for the life of the backend, and
 * an incremental digest is tied to the memory context it was made in, so that
 * an error in between leaks nothing.
 */
#include "postgres.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "utils/memutils.h"

#include "base/digest.h"

#define SHA256_BLOCK_LENGTH 64

struct Digest
{
	EVP_MD_CTX *evp;			/* NULL once finished */
	MemoryContextCallback on_reset;
};

static void digest_free(void *arg);
static void start_kept(void);
static void digest_end(EVP_MD_CTX *evp, unsigned char *sum);
static void digest_hex(EVP_MD_CTX *evp, char *hex);
static void digest_failed(void);

/*
 * Of the one-shot forms.  kept_knows: it is SHA-256's already, and OpenSSL need
 * not look the algorithm up once more, which takes as long as hashing a small file.
 */
static EVP_MD_CTX *kept_evp = NULL;
static bool kept_knows = false;

void
digest_sha256(const void *bytes, size_t len, char *hex)
{
	start_kept();
	if (EVP_DigestUpdate(kept_evp, bytes, len) != 1)
		digest_failed();
	digest_hex(kept_evp, hex);
}

void
digest_hmac(const void *key, size_t key_length, const void *bytes, size_t len, char *hex)
{
	unsigned char inner_pad[SHA256_BLOCK_LENGTH];
	unsigned char outer_pad[SHA256_BLOCK_LENGTH];
	unsigned char sum[SHA256_LENGTH];

	Assert(key_length <= SHA256_BLOCK_LENGTH);
	for (int i = 0; i < SHA256_BLOCK_LENGTH; i++)
	{
		unsigned char byte = i < key_length ? ((const unsigned char *) key)[i] : 0;

		inner_pad[i] = byte ^ 0x36;
		outer_pad[i] = byte ^ 0x5c;
	}
	start_kept();
	if (EVP_DigestUpdate(kept_evp, inner_pad, sizeof(inner_pad)) != 1 ||
		EVP_DigestUpdate(kept_evp, bytes, len) != 1)
		digest_failed();
	digest_end(kept_evp, sum);
	start_kept();
	if (EVP_DigestUpdate(kept_evp, outer_pad, sizeof(outer_pad)) != 1 ||
		EVP_DigestUpdate(kept_evp, sum, sizeof(sum)) != 1)
		digest_failed();
	digest_hex(kept_evp, hex);
}

Digest *
digest_create(void)
{
	Digest	   *digest = palloc0(sizeof(Digest));

	/* registered before OpenSSL allocates: nothing can fail in between */
	digest->on_reset.func = digest_free;
	digest->on_reset.arg = digest;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &digest->on_reset);

	digest->evp = EVP_MD_CTX_new();
	if (digest->evp == NULL)
		digest_failed();
	if (EVP_DigestInit_ex(digest->evp, EVP_sha256(), NULL) != 1)
		digest_failed();

	return digest;
}

void
digest_update(Digest *digest, const void *bytes, size_t len)
{
	if (EVP_DigestUpdate(digest->evp, bytes, len) != 1)
		digest_failed();
}

void
digest_so_far(const Digest *digest, unsigned char sum[SHA256_LENGTH])
{
	start_kept();
	kept_knows = false;
	if (EVP_MD_CTX_copy_ex(kept_evp, digest->evp) != 1)
		digest_failed();
	digest_end(kept_evp, sum);
}

void
digest_sha1(const void *bytes, size_t len, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int sum_length = 0;

	if (EVP_Digest(bytes, len, sum, &sum_length, EVP_sha1(), NULL) != 1 || sum_length * 2 != SHA1_HEX_LENGTH)
		digest_failed();
	for (unsigned int i = 0; i < sum_length; i++)
	{
		*hex++ = digits[sum[i] >> 4];
		*hex++ = digits[sum[i] & 0x0f];
	}
	*hex = '\0';
}

/*
 * The struct itself stays until its memory context goes, since the callback
 * points to it.
 */
void
digest_finish(Digest *digest, char *hex)
{
	digest_hex(digest->evp, hex);
	digest_free(digest);
}

static void
digest_free(void *arg)
{
	Digest	   *digest = (Digest *) arg;

	EVP_MD_CTX_free(digest->evp);
	digest->evp = NULL;
}

static void
start_kept(void)
{
	bool		knows = kept_knows;

	kept_knows = false;
	if (kept_evp == NULL && (kept_evp = EVP_MD_CTX_new()) == NULL)
		digest_failed();
	if (EVP_DigestInit_ex(kept_evp, knows ? NULL : EVP_sha256(), NULL) != 1)
		digest_failed();
	kept_knows = true;
}

static void
digest_end(EVP_MD_CTX *evp, unsigned char *sum)
{
	unsigned int sum_length = 0;

	if (EVP_DigestFinal_ex(evp, sum, &sum_length) != 1 || sum_length != SHA256_LENGTH)
		digest_failed();
}

static void
digest_hex(EVP_MD_CTX *evp, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_LENGTH];

	digest_end(evp, sum);
	for (int i = 0; i < SHA256_LENGTH; i++)
	{
		*hex++ = digits[sum[i] >> 4];
		*hex++ = digits[sum[i] & 0x0f];
	}
	*hex = '\0';
}

/*
 * The queue of OpenSSL's errors belongs to the whole backend; leave it empty
 * for its other users (SSL connections).
 */
static void
digest_failed(void)
{
	const char *reason = ERR_reason_error_string(ERR_get_error());

	ERR_clear_error();
	ereport(ERROR,
			errcode(ERRCODE_INTERNAL_ERROR),
			errmsg("could not compute checksum: %s",
				   reason != NULL ? reason : "unknown OpenSSL error"));
}
