/*
 * staging.c
 *	  Take in files that a client sends: the steps, and their order.
 *
 * Three tables, a module for each: staging_set.c the row of the set,
 * staging_contents.c what is in its files, staging_paths.c what they are called
 * and who sent them.  A call goes through them in this order:
 *
 * 1. What can be said of the files by themselves (staging_check.c), and whether
 *	  the caller may sign for them at all: in a SECURITY DEFINER function the
 *	  current user is not whose hands the files come from.
 * 2. The set's row is locked to the end of the transaction, and only then asked
 *	  whose the set is.  From here on nobody else changes the set.
 * 3. Contents are written, then the paths that lead to them: a path whose
 *	  content is missing is never there, for this transaction neither.
 * 4. Contents without a path are marked, and paths that are gone are removed.
 * 5. The row of the set is written, by which older snapshots notice the change.
 * 6. What earlier transactions marked is removed, if nobody is reading.  Last,
 *	  since the set may have found a use for it.
 *
 * All of it is in the caller's transaction.  An error or a crash before its
 * commit leaves the set as it was; what was written by then is dead rows for
 * vacuum.  After the commit all of the new set is there.  There is nothing to
 * repair in either case: what step 6 did not remove, the next change does.
 *
 * Others see the set as it was until the commit, and a run that opened it before
 * reads it to its end, since nothing that it may read is removed (why, and with
 * which lock: staging_contents.c).  So neither readers nor writers wait for the
 * other; writers of one set wait for each other in step 2, with nothing locked
 * but, maybe, other sets that the same transaction changed before.
 */
#include "postgres.h"

#include "base/advisory.h"
#include "base/trust.h"
#include "source/signature.h"
#include "source/staged.h"
#include "source/staging.h"
#include "source/staging_contents.h"
#include "source/staging_paths.h"
#include "source/staging_set.h"

/* A set on its way. */
struct Staging
{
	const char *name;
	Author		by;
	SignatureKey key;
	StagingSet	set;
	StagingContents *contents;
};

int
staging_replace(const char *name, StagingFile *files, int count)
{
	Staging    *staging;

	staged_check_name(name);
	staging_check_files(name, files, count);
	staging = staging_begin(name, false);
	for (int i = 0; i < count; i++)
	{
		if (files[i].content != NULL)
			staging_take(staging, &files[i]);
	}
	return staging_finish(staging, files, count);
}

Staging *
staging_begin(const char *name, bool frees)
{
	Staging    *staging = palloc0(sizeof(Staging));

	staged_check_name(name);
	staging->name = name;
	trust_own_session(&staging->by, "stage files");
	signature_load_key(&staging->key);
	staging_set_lock(name, &staging->set);
	staging->contents = staging_contents_begin(name, frees);
	return staging;
}

void
staging_take(Staging *staging, const StagingFile *file)
{
	staging_contents_take(staging->contents, file);
}

int
staging_finish(Staging *staging, StagingFile *files, int count)
{
	const char *name = staging->name;
	StagingSet *set = &staging->set;
	bool		changed;

	set->file_count = count;
	set->total_size = staging_contents_match(staging->contents, files, count);
	staging_check_limits(name, set->file_count, set->total_size);
	changed = staging_paths_replace(name, files, count, &staging->by, &staging->key);
	changed |= staging_contents_mark(staging->contents);
	if (changed)
		staging_set_update(name, set);
	staging_contents_sweep(name);
	staging_contents_sweep_unstaged();
	return count;
}

/*
 * No statement reads all of the set.  In one transaction thousands of calls
 * still slow down, since each leaves a version of the row of "stages" that the
 * next has to pass: send many files with staging_replace().
 */
int
staging_put(const char *name, StagingFile *file)
{
	Author		by;
	SignatureKey key;
	StagingSet	set;
	StagingFormer former;

	staged_check_name(name);
	staging_check_path(file->path);
	staging_check_content(file);
	trust_own_session(&by, "stage files");
	staging_set_lock(name, &set);

	staging_paths_find(name, file->path, &former);
	set.file_count += former.exists ? 0 : 1;
	set.total_size += file->size - former.size;
	staging_check_limits(name, set.file_count, set.total_size);
	if (!former.exists)
		staging_paths_refuse_folder(name, file->path);

	signature_load_key(&key);
	staging_contents_put(name, file);
	if (!staging_paths_put(name, file, &by, &key))
		return set.file_count;
	if (former.exists && strcmp(former.sha256, file->sha256) != 0)
		staging_contents_mark_unused(name, former.sha256);
	staging_set_update(name, &set);
	staging_contents_sweep(name);
	return set.file_count;
}

/*
 * The contents are only marked, as those that are replaced: a run that begins
 * before our commit still sees the set.  The next stage() or unstage() of
 * whatever name removes them, and then the row.  Until then the name may become
 * another role's, so all are given up, those that were replaced before as well.
 */
int
staging_remove(const char *name)
{
	StagingSet	set;
	int			count = 0;

	staged_check_name(name);
	if (staging_set_lock_existing(name, &set))
	{
		count = set.file_count;
		if (count == 0)
		{
			staging_contents_sweep(name);
			staging_set_forget(name);
		}
		else
		{
			set.file_count = 0;
			set.total_size = 0;
			staging_paths_remove(name);
			staging_contents_give_up(name);
			staging_set_update(name, &set);
		}
	}
	staging_contents_sweep_unstaged();
	return count;
}

/*
 * We take the lock of a reader, in the transaction: what we say is there stays
 * for a stage() of the same one.
 */
void
staging_missing(const char *name, char *const *sha256, int count, bool *missing)
{
	staged_check_name(name);
	advisory_wait(ADVISORY_OWN, staged_lock_key(name), ShareLock, false);
	staging_set_require_rights(name);
	staging_contents_missing(name, sha256, count, missing);
}
