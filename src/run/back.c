/*
 * back.c
 *	  What a run that goes back asks before it begins.
 *
 * It is a run like any other: apply.c and up.c look, lock and look again, and
 * execute and record each migration in a transaction as on the way up.  What is
 * different stands here and in plan/back.c: which migrations it is about, where
 * their scripts come from, and that a state goes from "applied" to
 * "rolled_back".
 *
 * The script of record is run, the one that was there when the migration was
 * applied: it undoes what was done then, and a deploy that took the newer files
 * away can still go back.  The texts stay in memory for the length of the call.
 *
 * A migration whose down script is one transaction is applied until that
 * commits: its failure changes nothing but the history.  One that goes back part
 * by part has a row that says "running", with direction "down", since before its
 * first statement; when that ends half-way, the row says so, up() does not touch
 * it, and the next down() goes on with it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "layout/layout.h"
#include "plan/check_changes.h"
#include "plan/gate.h"
#include "plan/hooks.h"
#include "run/back.h"
#include "run/verify.h"

static void raise_what_stops(Run *run);
static bool file_says(UnitReader *reader, const ScriptUnit *file, const char *text);
static void load_scripts(Run *run, FindingSink *sink);

void
back_or_up_raise_what_stops(Run *run)
{
	if (run->direction == UNIT_UP)
		run_raise_what_stops(run);
	else
		raise_what_stops(run);
	verify_require(run);
}

static void
raise_what_stops(Run *run)
{
	const RunRequest *request = run->request;
	Survey	   *survey = run->survey;
	MigrationPlan *plan = survey->plan;
	const Service *registration = run_require_standing(run);
	FindingSink sink = {.settings = &survey->checks};

	back_prepare_reader(survey);
	if (run->locked)
		run_interrupt_running(run);
	back_select(plan, request->scope->service, &request->back, &sink);
	finding_raise_first(&sink);
	load_scripts(run, &sink);
	back_require_scripts(plan, &request->back);
	if (request->back.again)
		back_require_files(plan);
	if (!request->back.force)
	{
		back_require_reversible(plan);
		if (back_is_selective(&request->back))
			back_require_independent(plan);
	}
	check_shell_hooks(plan, true, &sink);
	survey_decide_policy(survey, registration, &run->policy);
	check_destructive(plan, policy_said(&run->policy, POLICY_ALLOW_DESTRUCTIVE_OPERATIONS), true, &sink);
	finding_raise_first(&sink);
	gate_raise_what_stops(&run->policy, request->scope->service, plan, false);
}

void
back_prepare_reader(Survey *survey)
{
	if (survey->reader != NULL)
		return;
	survey->reader = unit_reader_create(NULL);
	survey->reader->variables = survey->scope->variables;
}

/*
 * Of those that are taken back; where they are chosen by name, of others, too,
 * whose files are gone: what they touch is known by no other script.
 */
static void
load_scripts(Run *run, FindingSink *sink)
{
	Survey	   *survey = run->survey;
	MigrationPlan *plan = survey->plan;
	const BackRequest *request = &run->request->back;
	FindingSink unused = {.settings = &survey->checks};

	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];

		CHECK_FOR_INTERRUPTS();
		if (step->selected)
		{
			back_load_script(survey, step, request->down_source, sink);
			if (step->down_record != NULL)
				down_script_require_trusted(step->down_record, step->version);
			back_load_hooks(survey, step, sink);
		}
		else if (back_is_selective(request) && step->row != NULL && step->migration == NULL)
			back_load_script(survey, step, request->down_source, &unused);
	}
	if (plan->selected > 0)
		back_load_hooks(survey, NULL, sink);
}

void
back_load_script(Survey *survey, Step *step, DownSource down_source, FindingSink *findings)
{
	const ScriptUnit *file = step->migration ? step->migration->down : NULL;
	DownScript *recorded = down_source == DOWN_SOURCE_RECORD && step->row != NULL ?
		down_script_load(survey->scope->service, step->row->stored_version ? step->row->stored_version : step->row->version) : NULL;

	memset(&step->down, 0, sizeof(StepScript));
	step->down_record = NULL;
	step->down_differs = false;
	step->down.unit = file;
	if (recorded != NULL)
	{
		ScriptUnit *unit = palloc0(sizeof(ScriptUnit));

		if (file != NULL)
		{
			*unit = *file;
			unit->range_count = 0;
			unit->ranges = NULL;
			step->down_differs = !file_says(survey->reader, file, recorded->text);
		}
		else
		{
			const Layout *layout = layout_find(step->row->layout);

			unit->file = psprintf("down script of record of %s", step->row->file ? step->row->file : step->version);
			if (layout != NULL)
				unit->fill = layout->hook_fill;
		}
		unit->direction = UNIT_DOWN;
		unit->text = recorded->text;
		if (file == NULL || step->down_differs)
			step->down_record = recorded;
		step->down.unit = unit;
	}
	check_way_back(step, survey->reader, findings);
}

/* One that cannot be read says something else. */
static bool
file_says(UnitReader *reader, const ScriptUnit *file, const char *text)
{
	MemoryContext keep = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(keep, "migrator down script", ALLOCSET_DEFAULT_SIZES);
	const char *said;
	bool		same;

	MemoryContextSwitchTo(work);
	said = unit_keep_text(reader, file);
	same = said != NULL && strcmp(said, text) == 0;
	MemoryContextSwitchTo(keep);
	MemoryContextDelete(work);
	return same;
}

void
back_load_hooks(Survey *survey, const Step *step, FindingSink *findings)
{
	for (int after = 0; after < 2; after++)
	{
		for (Hook *hook = plan_hook(survey->plan, step, after != 0); hook != NULL; hook = hook->next)
			check_extra_script(&hook->script, false, findings, survey->reader);
	}
}

void
back_or_up_warn_once(Run *run)
{
	const MigrationPlan *plan = run->survey->plan;
	StringInfoData list;
	int			count = 0;

	if (run->direction == UNIT_UP)
	{
		run_warn_once(run);
		return;
	}
	initStringInfo(&list);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->selected && step->down_differs && ++count <= 10)
			appendStringInfo(&list, "%s%s", count > 1 ? ", " : "", step->version);
	}
	if (count > 0)
		ereport(WARNING,
				errmsg_plural("%d down script differs from the one of record, which is run: %s%s",
							  "%d down scripts differ from those of record, which are run: %s%s",
							  count, count, finding_one_line(list.data), count > 10 ? ", ..." : ""),
				errhint("options => '{\"down_source\": \"file\"}' runs the files; migrator.accept() puts them on record."));
}
