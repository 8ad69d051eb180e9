/*
 * goose.c
 *	  goose: NUMBER_name.sql, with "-- +goose Up" and "-- +goose Down".
 *
 * As in goose's parser: a comment line with "+goose" is one of its marks, which
 * has to be at the beginning of the line, and one of the known ones in any case.
 * Nothing but comments stands before Up, Down comes behind it and may be missing,
 * StatementBegin and StatementEnd come in pairs, and NO TRANSACTION holds for both
 * ways.  Where statements end is the lexer's to say, here as everywhere.
 */
#include "postgres.h"

#include "layout/sections.h"

/* Where the parser is. */
typedef struct GooseState
{
	Sections	sections;
	bool		in_statement;	/* between StatementBegin and StatementEnd */
	int			begin_line;		/* of that StatementBegin */
	bool		up;				/* Up was seen */
	bool		down;
	bool		fills;			/* ENVSUB is on */
	int			filled[2];		/* a line each way that has references, */
	int			plain[2];		/* and one with the same outside of ENVSUB */
	char	   *no_transaction; /* the mark that says so, or NULL */
	int			no_transaction_line;
} GooseState;

static bool
claim_goose(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);
	int			digits = layout_leading_digits(entry->name);

	if (entry->is_directory || stem < 0 || direction == 'd' || digits == 0 || digits >= stem ||
		entry->name[digits] != '_')
		return false;
	claim->version = pnstrdup(entry->name, digits);
	claim->name = pnstrdup(entry->name + digits + 1, stem - digits - 1);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

/* Is "+goose" in a comment line?  *words is what goose takes for the mark then. */
static bool
is_mark(const FileLines *lines, char **words)
{
	static const char plus[] = "+goose";
	const char *first = lines_first(lines);
	const char *found = NULL;
	StringInfoData text;

	if (lines->end - first < 2 || first[0] != '-' || first[1] != '-')
		return false;
	for (const char *c = first; found == NULL && lines->end - c >= (int) strlen(plus); c++)
		if (memcmp(c, plus, strlen(plus)) == 0)
			found = c;
	if (found == NULL)
		return false;
	initStringInfo(&text);
	for (const char *c = lines->text; c < lines->end; c++)
	{
		if (c == found)
			c += strlen(plus) - 1;
		else if (c + 1 < lines->end && c[0] == '-' && c[1] == '-')
			c++;
		else if (text.len > 0 || (*c != ' ' && *c != '\t'))
			appendStringInfoChar(&text, *c);
	}
	while (text.len > 0 && strchr(" \t\r", text.data[text.len - 1]) != NULL)
		text.data[--text.len] = '\0';
	*words = text.data;
	return true;
}

static void
take_mark(GooseState *state, const char *words)
{
	Sections   *sections = &state->sections;
	int			line = sections->lines.number;

	if (pg_strcasecmp(words, "Up") == 0)
	{
		if (state->up)
			sections_fault(sections, line, "there is a second \"-- +goose Up\"");
		state->up = true;
		sections_open(sections, UNIT_UP);
	}
	else if (pg_strcasecmp(words, "Down") == 0)
	{
		if (!state->up || state->down)
			sections_fault(sections, line, state->down ? "there is a second \"-- +goose Down\"" :
						   "no \"-- +goose Up\" is before this \"-- +goose Down\"");
		if (state->in_statement)
			sections_fault(sections, state->begin_line,
						   "no \"-- +goose StatementEnd\" follows this \"-- +goose StatementBegin\" before \"-- +goose Down\"");
		state->down = true;
		sections_open(sections, UNIT_DOWN);
	}
	else if (pg_strcasecmp(words, "StatementBegin") == 0)
	{
		if (!state->up)
			sections_fault(sections, line, "no \"-- +goose Up\" is before this \"-- +goose StatementBegin\"");
		if (state->in_statement)
			sections_fault(sections, state->begin_line,
						   "no \"-- +goose StatementEnd\" follows this \"-- +goose StatementBegin\" before the next one");
		state->in_statement = true;
		state->begin_line = line;
	}
	else if (pg_strcasecmp(words, "StatementEnd") == 0)
	{
		if (!state->in_statement)
			sections_fault(sections, line, "no \"-- +goose StatementBegin\" is before this \"-- +goose StatementEnd\"");
		state->in_statement = false;
	}
	else if (pg_strcasecmp(words, "NO TRANSACTION") == 0)
	{
		state->no_transaction = lines_quoted(&sections->lines);
		state->no_transaction_line = line;
	}
	else if (pg_strcasecmp(words, "ENVSUB ON") == 0)
		state->fills = true;
	else if (pg_strcasecmp(words, "ENVSUB OFF") == 0)
		state->fills = false;
	else
		sections_fault(sections, line, "goose knows no mark %s", lines_quoted(&sections->lines));
}

/*
 * With ENVSUB goose puts values of its environment into a line: variables do that
 * here.  Its ways to write a "$" that is none are not known here.
 */
static void
look_for_references(GooseState *state)
{
	const FileLines *lines = &state->sections.lines;
	int			way = state->down ? 1 : 0;

	for (const char *c = lines->text; c < lines->end; c++)
	{
		char		next = c + 1 < lines->end ? c[1] : ' ';
		bool		named = next == '{' || (variables_name_character(next) && (next < '0' || next > '9'));

		if (*c != '$' || (!named && next != '$'))
			continue;
		if (!state->fills)
			state->plain[way] = named ? lines->number : state->plain[way];
		else if ((c > lines->text && c[-1] == '\\') || next == '$')
			sections_fault(&state->sections, lines->number, "with \"-- +goose ENVSUB ON\", goose would take away a character of this line: %s",
						   lines_quoted(lines));
		else
			state->filled[way] = lines->number;
	}
}

static void
set_fill(GooseState *state, ScriptUnit *unit, int way)
{
	if (unit == NULL || state->filled[way] == 0)
		return;
	if (state->plain[way] > 0)
		sections_fault(&state->sections, state->plain[way],
					   "\"$\" stands here without \"-- +goose ENVSUB ON\", and in line %d with it: that is not told apart", state->filled[way]);
	unit->fill = FILL_SHELL;
}

static void
set_no_transaction(GooseState *state, ScriptUnit *unit)
{
	if (unit == NULL)
		return;
	unit->transactions = UNIT_NO_TRANSACTION;
	unit->mark = pnstrdup(state->no_transaction + 1, strlen(state->no_transaction) - 2);
	unit->mark_line = state->no_transaction_line;
}

static List *
read_goose(const Source *source, const FileContent *content, const LayoutClaim *claim)
{
	GooseState	state = {0};
	Sections   *sections = &state.sections;
	FileLines  *lines = &sections->lines;

	sections_begin(sections, content, claim);
	while (sections->result->fault == NULL && lines_next(lines))
	{
		char	   *words;
		MarkSense	sense;

		if (is_mark(lines, &words))
		{
			if (lines->after_cr || lines_first(lines) != lines->text)
				sections_fault(sections, lines->number, "goose reads a mark at the beginning of its line only: %s", lines_quoted(lines));
			else
				take_mark(&state, words);
		}
		else if (mark_of_line(lines->text, lines->end, &sense) == MARK_OF_GOOSE)
			sections_fault(sections, lines->number, "goose reads no mark in %s: it is \"-- +goose \" and the words", lines_quoted(lines));
		else if (!state.up && !lines_is_comment(lines))
			sections_fault(sections, lines->number, "there is more than comments before the first \"-- +goose Up\"");
		else
			look_for_references(&state);
	}
	if (!state.up)
		sections_fault(sections, 1, "there is no \"-- +goose Up\", which goose asks for");
	if (state.in_statement)
		sections_fault(sections, state.begin_line, "no \"-- +goose StatementEnd\" follows this \"-- +goose StatementBegin\"");
	set_fill(&state, sections->result->up, 0);
	set_fill(&state, sections->result->down, 1);
	if (state.no_transaction != NULL)
	{
		set_no_transaction(&state, sections->result->up);
		set_no_transaction(&state, sections->result->down);
	}
	return sections_end(sections);
}

static bool
name_goose(NewMigration *fresh)
{
	return sections_name_new(fresh, "-- +goose Up", "-- +goose Down");
}

const Layout layout_goose = {
	.name = "goose",
	.pattern = "NUMBER_name.sql",
	.order = VERSION_ORDER_NUMBER,
	.claim = claim_goose,
	.marks = MARK_OF_GOOSE,
	.marks_shown = "-- +goose Up, -- +goose Down",
	.down = DOWN_IN_SECTION,
	.read = read_goose,
	.name_new = name_goose
};
