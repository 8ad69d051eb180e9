/*
 * psql_args.h
 *	  The arguments of psql's commands, cut as psqlscanslash.l cuts them.
 *
 * They end with the line, or at a backslash outside of quotes: there another
 * command begins, or with two of them the statement goes on.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_ARGS_H
#define MIGRATOR_SCRIPT_PSQL_ARGS_H

#include "base/variables.h"

typedef enum PsqlQuote
{
	PSQL_RAW,					/* :name */
	PSQL_LITERAL,				/* :'name' */
	PSQL_IDENTIFIER,			/* :"name" */
	PSQL_TEST					/* :{?name} */
} PsqlQuote;

typedef struct PsqlArgs
{
	const char *text;
	uint32		position;		/* next byte to read */
	uint32		end;			/* of the line */

	/* what stands for a reference, palloc'd; NULL: the text as it is */
	char	   *(*value) (void *argument, const char *name, PsqlQuote quote);
	void	   *argument;

	bool		quoted;			/* the last one had quotes */
	const char *fault;			/* why it cannot be read, or NULL */
	bool		shell;			/* for it wants a command of the shell */
} PsqlArgs;

/* Length of a command's name: to a blank, or the next backslash; one that is a sign has no others. */
extern size_t psql_args_name(const char *text, size_t length);

/*
 * The next argument, palloc'd, or NULL when there is none.  Variables are not
 * looked for within single quotes; double quotes stay what they are, unless
 * unquote.  Semicolons at its end are cut off if strip.
 */
extern char *psql_args_next(PsqlArgs *args, bool unquote, bool strip);

/* What becomes of all that are left. */
typedef enum PsqlJoin
{
	PSQL_JOIN_VALUE,			/* of \set: one behind the other */
	PSQL_JOIN_CONDITION,		/* of \if: with blanks between them */
	PSQL_JOIN_ECHO				/* of \echo: likewise, and -n is none */
} PsqlJoin;

/* palloc'd; up to the first one with a fault. */
extern char *psql_join_args(PsqlArgs *args, PsqlJoin join);

/* What a condition says that is neither true nor false: with the command's name and the text. */
#define PSQL_NEITHER_MESSAGE "\\%s needs true or false, and \"%s\" is neither"
#define PSQL_NEITHER_HINT "What psql takes for one are true, false, yes, no, on, off, 1, 0, and their beginnings."

/* All to the end of the line, without blanks and semicolons at its end: as it stands, quotes and all. */
extern char *psql_args_line(PsqlArgs *args);

/* Go to where the text goes on: passes over what separates. */
extern void psql_args_finish(PsqlArgs *args);

#endif
