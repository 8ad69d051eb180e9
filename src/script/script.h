/*
 * script.h
 *	  A script's text cut into statements, and what can be said of it without
 *	  running it.
 *
 * Cutting and parsing are two steps.  script_split() (script.c) needs only our lexer
 * (lexer.h) and, to know whether a COPY statement is followed by data, the
 * server's parser on that one statement.  script_parse() (parse.c) then
 * gives every statement to raw_parser() and classifies the parse tree
 * (statement_kind.h).  Neither runs anything, and neither raises an error for
 * what is wrong with a script: problems are collected, so that a caller can
 * report those of many files at once.
 *
 * All positions are of the file: lines and columns from 1, columns in
 * characters, a BOM not counted.  They never come from RawStmt, whose
 * positions differ between major versions.
 */
#ifndef MIGRATOR_SCRIPT_SCRIPT_H
#define MIGRATOR_SCRIPT_SCRIPT_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "base/digest.h"
#include "script/mark.h"
#include "script/statement_kind.h"

/*
 * One statement.  Kept small: a script may hold 100,000 of them.
 */
typedef struct Statement
{
	uint32		offset;			/* of its first token, in Script.text */
	uint32		length;			/* to the end of its last token, no semicolon */
	uint32		line;			/* of its first token */
	uint32		column;
	uint32		data_offset;	/* inline COPY data, 0 when there is none */
	uint32		data_length;	/* without the end marker */
	uint32		data_line;		/* line of the first data row */
	uint8		kind;			/* StatementKind; set by script_parse */
	bool		conforming_strings; /* the setting its strings were read by */
} Statement;

/* a comment line "-- migrator: NAME ARGUMENTS" */
typedef struct Directive
{
	char	   *name;			/* folded to lower case */
	char	   *arguments;		/* trimmed, may be "" */
	int			line;
} Directive;

/*
 * Something wrong with the script.  Message, detail and hint follow the rules
 * of ereport.
 */
typedef struct ScriptProblem
{
	int			sqlstate;
	char	   *message;
	char	   *detail;			/* or NULL */
	char	   *hint;			/* or NULL */
	int			line;			/* of the token at fault */
	int			column;
	int			statement;		/* index into statements, or -1 */
	int			position;		/* 1-based character in that statement, or 0 */
} ScriptProblem;

/* How a script deals with transactions (product.md rule 5). */
typedef enum TransactionForm
{
	TRANSACTION_FORM_NONE,		/* no transaction statement */
	TRANSACTION_FORM_WRAPPED,	/* one BEGIN ... COMMIT round everything (SETs
								 * may stand before the BEGIN) */
	TRANSACTION_FORM_PARTS		/* several transactions, or statements outside
								 * of the only one */
} TransactionForm;

typedef struct Script
{
	const char *text;			/* server encoding, without BOM; not owned */
	size_t		length;
	Statement  *statements;
	int			statement_count;
	List	   *directives;		/* of Directive *, in file order */
	List	   *problems;		/* of ScriptProblem *, in file order */
	List	   *marks;			/* of Mark *, in file order: mark.h */
	char	   *description;	/* first comment block as plain text, or NULL */
	char		fingerprint[FINGERPRINT_LENGTH + 1];	/* "1:" and hex */

	/* from here on: set by script_parse */
	TransactionForm transaction_form;
	int			isolation_line; /* first BEGIN with options or SET
								 * TRANSACTION; 0 when none */
	int			second_transaction; /* index of the statement that makes the
									 * form PARTS, or -1; the COMMIT itself if
									 * that is the first such statement */
	int			first_outside;	/* index of the first statement that refuses a
								 * transaction block, or -1 */
	int			lock_estimate;	/* entries of the lock table that the objects
								 * it creates will need, roughly */
} Script;

/* at most so many problems are collected for one script */
#define SCRIPT_MAX_PROBLEMS 20

/*
 * Cut text (len bytes, below 4 GB, valid in the server encoding, no BOM and no
 * NUL among them; nothing is read behind them) into statements.  The result
 * lives in CurrentMemoryContext and points into text, which must outlive it.
 * conforming_strings is the value of standard_conforming_strings that the
 * script starts with; a SET of it in the script changes how the rest is read,
 * as it does in psql; SET LOCAL does so up to the next COMMIT.
 *
 * Problems found here: unterminated quoting or comment, psql's backslash
 * commands other than \restrict and \unrestrict between two statements, text
 * behind a COPY ... FROM stdin on its line.  A missing last semicolon, a script
 * without statements and empty statements are none.  COPY data ends at a line
 * "\." or at the end of the file, as in psql.
 *
 * Raises only what palloc and CHECK_FOR_INTERRUPTS raise.
 */
extern Script *script_split(const char *text, size_t len, bool conforming_strings);

/*
 * Parse and classify every statement, and fill the second half of Script.
 * Problems found here: syntax errors (the parser's own SQLSTATE and message),
 * several commands in one slice, unsupported or unbalanced transaction
 * statements, a statement that refuses a transaction block inside of BEGIN ...
 * COMMIT, COPY ... TO stdout, and what a script may never do
 * (statement_kind.h).  A statement that script_split() found fault with is not
 * parsed.  Memory used is that of one statement at a time; problems are added
 * in the memory context of the Script.
 *
 * The parser's errors are caught without a subtransaction, which is safe since
 * it touches nothing.  Its warnings and notices are held back: they come when
 * the statement runs.
 */
extern void script_parse(Script *script);

/*
 * Parse statement number i again, for execution.  Returns the RawStmt in
 * CurrentMemoryContext; *slice (if not NULL) receives the NUL-terminated text
 * the tree's locations refer to.  Raises syntax errors as the parser does.
 */
extern RawStmt *script_parse_statement(const Script *script, int i, char **slice);

/* palloc'd copy of a statement's text */
extern char *script_statement_text(const Script *script, int i);

/* The directive of that name, or NULL. */
extern const Directive *script_directive(const Script *script, const char *name);

/*
 * Line and column of a place in statement i, given as the 1-based character
 * position that PostgreSQL reports.
 */
extern void script_locate(const Script *script, int i, int position, int *line, int *column);

#endif
