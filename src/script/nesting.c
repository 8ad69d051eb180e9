/*
 * nesting.c
 *	  Where a semicolon ends no statement: within parentheses and BEGIN ATOMIC bodies.
 */
#include "postgres.h"

#include "script/nesting.h"

static void follow_body(Nesting *nesting, const char *text, const Token *token);
static RoutineHead next_routine_head(RoutineHead head, const char *text, const Token *token);

void
nesting_follow(Nesting *nesting, const char *text, const Token *token)
{
	if (token->kind == TOKEN_LEFT_PAREN)
		nesting->parens++;
	else if (token->kind == TOKEN_RIGHT_PAREN && nesting->parens > 0)
		nesting->parens--;
	if (nesting->parens == 0)
		follow_body(nesting, text, token);
}

/*
 * Follow BEGIN ATOMIC ... END.  In such a body each statement ends in a
 * semicolon, so the END that closes it stands behind one (or behind ATOMIC);
 * any other END belongs to a CASE or is a name.
 */
static void
follow_body(Nesting *nesting, const char *text, const Token *token)
{
	if (token->kind == TOKEN_SEMICOLON)
	{
		nesting->routine = ROUTINE_HEAD_START;
		nesting->boundary = true;
		nesting->after_begin = false;
		return;
	}

	if (nesting->after_begin && token_is_word(text, token, "atomic"))
	{
		nesting->bodies++;
		nesting->routine = ROUTINE_HEAD_START;
		nesting->boundary = true;
		nesting->after_begin = false;
		return;
	}

	if (nesting->boundary && nesting->bodies > 0 && token_is_word(text, token, "end"))
	{
		nesting->bodies--;
		nesting->routine = ROUTINE_HEAD_OTHER;
	}
	else
		nesting->routine = next_routine_head(nesting->routine, text, token);

	nesting->boundary = false;
	nesting->after_begin = nesting->routine == ROUTINE_HEAD_FOUND && token_is_word(text, token, "begin");
}

static RoutineHead
next_routine_head(RoutineHead head, const char *text, const Token *token)
{
	if (head == ROUTINE_HEAD_FOUND || head == ROUTINE_HEAD_OTHER)
		return head;
	if (head == ROUTINE_HEAD_START && token_is_word(text, token, "create"))
		return ROUTINE_HEAD_CREATE;
	if (head == ROUTINE_HEAD_CREATE && token_is_word(text, token, "or"))
		return ROUTINE_HEAD_OR;
	if (head == ROUTINE_HEAD_OR && token_is_word(text, token, "replace"))
		return ROUTINE_HEAD_REPLACE;
	if ((head == ROUTINE_HEAD_CREATE || head == ROUTINE_HEAD_REPLACE) &&
		(token_is_word(text, token, "function") || token_is_word(text, token, "procedure")))
		return ROUTINE_HEAD_FOUND;
	return ROUTINE_HEAD_OTHER;
}
