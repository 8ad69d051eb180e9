/*
 * split.c
 *	  A script's text cut into statements.
 *
 * The cutting follows psql: a statement ends at a semicolon that is outside of
 * quotes, comments, parentheses and the BEGIN ATOMIC body of a routine.  Where
 * the text can be read better than psql does (END as a column label in such a
 * body), it is read as the server's grammar does.
 *
 * The lexer sees every byte once, COPY data excepted, which are passed over
 * line by line.  The tokens feed the fingerprint as they come.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "script/comment.h"
#include "script/conforming.h"
#include "script/fingerprint.h"
#include "script/lexer.h"
#include "script/nesting.h"
#include "script/psql_files.h"
#include "script/server_parser.h"
#include "script/split.h"

typedef struct Splitter
{
	Script	   *script;
	Lexer		lexer;
	int			statements_allocated;
	Fingerprint fingerprint;
	Description description;
	FilePlace	place;			/* of the last token asked for, if filled */

	Conforming	conforming;

	/* the statement being read */
	bool		open;			/* has it a token yet? */
	Statement	current;
	uint32		end;			/* of its last token */
	Token		first;			/* of its tokens */
	Nesting		nesting;
} Splitter;

/* is a statement COPY ... FROM stdin? */
typedef struct CopyLook
{
	const char *slice;
	bool		conforming_strings;
	bool		copy_in;
} CopyLook;

static Script *split(const char *text, size_t len, uint32 first_line, const FillMap *map,
					 bool conforming_strings, bool is_psql);
static void split_token(Splitter *splitter, const Token *token);
static void keep_reference(Splitter *splitter, const Token *token);
static const char *file_of_place(const Splitter *splitter);
static void locate(Splitter *splitter, const Token *token, uint32 *line, uint32 *column);
static void statement_token(Splitter *splitter, const Token *token);
static void end_statement(Splitter *splitter);
static void append_statement(Splitter *splitter);
static bool is_copy_in(Splitter *splitter);
static bool reads_like_copy_in(const Splitter *splitter);
static void look_for_copy_in(void *argument);
static void read_copy_data(Splitter *splitter, Statement *statement);
static uint32 pass_data(Splitter *splitter);
static bool finish_copy_line(Splitter *splitter);
static uint32 find_copy_end(Splitter *splitter, uint32 start, uint32 *next, uint32 *line);
static void psql_command(Splitter *splitter, const Token *backslash);
static void read_psql_command(Splitter *splitter, const char *text, uint32 rest);
static void look_for_mark(Splitter *splitter, const Token *token);
static void line_comment(Splitter *splitter, const Token *token);
static void problem_at(Splitter *splitter, const Token *token, int sqlstate,
					   const char *message, const char *hint);

static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r' || c == '\n';
}

Script *
script_split(const char *text, size_t len, uint32 first_line, bool conforming_strings)
{
	return split(text, len, first_line, NULL, conforming_strings, false);
}

Script *
script_split_psql(const char *text, size_t len, uint32 first_line, bool conforming_strings)
{
	return split(text, len, first_line, NULL, conforming_strings, true);
}

Script *
script_split_filled(const char *text, size_t len, const FillMap *map, bool conforming_strings)
{
	return split(text, len, 1, map, conforming_strings, false);
}

static Script *
split(const char *text, size_t len, uint32 first_line, const FillMap *map, bool conforming_strings,
	  bool is_psql)
{
	Splitter   *splitter = palloc0(sizeof(Splitter));
	Script	   *script = palloc0(sizeof(Script));
	Token		token;
	uint32		tokens = 0;

	script->text = text;
	script->length = len;
	script->second_transaction = -1;
	script->first_outside = -1;
	script->fill = map;

	splitter->script = script;
	if (map != NULL)
		file_place_begin(&splitter->place, map);
	conforming_begin(&splitter->conforming, conforming_strings);
	fingerprint_begin(&splitter->fingerprint);
	initStringInfo(&splitter->description.text);
	lexer_init(&splitter->lexer, text, len, conforming_strings);
	splitter->lexer.line = first_line;
	splitter->lexer.references = script->reads_references = script->is_psql = is_psql;

	do
	{
		if ((++tokens & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		lexer_next(&splitter->lexer, &token);
		split_token(splitter, &token);
	} while (token.kind != TOKEN_END);

	if (splitter->open)
		append_statement(splitter);
	script->description = comment_description(&splitter->description);
	script->marks = mark_settle(script->marks, script->statement_count);

	fingerprint_finish(&splitter->fingerprint, script->fingerprint);

	pfree(splitter->description.text.data);
	pfree(splitter);
	return script;
}

static void
split_token(Splitter *splitter, const Token *token)
{
	if (token->fault != NULL)
		problem_at(splitter, token, ERRCODE_SYNTAX_ERROR, token->fault, NULL);

	switch (token->kind)
	{
		case TOKEN_END:
			break;
		case TOKEN_LINE_COMMENT:
			line_comment(splitter, token);
			break;
		case TOKEN_BLOCK_COMMENT:
			look_for_mark(splitter, token);
			comment_describe_block(&splitter->description, splitter->script->text, token);
			break;
		case TOKEN_REFERENCE:
			keep_reference(splitter, token);
			statement_token(splitter, token);
			break;
		case TOKEN_BACKSLASH:
			psql_command(splitter, token);
			break;
		case TOKEN_SEMICOLON:
			if (!nesting_is_open(&splitter->nesting))
			{
				if (splitter->open)
					end_statement(splitter);
				break;
			}
			/* FALLTHROUGH */
		default:
			/* not SQL, but some tools' marks begin so */
			if (splitter->script->text[token->offset] == '#')
				look_for_mark(splitter, token);
			statement_token(splitter, token);
	}
}

static void
keep_reference(Splitter *splitter, const Token *token)
{
	const char *bytes = splitter->script->text + token->offset;
	Reference  *reference = palloc(sizeof(Reference));
	uint32		line,
				column;

	reference->kind = bytes[1] == '\'' ? REFERENCE_LITERAL : bytes[1] == '"' ? REFERENCE_IDENTIFIER :
		bytes[1] == '{' ? REFERENCE_TEST : REFERENCE_RAW;
	reference->offset = token->offset;
	reference->length = token->length;
	reference->name = reference->kind == REFERENCE_RAW ? pnstrdup(bytes + 1, token->length - 1) :
		reference->kind == REFERENCE_TEST ? pnstrdup(bytes + 3, token->length - 4) :
		pnstrdup(bytes + 2, token->length - 3);
	locate(splitter, token, &line, &column);
	reference->line = (int) line;
	reference->column = (int) column;
	splitter->script->references = lappend(splitter->script->references, reference);
}

/* Line and column of a token in the file.  Tokens come in their order. */
static void
locate(Splitter *splitter, const Token *token, uint32 *line, uint32 *column)
{
	const FillMap *map = splitter->script->fill;

	if (map == NULL)
	{
		*line = token->line;
		*column = lexer_column(&splitter->lexer, token);
		return;
	}
	file_place_advance(&splitter->place, fill_map_offset(map, token->offset, false));
	*line = splitter->place.line;
	*column = splitter->place.column;
}

/* The included file of the token that was located last. */
static const char *
file_of_place(const Splitter *splitter)
{
	return splitter->script->fill != NULL ? file_place_file(&splitter->place) : NULL;
}

static void
statement_token(Splitter *splitter, const Token *token)
{
	Script	   *script = splitter->script;

	if (!splitter->open)
	{
		Statement  *current = &splitter->current;

		memset(current, 0, sizeof(Statement));
		current->offset = token->offset;
		locate(splitter, token, &current->line, &current->column);
		current->conforming_strings = splitter->lexer.conforming_strings;

		splitter->open = true;
		splitter->first = *token;
		memset(&splitter->nesting, 0, sizeof(Nesting));
		splitter->description.done = true;

		/*
		 * before each but the first, so that the last semicolon does not
		 * count
		 */
		if (script->statement_count > 0)
			fingerprint_bytes(&splitter->fingerprint, ";", 2);
	}

	splitter->end = token->offset + token->length;

	nesting_follow(&splitter->nesting, script->text, token);
	fingerprint_token(&splitter->fingerprint, script->text, token);
}

/* A semicolon was read. */
static void
end_statement(Splitter *splitter)
{
	bool		copy_in = is_copy_in(splitter);
	uint32		offset = splitter->current.offset;

	conforming_follow(&splitter->conforming, splitter->script->text + offset, splitter->end - offset);
	splitter->lexer.conforming_strings = splitter->conforming.current;
	append_statement(splitter);
	if (copy_in)
		read_copy_data(splitter,
					   &splitter->script->statements[splitter->script->statement_count - 1]);
}

/*
 * The array doubles; it may pass the 1 GB that palloc grants, since a text of
 * 900 MB can hold more than 32 million statements.
 */
static void
append_statement(Splitter *splitter)
{
	Script	   *script = splitter->script;

	if (script->statements == NULL)
	{
		splitter->statements_allocated = 8;
		script->statements = palloc(8 * sizeof(Statement));
	}
	else if (script->statement_count == splitter->statements_allocated)
	{
		splitter->statements_allocated *= 2;
		script->statements =
			repalloc_huge(script->statements,
						  (Size) splitter->statements_allocated * sizeof(Statement));
	}

	splitter->current.length = splitter->end - splitter->current.offset;
	script->statements[script->statement_count++] = splitter->current;
	splitter->open = false;
}

/*
 * Is the statement that was just read one that is followed by data?  Only the
 * server's grammar can tell; a syntax error counts as no and is reported when
 * the script is parsed.
 */
static bool
is_copy_in(Splitter *splitter)
{
	const char *text = splitter->script->text;
	const Statement *current = &splitter->current;
	MemoryContext context;
	MemoryContext old;
	CopyLook	look = {.conforming_strings = current->conforming_strings};

	if (!token_is_word(text, &splitter->first, "copy"))
		return false;
	if ((splitter->script->references != NIL &&
		 ((Reference *) llast(splitter->script->references))->offset >= current->offset) ||
		(splitter->script->fill != NULL &&
		 fill_map_is_late(splitter->script->fill, current->offset, splitter->end - current->offset)))
		return reads_like_copy_in(splitter);

	context = AllocSetContextCreate(CurrentMemoryContext, "migrator COPY statement",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	look.slice = pnstrdup(text + current->offset, splitter->end - current->offset);
	(void) server_parser_try(look_for_copy_in, &look);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);

	return look.copy_in;
}

/*
 * While its variables are not filled in, the words have to do: what is found
 * in a script's own text must not depend on values.
 */
static bool
reads_like_copy_in(const Splitter *splitter)
{
	const char *text = splitter->script->text;
	Lexer		lexer = splitter->lexer;
	Token		token;
	int			depth = 0;
	bool		from = false;

	lexer_continue_at(&lexer, splitter->current.offset, 1);
	lexer.length = splitter->end;
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token))
	{
		if (token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_BLOCK_COMMENT)
			continue;
		depth += (token.kind == TOKEN_LEFT_PAREN) - (token.kind == TOKEN_RIGHT_PAREN);
		if (from && depth == 0 && token_is_word(text, &token, "stdin"))
			return true;
		from = token_is_word(text, &token, "from");
	}
	return false;
}

static void
look_for_copy_in(void *argument)
{
	CopyLook   *look = argument;
	List	   *list = server_parser_read(look->slice, look->conforming_strings, true);

	look->copy_in = list_length(list) == 1 &&
		statement_kind(linitial_node(RawStmt, list)->stmt) == STATEMENT_COPY_IN;
}

/* The data begin on the line behind the semicolon. */
static void
read_copy_data(Splitter *splitter, Statement *statement)
{
	Lexer	   *lexer = &splitter->lexer;

	if (!finish_copy_line(splitter))
		return;

	statement->data_offset = lexer->position;
	statement->data_line = lexer->line;
	if (splitter->script->fill != NULL)
	{
		file_place_advance(&splitter->place, fill_map_offset(splitter->script->fill, lexer->position, false));
		statement->data_line = splitter->place.line;
	}
	statement->data_length = pass_data(splitter);
}

/* They begin here.  Returns their length, without the line that ends them. */
static uint32
pass_data(Splitter *splitter)
{
	Fingerprint *fingerprint = &splitter->fingerprint;
	uint32		start = splitter->lexer.position;
	uint32		line = splitter->lexer.line;
	uint32		next;
	uint32		length = find_copy_end(splitter, start, &next, &line) - start;

	lexer_continue_at(&splitter->lexer, next, line);
	fingerprint_bytes(fingerprint, FINGERPRINT_COPY_DATA, 1);
	fingerprint_bytes(fingerprint, splitter->script->text + start, length);
	fingerprint_bytes(fingerprint, "", 1);
	return length;
}

/*
 * Go to the start of the next line.  psql would take what else stands on this
 * line for the next statement and run it after the data; nobody means that.
 * At the end of the file there are no data, and false is returned.
 */
static bool
finish_copy_line(Splitter *splitter)
{
	Lexer	   *lexer = &splitter->lexer;
	Lexer		rest = *lexer;
	uint32		end = lexer_line_end(lexer);
	Token		token;

	rest.length = end;			/* quotes and comments must end here as well */
	for (lexer_next(&rest, &token); token.kind != TOKEN_END; lexer_next(&rest, &token))
	{
		ScriptProblem problem = {0};
		uint32		line,
					column;

		if (token.kind == TOKEN_LINE_COMMENT)
			line_comment(splitter, &token);
		if (token.kind == TOKEN_LINE_COMMENT ||
			(token.kind == TOKEN_BLOCK_COMMENT && token.fault == NULL))
			continue;

		problem.check = CHECK_SYNTAX;
		problem.sqlstate = ERRCODE_SYNTAX_ERROR;
		problem.message = "unexpected text behind COPY ... FROM stdin";
		problem.hint = "The rows to copy start on the next line.";
		locate(splitter, &token, &line, &column);
		problem.file = file_of_place(splitter);
		problem.line = (int) line;
		problem.column = (int) column;
		problem.statement = splitter->script->statement_count - 1;
		script_add_problem(splitter->script, &problem);
		break;
	}

	if (end == lexer->length)
	{
		lexer_continue_at(lexer, end, lexer->line);
		return false;
	}
	end += lexer_ends_line(lexer->text, lexer->length, end) ? 1 : 2;
	lexer_continue_at(lexer, end, lexer->line + 1);
	return true;
}

/*
 * Find the line "\." and return its offset; *next and *line then are those of
 * the line behind it.  Lines end with LF or CRLF, or with CR if the line of
 * the COPY statement did.
 */
static uint32
find_copy_end(Splitter *splitter, uint32 start, uint32 *next, uint32 *line)
{
	const char *text = splitter->script->text;
	uint32		length = splitter->lexer.length;
	char		line_end = text[start - 1];
	uint32		offset = start;

	while (offset < length)
	{
		const char *found = memchr(text + offset, line_end, length - offset);
		uint32		end = found != NULL ? (uint32) (found - text) : length;
		uint32		row = offset;
		uint32		row_length = end - offset;

		if ((*line & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		offset = found != NULL ? end + 1 : length;
		if (found != NULL)
			(*line)++;
		if (row_length == 3 && text[row + 2] == '\r')
			row_length = 2;
		if (row_length == 2 && text[row] == '\\' && text[row + 1] == '.')
		{
			*next = offset;
			return row;
		}
	}

	*next = length;
	return length;
}

/*
 * \restrict and \unrestrict, which pg_dump writes since 2025, only say that
 * psql is to obey no other command in between.  All others are refused; those
 * that make psql send what it has read end the statement.
 */
static void
psql_command(Splitter *splitter, const Token *backslash)
{
	static const char *const senders[] = {
		";", "g", "gx", "gset", "gexec", "gdesc", "watch", "crosstabview", "bind", "parse"
	};
	Lexer	   *lexer = &splitter->lexer;
	const char *name = lexer->text + lexer->position;
	uint32		end = lexer_line_end(lexer);
	uint32		rest = end - lexer->position;
	uint32		length = 0;
	bool		line_start = true;
	char	   *message;

	for (uint32 i = backslash->line_start; i < backslash->offset; i++)
		if (!is_blank(lexer->text[i]))
			line_start = false;
	while (length < rest && length < NAMEDATALEN &&
		   !is_blank(name[length]) && name[length] != '\\')
		length++;
	length = pg_mbcliplen(name, rest, length);

	if (splitter->script->is_psql)
	{
		read_psql_command(splitter, name, rest);
		return;
	}
	lexer->position = end;
	if (line_start && !splitter->open &&
		((length == 8 && strncmp(name, "restrict", 8) == 0) ||
		 (length == 10 && strncmp(name, "unrestrict", 10) == 0)))
		return;

	message = psprintf("psql command \"\\%.*s\" is not supported", (int) length, name);
	problem_at(splitter, backslash, ERRCODE_FEATURE_NOT_SUPPORTED, message,
			   length == 1 && name[0] == '.' ?
			   "A line \"\\.\" may only end the rows of COPY ... FROM stdin." :
			   "Scripts are run by the server, without psql. Remove the command or write it as SQL.");
	pfree(message);

	for (int i = 0; splitter->open && i < lengthof(senders); i++)
		if (length == strlen(senders[i]) && strncmp(name, senders[i], length) == 0)
			append_statement(splitter);
}

/* One that is done: psql.h.  A line can have more than one. */
static void
read_psql_command(Splitter *splitter, const char *text, uint32 rest)
{
	PsqlNext	next;
	size_t		length = psql_files_note(splitter->script, text, rest, &next);

	splitter->lexer.position += length;
	fingerprint_bytes(&splitter->fingerprint, text - 1, length + 1);
	fingerprint_bytes(&splitter->fingerprint, "", 1);
	splitter->description.done = true;
	if (next == PSQL_NEXT_STATEMENT && splitter->open)
		end_statement(splitter);
	else if (next == PSQL_NEXT_ROWS && finish_copy_line(splitter))
		(void) pass_data(splitter);
}

static void
look_for_mark(Splitter *splitter, const Token *token)
{
	Script	   *script = splitter->script;

	mark_look(&script->marks, &splitter->lexer, token,
			  script->statement_count + (splitter->open ? 1 : 0), splitter->open);
}

static void
line_comment(Splitter *splitter, const Token *token)
{
	Script	   *script = splitter->script;
	Directive  *directive = comment_directive(script->text, token);

	if (directive != NULL)
	{
		Fingerprint *fingerprint = &splitter->fingerprint;

		script->directives = lappend(script->directives, directive);
		fingerprint_bytes(fingerprint, FINGERPRINT_DIRECTIVE, 1);
		fingerprint_bytes(fingerprint, directive->name, strlen(directive->name) + 1);
		fingerprint_bytes(fingerprint, directive->arguments, strlen(directive->arguments) + 1);
		if (script->fill == NULL && script->statement_count == 0 && !splitter->open)
		{
			bool		is_psql = strcmp(directive->name, DIRECTIVE_PSQL) == 0;

			script->is_psql |= is_psql;
			if (is_psql || strcmp(directive->name, DIRECTIVE_VARIABLES) == 0)
				splitter->lexer.references = script->reads_references = true;
		}
	}
	look_for_mark(splitter, token);
	if (!splitter->description.done)
	{
		const char *text = script->text + token->offset;
		MarkSense	sense;

		comment_describe_line(&splitter->description, script->text, token,
							  directive != NULL || mark_of_line(text, text + token->length, &sense) != MARK_OF_NOBODY);
	}
}

static void
problem_at(Splitter *splitter, const Token *token, int sqlstate,
		   const char *message, const char *hint)
{
	ScriptProblem problem = {0};
	bool		inside;
	uint32		line,
				column;

	/* a quote that is not closed belongs to the statement it opens, too */
	inside = splitter->open || token->kind == TOKEN_STRING ||
		token->kind == TOKEN_QUOTED_IDENTIFIER;

	problem.check = CHECK_SYNTAX;
	problem.sqlstate = sqlstate;
	problem.message = unconstify(char *, message);
	problem.hint = unconstify(char *, hint);
	locate(splitter, token, &line, &column);
	problem.file = file_of_place(splitter);
	problem.line = (int) line;
	problem.column = (int) column;
	problem.statement = inside ? splitter->script->statement_count : -1;
	script_add_problem(splitter->script, &problem);
}
