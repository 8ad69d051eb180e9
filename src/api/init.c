/*
 * init.c
 *	  Module magic and _PG_init.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "base/settings.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	settings_define();
}
