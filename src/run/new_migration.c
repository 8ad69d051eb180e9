/*
 * new_migration.c
 *	  The files of a new migration: their names, what is in them, and where they
 *	  are written.
 *
 * Whoever writes looks at the source in the bracket of write_files.h, so that
 * the version is still a new one when the files appear.  What only gets names and text
 * is none the worse for a look without.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/parser.h"
#include "storage/ipc.h"

#include "base/finding.h"
#include "base/valid_name.h"
#include "layout/new_files.h"
#include "run/new_migration.h"
#include "run/survey.h"
#include "script/parse.h"
#include "script/split.h"
#include "source/write_files.h"

#define WORDS_AT_MOST 100

static List *make_files(const NewMigrationRequest *request, const char *words, const char **folder, const MigrationSet **set);
static bool is_versioned(const Step *step);
static const char *latest_on_record(const char *service);
static const char *choose_folder(const NewMigrationRequest *request, const Source *source, const Environments *environments);
static bool has_folder(const Source *source, const char *name);
static List *fill_files(const NewMigrationRequest *request, const NewMigration *fresh);
static List *add_file(List *files, const char *file, const char *content);
static char *up_text(const NewMigrationRequest *request);
static char *down_text(const NewMigrationRequest *request);
static char *with_line_end(const char *text);
static void warn_of_faults(const char *name, const char *text);
static void end_writer(int code, Datum writer);

List *
new_migration(const NewMigrationRequest *request)
{
	const char *words = new_names_words(request->description);
	const char *folder;
	const MigrationSet *set;
	Source	   *source;
	FileWriter *writer;
	List	   *files;
	ListCell   *lc;

	scope_require_source(request->scope);
	if (words == NULL || strlen(words) > WORDS_AT_MOST)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				words == NULL ?
				errmsg("argument \"description\" has no letter or digit that a file's name may have") :
				errmsg("argument \"description\" is longer than %d characters", WORDS_AT_MOST),
				errhint("The file's name is made of its letters a to z and digits."));
	source = source_open(request->scope->source);
	if (source->file != NULL)
		ereport(ERROR,
				errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"%s\" is one file, and new ones are made in a directory",
					   finding_one_line(request->scope->source)));
	if (!write_files_allowed(source))
		files = make_files(request, words, &folder, &set);
	else
	{
		scope_require_rights(request->scope, false);
		writer = write_files_begin(source);
		PG_ENSURE_ERROR_CLEANUP(end_writer, PointerGetDatum(writer));
		{
			NewFile		fresh[2];

			files = make_files(request, words, &folder, &set);
			foreach(lc, files)
			{
				NewMigrationFile *file = lfirst(lc);

				fresh[foreach_current_index(lc)].path = file->file;
				fresh[foreach_current_index(lc)].content = file->content;
				file->written = true;
			}
			write_files(writer, folder, fresh, list_length(files));
		}
		PG_END_ENSURE_ERROR_CLEANUP(end_writer, PointerGetDatum(writer));
		write_files_end(writer);
	}
	foreach(lc, folder ? files : NIL)
	{
		NewMigrationFile *file = lfirst(lc);

		file->file = psprintf("%s/%s", folder, file->file);
	}
	if (request->up != NULL)
		warn_of_faults("up", request->up);
	if (request->down != NULL)
		warn_of_faults("down", request->down);
	if (set != NULL && set->sums_file != NULL)
		ereport(NOTICE,
				errmsg("\"%s\" has no sum of the new migration, and stops every run until it has", set->sums_file),
				errhint("%s", set->sums_hint));
	return files;
}

/*
 * As new_migration(), without the folder, which is NULL for the top of the source;
 * and the set of what is there already, which is NULL where that is nothing.
 */
static List *
make_files(const NewMigrationRequest *request, const char *words, const char **folder, const MigrationSet **set)
{
	Source	   *source = source_open(request->scope->source);
	const Environments *environments = NULL;
	const char *layout = NEW_FILES_LAYOUT;
	NewMigration fresh = {
		.words = words,
		.with_down = request->down != NULL
	};

	*set = NULL;
	if (new_files_source_is_empty(source))
		fresh.latest_version = latest_on_record(request->scope->service);
	else
	{
		const Survey *survey = survey_take(request->scope, CHECK_FOR_RUN);

		*set = survey->set;
		layout = survey->set->layout;
		environments = survey->set->environments;
		/* what has its version from its place only */
		for (int i = survey->plan->count - 1; i >= 0 && fresh.latest_version == NULL; i--)
			if (is_versioned(survey->plan->by_version[i]))
				fresh.latest_version = survey->plan->by_version[i]->version;
		fresh.latest_version = new_files_highest(survey->set, fresh.latest_version);
		for (int i = survey->set->count - 1; i >= 0 && fresh.latest == NULL; i--)
			if (survey->set->migrations[i]->kind == MIGRATION_VERSIONED)
				fresh.latest = survey->set->migrations[i];
	}
	*folder = choose_folder(request, source, environments);
	new_files_name(layout, &fresh);
	return fill_files(request, &fresh);
}

static bool
is_versioned(const Step *step)
{
	if (step->migration != NULL)
		return step->migration->kind == MIGRATION_VERSIONED;
	return (step->flags & FLAG_REPEATABLE) == 0 && !plan_step_has_no_place(step);
}

/* The highest number that ever ran, where no files are; NULL when there is none. */
static const char *
latest_on_record(const char *service)
{
	const Record *record = record_load(service, InvalidSnapshot);
	const char *latest = NULL;

	for (int i = 0; i < record->count; i++)
	{
		const char *version = record->rows[i].version;

		if (version[layout_leading_digits(version)] == '\0' &&
			(latest == NULL || version_compare(VERSION_ORDER_NUMBER, version, latest) > 0))
			latest = version;
	}
	return latest;
}

/* That of the environment, or of all; an empty source has its folders at most. */
static const char *
choose_folder(const NewMigrationRequest *request, const Source *source, const Environments *environments)
{
	const char *environment = request->environment;

	if (environment == NULL)
		return has_folder(source, ENVIRONMENTS_COMMON) ? ENVIRONMENTS_COMMON : NULL;
	if (!valid_environment_name(environment) || strcmp(environment, ENVIRONMENTS_COMMON) == 0 ||
		(environments ? environments_find(environments, environment) == NULL : !has_folder(source, environment)))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("environment \"%s\" does not exist in this source", finding_one_line(environment)),
				environments ?
				errhint("It has these: %s.", environments_known(environments)) :
				errhint("A source has environments where there is %s, or a folder \"%s\".", ENVIRONMENTS_FILE, ENVIRONMENTS_COMMON));
	return environment;
}

static bool
has_folder(const Source *source, const char *name)
{
	ListCell   *lc;

	foreach(lc, source_list(source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (entry->is_directory && strcmp(entry->name, name) == 0)
			return true;
	}
	return false;
}

static List *
fill_files(const NewMigrationRequest *request, const NewMigration *fresh)
{
	StringInfoData one;

	if (fresh->down_file != NULL)
		return add_file(add_file(NIL, fresh->up_file, up_text(request)), fresh->down_file, down_text(request));
	initStringInfo(&one);
	if (fresh->up_mark != NULL)
		appendStringInfo(&one, "%s\n", fresh->up_mark);
	appendStringInfoString(&one, up_text(request));
	if (fresh->down_mark != NULL)
		appendStringInfo(&one, "\n%s\n%s", fresh->down_mark, down_text(request));
	return add_file(NIL, fresh->up_file, one.data);
}

static List *
add_file(List *files, const char *file, const char *content)
{
	NewMigrationFile *added = palloc0(sizeof(NewMigrationFile));

	added->file = file;
	added->content = content;
	return lappend(files, added);
}

/* The description, of which no word may be one to a tool; or what is given. */
static char *
up_text(const NewMigrationRequest *request)
{
	char	   *header = psprintf("-- %s\n", finding_one_line(request->description));
	const Script *script;

	if (request->up != NULL)
		return with_line_end(request->up);
	script = script_split(header, strlen(header), 1, standard_conforming_strings);
	return script->marks == NIL && script->directives == NIL ? psprintf("%s\n", header) :
		psprintf("-- Migration: %s\n\n", finding_one_line(request->description));
}

/* One that does nothing would pass for a way back. */
static char *
down_text(const NewMigrationRequest *request)
{
	if (request->down != NULL)
		return with_line_end(request->down);
	return psprintf("-- The way back of: %s\n--\n"
					"-- There is none as long as the next line stands. Delete it when this script undoes what the other does.\n"
					"-- migrator: irreversible\n", finding_one_line(request->description));
}

static char *
with_line_end(const char *text)
{
	size_t		length = strlen(text);

	return length > 0 && text[length - 1] == '\n' ? pstrdup(text) : psprintf("%s\n", text);
}

/* The first thing for which a run would refuse the script. */
static void
warn_of_faults(const char *name, const char *text)
{
	Script	   *script = script_split(text, strlen(text), 1, standard_conforming_strings);
	ListCell   *lc;

	script_parse(script);
	foreach(lc, script->problems)
	{
		const ScriptProblem *problem = lfirst(lc);

		if (check_row(problem->check)->severity != FINDING_ERROR)
			continue;
		ereport(WARNING,
				errcode(problem->sqlstate != 0 ? problem->sqlstate : check_row(problem->check)->sqlstate),
				errmsg("argument \"%s\", line %d: %s", name, problem->line, problem->message),
				problem->detail ? errdetail_internal("%s", problem->detail) : 0,
				problem->hint ? errhint("%s", problem->hint) : 0);
		return;
	}
}

static void
end_writer(int code, Datum writer)
{
	write_files_end((FileWriter *) DatumGetPointer(writer));
}
