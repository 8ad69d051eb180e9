/*
 * unit.c
 *	  A unit of script: what is run as one, and how its text is had.
 *
 * A unit of ranges becomes a text that begins with the line of the first range
 * and ends with the last one.  What does not belong to it is blanked, a blank
 * for a character, and its line ends stay: so the lexer counts the lines and
 * columns of the file, knowing only on which line it begins, and nobody else
 * has to know of ranges.  What lies before and behind costs nothing, or the
 * units of a file would cost its size each.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "parser/parser.h"
#include "utils/memutils.h"

#include "layout/unit.h"
#include "layout/unit_files.h"
#include "script/fill.h"
#include "script/fill_tool.h"
#include "script/lexer.h"
#include "script/require.h"
#include "script/split.h"

static void read_bytes(UnitReader *reader, const ScriptUnit *unit, UnitText *text);
static bool may_include(const ScriptUnit *unit, const FileContent *content);
static void keep_file(UnitReader *reader, const char *file);
static void sum_ranges(const ScriptUnit *unit, const FileContent *content, char *checksum);
static void take_ranges(UnitText *text);
static void end_lines_alike(FileContent *content);
static char *blank(char *to, const char *from, const char *end);
static Script *empty_of_code(const Script *script);
static void add_requirements(const UnitText *text, Script *script);
static void add_refusal(const ScriptUnit *unit, Script *script);
static bool refuse_data_in_pieces(const ScriptUnit *unit, Script *script);
static void refuse_data_cut_off(Script *script);

ScriptUnit *
unit_of_file(UnitDirection direction, const char *file)
{
	ScriptUnit *unit = palloc0(sizeof(ScriptUnit));

	unit->direction = direction;
	unit->file = file;
	return unit;
}

ScriptUnit *
unit_of_ranges(UnitDirection direction, const char *file)
{
	return unit_of_file(direction, file);
}

UnitRange *
unit_add_range(ScriptUnit *unit, size_t offset, size_t length, int line)
{
	UnitRange  *range;

	if (unit->ranges == NULL)
		unit->ranges = palloc(sizeof(UnitRange));
	else if ((unit->range_count & (unit->range_count - 1)) == 0)
		unit->ranges = repalloc_huge(unit->ranges, 2 * unit->range_count * sizeof(UnitRange));
	range = &unit->ranges[unit->range_count++];
	range->offset = offset;
	range->length = length;
	range->line = line;
	range->ends = false;
	return range;
}

char *
unit_checksum(const ScriptUnit *unit, const FileContent *content)
{
	char	   *checksum = palloc(SHA256_HEX_LENGTH + 1);

	sum_ranges(unit, content, checksum);
	return checksum;
}

UnitReader *
unit_reader_create(Source *source)
{
	UnitReader *reader = palloc0(sizeof(UnitReader));

	reader->source = source;
	reader->context = AllocSetContextCreate(CurrentMemoryContext, "migrator file of units",
											ALLOCSET_SMALL_SIZES);
	return reader;
}

void
unit_read(UnitReader *reader, const ScriptUnit *unit, UnitText *text)
{
	read_bytes(reader, unit, text);
	if (text->read.raw.bytes != NULL && may_include(unit, &text->read.raw))
		unit_sum_included(text);
}

static void
read_bytes(UnitReader *reader, const ScriptUnit *unit, UnitText *text)
{
	FileContent *raw = &text->read.raw;

	memset(text, 0, sizeof(UnitText));
	text->unit = unit;
	text->reader = reader;
	text->variables = reader->variables;
	text->first_line = 1;
	if (unit->text != NULL)
	{
		raw->length = strlen(unit->text);
		raw->bytes = pnstrdup(unit->text, raw->length);
		digest_sha256(raw->bytes, raw->length, text->checksum);
		memcpy(text->file_checksum, text->checksum, sizeof(text->checksum));
		return;
	}
	if (unit->range_count == 0)
	{
		source_read(reader->source, unit->file, raw);
		if (raw->bytes == NULL)
			return;
		digest_sha256(raw->bytes, raw->length, text->checksum);
		memcpy(text->file_checksum, text->checksum, sizeof(text->checksum));
		return;
	}

	if (reader->file == NULL || strcmp(reader->file, unit->file) != 0)
		keep_file(reader, unit->file);
	*raw = reader->content;
	if (raw->bytes == NULL)
		return;
	if (unit->file_checksum == NULL)
		elog(ERROR, "ranges of file \"%s\" are of no known content", unit->file);
	if (strcmp(reader->checksum, unit->file_checksum) != 0)
	{
		raw->bytes = NULL;
		raw->sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		raw->problem = psprintf("file \"%s\" changed while it was read", unit->file);
		raw->hint = "Start again.";
		return;
	}
	memcpy(text->file_checksum, reader->checksum, sizeof(text->file_checksum));
	sum_ranges(unit, raw, text->checksum);
}

/* Before it is made text: does something in its bytes look like it?  The rest of its file is other units'. */
static bool
may_include(const ScriptUnit *unit, const FileContent *content)
{
	const UnitRange *last = unit->text == NULL && unit->range_count > 0 ? &unit->ranges[unit->range_count - 1] : NULL;
	const char *start = content->bytes + (last ? unit->ranges[0].offset : 0);
	const char *end = content->bytes + (last ? last->offset + last->length : content->length);
	bool		said = unit->fill == FILL_PSQL;
	bool		includes = false;

	for (const char *at = start; (at = memchr(at, '\\', end - at)) != NULL && !includes; at++)
		includes = end - at > 1 && (at[1] == 'i' || at[1] == 'c');
	for (const char *at = start; includes && !said && (at = memchr(at, ':', end - at)) != NULL; at++)
		said = at - start >= 8 && pg_strncasecmp(at - 8, "migrator", 8) == 0;
	return includes && said;
}

/* What could not be read is not kept: another attempt may be luckier. */
static void
keep_file(UnitReader *reader, const char *file)
{
	MemoryContext old;

	reader->file = NULL;
	MemoryContextReset(reader->context);
	old = MemoryContextSwitchTo(reader->context);
	memset(&reader->content, 0, sizeof(FileContent));
	source_read(reader->source, file, &reader->content);
	if (reader->content.bytes != NULL)
	{
		digest_sha256(reader->content.bytes, reader->content.length, reader->checksum);
		reader->file = pstrdup(file);
	}
	MemoryContextSwitchTo(old);
}

static void
sum_ranges(const ScriptUnit *unit, const FileContent *content, char *checksum)
{
	Digest	   *digest = unit->range_count > 1 ? digest_create() : NULL;
	size_t		end = 0;

	for (int i = 0; i < unit->range_count; i++)
	{
		const UnitRange *range = &unit->ranges[i];

		/* the file is the one that they were made of, by its checksum */
		if (range->offset < end || range->offset > content->length ||
			range->length > content->length - range->offset)
			elog(ERROR, "range %d of a unit of file \"%s\" does not fit", i, unit->file);
		end = range->offset + range->length;
		if (digest == NULL)
			digest_sha256(content->bytes + range->offset, range->length, checksum);
		else
			digest_update(digest, content->bytes + range->offset, range->length);
	}
	if (digest != NULL)
		digest_finish(digest, checksum);
}

void
unit_decode(UnitText *text)
{
	if (text->unit->text != NULL)
	{
		text->read.text = text->read.raw.bytes;
		text->read.length = text->read.raw.length;
		return;
	}
	if (text->unit->range_count > 0)
		take_ranges(text);
	if (text->unit->line_feeds)
		end_lines_alike(&text->read.raw);
	source_decode_script(text->unit->file, &text->read);
	if (text->read.bad_line > 0)
		text->read.bad_line += text->first_line - 1;
}

char *
unit_read_text(UnitReader *reader, const ScriptUnit *unit, UnitText *text)
{
	unit_read(reader, unit, text);
	if (text->read.raw.bytes != NULL)
		unit_decode(text);
	return text->read.text;
}

char *
unit_keep_text(UnitReader *reader, const ScriptUnit *unit)
{
	UnitText	text;
	char	   *said = unit_read_text(reader, unit, &text);

	return said == NULL || unit->fill != FILL_KNOWN_BRACES ? said :
		fill_tool_keep(said, reader->variables, unit->properties);
}

/* Put the unit's own text in the place of the file's bytes. */
static void
take_ranges(UnitText *text)
{
	static const char mark[] = "\xEF\xBB\xBF";
	const ScriptUnit *unit = text->unit;
	const FileContent *file = &text->read.raw;
	const UnitRange *last = &unit->ranges[unit->range_count - 1];
	size_t		start = unit->ranges[0].offset;
	size_t		end = last->offset + last->length;
	size_t		position;
	char	   *bytes;
	char	   *to;

	while (start > 0 && !lexer_ends_line(file->bytes, file->length, start - 1))
		start--;
	/* a semicolon may come beside a delimiter of line ends */
	to = bytes = MemoryContextAllocHuge(CurrentMemoryContext, end - start + unit->range_count + 1);
	position = start;
	/* a byte order mark is no character, and left to whoever decodes the text */
	if (start == 0 && end >= strlen(mark) && memcmp(file->bytes, mark, strlen(mark)) == 0)
	{
		memcpy(to, mark, strlen(mark));
		to += strlen(mark);
		position = strlen(mark);
	}
	for (int i = 0; i < unit->range_count; i++)
	{
		size_t		range = Max(unit->ranges[i].offset, position);
		size_t		range_end = Max(unit->ranges[i].offset + unit->ranges[i].length, range);

		to = blank(to, file->bytes + position, file->bytes + range);
		if (unit->ranges[i].ends)
		{
			/* those stay, or nobody would know the lines of the file */
			*to++ = ';';
			to = blank(to, file->bytes + range + (lexer_ends_line(file->bytes, file->length, range) ? 0 : 1), file->bytes + range_end);
		}
		else
		{
			memcpy(to, file->bytes + range, range_end - range);
			to += range_end - range;
		}
		position = range_end;
	}
	*to = '\0';
	text->first_line = unit->ranges[0].line;
	text->cut = end < file->length;
	text->read.raw.bytes = bytes;
	text->read.raw.length = to - bytes;
}

/* In a copy: the bytes may be the reader's. */
static void
end_lines_alike(FileContent *content)
{
	char	   *bytes;
	char	   *to;

	if (memchr(content->bytes, '\r', content->length) == NULL)
		return;
	to = bytes = MemoryContextAllocHuge(CurrentMemoryContext, content->length + 1);
	for (size_t i = 0; i < content->length; i++)
	{
		if (content->bytes[i] != '\r')
			*to++ = content->bytes[i];
		else if (i + 1 == content->length || content->bytes[i + 1] != '\n')
			*to++ = '\n';
	}
	*to = '\0';
	content->bytes = bytes;
	content->length = to - bytes;
}

/* Whatever may stand there: a byte that is no UTF-8 counts as a character. */
static char *
blank(char *to, const char *from, const char *end)
{
	while (from < end)
	{
		const unsigned char *bytes = (const unsigned char *) from;
		int			length = pg_utf_mblen(bytes);

		if (length > end - from || !pg_utf8_islegal(bytes, length))
			length = 1;
		*to++ = *from == '\n' || *from == '\r' ? *from : ' ';
		from += length;
	}
	return to;
}

Script *
unit_split(const UnitText *text)
{
	const ScriptUnit *unit = text->unit;
	Script	   *script = unit_cut(text);

	if (unit->is_code)
		script = empty_of_code(script);
	if (script->is_psql)
		script = unit_expand(text, script);
	else if (script_directive(script, DIRECTIVE_PSQL) != NULL)
		unit_refuse_late(script);
	else
		script = fill_script(script, text->first_line, standard_conforming_strings, text->variables,
							 unit->fill, unit->file, unit->properties);
	script->undone = unit->undone;
	if ((unit->range_count < 2 || !refuse_data_in_pieces(unit, script)) && text->cut)
		refuse_data_cut_off(script);
	if (unit->transactions == UNIT_NO_TRANSACTION &&
		script_directive(script, "no-transaction") == NULL)
	{
		Directive  *directive = palloc0(sizeof(Directive));

		directive->name = "no-transaction";
		directive->arguments = "";
		directive->line = unit->mark_line;
		directive->mark = unit->mark;
		script->directives = lappend(script->directives, directive);
	}
	add_requirements(text, script);
	add_refusal(unit, script);
	return script;
}

/* Without what its text would be as SQL, but for what tells that it changed. */
static Script *
empty_of_code(const Script *script)
{
	Script	   *empty = script_split("", 0, 1, true);

	strcpy(empty->fingerprint, script->fingerprint);
	return empty;
}

static void
add_refusal(const ScriptUnit *unit, Script *script)
{
	ScriptProblem problem = {
		.check = CHECK_MARKS,
		.sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED,
		.message = unconstify(char *, unit->refused),
		.hint = unconstify(char *, unit->refused_hint),
		.line = unit->refused_line,
		.column = 1,
		.statement = -1
	};

	if (unit->refused != NULL)
		script_add_problem(script, &problem);
}

/* As if the script itself said so. */
static void
add_requirements(const UnitText *text, Script *script)
{
	const ScriptUnit *unit = text->unit;
	ListCell   *lc;

	foreach(lc, unit->requirements)
	{
		const UnitRequirement *requirement = lfirst(lc);
		Directive  *directive = palloc0(sizeof(Directive));

		directive->name = DIRECTIVE_REQUIRE;
		directive->on_false = requirement->on_false;
		directive->on_error = requirement->on_error;
		directive->arguments = fill_tool_expand(requirement->query, text->variables, unit->properties);
		directive->filled = strcmp(directive->arguments, fill_tool_expand(requirement->query, NULL, unit->properties)) != 0;
		directive->line = requirement->line;
		directive->mark = requirement->mark;
		script->directives = lappend(script->directives, directive);
	}
}

/* Is there nothing between a range and the one before? */
static bool
touches(const ScriptUnit *unit, int range)
{
	const UnitRange *before = &unit->ranges[range - 1];

	return before->offset + before->length == unit->ranges[range].offset;
}

/* What was blanked between two ranges would be rows. */
static bool
refuse_data_in_pieces(const ScriptUnit *unit, Script *script)
{
	int			range = 1;
	bool		refused = false;

	for (int i = 0; i < script->statement_count; i++)
	{
		const Statement *statement = &script->statements[i];
		const char *data = script->text + statement->data_offset;
		int			line = (int) statement->data_line;
		ScriptProblem problem = {0};

		if (statement->data_offset == 0)
			continue;
		/* to the line of the end marker, which is no row */
		for (uint32 at = 0; at < statement->data_length; at++)
			if (lexer_ends_line(data, statement->data_length, at))
				line++;
		while (range < unit->range_count &&
			   (unit->ranges[range].line < (int) statement->data_line || touches(unit, range)))
			range++;
		if (range == unit->range_count)
			break;
		if (unit->ranges[range].line > line)
			continue;
		problem.check = CHECK_SYNTAX;
		problem.sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED;
		problem.message = "the rows of COPY ... FROM stdin are not in one piece";
		problem.hint = "Write them as INSERT.";
		problem.line = unit->ranges[range].line;
		problem.column = 1;
		problem.statement = i;
		script_add_problem(script, &problem);
		refused = true;
	}
	return refused;
}

/* The mark that ends the unit stands among rows, and what is behind it would be lost. */
static void
refuse_data_cut_off(Script *script)
{
	const Statement *statement = script->statement_count > 0 ? &script->statements[script->statement_count - 1] : NULL;
	ScriptProblem problem = {
		.check = CHECK_SYNTAX,
		.sqlstate = ERRCODE_SYNTAX_ERROR,
		.message = "the rows of COPY ... FROM stdin have no end in their part of the file",
		.hint = "End them with a line \\. before the next mark.",
		.column = 1
	};

	if (statement == NULL || statement->data_offset == 0 || statement->data_offset + statement->data_length < script->length)
		return;
	problem.line = statement->data_line;
	problem.statement = script->statement_count - 1;
	script_add_problem(script, &problem);
}
