/*
 * script.h
 *	  A script's text cut into statements, and what can be said of it without
 *	  running it.
 *
 * Cutting (split.h) and parsing (parse.h) are two steps.  Neither runs
 * anything, and neither raises an error for what is wrong with a script:
 * problems are collected, so that a caller can report those of many files at
 * once.
 *
 * All positions are of the file, also where its variables are filled in: lines and columns from 1, columns in
 * characters, a BOM not counted.  They never come from RawStmt, whose
 * positions differ between major versions.
 */
#ifndef MIGRATOR_SCRIPT_SCRIPT_H
#define MIGRATOR_SCRIPT_SCRIPT_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

#include "base/checks.h"
#include "base/digest.h"
#include "base/hide_values.h"
#include "script/change_class.h"
#include "script/fill_map.h"
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
	bool		conforming_strings:1;	/* the setting its strings were read
										 * by */
	bool		unfilled:1;		/* SQL is missing in it, a variable's value */

	/* of a script of psql's, which may leave something to its run (psql.h) */
	bool		late:1;			/* values of variables are */
	bool		conditional:1;	/* and whether it is run at all */
	bool		uses_result:1;	/* something is done with its result */
} Statement;

/* the directive of scripts that have references to variables: fill.h */
#define DIRECTIVE_VARIABLES "variables"

/* and that of scripts that have psql's commands: psql.h */
#define DIRECTIVE_PSQL "psql"

/* What is done about what must be true for a script to run, and is not, or cannot be asked. */
typedef enum RequireFate
{
	REQUIRE_STOP,				/* it is an error */
	REQUIRE_SKIP,				/* the script counts as run, and is not */
	REQUIRE_TELL				/* it is run all the same */
} RequireFate;

/* a comment line "-- migrator: NAME ARGUMENTS" */
typedef struct Directive
{
	const char *name;			/* folded to lower case */
	const char *arguments;		/* trimmed, may be "" */
	int			line;
	const char *mark;			/* NULL, or words of another tool that mean it */
	RequireFate on_false;		/* of one of those: script/require.h */
	RequireFate on_error;
	bool		filled;			/* values that a run gives are in its
								 * arguments */
} Directive;

typedef enum ReferenceKind
{
	REFERENCE_RAW,				/* :name */
	REFERENCE_LITERAL,			/* :'name' */
	REFERENCE_IDENTIFIER,		/* :"name" */
	REFERENCE_TEST,				/* :{?name} */
	REFERENCE_OF_TOOL			/* another tool's: the value as it is */
} ReferenceKind;

/* psql's reference to a variable, in a script that has them: fill.h */
typedef struct Reference
{
	ReferenceKind kind;
	char	   *name;
	char	   *fallback;		/* its value if the variable has none, or NULL */
	uint32		offset;
	uint32		length;
	int			line;
	int			column;
} Reference;

/*
 * Something wrong with the script.  Message, detail and hint follow the rules
 * of ereport.
 */
typedef struct ScriptProblem
{
	CheckId		check;
	int			sqlstate;
	char	   *message;
	char	   *detail;			/* or NULL */
	char	   *hint;			/* or NULL */
	const char *file;			/* that is included; NULL: the script's own */
	int			line;			/* of the token at fault */
	int			column;
	int			statement;		/* index into statements, or -1 */
	int			position;		/* 1-based character in that statement, or 0 */
} ScriptProblem;

/* A file that a script's text names. */
typedef struct ScriptFile
{
	char	   *path;			/* as written */
	bool		beside;			/* it is looked for where the script lies,
								 * else at the top of the source */
	bool		included;		/* it is a script itself; else data */
} ScriptFile;

/* What is done besides running statements. */
typedef enum ScriptActionKind
{
	ACTION_TELL,				/* say something, as a NOTICE */

	/* only where something is left to the run */
	ACTION_SET,
	ACTION_UNSET,
	ACTION_IF,
	ACTION_ELIF,
	ACTION_ELSE,
	ACTION_ENDIF
} ScriptActionKind;

typedef struct ScriptAction
{
	ScriptActionKind kind;
	uint32		offset;			/* in Script.text, where it stands */
	int			statement;		/* it comes before this one; behind all of
								 * them: their number */
	bool		late;			/* the text is a command's arguments, to be
								 * read when their variables have values */
	char	   *text;			/* what is said, or the arguments */
	const char *file;			/* where it stands; NULL: in the script's own */
	int			line;
	int			column;
} ScriptAction;

/* What is done with the result of a statement. */
typedef struct ScriptResult
{
	uint32		offset;			/* in Script.text, of the end of its statement */
	int			statement;
	bool		executes;		/* its values are statements; else variables
								 * get them */
	char	   *prefix;			/* of the names of those */
	const char *file;			/* where that stands, as in ScriptAction */
	int			line;
	int			column;
} ScriptResult;

/* How a script deals with transactions. */
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
	const FillMap *fill;		/* how it was made of the file's, NULL: it is
								 * the file's */
	Statement  *statements;
	int			statement_count;
	List	   *directives;		/* of Directive *, in file order */
	bool		reads_references;	/* by a directive at its top */
	bool		is_psql;		/* psql's commands are read in it, too */
	bool		undone;			/* whoever runs it undoes it: it may end with
								 * ROLLBACK */
	List	   *files;			/* then: of ScriptFile *, which they name */
	List	   *actions;		/* and: of ScriptAction *, in their order */
	List	   *results;		/* of ScriptResult *, likewise */
	const struct PsqlVariables *late_variables; /* as they are when the first
												 * result sets some; NULL:
												 * none does */
	List	   *references;		/* of Reference *, in file order */
	List	   *problems;		/* of ScriptProblem *, in file order */
	int			errors;			/* among them */
	List	   *marks;			/* of Mark *, in file order: mark.h */
	char	   *description;	/* first comment block as plain text, or NULL */
	char		fingerprint[FINGERPRINT_LENGTH + 1];	/* "1:" and hex */

	/* from here on: set by script_parse() */
	TransactionForm transaction_form;
	int			isolation_line; /* first BEGIN with options or SET
								 * TRANSACTION; 0 when none */
	int			second_transaction; /* index of the statement that makes the
									 * form PARTS, or -1; the COMMIT itself if
									 * that is the first such statement */
	int			first_outside;	/* index of the first statement that refuses a
								 * transaction block, or -1 */
	struct TouchSet *touches;	/* NULL: nobody wants to know; see touch.h */
	int			lock_estimate;	/* entries of the lock table that the objects
								 * it creates will need, roughly */
	ScriptChanges changes;		/* what it takes away or changes: change.h */
	List	   *remarks;		/* of ScriptProblem *, in file order: what the
								 * lint rules have to say (lint.h) */
	struct HTAB *made;			/* private to made.c */
	struct Lint *lint;			/* private to lint.c */
	struct HTAB *key_columns;	/* private to suggestions.c */
	List	   *foreign_keys;	/* likewise */
} Script;

/* at most so many errors are collected for one script, and other problems */
#define SCRIPT_MAX_PROBLEMS 20

/*
 * Collect a problem, unless there are SCRIPT_MAX_PROBLEMS already that are
 * errors, if it is one, or that are none: remarks must not crowd out an error.
 * It is copied into the script's memory context, strings and all.
 */
extern void script_add_problem(Script *script, const ScriptProblem *problem);

/* Likewise, of statement i as a whole; sqlstate 0 is the check's. */
extern void script_statement_problem(Script *script, int i, CheckId check, int sqlstate,
									 const char *message, const char *detail, const char *hint);

/* Its kind, where the ROLLBACK that ends what is undone anyway counts as COMMIT. */
extern StatementKind script_statement_kind(const Script *script, int i, const Node *statement);

/* The file that statement i is in; NULL: the script's own. */
extern const char *script_file_of(const Script *script, int i);

/* Has a problem of statement i been collected that is an error? */
extern bool script_has_error(const Script *script, int i);

/* palloc'd copy of a statement's text */
extern char *script_statement_text(const Script *script, int i);

/*
 * A statement as it stands in the file: without values of variables.  It is
 * what may be shown.  No copy, and not ended by a NUL.
 */
extern const char *script_shown_statement(const Script *script, int i, int *length);

/* palloc'd copy of it; *position, a 1-based character or 0, is moved along */
extern char *script_shown_text(const Script *script, int i, int *position);

/* What is said of statement i (-1: of none), about that character of it or 0. */
extern HideFocus script_focus(const Script *script, int i, int position);

/* Of a script that was filled: say which statements lack SQL, a variable's value. */
extern void script_mark_unfilled(Script *script);

/* The directive of that name, or NULL. */
extern const Directive *script_directive(const Script *script, const char *name);

/*
 * Line and column of a place in statement i, given as the 1-based character
 * position that PostgreSQL reports.
 */
extern void script_locate(const Script *script, int i, int position, int *line, int *column);

#endif
