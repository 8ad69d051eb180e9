/*
 * reworked.h
 *	  Changes of a plan that were reworked after they went on record: what the record
 *	  has by their name is what they were before.
 */
#ifndef MIGRATOR_RUN_REWORKED_H
#define MIGRATOR_RUN_REWORKED_H

#include "layout/migration.h"
#include "record/record.h"

/* Give rows of a record the versions that files of a set have by now. */
extern void reworked_join(const MigrationSet *set, Record *record, UnitReader *reader);

/*
 * Before anything is written, under the lock of the service: the same in the table, of
 * rows to which this happened.
 */
extern void reworked_write(const Record *record);

#endif
