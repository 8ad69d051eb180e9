/*
 * psql_command.c
 *	  psql's commands.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/finding.h"
#include "script/psql_files.h"
#include "script/psql_state.h"

/* What a command is about. */
typedef struct Command
{
	Psql	   *psql;
	PsqlFrame  *frame;
	const Token *backslash;
	const char *name;
	PsqlArgs	args;
} Command;

static void do_branch(Command *command);
static void do_copy(Command *command);
static void do_encoding(Command *command);
static void do_include(Command *command);
static void do_nothing(Command *command);
static void do_restrict(Command *command);
static void do_send(Command *command);
static void do_set(Command *command);
static void do_tell(Command *command);
static void do_unset(Command *command);

static const struct
{
	const char *name;
	void		(*run) (Command *command);
}			commands[] = {
	{"copy", do_copy}, {"echo", do_tell}, {"elif", do_branch}, {"else", do_branch}, {"encoding", do_encoding},
	{"endif", do_branch}, {"g", do_send}, {"gx", do_send}, {"i", do_include}, {"if", do_branch},
	{"include", do_include}, {"include_relative", do_include}, {"ir", do_include}, {"qecho", do_tell},
	{"restrict", do_restrict}, {"set", do_set}, {"unrestrict", do_restrict}, {"unset", do_unset}, {"warn", do_tell},
	/* how results are printed, which nobody sees here */
	{"a", do_nothing}, {"C", do_nothing}, {"f", do_nothing}, {"H", do_nothing}, {"html", do_nothing},
	{"pset", do_nothing}, {"t", do_nothing}, {"T", do_nothing}, {"timing", do_nothing}, {"x", do_nothing}
};

static bool is_result_used(const char *name);
static void pass_over(Command *command, bool sends);
static char *argument_value(void *argument, const char *name, PsqlQuote quote);
static char *next_argument(Command *command, bool unquote, bool strip);
static void finish(Command *command, const char *instead);
static void refuse(Command *command, int sqlstate, const char *message, const char *hint);
static bool evaluate(Command *command);
static bool read_file(Command *command, const char *name, bool beside, char **path, PsqlFile *file);
static bool is_circle(Command *command, const char *path);
static void add_rows(Command *command, const char *path, const PsqlFile *file);
static void go_on(Command *command);

void
psql_command(Psql *psql, PsqlFrame *frame, const Token *backslash)
{
	Lexer	   *lexer = &frame->lexer;
	Command		command = {.psql = psql,.frame = frame,.backslash = backslash};
	uint32		end = lexer_line_end(lexer);

	command.name = pnstrdup(lexer->text + lexer->position, psql_args_name(lexer->text + lexer->position, end - lexer->position));
	command.args.text = lexer->text;
	command.args.position = lexer->position + strlen(command.name);
	command.args.end = end;
	command.args.value = argument_value;
	command.args.argument = &command;

	for (int i = 0; i < lengthof(commands); i++)
	{
		if (strcmp(commands[i].name, command.name) != 0)
			continue;
		if (!psql_is_active(psql) && commands[i].run != do_branch)
			break;
		if (psql->restricted != NULL && commands[i].run != do_restrict)
			refuse(&command, ERRCODE_SYNTAX_ERROR, "psql's commands are restricted here; only \\unrestrict is allowed", NULL);
		commands[i].run(&command);
		return;
	}
	if (psql_is_active(psql))
		refuse(&command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("psql command \"\\%s\" is not supported", finding_one_line(command.name)),
			   is_result_used(command.name) ?
			   "All of a script is settled before anything runs, so nothing in it can come of a result: use DO with EXECUTE." :
			   strcmp(command.name, ".") == 0 ? "A line \"\\.\" may only end the rows of COPY ... FROM stdin." :
			   "Scripts are run by the server: there is no terminal, no shell and no other connection. Remove the command or write it as SQL.");
	pass_over(&command, psql_is_active(psql) && is_result_used(command.name));
}

/* Does it send the statement before it, and do something with what comes? */
static bool
is_result_used(const char *name)
{
	return strcmp(name, "gset") == 0 || strcmp(name, "gexec") == 0;
}

/* The arguments of one that is not done; sends: the statement before it ends all the same. */
static void
pass_over(Command *command, bool sends)
{
	if (strcmp(command->name, "copy") == 0 || strcmp(command->name, "!") == 0)
		(void) psql_args_line(&command->args);
	else
	{
		command->args.argument = NULL;
		while (psql_args_next(&command->args, false, false) != NULL)
			command->args.fault = NULL;
	}
	if (sends)
		command->psql->open = false;
	finish(command, sends ? ";" : "");
}

/* Behind the command the text goes on. */
static void
finish(Command *command, const char *instead)
{
	psql_args_finish(&command->args);
	command->frame->lexer.position = command->args.position;
	(void) psql_replace(command->psql, command->frame, command->args.position, instead, NULL);
}

static void
refuse(Command *command, int sqlstate, const char *message, const char *hint)
{
	psql_refuse(command->psql, command->frame, command->backslash, sqlstate, message, hint);
}

/* What stands for a reference in an argument. */
static char *
argument_value(void *argument, const char *name, PsqlQuote quote)
{
	Command    *command = argument;
	const Variable *variable;
	const char *value = command == NULL ? NULL :
		psql_value(command->psql, command->frame, command->backslash, name, quote, &variable);

	if (value == NULL)
		return NULL;
	/* without the blanks that keep it apart in SQL */
	return quote == PSQL_LITERAL || quote == PSQL_IDENTIFIER ? pnstrdup(value + 1, strlen(value) - 2) : pstrdup(value);
}

static char *
next_argument(Command *command, bool unquote, bool strip)
{
	char	   *result = psql_args_next(&command->args, unquote, strip);

	if (command->args.fault != NULL)
	{
		refuse(command, strchr(command->args.fault, '`') ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_SYNTAX_ERROR,
			   psprintf("\\%s cannot be read: %s", command->name, command->args.fault), NULL);
		command->args.fault = NULL;
		return NULL;
	}
	return result;
}

/* One argument is enough. */
static void
refuse_more(Command *command)
{
	char	   *more = next_argument(command, false, false);

	if (more != NULL)
		refuse(command, ERRCODE_SYNTAX_ERROR,
			   psprintf("\\%s has an argument too many: \"%s\"", command->name, finding_one_line(more)), NULL);
	while (more != NULL)
		more = next_argument(command, false, false);
}

static void
do_nothing(Command *command)
{
	pass_over(command, false);
}

static void
do_encoding(Command *command)
{
	char	   *name = next_argument(command, true, false);

	if (name != NULL && pg_char_to_encoding(name) != PG_UTF8)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\\encoding \"%s\" is not supported", finding_one_line(name)), "Scripts are UTF-8.");
	refuse_more(command);
	finish(command, "");
}

/* What is between the two has SQL only; pg_dump writes them. */
static void
do_restrict(Command *command)
{
	Psql	   *psql = command->psql;
	char	   *key = next_argument(command, true, false);
	bool		begins = command->name[0] == 'r';

	if (key == NULL)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s needs a key", command->name), NULL);
	else if (begins && psql->restricted != NULL)
		refuse(command, ERRCODE_SYNTAX_ERROR, "\\restrict within \\restrict", NULL);
	else if (begins)
		psql->restricted = key;
	else if (psql->restricted == NULL || strcmp(psql->restricted, key) != 0)
		refuse(command, ERRCODE_SYNTAX_ERROR, "\\unrestrict with another key than \\restrict", NULL);
	else
		psql->restricted = NULL;
	refuse_more(command);
	finish(command, "");
}

/* The statement ends here.  Where there is none psql would run the one before again. */
static void
do_send(Command *command)
{
	char	   *target = next_argument(command, false, false);
	bool		copy_in = command->psql->open && command->psql->copy_in;

	if (!command->psql->open)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s stands behind no statement", command->name), NULL);
	if (target != NULL && target[0] != '(')
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\\%s cannot write the result to a file or a program", command->name),
			   "Scripts are run by the server, and results of queries are not shown.");
	while (target != NULL)
		target = next_argument(command, false, false);
	psql_end_statement(command->psql);
	finish(command, ";");
	if (copy_in)
		psql_pass_rows(command->psql, command->frame);
}

static void
do_set(Command *command)
{
	Psql	   *psql = command->psql;
	char	   *name = next_argument(command, false, false);
	StringInfoData value;
	char	   *part;
	const char *reason;

	initStringInfo(&value);
	psql->hidden = false;
	while (name != NULL && (part = next_argument(command, false, false)) != NULL)
		appendStringInfoString(&value, part);
	if (name == NULL)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, "\\set without a name is not supported",
			   "It would list all variables.");
	else if (!variables_is_name(name, strlen(name)))
		refuse(command, ERRCODE_SYNTAX_ERROR,
			   psprintf("invalid name of a variable: \"%s\"", finding_one_line(name)), VARIABLES_NAME_HINT);
	else if ((reason = psql_variables_refuse(name, value.data)) != NULL)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\\set %s cannot have this value here: %s", name, reason), NULL);
	else
		psql_variables_set(psql->variables, name, value.data, psql->hidden);
	finish(command, "");
}

static void
do_unset(Command *command)
{
	char	   *name = next_argument(command, false, false);

	if (name == NULL || !variables_is_name(name, strlen(name)))
		refuse(command, ERRCODE_SYNTAX_ERROR, "\\unset needs the name of a variable", VARIABLES_NAME_HINT);
	else
		psql_variables_set(command->psql->variables, name, NULL, false);
	refuse_more(command);
	finish(command, "");
}

static void
do_tell(Command *command)
{
	Psql	   *psql = command->psql;
	ScriptAction *action = palloc0(sizeof(ScriptAction));
	StringInfoData text;
	bool		first = true;
	char	   *part;

	initStringInfo(&text);
	while ((part = next_argument(command, false, false)) != NULL)
	{
		/* no line end: of a message that is all one */
		if (first && text.len == 0 && !command->args.quoted && strcmp(part, "-n") == 0)
			continue;
		appendStringInfo(&text, "%s%s", first ? "" : " ", part);
		first = false;
	}
	finish(command, "");
	action->kind = ACTION_TELL;
	action->text = text.data;
	action->offset = psql->filled.len;
	psql->actions = lappend(psql->actions, action);
}

/* \if, \elif, \else, \endif: is what stands behind it to count? */
static void
do_branch(Command *command)
{
	Psql	   *psql = command->psql;
	PsqlBranch *branch = psql->branch;
	bool		begins = strcmp(command->name, "if") == 0;

	if (begins)
	{
		branch = palloc0(sizeof(PsqlBranch));
		branch->settled = !psql_is_active(psql);
		branch->line = command->backslash->line;
		branch->column = lexer_column(&command->frame->lexer, command->backslash);
	}
	else if (branch == command->frame->outer_branch)
	{
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s without \\if", command->name), NULL);
		pass_over(command, false);
		return;
	}
	else if (branch->otherwise && strcmp(command->name, "endif") != 0)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s behind \\else", command->name), NULL);

	/* the text up to here is of the branch before, the command of none */
	if (strcmp(command->name, "endif") == 0 || strcmp(command->name, "else") == 0)
	{
		refuse_more(command);
		finish(command, "");
		branch->active = !branch->settled;
		branch->settled = branch->otherwise = true;
	}
	else if (branch->settled)
	{
		pass_over(command, false);
		branch->active = false;
	}
	else
	{
		branch->active = branch->settled = evaluate(command);
		finish(command, "");
	}
	if (begins)
	{
		branch->outer = psql->branch;
		psql->branch = branch;
	}
	else if (strcmp(command->name, "endif") == 0)
		psql->branch = branch->outer;
}

/* What psql takes for true or false; anything else it warns of, and takes for false. */
static bool
evaluate(Command *command)
{
	int			problems = list_length(command->psql->problems);
	int			missing = list_length(command->psql->missing);
	StringInfoData text;
	char	   *part;
	bool		result = false;

	initStringInfo(&text);
	while ((part = next_argument(command, false, false)) != NULL)
		appendStringInfo(&text, "%s%s", text.len > 0 ? " " : "", part);
	if (list_length(command->psql->problems) == problems && missing == list_length(command->psql->missing) &&
		strchr(text.data, ':') == NULL && (text.len == 0 || !parse_bool(text.data, &result)))
		refuse(command, ERRCODE_INVALID_PARAMETER_VALUE,
			   psprintf("\\%s needs true or false, and \"%s\" is neither", command->name, finding_one_line(text.data)),
			   "What psql takes for one are true, false, yes, no, on, off, 1, 0, and their beginnings.");
	return result;
}

static void
do_include(Command *command)
{
	Psql	   *psql = command->psql;
	bool		beside = strcmp(command->name, "ir") == 0 || strcmp(command->name, "include_relative") == 0;
	int			missing = list_length(psql->missing);
	uint32		from = command->args.position;
	char	   *name = next_argument(command, true, true);
	PsqlFrame	frame = {.parent = command->frame,.depth = command->frame->depth + 1};
	PsqlFile	file = {0};
	char	   *path;
	bool		refers = false;

	for (uint32 i = from; i < command->args.position; i++)
		refers |= command->args.text[i] == ':';
	refuse_more(command);
	finish(command, "");
	if (name == NULL)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s needs the name of a file", command->name), NULL);
	else if (refers || list_length(psql->missing) > missing)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, "the name of an included file cannot depend on a variable",
			   "An included file is a part of the migration, whatever values it runs with. Choose among files with \\if.");
	else if (psql->open)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, "a file cannot be included within a statement", NULL);
	else if (frame.depth > PSQL_DEPTH_AT_MOST || psql->files++ >= PSQL_FILES_AT_MOST)
		refuse(command, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
			   frame.depth > PSQL_DEPTH_AT_MOST ? psprintf("files include each other deeper than %d", PSQL_DEPTH_AT_MOST) :
			   psprintf("more than %d files are included", PSQL_FILES_AT_MOST), NULL);
	else if (read_file(command, name, beside, &path, &file) && !is_circle(command, path))
	{
		frame.file = path;
		lexer_init(&frame.lexer, file.text, file.length, psql->request->conforming_strings);
		psql_enter(psql, path, 1, 1);
		psql_read_frame(psql, &frame);
		/* a file ends what it begins */
		psql_insert(psql, psql->open ? "\n;\n" : "\n");
		psql_end_statement(psql);
		go_on(command);
	}
}

/* Would a file include itself?  That is a problem then. */
static bool
is_circle(Command *command, const char *path)
{
	for (const PsqlFrame *frame = command->frame; frame != NULL; frame = frame->parent)
	{
		if (strcmp(frame->file ? frame->file : command->psql->request->file, path) != 0)
			continue;
		refuse(command, ERRCODE_INVALID_RECURSION,
			   psprintf("\\%s includes \"%s\" in itself", command->name, finding_one_line(path)), NULL);
		return true;
	}
	return false;
}

/* What follows is of the command's own file again. */
static void
go_on(Command *command)
{
	Lexer	   *lexer = &command->frame->lexer;
	Token		token = {.offset = lexer->position,.line = lexer->line,.line_start = lexer->line_start};

	psql_enter(command->psql, command->frame->file, token.line, lexer_column(lexer, &token));
}

/* False: that it cannot be had is a problem now. */
static bool
read_file(Command *command, const char *name, bool beside, char **path, PsqlFile *file)
{
	const PsqlRequest *request = command->psql->request;
	const char *by = command->frame->file ? command->frame->file : request->file;

	*path = psql_files_path(name, beside ? by : NULL);
	if (*path == NULL)
	{
		refuse(command, ERRCODE_INSUFFICIENT_PRIVILEGE,
			   psprintf("\\%s cannot read \"%s\", which is outside of the source", command->name, finding_one_line(name)),
			   "\\i and \\copy name files from the top of the source, \\ir from where the script lies.");
		return false;
	}
	CHECK_FOR_INTERRUPTS();
	request->read(request->argument, *path, file);
	if (file->text == NULL)
		refuse(command, file->sqlstate, psprintf("\\%s: %s", command->name, file->problem), file->hint);
	return file->text != NULL;
}

static void
do_copy(Command *command)
{
	Psql	   *psql = command->psql;
	PsqlCopy	copy;
	PsqlFile	file = {0};
	char	   *path;

	psql_copy_read(psql_args_line(&command->args), &copy);
	if (copy.fault != NULL)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, psprintf("\\copy is not supported: %s", copy.fault),
			   "\\copy ... from can read a file of the source, or the rows that follow it.");
	else if (psql->open)
		refuse(command, ERRCODE_SYNTAX_ERROR, "\\copy stands within a statement", NULL);
	else if (copy.file == NULL)
	{
		finish(command, psprintf("%s;", copy.statement));
		psql_pass_rows(psql, command->frame);
		return;
	}
	else if (read_file(command, copy.file, false, &path, &file))
	{
		finish(command, psprintf("%s;\n", copy.statement));
		add_rows(command, path, &file);
		return;
	}
	finish(command, "");
}

/* They end with the file, or at a line "\." before. */
static void
add_rows(Command *command, const char *path, const PsqlFile *file)
{
	PsqlFrame	frame = {.file = path};
	size_t		end = file->length;

	for (size_t at = 0; at + 1 < file->length; at++)
	{
		if (file->text[at] != '\\' || file->text[at + 1] != '.' || (at > 0 && file->text[at - 1] != '\n') ||
			(at + 2 < file->length && file->text[at + 2] != '\n' && file->text[at + 2] != '\r'))
			continue;
		end = at;
		break;
	}
	lexer_init(&frame.lexer, file->text, end, true);
	psql_enter(command->psql, path, 1, 1);
	psql_take(command->psql, &frame, end);
	psql_insert(command->psql, end > 0 && file->text[end - 1] != '\n' ? "\n\\.\n" : "\\.\n");
	go_on(command);
}
