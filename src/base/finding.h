/*
 * finding.h
 *	  The one sink of findings: what a check has to say, before anybody decided
 *	  whether it becomes a row of validate() or the error of a run.
 */
#ifndef MIGRATOR_BASE_FINDING_H
#define MIGRATOR_BASE_FINDING_H

#include "nodes/pg_list.h"

#include "base/checks.h"

/*
 * message, detail and hint follow the rules of ereport.  Strings are not
 * copied: they must live as long as the sink.
 */
typedef struct Finding
{
	CheckId		check;
	bool		idle;			/* of a script that no run executes: a warning
								 * at most */
	FindingSeverity severity;	/* FINDING_OFF: the check's, by finding_add() */
	int			sqlstate;		/* of the error a run raises for it; 0: the
								 * check's */
	const char *version;		/* or NULL */
	const char *file;			/* or NULL */
	int			line;			/* 0 when none */
	int			column;			/* 0 when none */
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
	const char *query;			/* statement at fault, or NULL */
	int			position;		/* 1-based character in query, or 0 */
} Finding;

typedef struct FindingSink
{
	const CheckSettings *settings;	/* or NULL */
	List	   *findings;		/* of Finding *, in the order they were added */
	int			errors;
} FindingSink;

/*
 * Adds a copy of the struct, as severe as its check is by the sink's settings;
 * one that has its severity already keeps it.  Nothing is added for a check
 * that is off.
 */
extern void finding_add(FindingSink *sink, const Finding *finding);

/* Raise the sink's first error, if it has one; the DETAIL counts the others. */
extern void finding_raise_first(const FindingSink *sink);

/*
 * Raise as an error the first of the most severe findings, if any is as severe
 * as that; the DETAIL lists the others, the most severe first, up to ten.
 */
extern void finding_raise_worst(const FindingSink *sink, FindingSeverity severity);

/*
 * A piece of a statement's text that is fit for an error message: whole when
 * short, else the part around *position, which is changed to point into the
 * result.  palloc'd.
 */
extern char *finding_excerpt(const char *statement, int *position);

/*
 * The message of an error with its place behind it, for the clients that show
 * nothing else of an error: 'no such thing (migration "2", file "2_b.sql", line
 * 7)', without what the message names already.  kind is what the script is when
 * it is not the migration's own, else NULL; version and file may be NULL, line
 * 0.  palloc'd.
 */
extern char *finding_with_place(const char *message, const char *kind, const char *version,
								const char *file, int line);

/*
 * Text for one line of a message: control characters, with which a file's name
 * or an error could write lines of its own into a log or a terminal, as \xHH;
 * not more than its first kilobyte.  The text itself where there is nothing to
 * change.
 */
extern const char *finding_one_line(const char *text);

#endif
