/*
 * psql.c
 *	  Scripts that are written for psql: its commands and variables.
 *
 * One pass over the files, each token once, in the order in which psql would meet
 * them.  Three things differ from psql: a variable without a value is an error, a
 * value that is used as it is may hold references but no commands, and a file ends
 * what it begins.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "script/psql_expand.h"
#include "script/psql_late.h"
#include "script/psql_state.h"
#include "script/split.h"

static void read_token(Psql *psql, PsqlFrame *frame, const Token *token);
static void read_reference(Psql *psql, PsqlFrame *frame, const Token *token);
static const char *expand(Psql *psql, PsqlFrame *frame, const Token *token, const char *value);
static const char *stand_in(const Variable *found, const char *name, PsqlQuote quote);
static void follow_statement(Psql *psql, PsqlFrame *frame, const Token *token);
static void empty(Psql *psql);
static bool is_known(const Script *script, const ScriptProblem *problem);
static void settle_actions(Script *script, List *actions);

Script *
psql_script(Script *script, const PsqlRequest *request)
{
	Psql	   *psql = palloc0(sizeof(Psql));
	PsqlFrame  *frame = palloc0(sizeof(PsqlFrame));
	Script	   *filled;
	ListCell   *lc;

	psql->request = request;
	psql->variables = psql_variables_create(request->variables);
	psql->map = palloc0(sizeof(FillMap));
	conforming_begin(&psql->conforming, request->conforming_strings);
	initStringInfo(&psql->whole);
	initStringInfo(&psql->filled);
	lexer_init(&frame->lexer, script->text, script->length, request->conforming_strings);
	frame->lexer.line = request->first_line;
	psql_read_frame(psql, frame);
	if (psql->too_long)
	{
		Token		start = {.line = request->first_line};

		psql_refuse(psql, frame, &start, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
					"the script becomes too long with its files and values", NULL);
		empty(psql);
	}

	psql->map->file_text = psql->whole.data;
	psql->map->file_length = psql->whole.len;
	psql->map->first_line = request->first_line;
	psql->map->variables = psql_variables_to_hide(psql->variables);
	filled = script_split_filled(psql->filled.data, psql->filled.len, psql->map, request->conforming_strings);
	filled->directives = script->directives;
	filled->marks = script->marks;
	filled->description = script->description;
	filled->is_psql = true;
	filled->files = script->files;
	strcpy(filled->fingerprint, script->fingerprint);
	foreach(lc, psql->problems)
	{
		if (!is_known(filled, lfirst(lc)))
			script_add_problem(filled, lfirst(lc));
	}
	settle_actions(filled, psql->actions);
	filled->results = psql->results;
	filled->late_variables = psql->late_variables;
	psql_late_settle(filled, psql->filled.data);
	script_mark_unfilled(filled);
	return filled;
}

/* A text that is not whole is not looked at. */
static void
empty(Psql *psql)
{
	resetStringInfo(&psql->whole);
	resetStringInfo(&psql->filled);
	psql->map->count = psql->map->segment_count = 0;
	psql->actions = psql->results = NIL;
	psql->late_variables = NULL;
}

/* What is wrong with quotes is found twice. */
static bool
is_known(const Script *script, const ScriptProblem *problem)
{
	ListCell   *lc;

	foreach(lc, script->problems)
	{
		const ScriptProblem *other = lfirst(lc);

		if (other->line == problem->line && other->column == problem->column &&
			strcmp(other->message, problem->message) == 0)
			return true;
	}
	return false;
}

void
psql_read_frame(Psql *psql, PsqlFrame *frame)
{
	Token		token;
	uint32		tokens = 0;

	frame->outer_branch = psql->branch;
	frame->lexer.references = true;
	do
	{
		if ((++tokens & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		frame->lexer.conforming_strings = psql->conforming.current;
		lexer_next(&frame->lexer, &token);
		/* of the script itself that is found when it is split */
		if (token.fault != NULL && frame->parent != NULL)
			psql_refuse(psql, frame, &token, ERRCODE_SYNTAX_ERROR, token.fault, NULL);
		read_token(psql, frame, &token);
	} while (token.kind != TOKEN_END && !psql->too_long);
	psql_take(psql, frame, frame->lexer.length);

	for (; psql->branch != frame->outer_branch; psql->branch = psql->branch->outer)
	{
		Token		place = {.line = psql->branch->line};

		psql->late_depth -= psql->branch->late;
		psql_refuse(psql, frame, &place, ERRCODE_SYNTAX_ERROR, "\\if without \\endif", NULL);
		((ScriptProblem *) llast(psql->problems))->column = psql->branch->column;
	}
}

static void
read_token(Psql *psql, PsqlFrame *frame, const Token *token)
{
	if (psql_is_active(psql) && !psql->open)
	{
		psql_take(psql, frame, token->offset);
		psql->start = psql->filled.len;
	}
	switch (token->kind)
	{
		case TOKEN_END:
		case TOKEN_LINE_COMMENT:
		case TOKEN_BLOCK_COMMENT:
			return;
		case TOKEN_BACKSLASH:
			psql_take(psql, frame, token->offset);
			psql_command(psql, frame, token);
			return;
		case TOKEN_REFERENCE:
			if (psql_is_active(psql))
				read_reference(psql, frame, token);
			break;
		default:
			break;
	}
	if (psql_is_active(psql))
		follow_statement(psql, frame, token);
}

/* Where statements begin and end, as far as commands between them go. */
static void
follow_statement(Psql *psql, PsqlFrame *frame, const Token *token)
{
	const char *text = frame->lexer.text;

	if (token->kind == TOKEN_SEMICOLON && !(psql->open && nesting_is_open(&psql->nesting)))
	{
		bool		copy_in = psql->open && psql->copy_in;

		psql_take(psql, frame, token->offset);
		psql_end_statement(psql);
		if (copy_in)
			psql_pass_rows(psql, frame);
		return;
	}
	if (!psql->open)
	{
		psql->open = true;
		memset(&psql->nesting, 0, sizeof(Nesting));
		psql->is_copy = token_is_word(text, token, "copy");
		psql->from = psql->copy_in = false;
	}
	nesting_follow(&psql->nesting, text, token);
	if (psql->is_copy && psql->from && !nesting_is_open(&psql->nesting) && token_is_word(text, token, "stdin"))
		psql->copy_in = true;
	psql->from = token_is_word(text, token, "from");
}

void
psql_end_statement(Psql *psql)
{
	if (psql->open)
		conforming_follow(&psql->conforming, psql->filled.data + psql->start, psql->filled.len - psql->start);
	psql->open = false;
}

/*
 * Rows of COPY ... FROM stdin, to a line "\." or the end of their file, are no text of
 * SQL.  What follows an included file would be rows, too, without such a line.
 */
void
psql_pass_rows(Psql *psql, PsqlFrame *frame)
{
	Lexer	   *lexer = &frame->lexer;
	const char *text = lexer->text;
	uint32		line = lexer->line;
	uint32		at = lexer_line_end(lexer);
	bool		ended = frame->parent == NULL;
	const char *line_end = at == lexer->length || text[at] == '\n' ? "\n" : lexer_ends_line(text, lexer->length, at) ? "\r" : "\r\n";

	while (at < lexer->length)
	{
		uint32		start;

		at += lexer_ends_line(text, lexer->length, at) ? 1 : 2;
		line++;
		start = at;
		while (at < lexer->length && text[at] != '\n' && text[at] != '\r')
			at++;
		if ((line & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (at - start == 2 && strncmp(text + start, "\\.", 2) == 0)
		{
			ended = true;
			break;
		}
	}
	psql_take(psql, frame, at);
	if (!ended)
		psql_insert(psql, psprintf("%s\\.%s", at > 0 && text[at - 1] == line_end[strlen(line_end) - 1] ? "" : line_end, line_end));
	/* lexer_continue_at() begins a line, and this is the end of one */
	if (at < lexer->length)
	{
		at += lexer_ends_line(text, lexer->length, at) ? 1 : 2;
		line++;
	}
	lexer_continue_at(lexer, Min(at, lexer->length), line);
}

static void
read_reference(Psql *psql, PsqlFrame *frame, const Token *token)
{
	const char *bytes = frame->lexer.text + token->offset;
	PsqlQuote	quote = bytes[1] == '\'' ? PSQL_LITERAL : bytes[1] == '"' ? PSQL_IDENTIFIER :
		bytes[1] == '{' ? PSQL_TEST : PSQL_RAW;
	char	   *name = quote == PSQL_RAW ? pnstrdup(bytes + 1, token->length - 1) :
		quote == PSQL_TEST ? pnstrdup(bytes + 3, token->length - 4) : pnstrdup(bytes + 2, token->length - 3);
	const Variable *variable;
	const char *value;
	bool		unknown;
	FillPiece  *piece;

	psql->used_late = false;
	value = psql_value(psql, frame, token, name, quote, &variable);
	unknown = value == NULL && quote == PSQL_RAW;
	psql_take(psql, frame, token->offset);

	/*
	 * the name stands for it, so that what can be said of the statement can
	 * be said
	 */
	if (value == NULL)
		value = quote == PSQL_RAW ? pnstrdup(bytes, token->length) : psql_quote_value(quote, name);
	else if (quote == PSQL_RAW)
	{
		if (psql->map->free_name == NULL && variable != NULL && variable->hidden &&
			!variables_is_plain(value))
		{
			psql->map->free_name = name;
			psql->map->free_line = (int) token->line;
		}
		if (!psql->used_late)
			value = expand(psql, frame, token, value);
		/* one of those that it refers to may be such */
		if (psql->used_late)
			value = stand_in(variable, name, quote);
	}
	piece = psql_replace(psql, frame, token->offset + token->length, value, variable);
	if (piece == NULL)
		return;
	piece->unknown = unknown;
	if (psql->used_late)
	{
		piece->late = name;
		piece->quote = (uint8) quote;
	}
}

/* What stands for a reference within a value. */
typedef struct Inner
{
	Psql	   *psql;
	PsqlFrame  *frame;
	const Token *token;			/* the reference to the value */
} Inner;

static const char *
inner_value(void *argument, const char *name, PsqlQuote quote)
{
	const Inner *inner = argument;
	const Variable *variable;

	return psql_value(inner->psql, inner->frame, inner->token, name, quote, &variable);
}

static const char *
expand(Psql *psql, PsqlFrame *frame, const Token *token, const char *value)
{
	Inner		inner = {psql, frame, token};
	PsqlExpand	request = {
		.value = inner_value,
		.argument = &inner,
		.conforming_strings = frame->lexer.conforming_strings
	};
	const char *result = psql_expand(&request, value);

	if (result == NULL)
		psql_refuse(psql, frame, token, request.sqlstate, request.fault, NULL);
	return result != NULL ? result : " ";
}

/*
 * What stands for a value that the run knows: the one that the variable has
 * already, if it is a word or a number; or a name.
 */
static const char *
stand_in(const Variable *found, const char *name, PsqlQuote quote)
{
	if (quote == PSQL_TEST)
		return found != NULL ? "TRUE" : "FALSE";
	if (found != NULL && variables_is_plain(found->value))
		return psql_quote_value(quote, found->value);
	return quote == PSQL_RAW ? psprintf("\":%s\"", name) : psql_quote_value(quote, psprintf(":%s", name));
}

const char *
psql_value(Psql *psql, PsqlFrame *frame, const Token *token, const char *name, PsqlQuote quote,
		   const Variable **variable)
{
	const Variable *found = psql_variables_find(psql->variables, name);
	bool		later = psql->request->variables == NULL || !psql->request->variables->complete;
	ListCell   *lc;

	*variable = quote == PSQL_TEST ? NULL : found;
	if (!psql->map->given)
		psql->map->given = psql_variables_is_given(psql->variables, name);
	if (found != NULL && quote != PSQL_TEST)
		psql->hidden |= found->hidden;

	/*
	 * what is missing in a branch that the run may not choose is for the run
	 * to miss
	 */
	if (psql_variables_is_late(psql->variables, name) ||
		(found == NULL && quote != PSQL_TEST && psql->late_depth > 0))
	{
		psql->used_late = true;
		return stand_in(found, name, quote);
	}
	if (quote == PSQL_TEST)
		return found != NULL ? "TRUE" : "FALSE";
	if (found != NULL)
		return psql_quote_value(quote, found->value);
	foreach(lc, psql->missing)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return NULL;
	}
	if (list_length(psql->missing) == SCRIPT_MAX_PROBLEMS)
		return NULL;
	psql->missing = lappend(psql->missing, pstrdup(name));
	psql_refuse(psql, frame, token, ERRCODE_UNDEFINED_OBJECT,
				psprintf(later ? "variable \"%s\" has no value here" : "variable \"%s\" has no value", name),
				later ? "A run needs it, in its argument \"variables\". Until then the statement is checked with the name in its place, as far as that goes." :
				"Set it with \\set, or give it in argument \"variables\"; or, if it is none, write a blank behind the colon.");
	((ScriptProblem *) llast(psql->problems))->check = later ? CHECK_VARIABLES_LATER : CHECK_VARIABLES;
	return NULL;
}

void
psql_refuse(Psql *psql, PsqlFrame *frame, const Token *token, int sqlstate, const char *message, const char *hint)
{
	ScriptProblem *problem;

	/* the script keeps no more errors either */
	if (list_length(psql->problems) > 2 * SCRIPT_MAX_PROBLEMS)
		return;
	problem = palloc0(sizeof(ScriptProblem));
	problem->check = CHECK_SYNTAX;
	problem->sqlstate = sqlstate;
	problem->message = unconstify(char *, message);
	problem->hint = unconstify(char *, hint);
	problem->file = frame->file;
	problem->line = (int) token->line;
	problem->column = token->offset > 0 ? (int) lexer_column(&frame->lexer, token) : 1;
	problem->statement = -1;
	psql->problems = lappend(psql->problems, problem);
}

/* Both are in the text's order.  One inside of a statement comes before it. */
static void
settle_actions(Script *script, List *actions)
{
	int			statement = 0;
	ListCell   *lc;

	foreach(lc, actions)
	{
		ScriptAction *action = lfirst(lc);

		while (statement < script->statement_count &&
			   script->statements[statement].offset + script->statements[statement].length <= action->offset)
			statement++;
		action->statement = statement;
	}
	script->actions = actions;
}
