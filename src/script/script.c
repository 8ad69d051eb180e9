/*
 * script.c
 *	  A script's statements, directives and problems: what everybody asks of a
 *	  script who did not cut it.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "script/lexer.h"
#include "script/script.h"

static uint32 offset_of(const Script *script, int i, int position);

void
script_add_problem(Script *script, const ScriptProblem *problem)
{
	bool		error = check_severity(NULL, problem->check) == FINDING_ERROR;
	MemoryContext old;
	ScriptProblem *copy;

	if ((error ? script->errors : list_length(script->problems) - script->errors) >= SCRIPT_MAX_PROBLEMS)
		return;
	script->errors += error;

	old = MemoryContextSwitchTo(GetMemoryChunkContext(script));
	copy = palloc(sizeof(ScriptProblem));
	*copy = *problem;
	copy->message = pstrdup(problem->message);
	if (problem->detail != NULL)
		copy->detail = pstrdup(problem->detail);
	if (problem->hint != NULL)
		copy->hint = pstrdup(problem->hint);
	if (problem->file == NULL && problem->statement >= 0)
		copy->file = script_file_of(script, problem->statement);
	script->problems = lappend(script->problems, copy);
	MemoryContextSwitchTo(old);
}

void
script_statement_problem(Script *script, int i, CheckId check, int sqlstate,
						 const char *message, const char *detail, const char *hint)
{
	ScriptProblem problem = {0};

	problem.check = check;
	problem.sqlstate = sqlstate != 0 ? sqlstate : check_row(check)->sqlstate;
	problem.message = unconstify(char *, message);
	problem.detail = unconstify(char *, detail);
	problem.hint = unconstify(char *, hint);
	problem.line = (int) script->statements[i].line;
	problem.column = (int) script->statements[i].column;
	problem.statement = i;
	script_add_problem(script, &problem);
}

StatementKind
script_statement_kind(const Script *script, int i, const Node *statement)
{
	StatementKind kind = statement_kind(statement);

	if (script->undone && i == script->statement_count - 1 && kind == STATEMENT_TRANSACTION_REFUSED)
	{
		const TransactionStmt *end = (const TransactionStmt *) statement;

		if (end->kind == TRANS_STMT_ROLLBACK && !end->chain)
			return STATEMENT_COMMIT;
	}
	return kind;
}

const char *
script_file_of(const Script *script, int i)
{
	const FillMap *map = script->fill;

	if (map == NULL || map->segment_count == 0 || i >= script->statement_count)
		return NULL;
	return fill_map_file(map, fill_map_offset(map, script->statements[i].offset, false));
}

bool
script_has_error(const Script *script, int i)
{
	ListCell   *cell;

	foreach(cell, script->problems)
	{
		const ScriptProblem *problem = lfirst(cell);

		if (problem->statement == i && check_severity(NULL, problem->check) == FINDING_ERROR)
			return true;
	}
	return false;
}

char *
script_statement_text(const Script *script, int i)
{
	const Statement *statement = &script->statements[i];

	Assert(i >= 0 && i < script->statement_count);
	return pnstrdup(script->text + statement->offset, statement->length);
}

const char *
script_shown_statement(const Script *script, int i, int *length)
{
	const Statement *statement = &script->statements[i];
	uint32		start = statement->offset;
	uint32		end = start + statement->length;

	Assert(i >= 0 && i < script->statement_count);
	if (script->fill == NULL)
	{
		*length = (int) statement->length;
		return script->text + start;
	}
	start = fill_map_offset(script->fill, start, false);
	*length = (int) (fill_map_offset(script->fill, end, true) - start);
	return script->fill->file_text + start;
}

char *
script_shown_text(const Script *script, int i, int *position)
{
	int			length;
	const char *text = script_shown_statement(script, i, &length);

	if (script->fill != NULL && *position > 0)
	{
		uint32		at = fill_map_offset(script->fill, offset_of(script, i, *position), false);

		*position = (int) lexer_characters(text, at - (text - script->fill->file_text)) + 1;
	}
	return pnstrdup(text, length);
}

HideFocus
script_focus(const Script *script, int i, int position)
{
	HideFocus	focus = {0};

	if (script->fill == NULL || i < 0)
		return focus;
	if (position > 0)
		focus.at_fault = fill_map_variable(script->fill, offset_of(script, i, position));
	focus.near = fill_map_variables(script->fill, script->statements[i].offset, script->statements[i].length);
	return focus;
}

/* Offset of a character of statement i in the text. */
static uint32
offset_of(const Script *script, int i, int position)
{
	const Statement *statement = &script->statements[i];
	uint32		offset = statement->offset;
	uint32		end = offset + statement->length;

	while (--position > 0 && offset < end)
		offset += lexer_character_length(script->text + offset, end - offset);
	return offset;
}

const Directive *
script_directive(const Script *script, const char *name)
{
	ListCell   *cell;

	foreach(cell, script->directives)
	{
		const Directive *directive = lfirst(cell);

		if (strcmp(directive->name, name) == 0)
			return directive;
	}
	return NULL;
}

void
script_locate(const Script *script, int i, int position, int *line, int *column)
{
	const Statement *statement = &script->statements[i];
	const char *text = script->text;
	size_t		offset = statement->offset;
	size_t		end = offset + statement->length;
	size_t		length = script->length;

	Assert(i >= 0 && i < script->statement_count);
	if (script->fill != NULL)
	{
		/* along the file's text, to the place that is meant */
		end = fill_map_offset(script->fill, offset_of(script, i, position), false);
		offset = fill_map_offset(script->fill, offset, false);
		text = script->fill->file_text;
		length = script->fill->file_length;
		position = PG_INT32_MAX;
	}
	*line = (int) statement->line;
	*column = (int) statement->column;
	while (--position > 0 && offset < end)
	{
		if (lexer_ends_line(text, length, offset))
		{
			(*line)++;
			*column = 1;
		}
		else
			(*column)++;
		offset += lexer_character_length(text + offset, end - offset);
	}
}

/* Statements are in the text's order, as are the references. */
void
script_mark_unfilled(Script *script)
{
	const FillMap *map = script->fill;
	int			statement = 0;

	for (int i = 0; i < map->count; i++)
	{
		const FillPiece *piece = &map->pieces[i];

		if (!piece->unknown)
			continue;
		while (statement < script->statement_count &&
			   script->statements[statement].offset + script->statements[statement].length <= piece->offset)
			statement++;
		if (statement == script->statement_count)
			return;
		script->statements[statement].unfilled = true;
	}
}
