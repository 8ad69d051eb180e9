/*
 * digest.h
 *	  SHA-256 over bytes, by OpenSSL's EVP interface.
 *
 * EVP contexts are malloc'ed by OpenSSL and would leak at an error, so the
 * one-shot form keeps one context for the life of the backend, and the
 * incremental form frees its context by a callback of its memory context.
 */
#ifndef MIGRATOR_BASE_DIGEST_H
#define MIGRATOR_BASE_DIGEST_H

#define SHA256_LENGTH 32
#define SHA256_HEX_LENGTH 64
#define SHA1_HEX_LENGTH 40

/* a fingerprint is "1:" (the algorithm's number) and a SHA-256 in hex */
#define FINGERPRINT_ALGORITHM "1:"
#define FINGERPRINT_LENGTH (2 + SHA256_HEX_LENGTH)

typedef struct Digest Digest;

/* Checksum of len bytes as lower-case hex into hex[SHA256_HEX_LENGTH + 1]. */
extern void digest_sha256(const void *bytes, size_t len, char *hex);

/*
 * HMAC (RFC 2104) with SHA-256, as hex.  The key has at most 64 bytes.
 */
extern void digest_hmac(const void *key, size_t key_length, const void *bytes, size_t len, char *hex);

/* SHA-1, for what other tools made with it: into hex[SHA1_HEX_LENGTH + 1]. */
extern void digest_sha1(const void *bytes, size_t len, char *hex);

/* Incremental form.  The Digest lives in CurrentMemoryContext. */
extern Digest *digest_create(void);
extern void digest_update(Digest *digest, const void *bytes, size_t len);

/* The checksum of what came so far; more may come. */
extern void digest_so_far(const Digest *digest, unsigned char sum[SHA256_LENGTH]);

/* Writes hex[SHA256_HEX_LENGTH + 1] and frees the digest. */
extern void digest_finish(Digest *digest, char *hex);

#endif
