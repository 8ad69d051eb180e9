/*
 * psql_late.c
 *	  What a script of psql's leaves to its run: values that results have set, and
 *	  all that depends on them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/json_tree.h"
#include "script/lexer.h"
#include "script/psql_expand.h"
#include "script/psql_late.h"
#include "script/psql_variables.h"
#include "script/server_parser.h"

/* an \if that is open */
typedef struct LateBranch
{
	struct LateBranch *outer;
	bool		active;			/* what stands here counts */
	bool		settled;		/* and nothing behind it does */
} LateBranch;

struct PsqlLate
{
	const Script *script;
	MemoryContext context;
	PsqlVariables *variables;	/* NULL: no result sets any */
	Variables  *hidden;
	bool		own_hidden;		/* they are not the script's any more */
	LateBranch *branch;			/* or NULL */

	bool		used_hidden;	/* a value that is to be hidden was used */
	const char *missing;		/* a variable that has none, or NULL */
};

/* may a statement be read so? */
typedef struct Reading
{
	const char *text;
	bool		conforming_strings;
	bool		one;
	StatementKind kind;			/* then */
} Reading;

static void mark_statements(Script *script);
static void mark_conditional(Script *script);
static void mark_results(Script *script);
static void find_stand_ins(Script *script, int i, char *text);
static bool can_be_read(Script *script, int i);
static void read_it(void *argument);
static bool put_number(const FillPiece *piece, char *text);
static void refuse_place(Script *script, const ScriptResult *result);
static bool sets_before(const Script *script, int i);
static int	depth_before(const Script *script, int i);
static const char *late_value(PsqlLate *late, const char *name, PsqlQuote quote, const Variable **variable);
static char *argument_value(void *argument, const char *name, PsqlQuote quote);
static const char *inner_value(void *argument, const char *name, PsqlQuote quote);
static bool condition(PsqlLate *late, const ScriptAction *action);
static char *read_arguments(PsqlLate *late, PsqlArgs *args, PsqlJoin join, const char *command);
static void set(PsqlLate *late, PsqlArgs *args, bool unset);
static void set_value(PsqlLate *late, const char *name, const char *value, bool hidden);
static int	position_of(const Script *script, const Statement *statement, const FillPiece *piece);
static const char *piece_value(PsqlLate *late, int i, const FillPiece *piece, const Variable **variable);

void
psql_late_settle(Script *script, char *text)
{
	mark_conditional(script);
	mark_results(script);
	if (script->late_variables == NULL)
		return;
	mark_statements(script);
	for (int i = 0; i < script->statement_count; i++)
	{
		if ((i & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (script->statements[i].late)
			find_stand_ins(script, i, text);
	}
}

/* Both are in the text's order. */
static void
mark_statements(Script *script)
{
	const FillMap *map = script->fill;
	int			statement = 0;

	for (int i = 0; i < map->count && statement < script->statement_count; i++)
	{
		const FillPiece *piece = &map->pieces[i];

		if (piece->late == NULL)
			continue;
		while (statement < script->statement_count &&
			   script->statements[statement].offset + script->statements[statement].length <= piece->offset)
			statement++;
		if (statement < script->statement_count)
			script->statements[statement].late = true;
	}
}

static void
mark_conditional(Script *script)
{
	int			depth = 0;
	int			first = 0;
	ListCell   *lc;

	foreach(lc, script->actions)
	{
		const ScriptAction *action = lfirst(lc);

		if (action->kind == ACTION_IF && depth++ == 0)
			first = action->statement;
		if (action->kind != ACTION_ENDIF || --depth > 0)
			continue;
		for (int i = first; i < action->statement; i++)
			script->statements[i].conditional = true;
	}
}

/* Each has a statement that ends where it stands. */
static void
mark_results(Script *script)
{
	int			statement = 0;
	ListCell   *lc;

	foreach(lc, script->results)
	{
		ScriptResult *result = lfirst(lc);
		Lexer		between;
		Token		token;
		uint32		end;

		while (statement < script->statement_count && script->statements[statement].offset < result->offset)
			statement++;
		result->statement = statement - 1;
		if (result->statement < 0 || script->statements[result->statement].uses_result)
		{
			refuse_place(script, result);
			continue;
		}
		end = script->statements[result->statement].offset + script->statements[result->statement].length;
		lexer_init(&between, script->text, result->offset, script->statements[result->statement].conforming_strings);
		between.position = Min(end, result->offset);
		do
			lexer_next(&between, &token);
		while (token.kind == TOKEN_LINE_COMMENT || token.kind == TOKEN_BLOCK_COMMENT);
		if (end > result->offset || token.kind != TOKEN_END)
			refuse_place(script, result);
		else
			script->statements[result->statement].uses_result = true;
	}
}

static void
refuse_place(Script *script, const ScriptResult *result)
{
	ScriptProblem problem = {
		.check = CHECK_SYNTAX,
		.sqlstate = ERRCODE_SYNTAX_ERROR,
		.message = psprintf("\\%s stands within a statement", result->executes ? "gexec" : "gset"),
		.file = result->file,
		.line = result->line,
		.column = result->column,
		.statement = -1
	};

	script_add_problem(script, &problem);
}

/*
 * A name can stand in most places; a number in those that want one, and where it
 * is a part of a word: log_:year.
 */
static void
find_stand_ins(Script *script, int i, char *text)
{
	const FillMap *map = script->fill;
	Statement  *statement = &script->statements[i];
	uint32		end = statement->offset + statement->length;
	int			first = fill_map_first(map, statement->offset);
	bool		found = false;
	char	   *saved;

	for (int p = first; p < map->count && map->pieces[p].offset < end; p++)
		if (map->pieces[p].offset > statement->offset && variables_name_character(text[map->pieces[p].offset - 1]))
			(void) put_number(&map->pieces[p], text);
	if (can_be_read(script, i))
		return;
	saved = pnstrdup(text + statement->offset, statement->length);
	for (int p = first; p < map->count && map->pieces[p].offset < end; p++)
		found |= put_number(&map->pieces[p], text);
	if (!found || !can_be_read(script, i))
	{
		memcpy(text + statement->offset, saved, statement->length);
		statement->unfilled = true;
	}
	pfree(saved);
}

static bool
can_be_read(Script *script, int i)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(keep, "migrator late statement", ALLOCSET_DEFAULT_SIZES);
	Reading		reading = {.conforming_strings = script->statements[i].conforming_strings};

	MemoryContextSwitchTo(context);
	reading.text = script_statement_text(script, i);
	(void) server_parser_try(read_it, &reading);
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(context);
	if (reading.one)
		script->statements[i].kind = (uint8) reading.kind;
	return reading.one;
}

/* What it is may be said by a value: of an option that is on or off. */
static void
read_it(void *argument)
{
	Reading    *reading = argument;
	List	   *list = server_parser_read(reading->text, reading->conforming_strings, true);

	if (list_length(list) != 1)
		return;
	reading->kind = statement_kind(linitial_node(RawStmt, list)->stmt);
	reading->one = true;
}

static bool
put_number(const FillPiece *piece, char *text)
{
	if (piece->late == NULL || piece->quote != PSQL_RAW)
		return false;
	memset(text + piece->offset, ' ', piece->length);
	text[piece->offset] = '1';
	return true;
}

PsqlLate *
psql_late_begin(const Script *script)
{
	MemoryContext context = GetMemoryChunkContext((void *) script);
	MemoryContext old;
	PsqlLate   *late;

	if (script->late_variables == NULL)
		return NULL;
	old = MemoryContextSwitchTo(context);
	late = palloc0(sizeof(PsqlLate));
	late->script = script;
	late->context = context;
	late->variables = psql_variables_copy(script->late_variables);
	late->hidden = script->fill->variables;
	MemoryContextSwitchTo(old);
	return late;
}

bool
psql_late_counts(const PsqlLate *late)
{
	return late->branch == NULL || late->branch->active;
}

Variables *
psql_late_hidden(const PsqlLate *late)
{
	return late->hidden;
}

char *
psql_late_act(PsqlLate *late, const ScriptAction *action)
{
	LateBranch *branch = late->branch;
	PsqlArgs	args = {
		.text = action->text,
		.end = strlen(action->text),
		.value = argument_value,
		.argument = late
	};

	switch (action->kind)
	{
		case ACTION_IF:
			branch = MemoryContextAllocZero(late->context, sizeof(LateBranch));
			branch->settled = !psql_late_counts(late);
			branch->outer = late->branch;
			if (!branch->settled)
				branch->active = branch->settled = condition(late, action);
			late->branch = branch;
			break;
		case ACTION_ELIF:
			branch->active = !branch->settled && condition(late, action);
			branch->settled |= branch->active;
			break;
		case ACTION_ELSE:
			branch->active = !branch->settled;
			branch->settled = true;
			break;
		case ACTION_ENDIF:
			late->branch = branch->outer;
			pfree(branch);
			break;
		case ACTION_TELL:
			if (psql_late_counts(late))
				return action->late ? read_arguments(late, &args, PSQL_JOIN_ECHO, "echo") : pstrdup(action->text);
			break;
		case ACTION_SET:
		case ACTION_UNSET:
			if (psql_late_counts(late))
				set(late, &args, action->kind == ACTION_UNSET);
			break;
	}
	return NULL;
}

static bool
condition(PsqlLate *late, const ScriptAction *action)
{
	PsqlArgs	args = {
		.text = action->text,
		.end = strlen(action->text),
		.value = argument_value,
		.argument = late
	};
	const char *command = action->kind == ACTION_IF ? "if" : "elif";
	char	   *text = read_arguments(late, &args, PSQL_JOIN_CONDITION, command);
	bool		result = false;

	if (*text == '\0' || !parse_bool(text, &result))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg(PSQL_NEITHER_MESSAGE, command, finding_one_line(text)),
				errhint(PSQL_NEITHER_HINT));
	return result;
}

static char *
read_arguments(PsqlLate *late, PsqlArgs *args, PsqlJoin join, const char *command)
{
	char	   *text;

	late->missing = NULL;
	late->used_hidden = false;
	text = psql_join_args(args, join);
	if (args->fault != NULL)
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("\\%s cannot be read: %s", command, args->fault));
	if (late->missing != NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("variable \"%s\" has no value", late->missing));
	return text;
}

static void
set(PsqlLate *late, PsqlArgs *args, bool unset)
{
	char	   *name = psql_args_next(args, false, false);
	char	   *value = read_arguments(late, args, PSQL_JOIN_VALUE, unset ? "unset" : "set");
	const char *reason;

	if (name == NULL || !variables_is_name(name, strlen(name)))
		ereport(ERROR,
				errcode(ERRCODE_SYNTAX_ERROR),
				errmsg("invalid name of a variable: \"%s\"", name ? finding_one_line(name) : ""),
				errhint(VARIABLES_NAME_HINT));
	reason = unset ? NULL : psql_variables_refuse(name, value);
	if (reason != NULL)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("\\set %s cannot have this value here: %s", name, reason));
	set_value(late, name, unset ? NULL : value, late->used_hidden);
}

void
psql_late_set(PsqlLate *late, const char *name, const char *value)
{
	if (!variables_is_name(name, strlen(name)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_NAME),
				errmsg("\\gset cannot set a variable of the name \"%s\"", finding_one_line(name)),
				errhint("Give the column a name, with AS. " VARIABLES_NAME_HINT));
	if (psql_variables_is_special(name))
		ereport(ERROR,
				errcode(ERRCODE_RESERVED_NAME),
				errmsg("\\gset cannot set \"%s\", which is a variable of psql's own", name),
				errhint("Give the column another name, with AS, or \\gset a prefix."));
	/* a value that was given may come back in a result */
	set_value(late, name, value, value != NULL && hide_values_must(late->hidden, value));
}

static void
set_value(PsqlLate *late, const char *name, const char *value, bool hidden)
{
	MemoryContext old = MemoryContextSwitchTo(late->context);

	psql_variables_set_late(late->variables, name, value, hidden);
	if (hidden && value != NULL && !late->own_hidden)
	{
		late->hidden = late->hidden != NULL ? variables_copy(late->hidden) : variables_create();
		late->own_hidden = true;
	}
	if (hidden && value != NULL)
		hide_values_add(late->hidden, psql_variables_find(late->variables, name));
	MemoryContextSwitchTo(old);
}

/* What stands for a reference in SQL; NULL: there is no value, which is remembered. */
static const char *
late_value(PsqlLate *late, const char *name, PsqlQuote quote, const Variable **variable)
{
	const Variable *found = psql_variables_find(late->variables, name);

	*variable = quote == PSQL_TEST ? NULL : found;
	if (quote == PSQL_TEST)
		return found != NULL ? "TRUE" : "FALSE";
	if (found == NULL)
	{
		if (late->missing == NULL)
			late->missing = pstrdup(name);
		return NULL;
	}
	late->used_hidden |= found->hidden;
	return psql_quote_value(quote, found->value);
}

/* Likewise in an argument. */
static char *
argument_value(void *argument, const char *name, PsqlQuote quote)
{
	const Variable *variable;
	const char *value = late_value(argument, name, quote, &variable);

	if (value == NULL)
		return NULL;
	return psql_argument(quote, value);
}

static const char *
inner_value(void *argument, const char *name, PsqlQuote quote)
{
	const Variable *variable;

	return late_value(argument, name, quote, &variable);
}

/*
 * The first piece of the map is empty: up to the first value its text is the
 * file's.
 */
Script *
psql_late_fill(PsqlLate *late, int i)
{
	const Script *script = late->script;
	const Statement *statement = &script->statements[i];
	const FillMap *map = script->fill;
	uint32		from = statement->offset;
	uint32		end = from + statement->length;
	int			first = fill_map_first(map, from);
	Script	   *filled = palloc0(sizeof(Script));
	FillMap    *own = palloc(sizeof(FillMap));
	StringInfoData text;
	int			count = 0;

	*own = *map;
	while (first + count < map->count && map->pieces[first + count].offset < end)
		count++;
	own->pieces = MemoryContextAllocHuge(CurrentMemoryContext, (Size) (count + 1) * sizeof(FillPiece));
	memset(own->pieces, 0, sizeof(FillPiece));
	own->pieces[0].file_offset = fill_map_offset(map, from, false);
	own->count = 1;
	initStringInfo(&text);
	for (int p = first; p < first + count; p++)
	{
		const FillPiece *piece = &map->pieces[p];
		FillPiece  *copy = &own->pieces[own->count];
		uint32		begin = Max(piece->offset, from);
		uint32		stop = Min(piece->offset + piece->length, end);

		CHECK_FOR_INTERRUPTS();

		/* it is of what stands before */
		if (stop <= from && piece->offset < from)
			continue;
		*copy = *piece;
		appendBinaryStringInfo(&text, script->text + from, begin - from);
		copy->offset = text.len;
		if (piece->late != NULL)
			appendStringInfoString(&text, piece_value(late, i, piece, &copy->variable));
		else
			appendBinaryStringInfo(&text, script->text + begin, stop - begin);
		copy->length = text.len - copy->offset;
		from = stop;
		own->count++;
	}
	appendBinaryStringInfo(&text, script->text + from, end - from);
	own->variables = late->hidden;

	filled->text = text.data;
	filled->length = text.len;
	filled->fill = own;
	filled->second_transaction = filled->first_outside = -1;
	filled->statements = palloc(sizeof(Statement));
	filled->statement_count = 1;
	filled->statements[0] = *statement;
	filled->statements[0].offset = 0;
	filled->statements[0].length = text.len;
	return filled;
}

/* What stands for it now. */
static const char *
piece_value(PsqlLate *late, int i, const FillPiece *piece, const Variable **variable)
{
	const Statement *statement = &late->script->statements[i];
	PsqlExpand	expand = {
		.value = inner_value,
		.argument = late,
		.conforming_strings = statement->conforming_strings
	};
	const char *value;

	late->missing = NULL;
	value = late_value(late, piece->late, piece->quote, variable);
	if (value != NULL && piece->quote == PSQL_RAW)
		value = psql_expand(&expand, value);
	if (late->missing != NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("variable \"%s\" has no value", late->missing),
				errhint("A result sets it by \\gset, and unsets it where it is null."),
				errposition(position_of(late->script, statement, piece)));
	if (value == NULL)
		ereport(ERROR, errcode(expand.sqlstate), errmsg("%s", expand.fault),
				errposition(position_of(late->script, statement, piece)));
	return value;
}

/* In the statement, in characters from 1. */
static int
position_of(const Script *script, const Statement *statement, const FillPiece *piece)
{
	return (int) lexer_characters(script->text + statement->offset, piece->offset - statement->offset) + 1;
}

const ScriptResult *
psql_late_result(const Script *script, int i)
{
	int			low = 0;
	int			high = list_length(script->results);

	if (!script->statements[i].uses_result)
		return NULL;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (((const ScriptResult *) list_nth(script->results, middle))->statement < i)
			low = middle + 1;
		else
			high = middle;
	}
	return list_nth(script->results, low);
}

/* branches: a letter for each that is open, the outermost first */
char *
psql_late_state(const PsqlLate *late)
{
	StringInfoData json;
	char	   *branches;
	int			depth = 0;

	for (const LateBranch *branch = late->branch; branch != NULL; branch = branch->outer)
		depth++;
	branches = palloc(depth + 1);
	branches[depth] = '\0';
	for (const LateBranch *branch = late->branch; branch != NULL; branch = branch->outer)
		branches[--depth] = branch->active ? 'a' : branch->settled ? 's' : '-';
	initStringInfo(&json);
	appendStringInfo(&json, "{\"branches\": \"%s\", \"variables\": ", branches);
	pfree(branches);
	psql_variables_write_late(late->variables, &json);
	appendStringInfoChar(&json, '}');
	return json.data;
}

void
psql_late_resume(PsqlLate *late, const char *state, int i)
{
	JsonProblem problem;
	const JsonNode *tree = state != NULL ? json_tree_read(state, strlen(state), &problem) : NULL;
	const JsonNode *variables = tree != NULL ? json_tree_child(tree, "variables") : NULL;
	const JsonNode *branches = tree != NULL ? json_tree_child(tree, "branches") : NULL;
	ListCell   *lc;

	/* nothing had been set yet */
	if (state == NULL && !sets_before(late->script, i))
		return;
	if (variables == NULL || branches == NULL || branches->kind != JSON_NODE_STRING || (int) strlen(branches->text) != depth_before(late->script, i))
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_INTERRUPTED),
				errmsg("the script cannot be resumed: what its results have set, and chosen, is not on record or not in this script"),
				errhint("Resolve the migration with migrator.resolve()."));
	foreach(lc, variables->children)
	{
		const JsonNode *node = lfirst(lc);

		if (node->kind == JSON_NODE_OBJECT)
			ereport(ERROR,
					errcode(ERRCODE_MIGRATOR_INTERRUPTED),
					errmsg("the script cannot be resumed: the value of variable \"%s\" is not on record, for there was one in it that is to be hidden",
						   node->key),
					errhint("Resolve the migration with migrator.resolve()."));
		set_value(late, node->key, node->kind == JSON_NODE_NULL ? NULL : node->text, false);
	}
	for (const char *letter = branches->text; *letter != '\0'; letter++)
	{
		LateBranch *branch = MemoryContextAllocZero(late->context, sizeof(LateBranch));

		branch->outer = late->branch;
		branch->active = *letter == 'a';
		branch->settled = *letter != '-';
		late->branch = branch;
	}
}

static bool
sets_before(const Script *script, int i)
{
	ListCell   *lc;

	foreach(lc, script->results)
	{
		const ScriptResult *result = lfirst(lc);

		if (!result->executes && result->statement < i)
			return true;
	}
	return false;
}

/*
 * So many branches are open where the actions before statement i are to come.  Those
 * behind the last one are done with it.
 */
static int
depth_before(const Script *script, int i)
{
	int			depth = 0;
	ListCell   *lc;

	foreach(lc, script->actions)
	{
		const ScriptAction *action = lfirst(lc);

		if (action->statement >= i && i < script->statement_count)
			break;
		depth += (action->kind == ACTION_IF) - (action->kind == ACTION_ENDIF);
	}
	return depth;
}
