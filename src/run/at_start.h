/*
 * at_start.h
 *	  Migrations when the server starts: one worker that goes from database to
 *	  database.
 */
#ifndef MIGRATOR_RUN_AT_START_H
#define MIGRATOR_RUN_AT_START_H

/* While shared_preload_libraries are loaded: have the worker started once recovery has ended. */
extern void at_start_register(void);

/* What its log lines begin with. */
#define AT_START_NAME "AUTO_MIGRATE"

/* The entry point, in this library, of the worker that it starts for a database. */
#define AT_START_DATABASE_MAIN "migrator_at_start_database_main"

/* What that one finds in bgw_extra; bgw_main_arg is the database. */
typedef struct AtStartExtra
{
	Oid			role;
} AtStartExtra;

#endif
