/*
 * psql_files.h
 *	  The files that psql's commands in a script name.
 *
 * They are a part of what the script says, so they must be known without any
 * values: their names can have no variables in them.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_FILES_H
#define MIGRATOR_SCRIPT_PSQL_FILES_H

#include "script/script.h"

/* What a command does to what stands around it. */
typedef enum PsqlNext
{
	PSQL_NEXT_ANY,
	PSQL_NEXT_ROWS,				/* the next lines are its rows */
	PSQL_NEXT_STATEMENT			/* it ends the statement before it */
} PsqlNext;

/*
 * The command at the start of that line, behind its backslash: adds the file that
 * it names, if it does.  Returns how much of the line is the command's.
 */
extern size_t psql_files_note(Script *script, const char *line, size_t length, PsqlNext *next);

/* What \copy says, taken apart. */
typedef struct PsqlCopy
{
	const char *statement;		/* COPY ... FROM STDIN ..., as the server
								 * knows it */
	const char *file;			/* that it reads; NULL: what follows in the
								 * script */
	const char *fault;			/* it cannot be done here; or NULL */
} PsqlCopy;

extern void psql_copy_read(const char *line, PsqlCopy *copy);

/*
 * The path of a file below the source, of the name in a script's line; by: the
 * script that has it, where it is looked for there.  NULL: it would lead out.
 */
extern char *psql_files_path(const char *name, const char *by);

#endif
