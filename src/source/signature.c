/*
 * signature.c
 *	  What tells the rows of staged files that migrator.stage() wrote from all
 *	  others.
 *
 * Whose rights a script may be run with hangs on who sent it, so these rows must
 * not be made by anybody else.  The tables' guard (api/guard.c) keeps all but
 * the owner from writing them.  Should it ever be got round (by a view, by rows
 * that come from another database), a row still has to fit its signature, an
 * HMAC of set, path, checksum, size and senders with a key that no other role
 * can read: nothing of it can be changed, and no row be taken to another path,
 * set or cluster, where the roles' OIDs mean others.  What the owner or a
 * superuser does with the tables, and an old row put back in the same place, it
 * does not find out.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "lib/stringinfo.h"

#include "base/compat.h"
#include "base/owner_query.h"
#include "source/signature.h"

static void take_key(HeapTuple tuple, TupleDesc desc, void *argument);

void
signature_load_key(SignatureKey *key)
{
	static OwnerQuery query = {"SELECT key FROM migrator.stage_key", 0};

	key->length = 0;
	if (owner_query_run(&query, SPI_OK_SELECT, NULL, NULL, InvalidSnapshot, take_key, key) != 1 ||
		key->length != sizeof(key->bytes))
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("the key of staged files is missing"),
				errhint("Table migrator.stage_key has one row of %d bytes when the extension is made.",
						(int) sizeof(key->bytes)));
}

static void
take_key(HeapTuple tuple, TupleDesc desc, void *argument)
{
	SignatureKey *key = argument;
	bool		isnull;
	bytea	   *bytes = DatumGetByteaPP(heap_getattr(tuple, 1, desc, &isnull));

	key->length = VARSIZE_ANY_EXHDR(bytes);
	memcpy(key->bytes, VARDATA_ANY(bytes), Min(key->length, (int) sizeof(key->bytes)));
}

/* The texts have no zero bytes, which therefore part them. */
void
signature_make(const SignatureKey *key, const char *name, const char *path,
			   const char *sha256, int64 size, const Author *by, char *signature)
{
	StringInfoData message;

	initStringInfo(&message);
	appendStringInfo(&message, "%s%c%s%c%s%c" INT64_FORMAT " %u %u %u", name, 0, path, 0, sha256, 0,
					 size, by->current, by->session, by->login);
	digest_hmac(key->bytes, key->length, message.data, message.len, signature);
	pfree(message.data);
}
