/*
 * backup.h
 *	  Backups that somebody took and restore points that runs made: table
 *	  "recorded_backups".
 */
#ifndef MIGRATOR_RECORD_BACKUP_H
#define MIGRATOR_RECORD_BACKUP_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"

typedef struct BackupEntry
{
	const char *kind;			/* backup, restore_point */
	const char *label;
	const char *location;		/* or NULL */
	int64		size;			/* bytes; -1: not known */
	const char *service;		/* NULL: of the whole database */
	TimestampTz taken_at;
	XLogRecPtr	lsn;			/* of a restore point */
	int64		run_id;			/* likewise, else 0 */
	const char *version;		/* likewise, else NULL: what runs next */
} BackupEntry;

/* In the name of the session user.  Returns its id. */
extern int64 backup_write(const BackupEntry *entry);

/*
 * When the newest backup that covers a service was taken: one of it, or of the
 * whole database.  False when there is none.  As it is committed now.
 */
extern bool backup_newest(const char *service, TimestampTz *taken_at);

#endif
