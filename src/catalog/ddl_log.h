/*
 * ddl_log.h
 *	  Who changed the schema outside of runs: table "ddl_log".
 */
#ifndef MIGRATOR_CATALOG_DDL_LOG_H
#define MIGRATOR_CATALOG_DDL_LOG_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* Within an event trigger on ddl_command_end, or (dropped) on sql_drop: note what the command did. */
extern void ddl_log_note(const char *command, bool dropped);

/* The same place: an object that the command changed; NULL when all of it is temporary, or no change of a schema. */
extern char *ddl_log_changed(bool dropped);

/* What is asked of an object, and the last entry about it. */
typedef struct Culprit
{
	/* given */
	const char *kind;
	const char *identity;
	Oid			anchor;
	TimestampTz since;			/* 0: from the beginning */

	/* found; changed_by is NULL when nothing was */
	TimestampTz changed_at;
	char	   *changed_by;
	char	   *application_name;
	char	   *statement;		/* or NULL */
} Culprit;

extern void ddl_log_find(Culprit *culprits, int count);

#endif
