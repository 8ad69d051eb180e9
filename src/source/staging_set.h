/*
 * staging_set.h
 *	  The row of a set of staged files: whose it is, and one change at a time.
 */
#ifndef MIGRATOR_SOURCE_STAGING_SET_H
#define MIGRATOR_SOURCE_STAGING_SET_H

/* A row of "stages". */
typedef struct StagingSet
{
	Oid			owner;
	int			file_count;
	int64		total_size;
} StagingSet;

/*
 * Lock the set to the end of the transaction, making it if need be, and raise
 * 42501 unless it is the caller's to change.
 */
extern void staging_set_lock(const char *name, StagingSet *set);

/* The same of a set that is there; false when it is not. */
extern bool staging_set_lock_existing(const char *name, StagingSet *set);

/* Raise 42501 when there is such a set, and it is not the caller's; locks nothing. */
extern void staging_set_require_rights(const char *name);

/* To be called after every change of a set that is locked. */
extern void staging_set_update(const char *name, const StagingSet *set);

/* Forget a set that is locked and of which nothing is left. */
extern void staging_set_forget(const char *name);

#endif
