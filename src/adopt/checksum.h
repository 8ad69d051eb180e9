/*
 * checksum.h
 *	  The checksums of other tools, of files and of names.
 */
#ifndef MIGRATOR_ADOPT_CHECKSUM_H
#define MIGRATOR_ADOPT_CHECKSUM_H

typedef enum ChecksumAlgorithm
{
	CHECKSUM_MD5,
	CHECKSUM_SHA1,
	CHECKSUM_SHA256,
	CHECKSUM_SHA384
} ChecksumAlgorithm;

/* In lower-case hex, palloc'd.  Raises 0A000 where OpenSSL does not do it, as MD5 under FIPS. */
extern char *checksum_hex(ChecksumAlgorithm algorithm, const void *bytes, size_t length);

/*
 * CRC-32, gone on with from sum (0: a new one), of a name as its tool gets it from
 * the server: in UTF-8, if that can be.
 */
extern uint32 checksum_name(uint32 sum, const char *name);

#endif
