/*
 * psql_state.h
 *	  A script on its way through psql's rules; private to psql*.c.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_STATE_H
#define MIGRATOR_SCRIPT_PSQL_STATE_H

#include "lib/stringinfo.h"

#include "script/conforming.h"
#include "script/lexer.h"
#include "script/nesting.h"
#include "script/psql.h"
#include "script/psql_args.h"
#include "script/psql_variables.h"

/* so deep files may include others, and so many in all */
#define PSQL_DEPTH_AT_MOST 50
#define PSQL_FILES_AT_MOST 10000
/* so long all values together that a script sets and tells */
#define PSQL_VALUES_MAX_BYTES (64 * 1024 * 1024)

/* \if that waits for its \endif */
typedef struct PsqlBranch
{
	struct PsqlBranch *outer;
	bool		active;			/* what stands here counts */
	bool		settled;		/* and nothing behind it does */
	bool		otherwise;		/* \else was there */
	bool		late;			/* which of them counts, only the run knows */
	int			line;
	int			column;
} PsqlBranch;

/* A file that is being read. */
typedef struct PsqlFrame
{
	struct PsqlFrame *parent;
	const char *file;			/* NULL: the script's own */
	Lexer		lexer;
	uint32		copied;			/* what is before is taken over */
	int			depth;
	PsqlBranch *outer_branch;	/* that it stands in as a whole */
} PsqlFrame;

typedef struct Psql
{
	const PsqlRequest *request;
	PsqlVariables *variables;
	PsqlBranch *branch;			/* or NULL */
	int			files;			/* that were included */
	bool		too_long;
	size_t		value_bytes;	/* of what \set and \echo keep */
	const char *restricted;		/* the key of \restrict, or NULL */

	StringInfoData whole;		/* text as it stands in the files */
	StringInfoData filled;		/* what becomes of it */
	FillMap    *map;
	int			pieces_room;
	int			segments_room;

	Conforming	conforming;		/* how strings are read */

	/* the statement that is being read */
	bool		open;
	int			start;			/* of its text that is filled */
	Nesting		nesting;
	bool		is_copy;		/* COPY */
	bool		from;			/* the last word was FROM */
	bool		copy_in;		/* and then came STDIN */

	List	   *problems;		/* of ScriptProblem * */
	List	   *missing;		/* names of variables without value, char * */
	List	   *actions;		/* of ScriptAction * */
	bool		hidden;			/* a value that is to be hidden was used */

	/* what is left to the run */
	List	   *results;		/* of ScriptResult * */
	PsqlVariables *late_variables;	/* where the first of those sets some */
	bool		used_late;		/* a value that only the run knows was used */
	int			late_depth;		/* \if that the run decides */
} Psql;

static inline bool
psql_is_active(const Psql *psql)
{
	return psql->branch == NULL || psql->branch->active;
}

/* psql_text.c: both texts grow */

/* Take over the file's text up to there; nothing becomes of it where no branch counts. */
extern void psql_take(Psql *psql, PsqlFrame *frame, uint32 to);

/* Something stands for the text up to there. */
extern FillPiece *psql_replace(Psql *psql, PsqlFrame *frame, uint32 to, const char *value, const Variable *variable);

/* Text that stands in no file. */
extern void psql_insert(Psql *psql, const char *value);

/* From here on the text is of that file, from that place on. */
extern void psql_enter(Psql *psql, const char *file, uint32 line, uint32 column);

/* psql.c */
extern void psql_read_frame(Psql *psql, PsqlFrame *frame);

/* The statement ends, with the text that there is by now. */
extern void psql_end_statement(Psql *psql);

/* Rows follow, on the next line. */
extern void psql_pass_rows(Psql *psql, PsqlFrame *frame);
extern void psql_refuse(Psql *psql, PsqlFrame *frame, const Token *token, int sqlstate, const char *message,
						const char *hint);

/* The value of a reference at that token, as it is asked for; NULL: it has none, which is a problem then. */
extern const char *psql_value(Psql *psql, PsqlFrame *frame, const Token *token, const char *name,
							  PsqlQuote quote, const Variable **variable);

/* psql_command.c: the backslash that was read, and all that belongs to it */
extern void psql_command(Psql *psql, PsqlFrame *frame, const Token *backslash);

#endif
