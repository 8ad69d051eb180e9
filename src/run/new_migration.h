/*
 * new_migration.h
 *	  The files of a new migration: their names, what is in them, and where they
 *	  are written.
 */
#ifndef MIGRATOR_RUN_NEW_MIGRATION_H
#define MIGRATOR_RUN_NEW_MIGRATION_H

#include "plan/scope.h"

typedef struct NewMigrationRequest
{
	const Scope *scope;
	const char *description;
	const char *environment;	/* whose folder the files go to, or NULL */
	const char *up;				/* the scripts, or NULL */
	const char *down;
} NewMigrationRequest;

typedef struct NewMigrationFile
{
	const char *file;			/* relative to the source */
	const char *content;
	bool		written;
} NewMigrationFile;

/*
 * As NewMigrationFile *, what goes up first.  The files are written at once, and
 * no rollback takes them away, if the caller may write files of the server and
 * the source is a directory.  Raises 22023 for a description without letters
 * and digits, what layout/new_files.h and source/write_files.h raise, and MG013 for a
 * source that is not empty and has no known layout.  Warns of scripts that
 * could not be run.
 */
extern List *new_migration(const NewMigrationRequest *request);

#endif
