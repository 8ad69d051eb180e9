/*
 * survey.c
 *	  A look at a service: its source and its record, joined and checked.
 */
#include "postgres.h"

#include "base/check_settings.h"
#include "base/errors.h"
#include "base/settings.h"
#include "layout/layout.h"
#include "plan/check_changes.h"
#include "plan/check_order.h"
#include "plan/check_plan.h"
#include "plan/gate.h"
#include "plan/hooks.h"
#include "plan/order.h"
#include "plan/stand_in.h"
#include "record/hook_function.h"
#include "run/reworked.h"
#include "run/survey.h"

/* The files of applied migrations, sorted when they are first asked for. */
typedef struct RecordedFiles
{
	const Record *record;
	const char **files;
	int			count;
} RecordedFiles;

static Scope *take_scope(const Scope *asked);
static void decide_checks(Survey *survey);
static void add_variables(Scope *scope, const MigrationSet *set);
static const char *recorded_layout(const Record *record);
static bool is_recorded(void *argument, const char *file);
static void settle_code(Survey *survey);
static void check_behind(Survey *survey, CheckDepth depth);
static int	compare_strings(const void *a, const void *b);
static void add_errors(const FindingSink *findings, FindingSink *sink);
static void require_unmodified(const MigrationPlan *plan);
static void find_gone_functions(const Survey *survey, FindingSink *sink);
static const Environment *environment_of(const Survey *survey);
static void find_raised(const Survey *survey, FindingSink *sink);
static void find_in_plan(const Survey *survey, FindingSink *sink);
static void check_registered_source(const Survey *survey, FindingSink *sink);

Survey *
survey_take(const Scope *asked, CheckDepth depth)
{
	Survey	   *survey = palloc0(sizeof(Survey));
	Scope	   *scope;
	int			excluded;

	survey->scope = scope = take_scope(asked);
	if (scope->source != NULL)
	{
		survey->source = source_open(scope->source);
		survey->reader = unit_reader_create(survey->source);
	}
	survey->record = record_load(scope->service, InvalidSnapshot);
	if (survey->source != NULL)
	{
		RecordedFiles files = {survey->record};
		LayoutHints hints = {
			.ignore = scope->ignore,
			.ignore_count = scope->ignore_count,
			.layout = scope->layout,
			.environment = scope->environment,
			.contexts = scope->contexts,
			.labels = scope->labels,
			.recorded_layout = recorded_layout(survey->record),
			.is_recorded = is_recorded,
			.argument = &files
		};

		survey->set = layout_read(survey->source, &hints);
		reworked_join(survey->set, survey->record, survey->reader);
		if (scope->environment == NULL && survey->set->environment != NULL)
		{
			scope->environment = survey->set->environment;
			scope->environment_origin = ENVIRONMENTS_FILE;
		}
		add_variables(scope, survey->set);
		survey->reader->variables = scope->variables;
	}
	survey->plan = plan_join(survey->set, survey->record);
	if (survey->set != NULL)
		settle_code(survey);
	excluded = stand_in_settle(survey->plan, scope->target);
	excluded += order_plan(survey->plan, scope->environment);
	if (excluded > 0)
		survey->set->total -= excluded;
	hooks_attach(survey->plan);
	decide_checks(survey);
	if (survey->source != NULL)
	{
		check_scripts(survey->plan, survey->reader, depth);
		order_repeatable_last(survey->plan);
		check_behind(survey, depth);
	}
	order_find_unmet(survey->plan, scope->service);
	plan_mark_blocked(survey->plan);
	plan_mark_late(survey->plan);
	return survey;
}

/*
 * What runs behind all migrations.  A bootstrap script that ran, or must not, is
 * not read by a run; one that was changed since is worth a word.
 */
static void
check_behind(Survey *survey, CheckDepth depth)
{
	MigrationPlan *plan = survey->plan;
	const char *ran = survey->scope->bootstrap_checksum;
	Finding		changed = {
		.check = CHECK_CHECKSUMS_MODIFIED,
		.message = "the bootstrap script was changed after it ran, and does not run again"
	};

	for (int i = 0; i < SCRIPT_PLACES; i++)
		if (plan->bootstrap[i].unit != NULL)
		{
			changed.file = plan->bootstrap[i].unit->file;
			plan->bootstrap_due = migrator_bootstrap && ran == NULL;
		}
	for (int i = 0; i < SCRIPT_PLACES; i++)
	{
		if (plan->bootstrap[i].unit != NULL && depth != CHECK_NAMES &&
			(plan->bootstrap_due || depth == CHECK_EVERYTHING))
			check_extra_script(&plan->bootstrap[i], !plan->bootstrap_due, &plan->bootstrap_findings, survey->reader);
		if (plan->seeds[i].unit != NULL && depth == CHECK_EVERYTHING)
			check_extra_script(&plan->seeds[i], true, &plan->seed_findings, survey->reader);
	}
	if (changed.file != NULL && ran != NULL && depth == CHECK_EVERYTHING &&
		strcmp(ran, hooks_checksum(plan->bootstrap)) != 0)
		finding_add(&plan->bootstrap_findings, &changed);
}

/* Those of the environment's "config", which give way to all others. */
static void
add_variables(Scope *scope, const MigrationSet *set)
{
	const Environment *environment = set->environments && scope->environment ?
		environments_find(set->environments, scope->environment) : NULL;

	if (environment != NULL && environment->variables != NULL)
	{
		scope->variables = variables_copy(scope->variables);
		variables_add_json(scope->variables, environment->variables);
	}
}

/* The environment in it is that of this look: another one may find another stamp. */
static Scope *
take_scope(const Scope *asked)
{
	Scope	   *scope = palloc(sizeof(Scope));

	*scope = *asked;
	scope_take_stamp(scope);
	return scope;
}

void
survey_decide_policy(const Survey *survey, const Service *registration, Policy *policy)
{
	const Environment *environment = environment_of(survey);

	policy_decide(environment ? &environment->flags : NULL, registration ? &registration->flags : NULL, policy);
}

/*
 * What a file says comes first: the registration's word is a floor over it, as
 * it is by now, for a run may have waited since its scope was resolved.
 */
static void
decide_checks(Survey *survey)
{
	const Service *registration = registration_find(survey->scope->service);
	const Environment *environment = environment_of(survey);
	Policy		policy;
	ListCell   *lc;

	/* it is known then where names without a schema belong */
	if (survey->scope->search_path != NULL)
		check_settings_put(&survey->checks, check_row(CHECK_QUALIFICATION)->name, check_severity_name(FINDING_OFF));
	survey_decide_policy(survey, registration, &policy);
	if (policy.value[POLICY_SKIP_VALIDATION])
		check_settings_skip_lint(&survey->checks);
	foreach(lc, environment && environment->checks ? environment->checks->children : NIL)
	{
		const JsonNode *check = lfirst(lc);

		check_settings_put(&survey->checks, check->key, check->text);
	}
	if (registration != NULL)
		registration_put_checks(registration, &survey->checks);
	plan_set_checks(survey->plan, &survey->checks);
}

/* The layout of all that is applied; NULL when there are several or none. */
static const char *
recorded_layout(const Record *record)
{
	const char *layout = NULL;

	for (int i = 0; i < record->count; i++)
	{
		const RecordRow *row = &record->rows[i];

		if (row->state != MIGRATION_APPLIED || row->layout == NULL)
			continue;
		if (layout == NULL)
			layout = row->layout;
		else if (strcmp(layout, row->layout) != 0)
			return NULL;
	}
	return layout;
}

/* Code that is on record as applied has a file, and stops nothing. */
static void
settle_code(Survey *survey)
{
	ListCell   *lc;

	foreach(lc, survey->set->refused)
	{
		RefusedEntry *refused = lfirst(lc);
		Step	   *step = refused->version ? plan_find(survey->plan, refused->version) : NULL;

		if (step == NULL || step->state != MIGRATION_APPLIED)
			continue;
		if (step->row->file == NULL || strcmp(step->row->file, refused->file) == 0)
			step->flags &= ~FLAG_MISSING;
		survey->set->refused = foreach_delete_current(survey->set->refused, lc);
	}
}

static bool
is_recorded(void *argument, const char *file)
{
	RecordedFiles *files = argument;

	if (files->files == NULL)
	{
		files->files = MemoryContextAllocHuge(CurrentMemoryContext,
											  Max(files->record->count, 1) * sizeof(char *));
		for (int i = 0; i < files->record->count; i++)
			if (files->record->rows[i].state == MIGRATION_APPLIED && files->record->rows[i].file != NULL)
				files->files[files->count++] = files->record->rows[i].file;
		qsort(files->files, files->count, sizeof(char *), compare_strings);
	}
	return bsearch(&file, files->files, files->count, sizeof(char *), compare_strings) != NULL;
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

void
survey_find_what_stops(const Survey *survey, bool force, FindingSink *sink)
{
	if (survey->set == NULL)
		return;
	if (!force)
		check_registered_source(survey, sink);
	check_environments(survey->set, sink);
	check_names_refused(survey->plan, survey->scope, sink);
	check_duplicates(survey->set, sink);
	check_hooks(survey->plan, sink);
	check_dependencies(survey->plan, survey->scope->service, sink);
	if (!force)
	{
		check_layout(survey->plan, sink);
		check_same_files(survey->plan, sink);
	}
}

void
survey_raise_what_stops(const Survey *survey, bool force)
{
	FindingSink sink = {.settings = &survey->checks};

	scope_check_stamp(survey->scope);
	survey_find_what_stops(survey, force, &sink);
	finding_raise_first(&sink);
}

void
survey_raise_before_run(const Survey *survey, const Service *registration,
						const PlanRequest *request, Policy *policy)
{
	MigrationPlan *plan = survey->plan;
	FindingSink sink = {.settings = &survey->checks};
	PolicyValue allowed;
	bool		bootstrap;
	ListCell   *lc;

	plan_select(plan, request, &sink);
	bootstrap = plan_bootstrap_follows(plan);
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		/* an applied script that cannot be read can be no proof of anything */
		if (step->selected || step->state == MIGRATION_APPLIED)
			add_errors(&step->findings, &sink);
	}
	check_shell_hooks(plan, true, &sink);
	/* what is pending and not chosen has its run another time */
	foreach(lc, plan->selected > 0 ? plan->hook_findings.findings : NIL)
	{
		finding_add(&sink, lfirst(lc));
	}
	survey_decide_policy(survey, registration, policy);
	allowed = policy_said(policy, POLICY_ALLOW_DESTRUCTIVE_OPERATIONS);
	check_destructive(plan, allowed, true, &sink);
	if (bootstrap)
	{
		foreach(lc, plan->bootstrap_findings.findings)
		{
			finding_add(&sink, lfirst(lc));
		}
		check_destructive_extra(plan->bootstrap, allowed, &sink);
	}
	find_raised(survey, &sink);
	finding_raise_first(&sink);
	require_unmodified(plan);
	gate_raise_what_stops(policy, survey->scope->service, plan, bootstrap);
}

static void
add_errors(const FindingSink *findings, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, findings->findings)
	{
		if (((Finding *) lfirst(lc))->severity == FINDING_ERROR)
			finding_add(sink, lfirst(lc));
	}
}

/* By migrator.checksum_policy. */
static void
require_unmodified(const MigrationPlan *plan)
{
	int			count;
	char	   *modified;

	if (migrator_checksum_policy != CHECKSUM_POLICY_ERROR)
		return;
	modified = plan_list_flag(plan, FLAG_MODIFIED, &count);
	if (count > 0)
		ereport(ERROR,
				errcode(ERRCODE_MIGRATOR_MODIFIED),
				errmsg_plural("%d applied migration was modified: %s", "%d applied migrations were modified: %s",
							  count, count, modified),
				errhint("Create a new migration instead of changing an applied one, or set migrator.checksum_policy to warn."));
}

void
survey_find_all(const Survey *survey, FindingSink *sink)
{
	ListCell   *lc;

	sink->settings = &survey->checks;
	survey_find_what_stops(survey, false, sink);
	check_shell_hooks(survey->plan, false, sink);
	find_gone_functions(survey, sink);
	find_in_plan(survey, sink);
	foreach(lc, survey->plan->hook_findings.findings)
	{
		finding_add(sink, lfirst(lc));
	}
	foreach(lc, survey->plan->bootstrap_findings.findings)
	{
		finding_add(sink, lfirst(lc));
	}
	foreach(lc, survey->plan->seed_findings.findings)
	{
		finding_add(sink, lfirst(lc));
	}
	for (int i = 0; i < survey->plan->count; i++)
	{
		foreach(lc, survey->plan->steps[i].findings.findings)
		{
			finding_add(sink, lfirst(lc));
		}
	}
}

/* Hooks that are functions, and are not there any more: a run would stop. */
static void
find_gone_functions(const Survey *survey, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, hook_function_list(survey->scope->service))
	{
		const HookFunction *hook = lfirst(lc);
		Finding		finding = {
			.check = CHECK_HOOKS,
			.sqlstate = ERRCODE_UNDEFINED_FUNCTION,
			.message = psprintf("hook " INT64_FORMAT " cannot run: function %s does not exist", hook->id, hook->signature),
			.hint = psprintf("Make it again, or take the hook away with migrator.drop_hook(" INT64_FORMAT ").", hook->id)
		};

		if (!OidIsValid(hook_function_find(hook)))
			finding_add(sink, &finding);
	}
}

/* What names, record and scripts say of each other, and stops nobody by itself. */
static void
find_in_plan(const Survey *survey, FindingSink *sink)
{
	Policy		policy;
	PolicyValue allowed;

	survey_decide_policy(survey, survey->scope->registration, &policy);
	allowed = policy_said(&policy, POLICY_ALLOW_DESTRUCTIVE_OPERATIONS);
	check_names_ignored(survey->set, sink);
	check_record(survey->plan, sink);
	check_down_scripts(survey->plan, sink);
	check_order(survey->plan, sink);
	check_destructive(survey->plan, allowed, false, sink);
	if (survey->plan->bootstrap_due)
		check_destructive_extra(survey->plan->bootstrap, allowed, sink);
	check_destructive_extra(survey->plan->seeds, allowed, sink);
	check_change_class(survey->plan, sink);
}

/*
 * Of what only validate() shows otherwise, that which configuration has made an
 * error, once the steps are chosen.  That an applied migration has no down script,
 * say, is no reason to stop the next one; but what is wrong with the record is.
 */
static void
find_raised(const Survey *survey, FindingSink *sink)
{
	const MigrationPlan *plan = survey->plan;
	FindingSink all = {.settings = &survey->checks};
	const char **chosen;
	int			count = 0;
	ListCell   *lc;

	if (!survey->checks.raises || plan->selected == 0)
		return;
	chosen = MemoryContextAllocHuge(CurrentMemoryContext, plan->selected * sizeof(char *));
	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].selected)
			chosen[count++] = plan->steps[i].version;
	qsort(chosen, count, sizeof(char *), compare_strings);
	find_in_plan(survey, &all);
	foreach(lc, all.findings)
	{
		const Finding *finding = lfirst(lc);

		/* the run asks by itself, and knows the policy of this moment */
		if (finding->check == CHECK_DESTRUCTIVE || finding->check == CHECK_DESTRUCTIVE_ALLOWED)
			continue;
		if (finding->severity == FINDING_ERROR && check_row(finding->check)->severity != FINDING_ERROR &&
			(finding->version == NULL || check_row(finding->check)->of_record ||
			 bsearch(&finding->version, chosen, count, sizeof(char *), compare_strings) != NULL))
			finding_add(sink, finding);
	}
}

/*
 * A service whose registered source is another one: a wrong path would show as
 * all migrations missing and all files pending.  A directory and its files
 * staged by a client are one source, though: there the files decide, by what
 * is on record (and check_same_files() has its say besides).
 */
static void
check_registered_source(const Survey *survey, FindingSink *sink)
{
	const Scope *scope = survey->scope;
	const char *registered = scope->registration ? scope->registration->source : NULL;
	Finding		finding = {
		.check = CHECK_LAYOUT,
		.hint = "Register the new source with migrator.register(), name another service, or use options => '{\"force\": true}'."
	};

	if (registered == NULL || source_same(registered, scope->source) ||
		plan_count_state(survey->plan, MIGRATION_APPLIED) == 0)
		return;
	if ((staged_is(registered) || staged_is(scope->source)) && plan_is_of_source(survey->plan))
		return;
	finding.message = psprintf("service \"%s\" is registered with source \"%s\", not \"%s\"",
							   scope->service, registered, scope->source);
	finding_add(sink, &finding);
}

const RefusedEntry *
survey_find_code(const Survey *survey, const char *version)
{
	ListCell   *lc;

	foreach(lc, survey->set ? survey->set->refused : NIL)
	{
		const RefusedEntry *refused = lfirst(lc);
		const Step *step = refused->version ? plan_find(survey->plan, refused->version) : NULL;

		if (refused->version != NULL && version_matches(survey->plan->order, refused->version, version) &&
			(step == NULL || step->migration == NULL))
			return refused;
	}
	return NULL;
}

Step *
survey_find_step(const Survey *survey, const char *version)
{
	for (int i = 0; i < survey->plan->count; i++)
		if (version_matches(survey->plan->order, survey->plan->steps[i].version, version))
			return &survey->plan->steps[i];
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("service \"%s\" has no migration \"%s\"", survey->scope->service, version),
			survey->source == NULL ?
			errhint("No source is registered for the service, so only what is on record is known.") : 0);
}

/* What the source says of the chosen environment, or NULL. */
static const Environment *
environment_of(const Survey *survey)
{
	const MigrationSet *set = survey->set;

	return set != NULL && set->environments != NULL && set->environment != NULL ?
		environments_find(set->environments, set->environment) : NULL;
}
