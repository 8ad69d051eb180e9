/*
 * advisory.c
 *	  Advisory locks, as pg_advisory_lock(bigint) takes them.
 *
 * For field 4 of the tag see SET_LOCKTAG_INT64 in
 * src/backend/utils/adt/lockfuncs.c.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"

#include "base/advisory.h"
#include "base/compat.h"

static void
set_tag(LOCKTAG *tag, AdvisoryKind kind, int64 key)
{
	SET_LOCKTAG_ADVISORY(*tag, kind == ADVISORY_CLUSTER ? InvalidOid : MyDatabaseId,
						 (uint32) (key >> 32), (uint32) key, kind);
}

int64
advisory_key(const char *name)
{
	return DatumGetInt64(hash_any_extended((const unsigned char *) name, strlen(name), 0));
}

bool
advisory_try(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session)
{
	LOCKTAG		tag;

	set_tag(&tag, kind, key);
	return LockAcquire(&tag, mode, session, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
advisory_wait(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session)
{
	LOCKTAG		tag;

	set_tag(&tag, kind, key);
	(void) LockAcquire(&tag, mode, session, false);
}

bool
advisory_held(AdvisoryKind kind, int64 key, LOCKMODE mode)
{
	LOCKTAG		tag;

	set_tag(&tag, kind, key);
	return lock_held_by_me(&tag, mode);
}

/* LockRelease() warns when the lock is not held. */
void
advisory_release(AdvisoryKind kind, int64 key, LOCKMODE mode, bool session)
{
	LOCKTAG		tag;

	set_tag(&tag, kind, key);
	if (lock_held_by_me(&tag, mode))
		(void) LockRelease(&tag, mode, session);
}
