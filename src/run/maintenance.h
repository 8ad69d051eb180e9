/*
 * maintenance.h
 *	  Maintenance windows and backups are put on record.
 */
#ifndef MIGRATOR_RUN_MAINTENANCE_H
#define MIGRATOR_RUN_MAINTENANCE_H

#include "record/backup.h"
#include "record/window.h"

/*
 * Raises 22023 for what makes no window.  window->time_zone NULL is the
 * session's.  Returns its id.
 */
extern int64 maintenance_add_window(NewWindow *window, bool opens_given, bool closes_given);

/* False when there is no such window. */
extern bool maintenance_drop_window(int64 id);

/* Raises 22023 for a backup that cannot be: one of the future.  Returns its id. */
extern int64 maintenance_record_backup(BackupEntry *backup);

#endif
