/*
 * unit_files.c
 *	  The other files that a unit of script is made of: those that it includes.
 *
 * Which ones these are stands in the text, and does not depend on values or on what
 * branches count: a change of any of them is one of the migration.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "layout/unit_files.h"
#include "script/psql.h"
#include "script/psql_files.h"
#include "script/split.h"

static void sum_files(const UnitText *text, List *files, Digest *digest);
static void sum_file(const UnitText *text, const ScriptFile *file, Digest *digest);
static List *files_of(const Script *script, const char *by);
static HTAB *create_paths(void);
static uint32 hash_path(const void *key, Size size);
static int	compare_paths(const void *a, const void *b, Size size);
static void read_file(void *argument, const char *path, PsqlFile *file);

Script *
unit_cut(const UnitText *text)
{
	return text->unit->fill == FILL_PSQL ?
		script_split_psql(text->read.text, text->read.length, text->first_line, standard_conforming_strings) :
		script_split(text->read.text, text->read.length, text->first_line, standard_conforming_strings);
}

void
unit_sum_included(UnitText *text)
{
	UnitText	copy = *text;
	Digest	   *digest;
	Script	   *script;

	if (text->reader->source == NULL)
		return;
	unit_decode(&copy);
	script = copy.read.text != NULL ? unit_cut(&copy) : NULL;
	if (script == NULL || script->files == NIL)
		return;
	digest = digest_create();
	text->paths = create_paths();
	sum_files(text, files_of(script, text->unit->file), digest);
	digest_finish(digest, text->included);

	digest = digest_create();
	digest_update(digest, text->checksum, strlen(text->checksum));
	digest_update(digest, text->included, strlen(text->included));
	digest_finish(digest, text->checksum);
}

static void
sum_files(const UnitText *text, List *files, Digest *digest)
{
	ListCell   *lc;

	foreach(lc, files)
	{
		sum_file(text, lfirst(lc), digest);
	}
}

/* With their paths below the source; of those alone that do not lead out of it. */
static List *
files_of(const Script *script, const char *by)
{
	List	   *files = NIL;
	ListCell   *lc;

	foreach(lc, script->files)
	{
		const ScriptFile *named = lfirst(lc);
		ScriptFile *file = palloc(sizeof(ScriptFile));

		*file = *named;
		file->path = psql_files_path(named->path, named->beside ? by : NULL);
		if (file->path != NULL)
			files = lappend(files, file);
	}
	return files;
}

/* Pointers to names, by what they point to: a name may be long. */
static HTAB *
create_paths(void)
{
	HASHCTL		control = {
		.keysize = sizeof(char *),
		.entrysize = sizeof(char *),
		.hash = hash_path,
		.match = compare_paths,
		.hcxt = CurrentMemoryContext
	};

	return hash_create("migrator included files", 16, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static uint32
hash_path(const void *key, Size size)
{
	const char *path = *(const char *const *) key;

	return hash_bytes((const unsigned char *) path, strlen(path));
}

static int
compare_paths(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Each once, however often it is included; and its text is let go before those are read that it includes. */
static void
sum_file(const UnitText *text, const ScriptFile *file, Digest *digest)
{
	const char *path = file->path;
	SourceScript read = {0};
	char		checksum[SHA256_HEX_LENGTH + 1] = "";
	List	   *files = NIL;
	MemoryContext memory;
	MemoryContext keep;
	bool		known;

	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	(void) hash_search(text->paths, &path, HASH_ENTER, &known);
	if (known)
		return;
	memory = AllocSetContextCreate(CurrentMemoryContext, "migrator included file", ALLOCSET_SMALL_SIZES);
	keep = MemoryContextSwitchTo(memory);
	source_read(text->reader->source, path, &read.raw);
	if (read.raw.bytes != NULL)
		digest_sha256(read.raw.bytes, read.raw.length, checksum);
	if (read.raw.bytes != NULL && file->included)
		source_decode_script(path, &read);
	if (read.text != NULL)
	{
		const Script *script = script_split_psql(read.text, read.length, 1, standard_conforming_strings);

		MemoryContextSwitchTo(keep);
		files = files_of(script, path);
	}
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(memory);
	digest_update(digest, path, strlen(path) + 1);
	digest_update(digest, checksum, strlen(checksum) + 1);
	sum_files(text, files, digest);
}

Script *
unit_expand(const UnitText *text, Script *script)
{
	Variables  *variables = text->variables;
	PsqlRequest request = {
		.file = text->unit->file,
		.first_line = text->first_line,
		.conforming_strings = standard_conforming_strings,
		.read = read_file,
		.argument = (void *) text
	};
	Script	   *expanded;

	if (text->unit->own_variables != NIL)
	{
		variables = variables ? variables_copy(variables) : variables_create();
		variables_add_behind(variables, text->unit->own_variables);
	}
	request.variables = variables;
	expanded = psql_script(script, &request);
	if (text->included[0] != '\0')
	{
		Digest	   *digest = digest_create();
		char		both[SHA256_HEX_LENGTH + 1];

		digest_update(digest, script->fingerprint, strlen(script->fingerprint));
		digest_update(digest, text->included, strlen(text->included));
		digest_finish(digest, both);
		/* the first two bytes are what kind it is */
		strlcpy(expanded->fingerprint + 2, both, sizeof(expanded->fingerprint) - 2);
	}
	return expanded;
}

void
unit_refuse_late(Script *script)
{
	ScriptProblem late = {
		.check = CHECK_SYNTAX,
		.sqlstate = ERRCODE_SYNTAX_ERROR,
		.message = "the directive \"psql\" stands behind the first statement",
		.hint = "Put \"-- migrator: psql\" at the top of the script.",
		.line = script_directive(script, DIRECTIVE_PSQL)->line,
		.column = 1,
		.statement = -1
	};

	script_add_problem(script, &late);
}

/* A file of the source, as a script's text. */
static void
read_file(void *argument, const char *path, PsqlFile *file)
{
	const UnitText *text = argument;
	SourceScript read = {0};

	memset(file, 0, sizeof(PsqlFile));
	if (text->reader->source == NULL)
	{
		file->sqlstate = ERRCODE_UNDEFINED_FILE;
		file->problem = psprintf("\"%s\" cannot be read, for there is no source", finding_one_line(path));
		return;
	}
	if (text->paths == NULL || hash_search(text->paths, &path, HASH_FIND, NULL) == NULL)
	{
		file->sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED;
		file->problem = psprintf("\"%s\" is not known to be a part of the script", finding_one_line(path));
		file->hint = "Its name stands where psql would not always read it: behind COPY ... FROM stdin in a branch of \\if, or in a string.";
		return;
	}
	source_read(text->reader->source, path, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(path, &read);
	file->text = read.text;
	file->length = read.length;
	file->sqlstate = read.raw.sqlstate;
	file->problem = read.raw.problem;
	file->hint = read.raw.hint;
}
