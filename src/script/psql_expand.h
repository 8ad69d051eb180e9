/*
 * psql_expand.h
 *	  The value of a variable that stands as it is, with the values of those that
 *	  it refers to.
 *
 * As psql does; but nothing in it can go on behind it, and commands it has none.
 */
#ifndef MIGRATOR_SCRIPT_PSQL_EXPAND_H
#define MIGRATOR_SCRIPT_PSQL_EXPAND_H

#include "script/psql_args.h"

typedef struct PsqlExpand
{
	/* what stands for a reference in SQL; NULL: it has no value */
	const char *(*value) (void *argument, const char *name, PsqlQuote quote);
	void	   *argument;
	bool		conforming_strings;

	const char *fault;			/* why it cannot be, or NULL */
	int			sqlstate;
} PsqlExpand;

/* palloc'd; NULL: there is a fault. */
extern char *psql_expand(PsqlExpand *expand, const char *value);

/* A value as such a reference wants it in SQL. */
extern const char *psql_quote_value(PsqlQuote quote, const char *value);

/* The same in an argument of a command: without the blanks that keep it apart in SQL.  palloc'd. */
extern char *psql_argument(PsqlQuote quote, const char *quoted);

#endif
