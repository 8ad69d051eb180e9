/*
 * psql_command.c
 *	  psql's commands.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "script/psql_expand.h"
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

/* What a condition is. */
typedef enum Verdict
{
	VERDICT_FALSE,
	VERDICT_TRUE,
	VERDICT_LATE				/* only the run knows */
} Verdict;

static void do_branch(Command *command);
static void do_copy(Command *command);
static void do_encoding(Command *command);
static void do_include(Command *command);
static void do_nothing(Command *command);
static void do_restrict(Command *command);
static void do_result(Command *command);
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
	{"endif", do_branch}, {"g", do_send}, {"gexec", do_result}, {"gset", do_result}, {"gx", do_send}, {"i", do_include}, {"if", do_branch},
	{"include", do_include}, {"include_relative", do_include}, {"ir", do_include}, {"qecho", do_tell},
	{"restrict", do_restrict}, {"set", do_set}, {"unrestrict", do_restrict}, {"unset", do_unset}, {"warn", do_tell},
	/* how results are printed, which nobody sees here */
	{"a", do_nothing}, {"C", do_nothing}, {"f", do_nothing}, {"H", do_nothing}, {"html", do_nothing},
	{"pset", do_nothing}, {"t", do_nothing}, {"T", do_nothing}, {"timing", do_nothing}, {"x", do_nothing}
};

static void keep_value(Psql *psql, const char *value);
static void pass_over(Command *command);
static char *argument_value(void *argument, const char *name, PsqlQuote quote);
static char *next_argument(Command *command, bool unquote, bool strip);
static void finish(Command *command, const char *instead);
static bool refuse_fault(Command *command);
static void refuse_within(Command *command);
static void refuse(Command *command, int sqlstate, const char *message, const char *hint);
static void settle_branch(Command *command, PsqlBranch *branch);
static void do_late_branch(Command *command, PsqlBranch *branch);
static Verdict evaluate(Command *command);
static ScriptAction *add_action(Command *command, ScriptActionKind kind, uint32 arguments);
static MemoryContext read_file(Command *command, const char *name, bool beside, char **path, PsqlFile *file);
static bool is_circle(Command *command, const char *path);
static void add_rows(Command *command, const char *path, const PsqlFile *file);
static void go_on(Command *command);

void
psql_command(Psql *psql, PsqlFrame *frame, const Token *backslash)
{
	Lexer	   *lexer = &frame->lexer;
	Command		command = {.psql = psql,.frame = frame,.backslash = backslash};
	uint32		end = lexer_line_end(lexer);

	CHECK_FOR_INTERRUPTS();
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
			   strcmp(command.name, ".") == 0 ? "A line \"\\.\" may only end the rows of COPY ... FROM stdin." :
			   "Scripts are run by the server: there is no terminal, no shell and no other connection. Remove the command or write it as SQL.");
	pass_over(&command);
}

/* The arguments of one that is not done. */
static void
pass_over(Command *command)
{
	if (strcmp(command->name, "copy") == 0 || strcmp(command->name, "!") == 0)
		(void) psql_args_line(&command->args);
	else
	{
		command->args.argument = NULL;
		while (psql_args_next(&command->args, false, false) != NULL)
			command->args.fault = NULL;
	}
	finish(command, "");
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
	return psql_argument(quote, value);
}

static char *
next_argument(Command *command, bool unquote, bool strip)
{
	char	   *result = psql_args_next(&command->args, unquote, strip);

	return refuse_fault(command) ? NULL : result;
}

/* Is there one of the arguments? */
static bool
refuse_fault(Command *command)
{
	const char *fault = command->args.fault;

	if (fault == NULL)
		return false;
	refuse(command, command->args.shell ? ERRCODE_FEATURE_NOT_SUPPORTED : ERRCODE_SYNTAX_ERROR,
		   psprintf("\\%s cannot be read: %s", command->name, fault),
		   command->args.shell ? "The server runs none: take the command out, and give the value as one of \"variables\" among the options of the call or of migrator.register()." : NULL);
	command->args.fault = NULL;
	return true;
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
	pass_over(command);
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
	else if (psql->late_depth > 0)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\\%s stands in a branch of \\if that only a run can choose", command->name), NULL);
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

/*
 * \gset, \gexec: the statement ends here, and its result is not thrown away.  What
 * comes of it only the run knows, and so it is with all that depends on it.
 */
static void
do_result(Command *command)
{
	Psql	   *psql = command->psql;
	bool		sets = strcmp(command->name, "gset") == 0;
	ScriptResult *result = palloc0(sizeof(ScriptResult));
	bool		copy_in;
	char	   *prefix;

	psql->used_late = false;
	prefix = sets ? next_argument(command, false, false) : NULL;
	result->executes = !sets;
	result->prefix = prefix != NULL ? prefix : "";
	result->offset = psql->filled.len;
	result->file = command->frame->file;
	result->line = (int) command->backslash->line;
	result->column = (int) lexer_column(&command->frame->lexer, command->backslash);
	if (!psql->open)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s stands behind no statement", command->name), NULL);
	else if (psql->used_late)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, "the prefix of \\gset cannot come of a result", NULL);
	else if (*result->prefix != '\0' && !variables_is_name(result->prefix, strlen(result->prefix)))
		refuse(command, ERRCODE_SYNTAX_ERROR,
			   psprintf("invalid prefix of variables: \"%s\"", finding_one_line(result->prefix)), VARIABLES_NAME_HINT);
	else
		psql->results = lappend(psql->results, result);
	if (sets && psql->late_variables == NULL)
		psql->late_variables = psql_variables_copy(psql->variables);
	if (sets)
		psql_variables_from_result(psql->variables, result->prefix);
	copy_in = psql->open && psql->copy_in;
	refuse_more(command);
	psql_end_statement(psql);
	finish(command, ";");
	if (copy_in)
		psql_pass_rows(psql, command->frame);
}

/* Something for the run to do, where the text stands now; arguments: where the command's begin. */
static ScriptAction *
add_action(Command *command, ScriptActionKind kind, uint32 arguments)
{
	Psql	   *psql = command->psql;
	ScriptAction *action = palloc0(sizeof(ScriptAction));

	action->kind = kind;
	action->offset = psql->filled.len;
	action->file = command->frame->file;
	action->line = (int) command->backslash->line;
	action->column = (int) lexer_column(&command->frame->lexer, command->backslash);
	action->late = true;
	action->text = pnstrdup(command->args.text + arguments, command->args.position - arguments);
	psql->actions = lappend(psql->actions, action);
	return action;
}

/* Behind a \gset it is done twice: here, for what can be said of the script, and when it is run. */
static void
do_set(Command *command)
{
	Psql	   *psql = command->psql;
	uint32		arguments = command->args.position;
	char	   *name;
	char	   *value;
	const char *reason;

	psql->used_late = false;
	name = next_argument(command, false, false);
	if (psql->used_late)
		/* whose value it is only the run knows: it may be anyone's */
		psql_variables_from_result(psql->variables, "");
	psql->hidden = false;
	value = name != NULL ? psql_join_args(&command->args, PSQL_JOIN_VALUE) : NULL;
	refuse_fault(command);
	if (name == NULL)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED, "\\set without a name is not supported",
			   "It would list all variables.");
	else if (psql->used_late)
	{
		if (variables_is_name(name, strlen(name)))
			psql_variables_set_late(psql->variables, name, NULL, psql->hidden);
	}
	else if (!variables_is_name(name, strlen(name)))
		refuse(command, ERRCODE_SYNTAX_ERROR,
			   psprintf("invalid name of a variable: \"%s\"", finding_one_line(name)), VARIABLES_NAME_HINT);
	else if ((reason = psql_variables_refuse(name, value)) != NULL)
		refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\\set %s cannot have this value here: %s", name, reason), NULL);
	else if (psql->late_depth > 0)
		psql_variables_set_late(psql->variables, name, value, psql->hidden);
	else
		psql_variables_set(psql->variables, name, value, psql->hidden);
	if (value != NULL)
	{
		keep_value(psql, value);
		pfree(value);
	}
	if (psql->late_variables != NULL)
		(void) add_action(command, ACTION_SET, arguments);
	finish(command, "");
}

/* Is it too much, the script is read no further. */
static void
keep_value(Psql *psql, const char *value)
{
	psql->value_bytes += strlen(value);
	if (psql->value_bytes > PSQL_VALUES_MAX_BYTES)
		psql->too_long = true;
}

static void
do_unset(Command *command)
{
	Psql	   *psql = command->psql;
	uint32		arguments = command->args.position;
	char	   *name;

	psql->used_late = false;
	name = next_argument(command, false, false);
	if (psql->used_late)
		psql_variables_from_result(psql->variables, "");
	else if (name == NULL || !variables_is_name(name, strlen(name)))
		refuse(command, ERRCODE_SYNTAX_ERROR, "\\unset needs the name of a variable", VARIABLES_NAME_HINT);
	else if (psql->late_depth > 0)
		psql_variables_set_late(psql->variables, name, NULL, false);
	else
		psql_variables_set(psql->variables, name, NULL, false);
	refuse_more(command);
	if (psql->late_variables != NULL)
		(void) add_action(command, ACTION_UNSET, arguments);
	finish(command, "");
}

static void
do_tell(Command *command)
{
	Psql	   *psql = command->psql;
	uint32		arguments = command->args.position;
	ScriptAction *action;
	char	   *text;

	psql->used_late = false;
	text = psql_join_args(&command->args, PSQL_JOIN_ECHO);
	refuse_fault(command);
	action = add_action(command, ACTION_TELL, arguments);
	if (!psql->used_late)
	{
		action->late = false;
		action->text = pstrdup(text);
		keep_value(psql, text);
	}
	pfree(text);
	finish(command, "");
	action->offset = psql->filled.len;
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
		pass_over(command);
		return;
	}
	else if (branch->otherwise && strcmp(command->name, "endif") != 0)
		refuse(command, ERRCODE_SYNTAX_ERROR, psprintf("\\%s behind \\else", command->name), NULL);

	/* the text up to here is of the branch before, the command of none */
	if (branch->late)
		do_late_branch(command, branch);
	else if (strcmp(command->name, "endif") == 0 || strcmp(command->name, "else") == 0)
	{
		refuse_more(command);
		finish(command, "");
		branch->active = !branch->settled;
		branch->settled = branch->otherwise = true;
	}
	else if (branch->settled)
	{
		pass_over(command);
		branch->active = false;
	}
	else
		settle_branch(command, branch);
	if (begins)
	{
		branch->outer = psql->branch;
		psql->branch = branch;
	}
	else if (strcmp(command->name, "endif") == 0)
		psql->branch = branch->outer;
}

/* By the condition, if that is known; else all branches from here on count, and the run will choose. */
static void
settle_branch(Command *command, PsqlBranch *branch)
{
	uint32		arguments = command->args.position;
	Verdict		verdict = evaluate(command);

	if (verdict == VERDICT_LATE)
	{
		refuse_within(command);
		branch->late = branch->active = true;
		command->psql->late_depth++;
		(void) add_action(command, ACTION_IF, arguments);
	}
	else
		branch->active = branch->settled = verdict == VERDICT_TRUE;
	finish(command, "");
}

static void
do_late_branch(Command *command, PsqlBranch *branch)
{
	uint32		arguments = command->args.position;
	bool		ends = strcmp(command->name, "endif") == 0;

	refuse_within(command);
	if (strcmp(command->name, "elif") == 0)
	{
		(void) psql_join_args(&command->args, PSQL_JOIN_CONDITION);
		refuse_fault(command);
		(void) add_action(command, ACTION_ELIF, arguments);
	}
	else
	{
		refuse_more(command);
		(void) add_action(command, ends ? ACTION_ENDIF : ACTION_ELSE, arguments);
		branch->otherwise = true;
	}
	if (ends)
		command->psql->late_depth--;
	finish(command, "");
}

/* A statement runs as a whole, or not at all. */
static void
refuse_within(Command *command)
{
	if (!command->psql->open)
		return;
	refuse(command, ERRCODE_FEATURE_NOT_SUPPORTED,
		   psprintf("\\%s with a condition that only a run knows stands within a statement", command->name),
		   "End the statement before it. A part of a statement can be the value of a variable.");
	psql_end_statement(command->psql);
}

/* What psql takes for true or false; anything else it warns of, and takes for false. */
static Verdict
evaluate(Command *command)
{
	int			problems = list_length(command->psql->problems);
	int			missing = list_length(command->psql->missing);
	char	   *text;
	bool		result = false;

	command->psql->used_late = false;
	text = psql_join_args(&command->args, PSQL_JOIN_CONDITION);
	refuse_fault(command);
	if (command->psql->used_late)
	{
		pfree(text);
		return VERDICT_LATE;
	}
	if (list_length(command->psql->problems) == problems && missing == list_length(command->psql->missing) &&
		strchr(text, ':') == NULL && (*text == '\0' || !parse_bool(text, &result)))
		refuse(command, ERRCODE_INVALID_PARAMETER_VALUE,
			   psprintf(PSQL_NEITHER_MESSAGE, command->name, finding_one_line(text)), PSQL_NEITHER_HINT);
	pfree(text);
	return result ? VERDICT_TRUE : VERDICT_FALSE;
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
	MemoryContext memory = NULL;
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
	else if ((memory = read_file(command, name, beside, &path, &file)) != NULL && !is_circle(command, path))
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
	if (memory != NULL)
		MemoryContextDelete(memory);
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

/*
 * What a file holds, in memory of its own: a script may include many large ones,
 * and their text is copied.  NULL: that it cannot be had is a problem now.
 */
static MemoryContext
read_file(Command *command, const char *name, bool beside, char **path, PsqlFile *file)
{
	const PsqlRequest *request = command->psql->request;
	const char *by = command->frame->file ? command->frame->file : request->file;
	MemoryContext memory;
	MemoryContext keep;

	*path = psql_files_path(name, beside ? by : NULL);
	if (*path == NULL)
	{
		refuse(command, ERRCODE_INSUFFICIENT_PRIVILEGE,
			   psprintf("\\%s cannot read \"%s\", which is outside of the source", command->name, finding_one_line(name)),
			   "\\i and \\copy name files from the top of the source, \\ir from where the script lies.");
		return NULL;
	}
	CHECK_FOR_INTERRUPTS();
	memory = AllocSetContextCreate(CurrentMemoryContext, "migrator included file", ALLOCSET_SMALL_SIZES);
	keep = MemoryContextSwitchTo(memory);
	request->read(request->argument, *path, file);
	MemoryContextSwitchTo(keep);
	if (file->text != NULL)
		return memory;
	/* what is said of it stays */
	refuse(command, file->sqlstate, psprintf("\\%s: %s", command->name, file->problem), file->hint);
	return NULL;
}

static void
do_copy(Command *command)
{
	Psql	   *psql = command->psql;
	MemoryContext memory;
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
	else if ((memory = read_file(command, copy.file, false, &path, &file)) != NULL)
	{
		finish(command, psprintf("%s;\n", copy.statement));
		add_rows(command, path, &file);
		MemoryContextDelete(memory);
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
	const char *line_end;
	bool		returns;

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
	/* COPY takes one kind of line ends in all of its rows */
	line_end = memchr(file->text, '\n', end);
	returns = line_end != NULL && line_end > file->text && line_end[-1] == '\r';
	psql_insert(command->psql, end == 0 || file->text[end - 1] == '\n' ? "\\.\n" : returns ? "\r\n\\.\n" : "\n\\.\n");
	go_on(command);
}
