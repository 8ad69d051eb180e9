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
#include "base/transaction.h"
#include "execute/require.h"
#include "script/require.h"

/* argument of add_context() and run_query() */
typedef struct Requirement
{
	const Execution *execution;
	const Directive *directive;
	const char *gave;			/* NULL: what it must */
	MemoryContext context;		/* of that */
} Requirement;

static bool require_one(Requirement *requirement, int sqlstate);
static void run_query(void *argument);
static const char *what_it_gave(void);
static void add_context(void *argument);

bool
require_all(Execution *execution, int sqlstate)
{
	bool		runs = true;
	ListCell   *lc;

	foreach(lc, execution->script->directives)
	{
		Requirement requirement = {.execution = execution,.directive = lfirst(lc),.context = CurrentMemoryContext};
		ErrorContextCallback callback = {error_context_stack, add_context, &requirement};

		if (strcmp(requirement.directive->name, DIRECTIVE_REQUIRE) != 0 &&
			strcmp(requirement.directive->name, DIRECTIVE_ONLY_IF) != 0)
			continue;
		execution->filled = requirement.directive->filled;
		execution->error_file[0] = '\0';
		execution->error_line = requirement.directive->line;
		error_context_stack = &callback;
		runs = require_one(&requirement, sqlstate);
		error_context_stack = callback.previous;
		execution->error_line = 0;
		execution->filled = false;
		if (!runs)
			break;
	}
	return runs;
}

/* False: the script does not run. */
static bool
require_one(Requirement *requirement, int sqlstate)
{
	const Directive *directive = requirement->directive;
	const char *version = finding_one_line(requirement->execution->version);
	const char *what = finding_one_line(directive->mark ? directive->mark : directive->arguments);
	RequireFate fate = strcmp(directive->name, DIRECTIVE_ONLY_IF) == 0 ? REQUIRE_SKIP : directive->on_false;
	ErrorData  *error = NULL;
	const char *gave;

	if (directive->on_error == REQUIRE_STOP)
		run_query(requirement);
	else if ((error = transaction_try(run_query, requirement, false)) != NULL)
	{
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		fate = directive->on_error;
	}
	if (error == NULL && requirement->gave == NULL)
		return true;
	if (fate == REQUIRE_STOP)
		ereport(ERROR,
				errcode(sqlstate),
				errmsg("migration \"%s\" requires what is not so: %s", version, what),
				errdetail("The query gave %s, and must give true.", finding_one_line(requirement->gave)));
	gave = error != NULL ? psprintf("failed: %s", finding_one_line(error->message)) :
		psprintf("gave %s.", finding_one_line(requirement->gave));
	if (fate == REQUIRE_SKIP)
		ereport(NOTICE,
				errmsg("migration \"%s\" counts as applied and is not run: %s is not so", version, what),
				errdetail("The query %s", gave));
	else
		ereport(NOTICE,
				errmsg("migration \"%s\" is run all the same: %s is not so", version, what),
				errdetail("The query %s", gave));
	return fate != REQUIRE_SKIP;
}

static void
run_query(void *argument)
{
	Requirement *requirement = argument;
	const char *gave;

	SPI_connect();
	if (SPI_execute(requirement->directive->arguments, false, 2) != SPI_OK_SELECT)
		elog(ERROR, "requirement should have been refused by the checks");
	gave = what_it_gave();
	requirement->gave = gave ? MemoryContextStrdup(requirement->context, gave) : NULL;
	SPI_finish();
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
