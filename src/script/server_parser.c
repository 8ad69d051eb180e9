/*
 * server_parser.c
 *	  The server's parser on one statement.
 */
#include "postgres.h"

#include "parser/parser.h"
#include "utils/guc.h"

#include "script/server_parser.h"

static RawStmt *parse_statement(const Script *script, int i, char **slice, bool quiet);
static bool is_fault_of_text(int sqlstate);

List *
server_parser_read(const char *slice, bool conforming_strings, bool quiet)
{
	bool		saved_conforming = standard_conforming_strings;
	int			saved_client = client_min_messages;
	int			saved_log = log_min_messages;
	List	   *list = NIL;

	PG_TRY();
	{
		standard_conforming_strings = conforming_strings;
		if (quiet)
		{
			client_min_messages = ERROR;
			log_min_messages = ERROR;
		}
		list = raw_parser(slice, RAW_PARSE_DEFAULT);
	}
	PG_FINALLY();
	{
		standard_conforming_strings = saved_conforming;
		client_min_messages = saved_client;
		log_min_messages = saved_log;
	}
	PG_END_TRY();

	return list;
}

ErrorData *
server_parser_try(void (*work) (void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		/*
		 * The callbacks of our callers must not see this error: that of SPI
		 * takes the cursor position for one in the caller's query.
		 */
		error_context_stack = NULL;
		work(argument);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_fault_of_text(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();

	return error;
}

RawStmt *
script_parse_statement(const Script *script, int i, char **slice)
{
	return parse_statement(script, i, slice, true);
}

RawStmt *
script_parse_to_run(const Script *script, int i, char **slice)
{
	return parse_statement(script, i, slice, false);
}

static RawStmt *
parse_statement(const Script *script, int i, char **slice, bool quiet)
{
	char	   *text = script_statement_text(script, i);
	List	   *list = server_parser_read(text, script->statements[i].conforming_strings, quiet);

	if (list_length(list) != 1)
		elog(ERROR, "statement %d of a script is not one statement to the parser", i);
	if (slice != NULL)
		*slice = text;
	return linitial_node(RawStmt, list);
}

/* Cancel, lack of memory and our own faults are not the script's. */
static bool
is_fault_of_text(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category != ERRCODE_OPERATOR_INTERVENTION &&
		category != ERRCODE_INSUFFICIENT_RESOURCES &&
		category != ERRCODE_SYSTEM_ERROR &&
		category != ERRCODE_INTERNAL_ERROR;
}
