/*
 * require.c
 *	  What must be true for a script to run, asked directly before it.
 *
 * In the transaction of the script, so what was true then is true for it as far
 * as its isolation goes; a script that must be sure locks the table in its
 * first statement and asks in a DO block.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "base/finding.h"
#include "execute/require.h"
#include "script/require.h"

/* argument of add_context() */
typedef struct Requirement
{
	const Execution *execution;
	const Directive *directive;
} Requirement;

static bool require_one(const Requirement *requirement, int sqlstate);
static const char *what_it_gave(void);
static void add_context(void *argument);

bool
require_all(Execution *execution, int sqlstate)
{
	bool		runs = true;
	ListCell   *lc;

	foreach(lc, execution->script->directives)
	{
		Requirement requirement = {execution, lfirst(lc)};
		ErrorContextCallback callback = {error_context_stack, add_context, &requirement};

		if (strcmp(requirement.directive->name, DIRECTIVE_REQUIRE) != 0 &&
			strcmp(requirement.directive->name, DIRECTIVE_ONLY_IF) != 0)
			continue;
		execution->error_file[0] = '\0';
		execution->error_line = requirement.directive->line;
		error_context_stack = &callback;
		runs = require_one(&requirement, sqlstate);
		error_context_stack = callback.previous;
		execution->error_line = 0;
		if (!runs)
			break;
	}
	return runs;
}

/* False: it is not so, and the script does not run. */
static bool
require_one(const Requirement *requirement, int sqlstate)
{
	const char *query = requirement->directive->arguments;
	bool		skips = strcmp(requirement->directive->name, DIRECTIVE_ONLY_IF) == 0;
	const char *version = finding_one_line(requirement->execution->version);
	const char *gave;

	SPI_connect();
	if (SPI_execute(query, false, 2) != SPI_OK_SELECT)
		elog(ERROR, "requirement should have been refused by the checks");
	gave = what_it_gave();
	if (gave != NULL && skips)
		ereport(NOTICE,
				errmsg("migration \"%s\" counts as applied and is not run: %s is not so", version, finding_one_line(query)),
				errdetail("The query gave %s.", finding_one_line(gave)));
	else if (gave != NULL)
		ereport(ERROR,
				errcode(sqlstate),
				errmsg("migration \"%s\" requires what is not so: %s", version, finding_one_line(query)),
				errdetail("The query gave %s, and must give true.", finding_one_line(gave)));
	SPI_finish();
	return gave == NULL;
}

/* NULL: what it must. */
static const char *
what_it_gave(void)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	bool		isnull;
	char	   *text;

	if (desc->natts != 1)
		return psprintf("%d columns", desc->natts);
	if (SPI_processed != 1)
		return SPI_processed == 0 ? "no row" : "more than one row";
	text = SPI_getvalue(SPI_tuptable->vals[0], desc, 1);
	if (text == NULL)
		return "null";
	if (SPI_gettypeid(desc, 1) == BOOLOID && DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], desc, 1, &isnull)))
		return NULL;
	return SPI_gettypeid(desc, 1) == BOOLOID ? "false" : psprintf("\"%s\"", text);
}

static void
add_context(void *argument)
{
	const Requirement *requirement = argument;

	errcontext("migration \"%s\" (file \"%s\", line %d, column %d)",
			   finding_one_line(requirement->execution->version), finding_one_line(requirement->execution->file),
			   requirement->directive->line, 1);
}
