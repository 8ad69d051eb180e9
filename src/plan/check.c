/*
 * check.c
 *	  The checks: each looks at the plan, or at one script, and adds findings.
 *
 * A script is read, judged and forgotten; only what Step holds is kept, so
 * memory does not grow with the size of the pending scripts.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "parser/parser.h"
#include "utils/memutils.h"

#include "plan/check.h"
#include "base/errors.h"
#include "base/finding.h"
#include "layout/layout.h"
#include "base/settings.h"

const char *const check_names[] = {
	"readable", "encoding", "syntax", "transactions", "directives", "marks", "names", "duplicates",
	"hooks", "layout", "checksums", "missing", "late", "down_scripts", "non_transactional", NULL
};

static void check_up_script(Step *step, Source *source, CheckDepth depth, MemoryContext work);
static void check_down_script(Step *step, const Source *source, MemoryContext work);
static void compare_with_record(Step *step, const Script *script);
static void add_read_problem(Step *step, const char *file, const SourceScript *read,
							 FindingSeverity severity);
static void add_script_problems(Step *step, const char *file, const Script *script,
								FindingSeverity severity);
static void check_directives(Step *step, const char *file, const Script *script);
static void check_marks(Step *step, const char *file, const Script *script, bool runs);
static void keep_verdicts(Step *step, const Script *script);
static bool is_partly_done(const Step *step);
static const char *reason_for_call(const Script *script, int *line);
static bool is_known_directive(const char *name);

/* directives that mean something now */
static const char *const known_directives[] = {
	"no-transaction", "manual", "irreversible", NULL
};

void
check_scripts(MigrationPlan *plan, Source *source, CheckDepth depth)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator script check",
											   ALLOCSET_DEFAULT_SIZES);

	source_hold(source);
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];

		CHECK_FOR_INTERRUPTS();
		if (step->migration == NULL)
			continue;
		check_up_script(step, source, depth, work);
		MemoryContextReset(work);
		if (depth == CHECK_EVERYTHING && step->migration->down_file != NULL)
			check_down_script(step, source, work);
		MemoryContextReset(work);
	}
	source_release(source);
	MemoryContextDelete(work);
}

/*
 * An up-to-date database takes the first exit.  Everything else is for scripts
 * that are pending or were changed.
 */
static void
check_up_script(Step *step, Source *source, CheckDepth depth, MemoryContext work)
{
	const char *file = step->migration->up_file;
	bool		applied = step->state == MIGRATION_APPLIED;
	MemoryContext keep;
	SourceScript read = {0};
	char		checksum[SHA256_HEX_LENGTH + 1];
	bool		unchanged;
	Script	   *script;

	if (applied && depth == CHECK_FOR_RUN && step->row->checksum != NULL &&
		source_unchanged(source, file, step->row->checksum))
		return;

	keep = MemoryContextSwitchTo(work);
	source_read(source, file, &read.raw);
	if (read.raw.bytes == NULL)
	{
		MemoryContextSwitchTo(keep);
		add_read_problem(step, file, &read, FINDING_ERROR);
		return;
	}
	digest_sha256(read.raw.bytes, read.raw.length, checksum);
	unchanged = applied &&
		(step->row->checksum == NULL || strcmp(step->row->checksum, checksum) == 0);
	if (unchanged && depth == CHECK_FOR_RUN)
	{
		MemoryContextSwitchTo(keep);
		return;
	}

	source_decode_script(file, &read);
	script = read.text ? script_split(read.text, read.length, standard_conforming_strings) : NULL;
	if (script && (!applied || depth == CHECK_EVERYTHING))
		script_parse(script);
	MemoryContextSwitchTo(keep);

	step->checksum = pstrdup(checksum);
	if (script == NULL)
	{
		if (applied)
			step->flags |= FLAG_MODIFIED;
		add_read_problem(step, file, &read, FINDING_ERROR);
		return;
	}
	if (applied && !unchanged)
		compare_with_record(step, script);
	if (!applied || depth == CHECK_EVERYTHING)
	{
		keep_verdicts(step, script);
		check_marks(step, file, script, !applied);
		add_script_problems(step, file, script, FINDING_ERROR);
		check_directives(step, file, script);
	}
}

/* validate() also reads the scripts that go down.  A run does not stop for their faults. */
static void
check_down_script(Step *step, const Source *source, MemoryContext work)
{
	const char *file = step->migration->down_file;
	MemoryContext keep = MemoryContextSwitchTo(work);
	SourceScript read;
	Script	   *script = NULL;

	source_read_script(source, file, &read);
	if (read.text != NULL)
	{
		script = script_split(read.text, read.length, standard_conforming_strings);
		script_parse(script);
	}
	MemoryContextSwitchTo(keep);
	if (script == NULL)
	{
		add_read_problem(step, file, &read, FINDING_WARNING);
		return;
	}
	check_marks(step, file, script, false);
	add_script_problems(step, file, script, FINDING_WARNING);
	check_directives(step, file, script);
}

/* Modified, or only white space, comments and the case of keywords? */
static void
compare_with_record(Step *step, const Script *script)
{
	if (step->row->fingerprint && strcmp(step->row->fingerprint, script->fingerprint) == 0)
		step->flags |= FLAG_REFORMATTED;
	else
		step->flags |= FLAG_MODIFIED;
	if (step->message == NULL)
		step->message = step->flags & FLAG_MODIFIED ?
			"the file was modified after it was applied" :
			"the file was reformatted after it was applied";
}

static void
keep_verdicts(Step *step, const Script *script)
{
	step->fingerprint = pstrdup(script->fingerprint);
	step->description = script->description ? pstrdup(script->description) : NULL;
	step->statement_total = script->statement_count;
	step->lock_estimate = script->lock_estimate;
	if (script_directive(script, "manual") != NULL)
		step->flags |= FLAG_MANUAL;
	if (script_directive(script, "irreversible") != NULL)
		step->flags |= FLAG_IRREVERSIBLE;
	step->call_reason = reason_for_call(script, &step->call_line);
	if (step->call_reason == NULL && is_partly_done(step))
	{
		step->call_reason = "a part of it is done, and CALL migrator.up() goes on from there";
		step->call_line = 1;
	}
	if (step->call_reason != NULL)
		step->flags |= FLAG_NON_TRANSACTIONAL;
}

/* An attempt part by part got somewhere; the script may have been edited since. */
static bool
is_partly_done(const Step *step)
{
	return step->row != NULL &&
		step->state != MIGRATION_APPLIED && step->state != MIGRATION_ROLLED_BACK &&
		step->row->statement_done + step->row->statement_started > 0;
}

/* Why apply() cannot run a script, or NULL when it can. */
static const char *
reason_for_call(const Script *script, int *line)
{
	const Directive *directive = script_directive(script, "no-transaction");

	if (script->first_outside >= 0)
	{
		MemoryContext keep = CurrentMemoryContext;
		MemoryContext temp = AllocSetContextCreate(keep, "migrator statement name",
												   ALLOCSET_SMALL_SIZES);
		const char *name;

		MemoryContextSwitchTo(temp);
		name = statement_name(script_parse_statement(script, script->first_outside, NULL));
		MemoryContextSwitchTo(keep);
		MemoryContextDelete(temp);
		*line = script->statements[script->first_outside].line;
		return psprintf("%s cannot run inside a transaction block", name);
	}
	if (directive != NULL)
	{
		*line = directive->line;
		return "the script says \"-- migrator: no-transaction\"";
	}
	if (script->transaction_form == TRANSACTION_FORM_PARTS)
	{
		*line = script->second_transaction >= 0 ?
			script->statements[script->second_transaction].line : 1;
		return script->second_transaction >= 0 &&
			script->statements[script->second_transaction].kind == STATEMENT_COMMIT ?
			"the script commits a transaction that it did not begin" :
			"the script consists of several transactions";
	}
	if (script->isolation_line > 0)
	{
		*line = script->isolation_line;
		return "the script sets the characteristics of its transaction";
	}
	return NULL;
}

static void
add_read_problem(Step *step, const char *file, const SourceScript *read, FindingSeverity severity)
{
	Finding		finding = {
		.check = ERRCODE_TO_CATEGORY(read->raw.sqlstate) == ERRCODE_DATA_EXCEPTION ?
		"encoding" : "readable",
		.severity = severity,
		.sqlstate = read->raw.sqlstate,
		.version = step->version, .file = file,
		.line = read->bad_line, .column = read->bad_column,
		.message = pstrdup(read->raw.problem),
		.hint = read->raw.hint ? pstrdup(read->raw.hint) : NULL
	};

	finding_add(&step->findings, &finding);
}

static void
add_script_problems(Step *step, const char *file, const Script *script, FindingSeverity severity)
{
	ListCell   *lc;

	foreach(lc, script->problems)
	{
		const ScriptProblem *problem = lfirst(lc);
		int			category = ERRCODE_TO_CATEGORY(problem->sqlstate);
		bool		transaction = problem->statement >= 0 &&
			script->statements[problem->statement].kind == STATEMENT_TRANSACTION_REFUSED;
		Finding		finding = {
			.check = transaction || category == ERRCODE_INVALID_TRANSACTION_STATE ||
			category == ERRCODE_INVALID_TRANSACTION_INITIATION ||
			category == ERRCODE_INVALID_TRANSACTION_TERMINATION ? "transactions" : "syntax",
			.severity = severity,
			.sqlstate = problem->sqlstate,
			.version = step->version, .file = file,
			.line = problem->line, .column = problem->column,
			.message = pstrdup(problem->message),
			.detail = problem->detail ? pstrdup(problem->detail) : NULL,
			.hint = problem->hint ? pstrdup(problem->hint) : NULL
		};

		if (problem->statement >= 0 && problem->position > 0)
		{
			int			position = problem->position;
			char	   *whole = script_statement_text(script, problem->statement);

			finding.query = finding_excerpt(whole, &position);
			finding.position = position;
			pfree(whole);
		}
		finding_add(&step->findings, &finding);
	}
}

static void
check_directives(Step *step, const char *file, const Script *script)
{
	ListCell   *lc;

	foreach(lc, script->directives)
	{
		const Directive *directive = lfirst(lc);
		Finding		finding = {
			.check = "directives", .severity = FINDING_WARNING,
			.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
			.version = step->version, .file = file, .line = directive->line, .column = 1,
			.hint = "Known directives: no-transaction, manual, irreversible."
		};

		if (is_known_directive(directive->name))
			continue;
		finding.message = psprintf("unknown directive \"%s\"", directive->name);
		finding_add(&step->findings, &finding);
	}
}

/*
 * A script that another tool divides would run whole.  One that does not run
 * (it is applied, or goes down) is worth a warning all the same: it may have
 * run whole before, or will.  Of plain words a heading that repeats what the
 * file's name says is none.
 */
static void
check_marks(Step *step, const char *file, const Script *script, bool runs)
{
	bool		goes_down = step->migration->down_file != NULL &&
		strcmp(file, step->migration->down_file) == 0;
	const char *slash = strrchr(file, '/');
	char		direction;
	bool		named_up;
	ListCell   *lc;

	(void) layout_sql_stem(file, &direction);
	named_up = direction == 'u' || (slash != NULL && strcmp(slash, "/up.sql") == 0);
	foreach(lc, script->marks)
	{
		const Mark *mark = lfirst(lc);
		Finding		finding = {
			.check = "marks", .severity = runs ? FINDING_ERROR : FINDING_WARNING,
			.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
			.version = step->version, .file = file, .line = mark->line, .column = mark->column,
			.message = psprintf("the script has a mark of %s: \"%s\"", mark->tool, mark->text),
			.detail = mark->sense == MARK_OTHER ?
			"That tool would read the script in its own way, and migrator does not." :
			"That tool runs one part of the script to go up and another to go back; migrator would run both.",
			.hint = "Make it a script that only goes up, without the mark, and keep the way back in a down script."
		};

		if (mark->words && ((named_up && mark->sense == MARK_UP) ||
							(goes_down && mark->sense == MARK_DOWN)))
			continue;
		finding_add(&step->findings, &finding);
		return;
	}
}

static bool
is_known_directive(const char *name)
{
	for (int i = 0; known_directives[i] != NULL; i++)
		if (strcmp(known_directives[i], name) == 0)
			return true;
	return false;
}

void
check_duplicates(const MigrationSet *set, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, set->duplicates)
	{
		const DuplicateVersion *duplicate = lfirst(lc);
		Finding		finding = {
			.check = "duplicates", .severity = FINDING_ERROR,
			.sqlstate = ERRCODE_MIGRATOR_DUPLICATE_VERSION,
			.version = duplicate->version, .file = duplicate->second_file,
			.message = psprintf("version \"%s\" is claimed by \"%s\" and by \"%s\"",
								duplicate->version, duplicate->first_file, duplicate->second_file),
			.hint = duplicate->twins ?
			"If one of them is for something else than this database, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()." :
			"If both are meant to go up, rename one of them; if not, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()."
		};

		finding_add(sink, &finding);
	}
}

void
check_names_refused(const MigrationSet *set, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, set->refused)
	{
		const RefusedEntry *refused = lfirst(lc);
		Finding		finding = {
			.check = refused->is_hook ? "hooks" : "names", .severity = FINDING_ERROR,
			.sqlstate = refused->is_hook ? ERRCODE_FEATURE_NOT_SUPPORTED :
			ERRCODE_MIGRATOR_NOT_RECOGNISED,
			.file = refused->file,
			.message = psprintf("\"%s\" can neither be run nor be left out: %s",
								refused->file, refused->reason),
			.hint = refused->is_misspelt ?
			"Correct the name; or, if it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()." :
			"If it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()."
		};

		finding_add(sink, &finding);
	}
}

void
check_layout(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; plan->set != NULL && i < plan->count; i++)
	{
		const RecordRow *row = plan->steps[i].row;

		if (row != NULL && row->layout != NULL && row->state == MIGRATION_APPLIED &&
			strcmp(row->layout, plan->set->layout) != 0)
		{
			Finding		finding = {
				.check = "layout", .severity = FINDING_ERROR,
				.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
				.version = row->version,
				.message = psprintf("the source has layout \"%s\", but migration \"%s\" was applied under layout \"%s\"",
									plan->set->layout, row->version, row->layout),
				.detail = "The same files may have other versions under another layout.",
				.hint = "Check that the source is the right one; options => '{\"force\": true}' runs it all the same."
			};

			finding_add(sink, &finding);
			return;
		}
	}
}

void
check_same_files(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if ((step->flags & FLAG_MODIFIED) && step->row->file != NULL &&
			strcmp(step->row->file, step->migration->up_file) != 0)
		{
			Finding		finding = {
				.check = "checksums", .severity = FINDING_ERROR,
				.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
				.version = step->version, .file = step->migration->up_file,
				.message = psprintf("version \"%s\" was applied from file \"%s\", and \"%s\" is another script",
									step->version, step->row->file, step->migration->up_file),
				.hint = "Check that source and service belong together; options => '{\"force\": true}' runs it all the same."
			};

			finding_add(sink, &finding);
		}
	}
}

void
check_names_ignored(const MigrationSet *set, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, set->ignored)
	{
		const IgnoredEntry *ignored = lfirst(lc);
		Finding		finding = {
			.check = "names",
			.severity = ignored->looks_like_sql ? FINDING_WARNING : FINDING_INFO,
			.sqlstate = ERRCODE_MIGRATOR_NOT_RECOGNISED,
			.file = ignored->file,
			.message = psprintf("ignored: %s", ignored->reason)
		};

		finding_add(sink, &finding);
	}
}

static void
add_flag_finding(const Step *step, const char *check, FindingSeverity severity, int sqlstate,
				 const char *message, const char *hint, FindingSink *sink)
{
	Finding		finding = {
		.check = check, .severity = severity, .sqlstate = sqlstate, .version = step->version,
		.file = step->migration ? step->migration->up_file : step->row->file,
		.message = message, .hint = hint
	};

	finding_add(sink, &finding);
}

/* What the record says against the files. */
void
check_record(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->flags & FLAG_MODIFIED)
			add_flag_finding(step, "checksums", FINDING_WARNING, ERRCODE_MIGRATOR_MODIFIED,
							 "the file was modified after it was applied",
							 "Create a new migration instead of changing an applied one.", sink);
		if (step->flags & FLAG_REFORMATTED)
			add_flag_finding(step, "checksums", FINDING_INFO, ERRCODE_MIGRATOR_MODIFIED,
							 "the file was reformatted after it was applied; its statements are the same",
							 NULL, sink);
		if ((step->flags & FLAG_MISSING) && step->state == MIGRATION_APPLIED)
			add_flag_finding(step, "missing", FINDING_WARNING, ERRCODE_UNDEFINED_FILE,
							 "the migration is applied, but its file is gone", NULL, sink);
		if (step->flags & FLAG_LATE)
			add_flag_finding(step, "late", migrator_late == LATE_ALLOW ? FINDING_WARNING : FINDING_ERROR,
							 ERRCODE_MIGRATOR_LATE,
							 psprintf("the migration is late: \"%s\" is applied already", step->late_after),
							 "Give it a later version, or admit it with options.allow_late.", sink);
		if (step->call_reason != NULL && plan_step_is_pending(step))
		{
			Finding		finding = {
				.check = "non_transactional", .severity = FINDING_INFO,
				.sqlstate = ERRCODE_ACTIVE_SQL_TRANSACTION, .version = step->version,
				.file = step->migration->up_file, .line = step->call_line,
				.message = step->call_reason,
				.hint = "SELECT migrator.apply() refuses it; use CALL migrator.up()."
			};

			finding_add(sink, &finding);
		}
	}
}

void
check_down_scripts(const MigrationPlan *plan, FindingSink *sink)
{
	int			with_down = 0;

	for (int i = 0; i < plan->set->count; i++)
		if (plan->set->migrations[i]->down_file != NULL)
			with_down++;

	/* a layout that knows no down scripts is worth one remark, not hundreds */
	if (with_down == 0)
	{
		Finding		finding = {
			.check = "down_scripts", .severity = FINDING_INFO, .sqlstate = ERRCODE_MIGRATOR_IRREVERSIBLE,
			.message = "no migration has a down script"
		};

		finding_add(sink, &finding);
		return;
	}
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->migration != NULL && step->migration->down_file == NULL)
			add_flag_finding(step, "down_scripts", FINDING_INFO, ERRCODE_MIGRATOR_IRREVERSIBLE,
							 "the migration has no down script", NULL, sink);
	}
}

Script *
check_load_script(const Source *source, const Step *step)
{
	const char *file = step->migration->up_file;
	SourceScript read;
	char		checksum[SHA256_HEX_LENGTH + 1] = "";

	source_read_script(source, file, &read);
	if (read.text != NULL)
		digest_sha256(read.raw.bytes, read.raw.length, checksum);
	if (read.text == NULL || strcmp(checksum, step->checksum) != 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("file \"%s\" changed while the run was under way", finding_one_line(file)),
				errdetail("%s.", read.raw.problem ? finding_one_line(read.raw.problem) : "What was checked is not what would be run"),
				errhint("Start the run again."));
	return script_split(read.text, read.length, standard_conforming_strings);
}
