/*
 * psql_files.c
 *	  The files that psql's commands in a script name.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "script/lexer.h"
#include "script/psql_args.h"
#include "script/psql_files.h"

/* No name has a value here. */
static char *
no_value(void *argument, const char *name, PsqlQuote quote)
{
	*(bool *) argument = true;
	return NULL;
}

/* The file that such a command names, or NULL. */
static const char *
read_file_name(PsqlArgs *args, bool included, PsqlNext *next)
{
	const char *path;
	PsqlCopy	copy;

	if (included)
		path = psql_args_next(args, true, true);
	else
	{
		psql_copy_read(psql_args_line(args), &copy);
		if (copy.fault == NULL && copy.file == NULL)
			*next = PSQL_NEXT_ROWS;
		path = copy.fault ? NULL : copy.file;
	}
	return args->fault != NULL || *(bool *) args->argument ? NULL : path;
}

size_t
psql_files_note(Script *script, const char *line, size_t length, PsqlNext *next)
{
	static const struct
	{
		const char *name;
		bool		beside;
		bool		included;
	}			commands[] = {
		{"i", false, true}, {"include", false, true}, {"ir", true, true}, {"include_relative", true, true},
		{"copy", false, false}
	};
	static const char *const senders[] = {"g", "gx", "gset", "gexec"};
	size_t		word = psql_args_name(line, length);
	bool		refers = false;
	PsqlArgs	args = {.text = line,.end = length,.position = word,.value = no_value,.argument = &refers};
	char	   *argument = NULL;

	*next = PSQL_NEXT_ANY;
	for (int i = 0; i < lengthof(senders); i++)
		if (strlen(senders[i]) == word && strncmp(senders[i], line, word) == 0)
			*next = PSQL_NEXT_STATEMENT;
	for (int i = 0; i < lengthof(commands); i++)
	{
		const char *path;
		ScriptFile *file;

		if (strlen(commands[i].name) != word || strncmp(commands[i].name, line, word) != 0)
			continue;
		path = read_file_name(&args, commands[i].included, next);
		if (path == NULL)
			continue;
		file = palloc(sizeof(ScriptFile));
		file->path = pstrdup(path);
		file->beside = commands[i].beside;
		file->included = commands[i].included;
		script->files = lappend(script->files, file);
	}
	/* the command of a shell is all of the line */
	if (word == 1 && line[0] == '!')
		return length;
	do
	{
		if (argument != NULL)
			pfree(argument);
		args.fault = NULL;
		argument = psql_args_next(&args, false, false);
	} while (argument != NULL);
	psql_args_finish(&args);
	return args.position;
}

/* What stands behind the file, as far as it leaves no quotes or comments open for what follows the statement. */
static const char *
options_of(const char *text, PsqlCopy *copy)
{
	Lexer		lexer;
	Token		token;

	lexer_init(&lexer, text, strlen(text), true);
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END && token.kind != TOKEN_LINE_COMMENT; lexer_next(&lexer, &token))
		if (token.fault != NULL)
			copy->fault = token.fault;
	return token.kind == TOKEN_END ? text : pnstrdup(text, token.offset);
}

/*
 * [BINARY] { table [(columns)] | (query) } { FROM | TO } { 'file' | file | STDIN |
 * PSTDIN | PROGRAM 'command' } options: what is a file is what stands behind the
 * first FROM outside of parentheses.
 */
void
psql_copy_read(const char *line, PsqlCopy *copy)
{
	Lexer		lexer;
	Token		token;
	int			depth = 0;
	uint32		from;
	char	   *file;

	memset(copy, 0, sizeof(PsqlCopy));
	lexer_init(&lexer, line, strlen(line), true);
	for (lexer_next(&lexer, &token); token.kind != TOKEN_END; lexer_next(&lexer, &token))
	{
		depth += (token.kind == TOKEN_LEFT_PAREN) - (token.kind == TOKEN_RIGHT_PAREN);
		if (depth == 0 && (token_is_word(line, &token, "from") || token_is_word(line, &token, "to")))
			break;
	}
	if (token.kind == TOKEN_END)
	{
		copy->fault = "it has no FROM";
		return;
	}
	if (token_is_word(line, &token, "to"))
	{
		copy->fault = "it writes to a file of the client";
		return;
	}
	from = token.offset + token.length;
	lexer_next(&lexer, &token);
	if (token.kind == TOKEN_END)
		copy->fault = "it names no file";
	else if (token_is_word(line, &token, "program"))
		copy->fault = "it runs a program of the client";
	else if (token_is_word(line, &token, "pstdin"))
		copy->fault = "it reads what a terminal sends";
	else if (!token_is_word(line, &token, "stdin"))
	{
		uint32		end = token.offset;

		/* a name without quotes ends at a blank */
		if (token.kind == TOKEN_STRING && line[token.offset] == '\'')
		{
			file = pnstrdup(line + token.offset + 1, token.length - Min(token.length, 2));
			end = token.offset + token.length;
			if (token.fault != NULL || strchr(file, '\'') != NULL || strchr(file, '\\') != NULL)
				copy->fault = "the name of its file has quotes or backslashes in it";
		}
		else
		{
			while (line[end] != '\0' && line[end] != ' ' && line[end] != '\t')
				end++;
			file = pnstrdup(line + token.offset, end - token.offset);
		}
		copy->file = file;
		copy->statement = psprintf("COPY %.*s STDIN%s", (int) from, line, options_of(line + end, copy));
		return;
	}
	else
		copy->statement = psprintf("COPY %.*s%s", (int) (token.offset + token.length), line, options_of(line + token.offset + token.length, copy));
}

char *
psql_files_path(const char *name, const char *by)
{
	const char *slash = by ? strrchr(by, '/') : NULL;
	char	   *path = slash ? psprintf("%.*s/%s", (int) (slash - by), by, name) : pstrdup(name);
	StringInfoData result;
	List	   *parts = NIL;
	ListCell   *lc;

	if (name[0] == '/' || name[0] == '~' || name[0] == '\0')
		return NULL;
	for (char *part = strtok(path, "/"); part != NULL; part = strtok(NULL, "/"))
	{
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0)
		{
			if (parts == NIL)
				return NULL;
			parts = list_delete_last(parts);
		}
		else
			parts = lappend(parts, part);
	}
	initStringInfo(&result);
	foreach(lc, parts)
		appendStringInfo(&result, "%s%s", foreach_current_index(lc) > 0 ? "/" : "", (char *) lfirst(lc));
	return result.len > 0 ? result.data : NULL;
}
