/*
 * fill.c
 *	  A script's variables: their values in the place of the references.
 *
 * The references are those of the file's text, found by psql's rules.  Other
 * than in psql, a value is not looked through for more of them, and a quote that
 * it opens hides none: what a script asks for is what can be read in it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "script/fill.h"
#include "script/fill_tool.h"
#include "script/split.h"

/* a filled text cannot be longer; the server takes no longer statement either */
#define FILLED_AT_MOST (MaxAllocSize - 1)

static const char *find_value(Script *script, const Reference *reference, const Variables *variables,
							  FillMap *map, FillPiece *piece, List **missing);
static void refuse_missing(Script *script, const Reference *reference, bool later);
static char *always_quoted_identifier(const char *name);
static void refuse(Script *script, const Reference *reference, CheckId check, int sqlstate,
				   const char *message, const char *hint);
static char *fill_text(Script *script, FillMap *map, const Variables *variables, size_t *length);

/* May any SQL stand there? */
static inline bool
is_raw(const Reference *reference)
{
	return reference->kind == REFERENCE_RAW || reference->kind == REFERENCE_OF_TOOL;
}

Script *
fill_script(Script *script, uint32 first_line, bool conforming_strings, Variables *variables,
			FillStyle style, const char *file, const PropertyScope *properties)
{
	const Directive *directive = script_directive(script, DIRECTIVE_VARIABLES);
	Script	   *filled;
	ScriptProblem late = {
		.check = CHECK_VARIABLES,
		.message = "the directive \"variables\" stands behind the first statement",
		.hint = "Put \"-- migrator: variables\" at the top of the script.",
		.column = 1,
		.statement = -1
	};
	FillMap    *map;
	char	   *text;
	size_t		length;
	ListCell   *lc;

	if (style != FILL_BY_DIRECTIVE && style != FILL_PSQL)
	{
		/* its own words of references are the tool's */
		script->references = fill_tool_references(script, first_line, variables, style, properties);
		if (script->references == NIL)
			return script;
	}
	else if (directive == NULL)
		return script;
	else if (!script->reads_references)
	{
		late.line = directive->line;
		late.sqlstate = ERRCODE_SYNTAX_ERROR;
		script_add_problem(script, &late);
		return script;
	}

	map = palloc0(sizeof(FillMap));
	map->file_text = script->text;
	map->file_length = script->length;
	map->first_line = first_line;
	map->variables = variables;
	map->file = file;
	map->pieces = MemoryContextAllocHuge(CurrentMemoryContext,
										 (list_length(script->references) + 1) * sizeof(FillPiece));
	text = fill_text(script, map, variables, &length);
	if (text == NULL)
		return script;

	filled = script_split_filled(text, length, map, conforming_strings);
	filled->directives = script->directives;
	filled->marks = script->marks;
	filled->description = script->description;
	strcpy(filled->fingerprint, script->fingerprint);
	foreach(lc, script->problems)
	{
		const ScriptProblem *problem = lfirst(lc);

		/* what is wrong with the text is found in the filled one */
		if (problem->check == CHECK_VARIABLES || problem->check == CHECK_VARIABLES_LATER)
		{
			ScriptProblem moved = *problem;

			moved.statement = -1;
			script_add_problem(filled, &moved);
		}
	}
	script_mark_unfilled(filled);
	return filled;
}

/* NULL when it would be too long: that is among the script's problems then. */
static char *
fill_text(Script *script, FillMap *map, const Variables *variables, size_t *length)
{
	const char *file = script->text;
	int			count = list_length(script->references);
	const char **values = MemoryContextAllocHuge(CurrentMemoryContext, (count + 1) * sizeof(char *));
	size_t		total = script->length;
	uint32		from = 0;
	List	   *missing = NIL;
	char	   *text;
	char	   *to;
	ListCell   *lc;

	foreach(lc, script->references)
	{
		const Reference *reference = lfirst(lc);
		FillPiece  *piece = &map->pieces[map->count];

		if ((map->count & 0x3ff) == 0)
			CHECK_FOR_INTERRUPTS();
		values[map->count++] = find_value(script, reference, variables, map, piece, &missing);
		if (map->free_name == NULL && is_raw(reference) && piece->variable != NULL &&
			!variables_is_plain(piece->variable->value))
		{
			map->free_name = reference->name;
			map->free_line = reference->line;
		}
		total += piece->length;
		if (total > FILLED_AT_MOST)
		{
			refuse(script, reference, CHECK_VARIABLES, ERRCODE_PROGRAM_LIMIT_EXCEEDED,
				   "the script becomes too long with the values of its variables", NULL);
			return NULL;
		}
	}

	to = text = palloc(total + 1);
	for (int i = 0; i < map->count; i++)
	{
		FillPiece  *piece = &map->pieces[i];

		memcpy(to, file + from, piece->file_offset - from);
		to += piece->file_offset - from;
		piece->offset = (uint32) (to - text);
		memcpy(to, values[i], piece->length);
		to += piece->length;
		from = piece->file_offset + piece->file_length;
	}
	memcpy(to, file + from, script->length - from);
	to += script->length - from;
	*to = '\0';
	*length = to - text;
	return text;
}

/*
 * What stands for a reference.  Without a value that is its name, so that what
 * can be said of the statement can be said; each missing variable is reported
 * once.
 */
static const char *
find_value(Script *script, const Reference *reference, const Variables *variables,
		   FillMap *map, FillPiece *piece, List **missing)
{
	const char *value = script->text + reference->offset;
	ListCell   *lc;

	piece->file_offset = reference->offset;
	piece->file_length = reference->length;
	piece->length = reference->length;
	piece->variable = NULL;
	piece->unknown = false;
	piece->late = NULL;
	if (reference->kind == REFERENCE_TEST)
	{
		piece->unknown = true;
		refuse(script, reference, CHECK_VARIABLES, ERRCODE_FEATURE_NOT_SUPPORTED,
			   psprintf("\":{?%s}\", whether a variable is set, is not supported", reference->name),
			   "All variables of a script must have values.");
		return value;
	}
	piece->variable = variables_find(variables, reference->name, strlen(reference->name));
	map->given |= piece->variable != NULL;
	if (piece->variable == NULL && reference->kind == REFERENCE_OF_TOOL)
		piece->variable = fill_tool_variable(reference, map->file);
	if (piece->variable != NULL)
	{
		value = is_raw(reference) ? piece->variable->value :
			fill_quote(reference->kind, piece->variable->value);
		piece->length = (uint32) Min(strlen(value), (size_t) FILLED_AT_MOST);
		return value;
	}
	piece->unknown = is_raw(reference);
	value = fill_quote(reference->kind, reference->name);
	piece->length = strlen(value);
	foreach(lc, *missing)
	{
		if (strcmp(lfirst(lc), reference->name) == 0)
			return value;
	}
	if (list_length(*missing) < SCRIPT_MAX_PROBLEMS)
	{
		*missing = lappend(*missing, reference->name);
		refuse_missing(script, reference, variables == NULL || !variables->complete);
	}
	return value;
}

/* later: who only looks has not all values that a run will have */
static void
refuse_missing(Script *script, const Reference *reference, bool later)
{
	if (later)
		refuse(script, reference, CHECK_VARIABLES_LATER, ERRCODE_UNDEFINED_OBJECT,
			   psprintf("variable \"%s\" has no value here", reference->name),
			   "A run needs it, in its argument \"variables\". Until then the statement is checked with the name in its place, as far as that goes.");
	else
		refuse(script, reference, CHECK_VARIABLES, ERRCODE_UNDEFINED_OBJECT,
			   psprintf("variable \"%s\" has no value", reference->name),
			   reference->kind == REFERENCE_RAW ?
			   "Give it in argument \"variables\"; or, if it is none, write a blank behind the colon." :
			   "Give it in argument \"variables\".");
}

/*
 * Blanks keep a value apart from what stands beside it: E:'x' is no string with
 * escapes, and 'a':'b' no quote in a string.
 */
char *
fill_quote(ReferenceKind kind, const char *value)
{
	return psprintf(" %s ", kind == REFERENCE_LITERAL ? quote_literal_cstr(value) :
					always_quoted_identifier(value));
}

/* As psql does: a name that is a keyword of the grammar's can be none without quotes. */
static char *
always_quoted_identifier(const char *name)
{
	bool		saved = quote_all_identifiers;
	char	   *result;

	quote_all_identifiers = true;
	result = pstrdup(quote_identifier(name));
	quote_all_identifiers = saved;
	return result;
}

static void
refuse(Script *script, const Reference *reference, CheckId check, int sqlstate, const char *message,
	   const char *hint)
{
	ScriptProblem problem = {
		.check = check,
		.sqlstate = sqlstate,
		.message = unconstify(char *, message),
		.hint = unconstify(char *, hint),
		.line = reference->line,
		.column = reference->column,
		.statement = -1
	};

	script_add_problem(script, &problem);
}
