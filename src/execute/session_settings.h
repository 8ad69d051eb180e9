/*
 * session_settings.h
 *	  The session's settings round a script that may change them for good.
 *
 * In a transactional script a GUC nest level takes back what it SETs; one that
 * is run part by part SETs across commits.  So its settings are put back by
 * hand, and what its finished parts changed is kept with their mark, for the
 * run that resumes it in another session.
 */
#ifndef MIGRATOR_EXECUTE_SESSION_SETTINGS_H
#define MIGRATOR_EXECUTE_SESSION_SETTINGS_H

#include "nodes/pg_list.h"
#include "utils/guc.h"

#include "base/variables.h"
#include "record/part_mark.h"

typedef struct SessionSettings SessionSettings;

/*
 * Settings that a run gives to its scripts.  RESET and SET ... TO DEFAULT come
 * back to them, not to those of the session behind them.
 */
#define BASE_SETTINGS_MAX 5

typedef struct BaseSettings
{
	int			count;
	struct
	{
		struct config_generic *variable;
		const char *value;
	}			settings[BASE_SETTINGS_MAX];
} BaseSettings;

/* value must live as long as base; one that is built into the server */
extern void session_settings_base_add(BaseSettings *base, const char *name, const char *value);

/* Set them all. */
extern void session_settings_base_set(const BaseSettings *base, GucAction action);

/* After a statement: set again those that it reset.  Cheap when it did not. */
extern void session_settings_base_keep(const BaseSettings *base);

/* Remember all settings that a session can change; in CurrentMemoryContext. */
extern SessionSettings *session_settings_save(void);

/* Put back those that differ now.  To be called in a transaction. */
extern void session_settings_restore(const SessionSettings *saved);

/*
 * What was changed since they were saved, as a commit at this point would leave
 * it (without SET LOCAL), as a JSON object; null stands for RESET.  The value of
 * a variable (variables may be NULL) is not shown: {"variable": "name"} stands
 * for it, and {"variable": null} for a text that has it among others.
 */
extern char *session_settings_changes(const SessionSettings *saved, Variables *variables);

/* Name of the user that a commit at this point would leave. */
extern char *session_settings_user(void);

/*
 * A script SET or RESET it: that is a change, though its value may be the same
 * as before.
 */
extern void session_settings_touch(SessionSettings *saved, const char *name);

/*
 * Set again what session_settings_changes() had said, with the rights of the
 * current user; role and session_authorization last.  List of SettingValue *.
 * *current receives the current one, for whoever catches the error.
 */
extern void session_settings_apply(SessionSettings *saved, const List *values,
								   const SettingValue **current);

#endif
