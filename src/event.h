/*
 * event.h
 *	  What a run says: NOTICE to the client, the same to the server log at
 *	  migrator.log_level.
 */
#ifndef MIGRATOR_EVENT_H
#define MIGRATOR_EVENT_H

extern void event_disabled(const char *service);
extern void event_lock_acquired(const char *service, bool waited, double wait_ms);
extern void event_lock_kept(const char *service);
extern void event_lock_released(const char *service);
extern void event_up_to_date(const char *service);
extern void event_pending(const char *service, int pending, int total);
extern void event_applied(const char *service, const char *version, const char *name, double ms);
extern void event_failed(const char *service, const char *version, const char *name,
						 const char *message);
extern void event_done(const char *service, int applied, int failed, int total, double ms);

#endif
