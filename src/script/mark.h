/*
 * mark.h
 *	  Comments by which other tools divide a script into a way up and a way back.
 *
 * Such a script must not be run whole: it would be undone at once, or do what
 * was never meant to be done.  The table of the tools is in mark.c.
 */
#ifndef MIGRATOR_SCRIPT_MARK_H
#define MIGRATOR_SCRIPT_MARK_H

#include "nodes/pg_list.h"

#include "script/lexer.h"

/*
 * Whose mark it is.  A layout that reads a tool's files by the tool's own rules
 * says so (layout/layout.h); of all others the marks stop a run.
 */
typedef enum MarkTool
{
	MARK_OF_NOBODY,				/* plain words, which no tool reads for sure */
	MARK_OF_DBMATE,
	MARK_OF_GOOSE,
	MARK_OF_SQL_MIGRATE,
	MARK_OF_MICRATE,
	MARK_OF_TERN,
	MARK_OF_NODE_PG_MIGRATE,
	MARK_OF_SHMIG,
	MARK_OF_MYBATIS,
	MARK_OF_PLAY,
	MARK_OF_RAMBLER,
	MARK_OF_LIQUIBASE,
	MARK_OF_GRAPHILE_MIGRATE,
	MARK_OF_ATLAS,
	MARK_OF_SCHEMA_EVOLUTION_MANAGER,
	MARK_OF_SQLX				/* divides nothing, so that it stops no run */
} MarkTool;

/* In a set of tools. */
#define MARK_BIT(tool) ((uint32) 1 << (tool))

/* What a mark says of the statements behind it. */
typedef enum MarkSense
{
	MARK_UP,
	MARK_DOWN,
	MARK_OTHER					/* a header, an option, a condition */
} MarkSense;

typedef struct Mark
{
	const struct MarkRow *row;	/* of the table, private */
	MarkTool	tool;
	const char *tool_name;		/* for messages */
	MarkSense	sense;
	bool		words;			/* plain words, which a file that is named up
								 * or down may hold as a heading */
	char	   *text;			/* of the line, printable and short */
	int			line;
	int			column;
	int			statements;		/* of the script that begin before it */
} Mark;

/*
 * Look at a comment, or at a token "#" or the like, which the lexer just read,
 * and append the mark that it is to the list, in CurrentMemoryContext; only
 * the first of a kind.  statements is the number of those before it; open, is
 * it inside of one?
 */
extern void mark_look(List **marks, Lexer *lexer, const Token *token, int statements, bool open);

/*
 * The tool whose mark a line is, up to its end, whatever it stands in: the tools read
 * lines, and know nothing of quotes.  Case, indentation and spacing do not matter
 * here either.  MARK_OF_NOBODY for most lines, and for plain words.
 */
extern MarkTool mark_of_line(const char *line, const char *end, MarkSense *sense);

/* A bit for each tool with a mark among the lines of a file: bytes as they are stored. */
extern uint32 mark_tools(const char *bytes, size_t length);

/* Once the number of statements is known: the marks that mean something. */
extern List *mark_settle(List *marks, int statements);

#endif
