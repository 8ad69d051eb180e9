/*
 * refinery.c
 *	  The history of refinery: a row for each version, with SipHash-1-3 of name,
 *	  version and script as Rust hashes them.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "adopt/history.h"

/* SipHash with one round a block and three at the end, keys 0 */
typedef struct SipHash
{
	uint64		v0,
				v1,
				v2,
				v3;
	uint64		block;			/* of the bytes that do not fill one yet */
	uint64		length;
} SipHash;

static inline uint64
rotate(uint64 x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static void
sip_round(SipHash *sip)
{
	sip->v0 += sip->v1;
	sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
	sip->v0 = rotate(sip->v0, 32);
	sip->v2 += sip->v3;
	sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
	sip->v0 += sip->v3;
	sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
	sip->v2 += sip->v1;
	sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
	sip->v2 = rotate(sip->v2, 32);
}

static void
sip_add(SipHash *sip, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		int			at = sip->length++ % 8;

		sip->block |= (uint64) ((const unsigned char *) bytes)[i] << (8 * at);
		if (at < 7)
			continue;
		sip->v3 ^= sip->block;
		sip_round(sip);
		sip->v0 ^= sip->block;
		sip->block = 0;
	}
}

static uint64
sip_end(SipHash *sip)
{
	uint64		last = sip->block | (sip->length << 56);

	sip->v3 ^= last;
	sip_round(sip);
	sip->v0 ^= last;
	sip->v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(sip);
	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}

/* Rust ends a text with 0xff; the version is one of 32 bits, or of 64 where refinery was built so. */
static char *
hash_of(const char *name, int64 version, int version_bytes, const FileContent *content)
{
	SipHash		sip = {
		UINT64CONST(0x736f6d6570736575), UINT64CONST(0x646f72616e646f6d),
		UINT64CONST(0x6c7967656e657261), UINT64CONST(0x7465646279746573)
	};
	unsigned char number[8];

	for (int i = 0; i < 8; i++)
		number[i] = (uint64) version >> (8 * i);
	sip_add(&sip, name, strlen(name));
	sip_add(&sip, "\xff", 1);
	sip_add(&sip, number, version_bytes);
	sip_add(&sip, content->bytes, content->length);
	sip_add(&sip, "\xff", 1);
	return psprintf(UINT64_FORMAT, sip_end(&sip));
}

static HistoryVerdict
verify_refinery(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	FileContent content;
	int64		version = strtoi64(entry->version, NULL, 10);

	source_read(reader->source, migration->up->file, &content);
	if (content.bytes == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(hash_of(migration->name, version, 4, &content), entry->checksum) == 0 ||
		strcmp(hash_of(migration->name, version, 8, &content), entry->checksum) == 0 ? HISTORY_VERIFIED : HISTORY_MODIFIED;
}

/*
 * version, name, applied_on, checksum; the time is a text of RFC 3339.  What else
 * the server would take for a time, "tomorrow" and "infinity" among it, is none.
 */
static void
take_refinery(HistoryEntry *entry, char *const *values)
{
	const char *time = values[2];

	if (strspn(time, "0123456789") == 4 && time[4] == '-')
		entry->applied_at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(time),
																	ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

const HistoryTool history_refinery = {
	.name = "refinery",
	.tables = {"refinery_schema_history"},
	.columns = {
		{"version", HISTORY_INTEGER, HISTORY_VERSION}, {"name", HISTORY_TEXT, HISTORY_NAME},
		{"applied_on", HISTORY_TEXT}, {"checksum", HISTORY_TEXT, HISTORY_CHECKSUM}
	},
	.telling = true,
	.take = take_refinery,
	.verify = verify_refinery
};
