/*
 * conforming.c
 *	  standard_conforming_strings, as the statements of a script set it.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "script/conforming.h"
#include "script/lexer.h"

/* enough for SET SESSION standard_conforming_strings = off */
#define HEAD_TOKENS 5

static int	read_head(const Conforming *conforming, const char *text, size_t length, Token *head);
static bool read_value(const Conforming *conforming, const char *text, const Token *token, bool *value);
static bool is_setting_name(const char *text, const Token *token);

void
conforming_begin(Conforming *conforming, bool initial)
{
	conforming->current = conforming->session = conforming->initial = initial;
}

/*
 * SET [SESSION | LOCAL] standard_conforming_strings { = | TO } value, RESET of
 * it, and the end of a transaction, which undoes SET LOCAL.
 */
void
conforming_follow(Conforming *conforming, const char *text, size_t length)
{
	Token		head[HEAD_TOKENS];
	int			count = read_head(conforming, text, length, head);
	bool		local;
	int			name;
	bool		value;

	if (count == 0)
		return;
	if (token_is_word(text, &head[0], "commit") || token_is_word(text, &head[0], "end"))
		conforming->current = conforming->session;
	else if (token_is_word(text, &head[0], "reset") && count == 2 &&
			 (is_setting_name(text, &head[1]) || token_is_word(text, &head[1], "all")))
		conforming->current = conforming->session = conforming->initial;
	else if (token_is_word(text, &head[0], "set") && count >= 4 && count <= HEAD_TOKENS)
	{
		local = token_is_word(text, &head[1], "local");
		name = local || token_is_word(text, &head[1], "session") ? 2 : 1;
		if (count != name + 3 || !is_setting_name(text, &head[name]) ||
			!read_value(conforming, text, &head[name + 2], &value))
			return;
		conforming->current = value;
		if (!local)
			conforming->session = value;
	}
}

/*
 * Its first tokens, as far as they matter: of most statements that is the first.
 * Returns how many there are, HEAD_TOKENS + 1 for more than that.
 */
static int
read_head(const Conforming *conforming, const char *text, size_t length, Token *head)
{
	Lexer		lexer;
	Token		token;
	int			count = 0;

	lexer_init(&lexer, text, length, conforming->current);
	for (;;)
	{
		lexer_next(&lexer, &token);
		if (token.kind == TOKEN_END || token.kind == TOKEN_SEMICOLON)
			return count;
		if (token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_BLOCK_COMMENT)
			continue;
		if (count == HEAD_TOKENS)
			return count + 1;
		head[count++] = token;
		if (count == 1 && !token_is_word(text, &token, "set") && !token_is_word(text, &token, "reset"))
			return count;
	}
}

/* The value of a SET; false if it is none that the server would take. */
static bool
read_value(const Conforming *conforming, const char *text, const Token *token, bool *value)
{
	const char *bytes = text + token->offset;
	uint32		len = token->length;

	if (token_is_word(text, token, "default"))
	{
		*value = conforming->initial;
		return true;
	}
	if (len >= 2 && (bytes[0] == '\'' || bytes[0] == '"'))
	{
		bytes++;
		len -= 2;
	}
	return parse_bool_with_len(bytes, len, value);
}

static bool
is_setting_name(const char *text, const Token *token)
{
	static const char name[] = "standard_conforming_strings";
	const char *bytes = text + token->offset;

	if (token->kind == TOKEN_QUOTED_IDENTIFIER)
		return token->length == strlen(name) + 2 &&
			pg_strncasecmp(bytes + 1, name, strlen(name)) == 0;
	return token_is_word(text, token, name);
}
