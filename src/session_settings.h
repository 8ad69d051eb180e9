/*
 * session_settings.h
 *	  The session's settings before a script that may change them for good.
 *
 * In a transactional script a GUC nest level does this; one that is run part
 * by part SETs across commits, so its settings are put back by hand.
 */
#ifndef MIGRATOR_SESSION_SETTINGS_H
#define MIGRATOR_SESSION_SETTINGS_H

typedef struct SessionSettings SessionSettings;

/* Remember all settings that a session can change; in CurrentMemoryContext. */
extern SessionSettings *session_settings_save(void);

/* Put back those that differ now.  To be called in a transaction. */
extern void session_settings_restore(const SessionSettings *saved);

#endif
