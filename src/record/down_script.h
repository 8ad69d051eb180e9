/*
 * down_script.h
 *	  The down script that was kept when a migration was applied, and whose words
 *	  it is.
 */
#ifndef MIGRATOR_RECORD_DOWN_SCRIPT_H
#define MIGRATOR_RECORD_DOWN_SCRIPT_H

#include "base/trust.h"

typedef struct DownScript
{
	char	   *text;
	bool		author_known;
	Author		author;
	const char *recorded_by;	/* session user then, or NULL */
} DownScript;

/* Palloc'd, or NULL when none was kept. */
extern DownScript *down_script_load(const char *service, const char *version);

/* Raise 42501 unless who put it on record could have done with the caller's rights whatever it does. */
extern void down_script_require_trusted(const DownScript *script, const char *version);

#endif
