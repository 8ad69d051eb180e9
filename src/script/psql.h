/*
 * psql.h
 *	  Scripts that are written for psql: its commands and variables.
 *
 * A script that says "-- migrator: psql", or whose layout does, is read as psql
 * reads it before anything is checked: files that it includes stand in their
 * place, variables have their values, and of \if and its kin the one branch is
 * left that counts.  What comes out is SQL, which is what everybody checks and
 * what is run; and a list of actions between its statements, which say something.
 * A command that needs a client is a problem of the script.
 *
 * Positions stay those of the files.  Checksum and fingerprint are of the text
 * as it stands there: values do not change them.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_H
#define MIGRATOR_SCRIPT_PSQL_H

#include "script/script.h"

/* What a file of the source holds. */
typedef struct PsqlFile
{
	const char *text;			/* server encoding; NULL: it cannot be had */
	size_t		length;
	const char *problem;		/* then: why, and what to do */
	const char *hint;
	int			sqlstate;
} PsqlFile;

typedef struct PsqlRequest
{
	const char *file;			/* that the script is of */
	uint32		first_line;
	bool		conforming_strings;
	Variables  *variables;		/* that it is given, or NULL */
	void		(*read) (void *argument, const char *path, PsqlFile *file);
	void	   *argument;
} PsqlRequest;

/*
 * What a script (cut with is_psql) becomes: another one, in CurrentMemoryContext.
 * What is wrong with it is among its problems.
 */
extern Script *psql_script(Script *script, const PsqlRequest *request);

#endif
