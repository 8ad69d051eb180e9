/*
 * check_scripts.c
 *	  The checks that read: each file of the plan, and what is wrong with it.
 *
 * A script is read, judged and forgotten; only what Step holds is kept, so
 * memory does not grow with the size of the pending scripts.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/hide_values.h"
#include "layout/layout.h"
#include "plan/check_scripts.h"
#include "script/parse.h"
#include "script/require.h"
#include "script/server_parser.h"
#include "script/touch.h"

/* A script that is checked, and where that which is found goes. */
typedef struct Subject
{
	FindingSink *findings;
	const char *version;		/* NULL: a run's hook */
	const ScriptUnit *unit;
	MarkTool	marks;			/* whose marks are no reason to refuse it */
	bool		idle;			/* no run executes it */
	bool		applied;		/* none will: what it would need is all one */
} Subject;

static void check_up_script(Step *step, UnitReader *reader, CheckDepth depth, MemoryContext work);
static void check_may_read(Step *step, const Source *source);
static void look_for_manual(Step *step, UnitReader *reader, MemoryContext work);
static void check_down_script(Step *step, UnitReader *reader, bool idle, FindingSink *findings, MemoryContext work);
static void begin_again(Step *step, MemoryContext context);
static bool runs_again(const Step *step, const Script *script);
static void compare_with_record(Step *step, const Script *script);
static void check_step_hooks(Step *step, UnitReader *reader, CheckDepth depth, MemoryContext work);
static void check_hook_script(StepScript *script, const Subject *of, UnitReader *reader, MemoryContext work);
static void check_hook_transaction(const Subject *subject, const Script *script, const StepScript *kept);
static void add_read_problem(const Subject *subject, const UnitText *text);
static void add_script_problems(const Subject *subject, const Script *script);
static char *hint_of_unfilled(const char *text, int position);
static void add_remarks(const Subject *subject, const Script *script);
static char *hidden(const Script *script, const ScriptProblem *problem, char *text);
static void check_directives(const Subject *subject, const Script *script, const char *const *known);
static void check_requirements(const Subject *subject, const Script *script);
static bool is_requirement(const Directive *directive);
static void refuse_requirements(const Subject *subject, const Script *script);
static void check_marks(const Subject *subject, const Script *script);
static void check_one_transaction(const Subject *subject, const StepScript *kept, const Script *script);
static void keep_verdicts(StepScript *kept, const Script *script);
static void hide_in_changes(ScriptChanges *changes, Variables *variables);
static void set_irreversible(Step *step);
static void set_flags(Step *step, const Script *script);
static bool is_partly_done(const Step *step);
static const char *reason_for_call(const Script *script, int *line);
static bool is_known_directive(const char *const *known, const char *name);
static const char *list_directives(const char *const *known);

/* pending scripts that are read where names have to suffice */
#define LOOK_FOR_MANUAL_AT_MOST 100

/* directives that mean something now */
static const char *const known_directives[] = {
	"no-transaction", "manual", "irreversible", "repeatable", DIRECTIVE_REQUIRE, DIRECTIVE_ONLY_IF, DIRECTIVE_VARIABLES,
	DIRECTIVE_PSQL, NULL
};

/* the same in a hook, which is never chosen and always one transaction */
static const char *const hook_directives[] = {
	DIRECTIVE_VARIABLES, DIRECTIVE_PSQL, NULL
};

void
check_scripts(MigrationPlan *plan, UnitReader *reader, CheckDepth depth)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator script check",
											   ALLOCSET_DEFAULT_SIZES);
	Hook	   *of_run[] = {plan->before, plan->after, plan->back_before, plan->back_after};
	bool		runs = false;
	int			looked = 0;

	source_hold(reader->source);
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];

		CHECK_FOR_INTERRUPTS();
		/* what is of another environment need not even be readable */
		if (step->up.unit == NULL || (step->flags & FLAG_EXCLUDED))
			continue;
		if (depth == CHECK_NAMES)
		{
			if (step->state == MIGRATION_APPLIED)
				check_may_read(step, reader->source);
			else if (looked++ < LOOK_FOR_MANUAL_AT_MOST)
				look_for_manual(step, reader, work);
			MemoryContextReset(work);
			continue;
		}
		check_up_script(step, reader, depth, work);
		MemoryContextReset(work);
		if (depth == CHECK_EVERYTHING && step->down.unit != NULL)
			check_down_script(step, reader, true, &step->findings, work);
		MemoryContextReset(work);
		if (depth == CHECK_EVERYTHING && step->verify.unit != NULL)
		{
			/* what sqitch.conf does not ask for, a call may */
			Subject		subject = {&step->findings, step->version,
				.idle = !plan->set->verifies || step->state == MIGRATION_APPLIED
			};

			check_hook_script(&step->verify, &subject, reader, work);
		}
		check_step_hooks(step, reader, depth, work);
		runs |= step->state != MIGRATION_APPLIED;
	}
	for (int i = 0; depth != CHECK_NAMES && i < lengthof(of_run); i++)
	{
		Subject		subject = {&plan->hook_findings,.idle = i >= 2};

		if ((!runs || i >= 2) && depth != CHECK_EVERYTHING)
			continue;
		for (Hook *hook = of_run[i]; hook != NULL; hook = hook->next)
			check_hook_script(&hook->script, &subject, reader, work);
	}
	source_release(reader->source);
	MemoryContextDelete(work);
}

/*
 * An up-to-date database takes the first exit.  Everything else is for scripts
 * that are pending or were changed.
 */
static void
check_up_script(Step *step, UnitReader *reader, CheckDepth depth, MemoryContext work)
{
	const ScriptUnit *unit = step->up.unit;
	bool		applied = step->state == MIGRATION_APPLIED;
	bool		always = step->migration->kind == MIGRATION_ALWAYS;
	Subject		subject = {&step->findings, step->version, unit, step->migration->marks,.applied = applied};
	MemoryContext keep;
	UnitText	text;
	bool		unchanged;
	Script	   *script = NULL;

	if (applied && !always && depth == CHECK_FOR_RUN && step->row->checksum != NULL &&
		(unit->checksum != NULL ? strcmp(unit->checksum, step->row->checksum) == 0 :
		 unit->range_count == 0 && source_unchanged(reader->source, unit->file, step->row->checksum)))
		return;

	keep = MemoryContextSwitchTo(work);
	unit_read(reader, unit, &text);
	if (text.read.raw.bytes == NULL)
	{
		MemoryContextSwitchTo(keep);
		add_read_problem(&subject, &text);
		return;
	}
	unchanged = applied && !always &&
		(step->row->checksum == NULL || strcmp(step->row->checksum, text.checksum) == 0);
	if (unchanged && depth == CHECK_FOR_RUN)
	{
		MemoryContextSwitchTo(keep);
		return;
	}

	unit_decode(&text);
	if (text.read.text != NULL)
		script = unit_split(&text);
	if (script && applied && !unchanged && runs_again(step, script))
	{
		step->flags |= FLAG_REPEATABLE;
		begin_again(step, keep);
		step->always = always && strcmp(step->row->checksum ? step->row->checksum : "", text.checksum) == 0;
		applied = subject.applied = false;
	}
	if (script && (depth == CHECK_EVERYTHING || (step->entry && step->entry->declares_tables)))
		script->touches = touch_set_create();
	if (script && (!applied || depth == CHECK_EVERYTHING))
		script_parse(script);
	MemoryContextSwitchTo(keep);

	step->up.checksum = pstrdup(text.checksum);
	if (step->again && step->message == NULL)
		step->message = step->always ? "it runs in each run" : "it was changed after it was applied, and runs again";
	if (script == NULL)
	{
		if (applied)
			step->flags |= FLAG_MODIFIED;
		add_read_problem(&subject, &text);
		return;
	}
	if (applied && !unchanged)
		compare_with_record(step, script);
	if (!applied || depth == CHECK_EVERYTHING)
	{
		keep_verdicts(&step->up, script);
		set_flags(step, script);
		if (script->touches != NULL)
		{
			step->looked_into = true;
			step->touches = touch_list(script->touches);
		}
		subject.idle = applied;
		check_marks(&subject, script);
		/* nobody can change any more what is applied */
		add_remarks(&subject, script);
		subject.idle = false;
		add_script_problems(&subject, script);
		check_one_transaction(&subject, &step->up, script);
		check_directives(&subject, script, known_directives);
		check_requirements(&subject, script);
	}
}

static void
check_may_read(Step *step, const Source *source)
{
	Finding		finding = {
		.check = CHECK_READABLE,
		.sqlstate = ERRCODE_INSUFFICIENT_PRIVILEGE,
		.version = step->version,
		.file = step->up.unit->file
	};

	if (source_may_read(source, step->up.unit->file))
		return;
	finding.message = psprintf("could not open file \"%s\"", finding_one_line(step->up.unit->file));
	finding_add(&step->findings, &finding);
}

/*
 * A manual migration is not pending, and only its script says that it is one.
 * What cannot be read is pending: a run will say why it stops.
 */
static void
look_for_manual(Step *step, UnitReader *reader, MemoryContext work)
{
	MemoryContext keep = MemoryContextSwitchTo(work);
	UnitText	text = {.unit = step->up.unit,.reader = reader,.variables = reader->variables,.first_line = 1};

	if (step->up.unit->range_count > 0 || step->up.unit->text != NULL)
		(void) unit_read_text(reader, step->up.unit, &text);
	else
	{
		source_read(reader->source, step->up.unit->file, &text.read.raw);
		if (text.read.raw.bytes != NULL)
			unit_decode(&text);
	}
	if (text.read.text != NULL && script_directive(unit_split(&text), "manual") != NULL)
		step->flags |= FLAG_MANUAL;
	MemoryContextSwitchTo(keep);
}

/* validate() also reads the scripts that go down.  Only a run that goes back stops for their faults. */
static void
check_down_script(Step *step, UnitReader *reader, bool idle, FindingSink *findings, MemoryContext work)
{
	const ScriptUnit *unit = step->down.unit;
	Subject		subject = {findings, step->version, unit, step->migration ? step->migration->marks : MARK_OF_NOBODY, idle, false};
	MemoryContext keep = MemoryContextSwitchTo(work);
	UnitText	text;
	Script	   *script = NULL;

	if (unit_read_text(reader, unit, &text) != NULL)
	{
		script = unit_split(&text);
		if (!step->looked_into)
			script->touches = touch_set_create();
		script_parse(script);
	}
	MemoryContextSwitchTo(keep);
	if (script == NULL)
	{
		add_read_problem(&subject, &text);
		return;
	}
	step->down.checksum = pstrdup(text.checksum);
	keep_verdicts(&step->down, script);
	if (script_directive(script, "irreversible") != NULL)
		set_irreversible(step);
	if (!idle && script->touches != NULL)
		step->touches = touch_list(script->touches);
	if (step->down.call_reason == NULL && step->row != NULL && step->row->going_back &&
		step->row->statement_done + step->row->statement_started > 0)
	{
		step->down.call_reason = "a part of it is done, and CALL migrator.down() goes on from there";
		step->down.call_line = 1;
	}
	check_marks(&subject, script);
	add_script_problems(&subject, script);
	add_remarks(&subject, script);
	check_one_transaction(&subject, &step->down, script);
	check_directives(&subject, script, known_directives);
	check_requirements(&subject, script);
}

void
check_way_back(Step *step, UnitReader *reader, FindingSink *findings)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator script check",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext keep;
	UnitText	text;

	if (step->down.unit != NULL)
		check_down_script(step, reader, false, findings, work);
	MemoryContextReset(work);

	/* the script that went up says whether there is a way back */
	keep = MemoryContextSwitchTo(work);
	if (step->up.unit != NULL && unit_read_text(reader, step->up.unit, &text) != NULL &&
		script_directive(unit_split(&text), "irreversible") != NULL)
		set_irreversible(step);
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(work);
}

/* Those of a migration that is applied run no more; validate() reads them all the same. */
static void
check_step_hooks(Step *step, UnitReader *reader, CheckDepth depth, MemoryContext work)
{
	Hook	   *const hooks[] = {step->before, step->after, step->back_before, step->back_after};
	bool		applied = step->state == MIGRATION_APPLIED;

	for (int i = 0; i < lengthof(hooks); i++)
	{
		Subject		subject = {
			.findings = &step->findings,
			.version = step->version,
			.idle = applied || i >= 2,
			.applied = applied
		};

		/* those of the way back stop nothing but a way back */
		if ((applied || i >= 2) && depth != CHECK_EVERYTHING)
			continue;
		for (Hook *hook = hooks[i]; hook != NULL; hook = hook->next)
			check_hook_script(&hook->script, &subject, reader, work);
	}
}

void
check_extra_script(StepScript *kept, bool idle, FindingSink *findings, UnitReader *reader)
{
	Subject		subject = {.findings = findings,.idle = idle};
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator script check",
											   ALLOCSET_DEFAULT_SIZES);

	check_hook_script(kept, &subject, reader, work);
	MemoryContextDelete(work);
}

void
check_verify_script(Step *step, UnitReader *reader, FindingSink *findings)
{
	Subject		subject = {findings, step->version};
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator script check",
											   ALLOCSET_DEFAULT_SIZES);

	check_hook_script(&step->verify, &subject, reader, work);
	MemoryContextDelete(work);
}

/* Work is reset. */
static void
check_hook_script(StepScript *kept, const Subject *of, UnitReader *reader, MemoryContext work)
{
	Subject		subject = *of;
	MemoryContext keep = MemoryContextSwitchTo(work);
	UnitText	text;
	Script	   *script = NULL;

	subject.unit = kept->unit;
	if (unit_read_text(reader, subject.unit, &text) != NULL)
	{
		script = unit_split(&text);
		script_parse(script);
	}
	MemoryContextSwitchTo(keep);
	if (script == NULL)
		add_read_problem(&subject, &text);
	else
	{
		kept->checksum = pstrdup(text.checksum);
		keep_verdicts(kept, script);
		check_marks(&subject, script);
		add_script_problems(&subject, script);
		add_remarks(&subject, script);
		check_hook_transaction(&subject, script, kept);
		check_directives(&subject, script, hook_directives);
		refuse_requirements(&subject, script);
	}
	MemoryContextReset(work);
}

/*
 * A hook, and its like, is a part of a transaction: that of its migration, or one
 * that is begun for it.  So it cannot end one, nor have statements that refuse one.
 */
static void
check_hook_transaction(const Subject *subject, const Script *script, const StepScript *kept)
{
	Finding		finding = {
		.check = CHECK_HOOKS,
		.idle = subject->idle,
		.sqlstate = ERRCODE_ACTIVE_SQL_TRANSACTION,
		.version = subject->version,
		.file = subject->unit->file,
		.line = kept->call_line,
		.column = 1,
		.hint = "It is one transaction, or a part of its migration's: take the statement out, or make it a migration."
	};
	const char *reason = kept->call_reason;

	if (reason == NULL && (script->transaction_form == TRANSACTION_FORM_NONE ||
						   (subject->unit->undone && script->transaction_form == TRANSACTION_FORM_WRAPPED)))
		return;
	if (reason == NULL)
	{
		reason = "the script begins and ends a transaction";
		finding.line = 1;
	}
	finding.message = psprintf("\"%s\" cannot run: %s", finding_one_line(subject->unit->file), reason);
	finding_add(subject->findings, &finding);
}

static bool
is_requirement(const Directive *directive)
{
	return strcmp(directive->name, DIRECTIVE_REQUIRE) == 0 || strcmp(directive->name, DIRECTIVE_ONLY_IF) == 0;
}

/* Whether a migration runs is asked before its hook, and a look that is left out would pass. */
static void
refuse_requirements(const Subject *subject, const Script *script)
{
	ListCell   *lc;

	foreach(lc, script->directives)
	{
		const Directive *directive = lfirst(lc);
		Finding		finding = {
			.check = CHECK_HOOKS,
			.idle = subject->idle,
			.sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED,
			.version = subject->version,
			.file = subject->unit->file,
			.line = directive->line,
			.column = 1,
			.hint = "Ask in the script itself: DO $$ BEGIN IF ... THEN ... END IF; END $$."
		};

		if (!is_requirement(directive))
			continue;
		finding.message = psprintf("\"%s\" cannot run: \"-- migrator: %s\" is for migrations alone",
								   finding_one_line(subject->unit->file), directive->name);
		finding_add(subject->findings, &finding);
	}
}

/* Does the layout say so, the record, or the script itself? */
static bool
runs_again(const Step *step, const Script *script)
{
	return (step->flags & FLAG_REPEATABLE) != 0 || script_directive(script, "repeatable") != NULL;
}

/* Its turn comes as if it had never run: what is on record of its statements is of the script that it was. */
static void
begin_again(Step *step, MemoryContext context)
{
	RecordRow  *row = MemoryContextAlloc(context, sizeof(RecordRow));

	*row = *step->row;
	row->statement_done = 0;
	row->statement_started = 0;
	row->done_digest = NULL;
	step->row = row;
	step->again = true;
	step->state = MIGRATION_PENDING;
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
keep_verdicts(StepScript *kept, const Script *script)
{
	kept->fingerprint = pstrdup(script->fingerprint);
	kept->description = script->description ? pstrdup(script->description) : NULL;
	kept->statement_total = script->statement_count;
	kept->lock_estimate = script->lock_estimate;
	kept->call_reason = reason_for_call(script, &kept->call_line);
	kept->changes = script_changes_copy(&script->changes);
	if (script->fill != NULL)
		hide_in_changes(&kept->changes, script->fill->variables);
	if (script->fill != NULL && script->fill->free_name != NULL)
	{
		kept->free_variable = pstrdup(script->fill->free_name);
		kept->free_line = script->fill->free_line;
	}
}

/* Names of tables may be values of variables. */
static void
hide_in_changes(ScriptChanges *changes, Variables *variables)
{
	ListCell   *lc;

	if (changes->worst.what != NULL)
		changes->worst.what = hide_values(variables, NULL, changes->worst.what);
	foreach(lc, changes->destructive)
	{
		ScriptChange *change = lfirst(lc);

		change->what = hide_values(variables, NULL, change->what);
	}
}

/* A script says that there is no way back. */
static void
set_irreversible(Step *step)
{
	step->flags |= FLAG_IRREVERSIBLE;
	step->says_irreversible = true;
}

/* What the script that goes up says of its migration. */
static void
set_flags(Step *step, const Script *script)
{
	if (script_directive(script, "manual") != NULL)
		step->flags |= FLAG_MANUAL;
	if (script_directive(script, "repeatable") != NULL)
		step->flags |= FLAG_REPEATABLE;
	if (script_directive(script, "irreversible") != NULL)
		set_irreversible(step);
	if (step->up.call_reason == NULL && is_partly_done(step))
	{
		step->up.call_reason = "a part of it is done, and CALL migrator.up() goes on from there";
		step->up.call_line = 1;
	}
	if (step->up.call_reason != NULL)
		step->flags |= FLAG_NON_TRANSACTIONAL;
}

/* An attempt part by part got somewhere; the script may have been edited since. */
static bool
is_partly_done(const Step *step)
{
	return step->row != NULL && !step->row->going_back &&
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
		name = statement_name(script_parse_statement(script, script->first_outside, NULL)->stmt);
		MemoryContextSwitchTo(keep);
		MemoryContextDelete(temp);
		*line = script->statements[script->first_outside].line;
		return psprintf("%s cannot run inside a transaction block", name);
	}
	if (directive != NULL)
	{
		*line = directive->line;
		return psprintf("the script says \"%s\"",
						directive->mark ? directive->mark : "-- migrator: no-transaction");
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
add_read_problem(const Subject *subject, const UnitText *text)
{
	const SourceScript *read = &text->read;
	Finding		finding = {
		.check = ERRCODE_TO_CATEGORY(read->raw.sqlstate) == ERRCODE_DATA_EXCEPTION ?
		CHECK_ENCODING : CHECK_READABLE,
		.idle = subject->idle,
		.sqlstate = read->raw.sqlstate,
		.version = subject->version,
		.file = subject->unit->file,
		.line = read->bad_line,
		.column = read->bad_column,
		.message = pstrdup(read->raw.problem),
		.hint = read->raw.hint ? pstrdup(read->raw.hint) : NULL
	};

	finding_add(subject->findings, &finding);
}

static void
add_script_problems(const Subject *subject, const Script *script)
{
	ListCell   *lc;

	foreach(lc, script->problems)
	{
		const ScriptProblem *problem = lfirst(lc);
		Finding		finding = {
			.check = problem->check,
			/* what is a tool's own is so whatever anybody changes */
			.idle = subject->idle || (subject->applied && problem->check == CHECK_MARKS),
			.sqlstate = problem->sqlstate,
			.version = subject->version,
			.file = problem->file ? pstrdup(problem->file) : subject->unit->file,
			.line = problem->line,
			.column = problem->column,
			.message = hidden(script, problem, problem->message),
			.detail = hidden(script, problem, problem->detail),
			.hint = hidden(script, problem, problem->hint)
		};

		if (subject->applied &&
			(problem->check == CHECK_VARIABLES || problem->check == CHECK_VARIABLES_LATER ||
			 (problem->check == CHECK_MARKS && subject->unit->is_code)))
			continue;
		if (problem->statement >= 0 && problem->position > 0)
		{
			int			position = problem->position;
			char	   *whole = script_shown_text(script, problem->statement, &position);

			if (subject->unit->fill == FILL_KNOWN_BRACES && finding.hint == NULL)
				finding.hint = hint_of_unfilled(whole, position);
			/* nobody knows which values it had */
			if (subject->applied && finding.hint != NULL && problem->hint == NULL)
				continue;
			finding.query = finding_excerpt(whole, &position);
			finding.position = position;
			pfree(whole);
		}
		finding_add(subject->findings, &finding);
	}
}

/* At the 1-based character: what stands as it is written, because nobody gave it a value. */
static char *
hint_of_unfilled(const char *text, int position)
{
	const char *at = text + pg_mbcharcliplen(text, strlen(text), position - 1);
	const char *end = strchr(at, '}');

	if (strncmp(at, "${", 2) != 0 || end == NULL)
		return NULL;
	return psprintf("\"%.*s\" has no value: give it in argument \"variables\", or in migrator.register().", (int) (end + 1 - at), at);
}

/* What lint has to say. */
static void
add_remarks(const Subject *subject, const Script *script)
{
	ListCell   *lc;

	foreach(lc, script->remarks)
	{
		const ScriptProblem *remark = lfirst(lc);
		Finding		finding = {
			.check = remark->check,
			.idle = subject->idle,
			.version = subject->version,
			.file = subject->unit->file,
			.line = remark->line,
			.column = remark->column,
			.message = hidden(script, remark, remark->message),
			.detail = hidden(script, remark, remark->detail),
			.hint = hidden(script, remark, remark->hint)
		};

		finding_add(subject->findings, &finding);
	}
}

/* A text of a problem, copied, without values of variables. */
static char *
hidden(const Script *script, const ScriptProblem *problem, char *text)
{
	/* that a value is missing says nothing of others */
	if (text != NULL && script->fill != NULL &&
		problem->check != CHECK_VARIABLES && problem->check != CHECK_VARIABLES_LATER)
	{
		HideFocus	focus = script_focus(script, problem->statement, problem->position);

		text = hide_values(script->fill->variables, problem->position > 0 ? &focus : NULL, text);
	}
	return text ? pstrdup(text) : NULL;
}

static void
check_directives(const Subject *subject, const Script *script, const char *const *known)
{
	ListCell   *lc;

	foreach(lc, script->directives)
	{
		const Directive *directive = lfirst(lc);
		Finding		finding = {
			.check = CHECK_DIRECTIVES,
			.version = subject->version,
			.file = subject->unit->file,
			.line = directive->line,
			.column = 1
		};

		if (is_known_directive(known, directive->name) || (known == hook_directives && is_requirement(directive)))
			continue;
		finding.message = psprintf("unknown directive \"%s\"", directive->name);
		finding.hint = list_directives(known);
		finding_add(subject->findings, &finding);
	}
}

/* What a script requires is one query, which can be asked before it. */
static void
check_requirements(const Subject *subject, const Script *script)
{
	ListCell   *lc;

	foreach(lc, script->directives)
	{
		const Directive *directive = lfirst(lc);
		const char *problem = is_requirement(directive) ? require_problem(directive) : NULL;
		Finding		finding = {
			.check = CHECK_SYNTAX,
			.idle = subject->idle,
			.version = subject->version,
			.file = subject->unit->file,
			.line = directive->line,
			.column = 1,
			.hint = "A requirement is one SELECT on one line, which returns true: -- migrator: require SELECT NOT EXISTS (SELECT FROM orders)"
		};

		if (problem == NULL)
			continue;
		/* the parser may show them */
		if (directive->filled)
			problem = "it is no SELECT with the values of its variables";
		finding.message = directive->mark != NULL ? psprintf("\"%s\": %s", directive->mark, problem) :
			psprintf("directive \"%s\": %s", directive->name, problem);
		finding_add(subject->findings, &finding);
	}
}

/*
 * What the script's tool would run in one transaction is not run in several
 * without a word.  Statement by statement is what its own directive can ask for.
 */
static void
check_one_transaction(const Subject *subject, const StepScript *kept, const Script *script)
{
	Finding		finding = {
		.check = CHECK_TRANSACTIONS,
		.idle = subject->idle,
		.sqlstate = ERRCODE_ACTIVE_SQL_TRANSACTION,
		.version = subject->version,
		.file = subject->unit->file,
		.line = kept->call_line,
		.column = 1,
		.message = kept->call_reason,
		.hint = "Put \"-- migrator: no-transaction\" into the script if it may be done by halves."
	};
	int			line;

	if (subject->unit->transactions != UNIT_ONE_TRANSACTION ||
		reason_for_call(script, &line) == NULL ||
		script_directive(script, "no-transaction") != NULL)
		return;
	finding.detail = psprintf("The script says \"%s\".", subject->unit->mark);
	finding_add(subject->findings, &finding);
}

/*
 * A script that another tool divides would run whole.  One that does not run
 * (it is applied, or goes down) is worth a warning all the same: it may have
 * run whole before, or will.  Of plain words a heading that repeats what the
 * file's name says is none.
 */
static void
check_marks(const Subject *subject, const Script *script)
{
	bool		goes_down = subject->unit->direction == UNIT_DOWN;
	const char *slash = strrchr(subject->unit->file, '/');
	char		direction;
	bool		named_up;
	ListCell   *lc;

	(void) layout_sql_stem(subject->unit->file, &direction);
	named_up = direction == 'u' || (slash != NULL && strcmp(slash, "/up.sql") == 0);
	foreach(lc, script->marks)
	{
		const Mark *mark = lfirst(lc);
		Finding		finding = {
			.check = CHECK_MARKS,
			.idle = subject->idle,
			.version = subject->version,
			.file = subject->unit->file,
			.line = mark->line,
			.column = mark->column,
			.message = psprintf("the script has a mark of %s: \"%s\"", mark->tool_name, mark->text),
			.detail = mark->sense == MARK_OTHER ?
			"That tool would read the script in its own way, and migrator does not." :
			"That tool runs one part of the script to go up and another to go back; migrator would run both.",
			.hint = "Make it a script that only goes up, without the mark, and keep the way back in a down script."
		};

		if (mark->tool != MARK_OF_NOBODY && mark->tool == subject->marks)
			continue;
		if (mark->words && ((named_up && mark->sense == MARK_UP) ||
							(goes_down && mark->sense == MARK_DOWN)))
			continue;
		finding_add(subject->findings, &finding);
		return;
	}
}

static bool
is_known_directive(const char *const *known, const char *name)
{
	for (int i = 0; known[i] != NULL; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

static const char *
list_directives(const char *const *known)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; known[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", known[i]);
	return psprintf("Known directives: %s.", list.data);
}

Script *
check_load_script(UnitReader *reader, const StepScript *script)
{
	UnitText	text;

	if (unit_read_text(reader, script->unit, &text) == NULL ||
		strcmp(text.checksum, script->checksum) != 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("file \"%s\" changed while the run was under way", finding_one_line(script->unit->file)),
				errdetail("%s.", text.read.raw.problem ? finding_one_line(text.read.raw.problem) :
						  "What was checked is not what would be run"),
				errhint("Start the run again."));
	return unit_split(&text);
}
