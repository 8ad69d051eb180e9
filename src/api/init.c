/*
 * init.c
 *	  Module magic and _PG_init.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "base/compat.h"
#include "base/settings.h"
#include "run/at_start.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	settings_define();
	if (process_shared_preload_libraries_in_progress)
		at_start_register();
}
