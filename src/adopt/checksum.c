/*
 * checksum.c
 *	  The checksums of other tools, of files and of names.
 *
 * The one-shot EVP_Digest() leaves nothing behind that an error could leak.
 */
#include "postgres.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

#include "adopt/checksum.h"

char *
checksum_hex(ChecksumAlgorithm algorithm, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const names[] = {"MD5", "SHA-1", "SHA-256", "SHA-384"};
	const		EVP_MD *const kinds[] = {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha384()};
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int count;
	char	   *hex;

	if (EVP_Digest(bytes, length, sum, &count, kinds[algorithm], NULL) != 1)
	{
		ERR_clear_error();
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("OpenSSL does not compute %s here", names[algorithm]));
	}
	hex = palloc(2 * count + 1);
	for (unsigned int i = 0; i < count; i++)
	{
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 0x0f];
	}
	hex[2 * count] = '\0';
	return hex;
}

/* What the server cannot tell its client, no tool has: then any number will do. */
uint32
checksum_name(uint32 sum, const char *name)
{
	int			encoding = GetDatabaseEncoding();
	int			length = strlen(name);
	Oid			conversion = encoding == PG_UTF8 ? InvalidOid : FindDefaultConversionProc(encoding, PG_UTF8);
	unsigned char utf8[NAMEDATALEN * MAX_CONVERSION_GROWTH + 1];

	if (OidIsValid(conversion) && length < NAMEDATALEN &&
		pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, (unsigned char *) unconstify(char *, name), length,
									  utf8, sizeof(utf8), true) == length)
		return crc32(sum, utf8, strlen((const char *) utf8));
	return crc32(sum, (const Bytef *) name, length);
}
