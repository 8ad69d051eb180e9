/*
 * require.c
 *	  "-- migrator: require SELECT ...": what must be true for a script to run.
 */
#include "postgres.h"

#include "nodes/parsenodes.h"

#include "script/require.h"
#include "script/server_parser.h"

/* argument of parse() */
typedef struct Parse
{
	const char *query;
	List	   *statements;
} Parse;

static bool only_reads(const SelectStmt *select);

static void
parse(void *argument)
{
	Parse	   *parse = argument;

	parse->statements = server_parser_read(parse->query, true, true);
}

char *
require_problem(const Directive *directive)
{
	Parse		parsed = {directive->arguments};
	ErrorData  *error = server_parser_try(parse, &parsed);
	const Node *statement;

	if (error != NULL)
		return pstrdup(error->message);
	if (list_length(parsed.statements) != 1)
		return pstrdup(parsed.statements == NIL ? "there is no query" : "there are several statements");
	statement = linitial_node(RawStmt, parsed.statements)->stmt;
	if (!IsA(statement, SelectStmt) || !only_reads((const SelectStmt *) statement))
		return pstrdup("it is no SELECT, or one that writes");
	return NULL;
}

/* As far as its words go. */
static bool
only_reads(const SelectStmt *select)
{
	ListCell   *lc;

	foreach(lc, select->withClause ? select->withClause->ctes : NIL)
	{
		if (!IsA(lfirst_node(CommonTableExpr, lc)->ctequery, SelectStmt))
			return false;
	}
	/* that of a UNION stands in its first arm */
	while (select->larg != NULL)
		select = select->larg;
	return select->intoClause == NULL;
}
