/*
 * check_settings.h
 *	  What configuration makes of the checks: "checks" of an environment and of
 *	  a registration, names of checks with a severity each.
 *
 * A check that protects can be raised to an error and not be lowered.  What a
 * registration says is a floor: a file that lies beside the scripts can raise
 * it and not lower it.  So the file's settings are put first, those of the
 * registration behind them.
 */
#ifndef MIGRATOR_BASE_CHECK_SETTINGS_H
#define MIGRATOR_BASE_CHECK_SETTINGS_H

#include "base/checks.h"

/*
 * What is wrong with such a setting, as a message for ereport, and a hint;
 * NULL when it is all right.  Names and severities are compared as they stand.
 */
extern const char *check_settings_fault(const char *check, const char *severity, const char **hint);

/* Obey a setting of a file; it has no fault. */
extern void check_settings_put(CheckSettings *settings, const char *check, const char *severity);

/* Obey one of a registration: as severe at least. */
extern void check_settings_put_floor(CheckSettings *settings, const char *check, const char *severity);

/* Flag skip_validation: lint says nothing. */
extern void check_settings_skip_lint(CheckSettings *settings);

#endif
