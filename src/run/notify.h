/*
 * notify.h
 *	  What happens to migrations, told by NOTIFY on migrator.notify_channel.
 *
 * Each is told with the commit of the transaction that puts it on record
 * (base/outbox.h); what is undone is not told.
 */
#ifndef MIGRATOR_RUN_NOTIFY_H
#define MIGRATOR_RUN_NOTIFY_H

#include "catalog/drift.h"
#include "record/runs.h"
#include "record/write.h"

/* A run has begun, with so many migrations chosen. */
extern void notify_run_started(const RunEntry *run, int selected);

/*
 * What history says of a migration: it was applied, or taken back, or that
 * failed; or that what is none failed, a hook say.
 */
extern void notify_entry(const RecordEntry *entry);

/* It has ended, well or with the error in the entry. */
extern void notify_run_finished(const RunEntry *run);

/* So many objects are not as runs left them; what says more, or NULL. */
extern void notify_drift(int64 run_id, const char *service, const char *environment, int count, const char *message);

#endif
