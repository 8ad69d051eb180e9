/*
 * event.h
 *	  What a run says: NOTICE to the client, the same to the server log at
 *	  migrator.log_level, and at LOG whatever that is what began, failed and
 *	  ended.
 */
#ifndef MIGRATOR_RUN_EVENT_H
#define MIGRATOR_RUN_EVENT_H

#include "layout/unit.h"

/* One of several begins; last: of its turns. */
extern void event_service(const char *service, bool last);

extern void event_disabled(const char *service);
extern void event_lock_acquired(const char *service, bool waited, double wait_ms);
extern void event_lock_kept(const char *service);
extern void event_lock_released(const char *service);
extern void event_up_to_date(const char *service);

/* So many migrations are on record as applied, and of what they made there is nothing. */
extern void event_vanished(const char *service, int applied);

/* Nothing was chosen by the target, or (NULL) by the versions named, but so many are pending. */
extern void event_nothing_selected(const char *service, const char *target, int pending);

extern void event_pending(const char *service, int pending, int total, bool dry_run);
extern void event_going_back(const char *service, int count, int applied, bool dry_run);
extern void event_nothing_back(const char *service, int applied);
extern void event_applied(const char *service, UnitDirection direction, const char *version, const char *name, double ms,
						  bool dry_run);
extern void event_failed(const char *service, UnitDirection direction, const char *version, const char *name,
						 const char *message);

/* A proof, by verdicts. */
extern void event_proof_begins(const char *service, int count);
extern void event_proof_done(const char *service, int reversible, int differs, int no_down, int not_provable, double ms);

/* Of what is no migration; kind: hook, bootstrap, seed. */
extern void event_extra_done(const char *service, const char *kind, const char *file, double ms);
extern void event_extra_failed(const char *service, const char *kind, const char *file, const char *message);
extern void event_done(const char *service, int applied, int failed, int total, double ms);
extern void event_back_done(const char *service, int done, int failed, double ms);
extern void event_dry_run_done(const char *service, UnitDirection direction, int applied, int failed, int not_run,
							   double ms);

#endif
