/*
 * plan.c
 *	  Files and record joined to one list of migrations, and the choice of those
 *	  that a run will apply.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/finding.h"
#include "plan/plan.h"

#define LIST_AT_MOST 10

const char *const plan_flag_names[PLAN_FLAGS] = {
	"modified", "reformatted", "missing", "late", "blocked",
	"manual", "excluded", "baseline", "non_transactional", "irreversible", "repeatable"
};

static void fill_step(Step *step, const Migration *migration, const RecordRow *row);
static int	compare_row_pointers(const void *a, const void *b, void *order);
static Step *find_tagged(const MigrationPlan *plan, const char *tag);
static void require_target(const MigrationPlan *plan, const char *target);
static void require_version(const MigrationPlan *plan, const char *version);
static void stop_for(Step *step, bool late_admitted, const PlanRequest *request, FindingSink *sink);
static const char *environment_of(const Step *step);
static TimestampTz when_ready(const MigrationPlan *plan, const Step *step);
static void stop_for_needs(const MigrationPlan *plan, const Step *step, bool others_follow, FindingSink *sink);
static bool conflicts(const Step *step);
static const char *unmet_reason(const List *unmet);
static const char *reason_not_to_come(const MigrationPlan *plan, const Step *need);

MigrationPlan *
plan_join(const MigrationSet *set, const Record *record)
{
	MigrationPlan *plan = palloc0(sizeof(MigrationPlan));
	int			files = set ? set->count : 0;
	const RecordRow **rows = palloc(Max(record->count, 1) * sizeof(RecordRow *));
	int			file = 0,
				row = 0;

	plan->set = set;
	plan->order = set ? set->order : VERSION_ORDER_NUMBER;
	for (int i = 0; i < record->count; i++)
		rows[i] = &record->rows[i];
	qsort_arg(rows, record->count, sizeof(RecordRow *), compare_row_pointers, &plan->order);
	plan->steps = MemoryContextAllocHuge(CurrentMemoryContext,
										 Max(files + record->count, 1) * sizeof(Step));

	/* merge two ordered lists */
	while (file < files || row < record->count)
	{
		int			order;

		if (file >= files)
			order = 1;
		else if (row >= record->count)
			order = -1;
		else
			order = version_compare(plan->order, set->migrations[file]->version, rows[row]->version);
		fill_step(&plan->steps[plan->count++],
				  order <= 0 ? set->migrations[file] : NULL,
				  order >= 0 ? rows[row] : NULL);
		if (order <= 0)
			file++;
		if (order >= 0)
			row++;
	}
	plan->by_version = MemoryContextAllocHuge(CurrentMemoryContext, Max(plan->count, 1) * sizeof(Step *));
	for (int i = 0; i < plan->count; i++)
	{
		plan->by_version[i] = &plan->steps[i];
		if (set != NULL && plan->steps[i].migration == NULL)
			plan->steps[i].flags |= FLAG_MISSING;
	}
	return plan;
}

static void
fill_step(Step *step, const Migration *migration, const RecordRow *row)
{
	memset(step, 0, sizeof(Step));
	step->migration = migration;
	step->row = row;
	if (migration != NULL)
	{
		step->up.unit = migration->up;
		step->down.unit = migration->down;
		step->verify.unit = migration->verify;
		if (migration->elsewhere || migration->excluded != NULL)
			step->flags |= FLAG_EXCLUDED;
	}
	if ((migration != NULL && (migration->kind == MIGRATION_REPEATABLE || migration->kind == MIGRATION_ON_CHANGE ||
							   migration->kind == MIGRATION_ALWAYS)) || (row != NULL && row->repeatable))
		step->flags |= FLAG_REPEATABLE;
	step->version = migration ? migration->version : row->version;
	step->name = migration ? migration->name : row->name;
	step->state = row ? row->state : MIGRATION_PENDING;
	if (row == NULL && (step->flags & FLAG_EXCLUDED))
		step->message = migration->excluded != NULL ? migration->excluded :
			psprintf("belongs to environment \"%s\"", migration->environment);
	if (row == NULL)
		return;
	if (row->baseline)
		step->flags |= FLAG_BASELINE;
	if (row->irreversible && (row->state == MIGRATION_APPLIED || row->going_back))
		step->flags |= FLAG_IRREVERSIBLE;
	if (row->non_transactional && row->state == MIGRATION_APPLIED)
		step->flags |= FLAG_NON_TRANSACTIONAL;
	if (row->state == MIGRATION_FAILED)
		step->message = row->error_message;
	if (row->going_back)
		step->message = psprintf("it is partly rolled back: %s",
								 row->error_message ? row->error_message : record_state_name(row->state));
	else if (row->state == MIGRATION_INTERRUPTED)
		step->message = psprintf(ngettext("interrupted; %d statement was done", "interrupted; %d statements were done",
										  row->statement_done), row->statement_done);
}

static int
compare_row_pointers(const void *a, const void *b, void *order)
{
	const RecordRow *left = *(const RecordRow *const *) a;
	const RecordRow *right = *(const RecordRow *const *) b;

	return version_compare(*(VersionOrder *) order, left->version, right->version);
}

Hook *
plan_hook(const MigrationPlan *plan, const Step *step, bool after)
{
	if (plan->direction == UNIT_UP)
		return step != NULL ? (after ? step->after : step->before) : (after ? plan->after : plan->before);
	return step != NULL ? (after ? step->back_after : step->back_before) : (after ? plan->back_after : plan->back_before);
}

bool
plan_step_has_no_place(const Step *step)
{
	size_t		digits = strspn(step->version, "0123456789");

	return step->migration == NULL && step->row->file == NULL &&
		(digits == 0 || strchr("_-.", step->version[digits]) == NULL);
}

bool
plan_step_is_pending(const Step *step)
{
	return step->migration != NULL && (step->flags & (FLAG_MANUAL | FLAG_EXCLUDED)) == 0 &&
		(step->state == MIGRATION_PENDING || step->state == MIGRATION_FAILED ||
		 step->state == MIGRATION_ROLLED_BACK || step->state == MIGRATION_INTERRUPTED ||
		 step->state == MIGRATION_RUNNING);
}

bool
plan_step_is_open(const Step *step)
{
	if ((plan_step_is_pending(step) && !step->always) ||
		step->state == MIGRATION_RUNNING || step->state == MIGRATION_INTERRUPTED)
		return true;
	return step->state == MIGRATION_FAILED &&
		step->row->statement_done + step->row->statement_started > 0;
}

bool
plan_step_has_failed(const Step *step)
{
	return step->state == MIGRATION_FAILED &&
		((step->flags & (FLAG_MISSING | FLAG_EXCLUDED)) == 0 || plan_step_is_open(step));
}

void
plan_set_checks(MigrationPlan *plan, const CheckSettings *settings)
{
	for (int i = 0; i < plan->count; i++)
		plan->steps[i].findings.settings = settings;
	plan->hook_findings.settings = settings;
	plan->bootstrap_findings.settings = settings;
	plan->seed_findings.settings = settings;
}

void
plan_mark_late(MigrationPlan *plan)
{
	const char *applied_after = NULL;	/* the last one in order */
	const Step *newest = NULL;	/* the last one in time */

	if (plan->set != NULL && plan->set->runs_late)
		return;
	for (int i = plan->count - 1; i >= 0; i--)
	{
		Step	   *step = &plan->steps[i];

		/*
		 * What runs again has no place among what runs once; nor has what
		 * another tool had on record and no source ever had.
		 */
		if ((step->flags & FLAG_REPEATABLE) || (step->migration == NULL && step->row->file == NULL))
			continue;
		if (step->state == MIGRATION_APPLIED)
		{
			if (applied_after == NULL)
				applied_after = step->version;
			if (newest == NULL || step->row->applied_at > newest->row->applied_at)
				newest = step;
		}
		else if (applied_after != NULL && step->state == MIGRATION_PENDING &&
				 plan_step_is_pending(step))
		{
			TimestampTz ready_at = when_ready(plan, step);

			if (ready_at > newest->row->applied_at)
				continue;
			step->flags |= FLAG_LATE;
			step->late_after = ready_at == 0 ? applied_after : newest->version;
			if (step->message == NULL)
				step->message = psprintf("sorts before the applied migration \"%s\"",
										 finding_one_line(step->late_after));
		}
	}
}

/* Since when all that a step needs is applied; 0 if it needs nothing. */
static TimestampTz
when_ready(const MigrationPlan *plan, const Step *step)
{
	TimestampTz ready_at = step->others_at;

	if (step->unmet != NIL)
		return DT_NOEND;
	for (int i = 0; i < step->need_count; i++)
	{
		const Step *need = &plan->steps[step->needs[i]];

		if (need->state != MIGRATION_APPLIED)
			return DT_NOEND;
		ready_at = Max(ready_at, need->row->applied_at);
	}
	return ready_at;
}

void
plan_mark_blocked(MigrationPlan *plan)
{
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];
		const char *reason = NULL;

		if (!plan_step_is_pending(step))
			continue;
		if (step->unmet != NIL)
			reason = unmet_reason(step->unmet);
		for (int j = 0; j < step->need_count && reason == NULL; j++)
			reason = reason_not_to_come(plan, &plan->steps[step->needs[j]]);
		if (reason == NULL)
			continue;
		step->flags |= FLAG_BLOCKED;
		step->blocked = finding_one_line(reason);
		if (step->message == NULL)
			step->message = psprintf("blocked: %s", step->blocked);
	}
}

/* Has another service applied what must not be there? */
static bool
conflicts(const Step *step)
{
	ListCell   *lc;

	foreach(lc, step->unmet)
	{
		if (((const UnmetNeed *) lfirst(lc))->conflict)
			return true;
	}
	return false;
}

/* What other services have to do first, or must not have done. */
static const char *
unmet_reason(const List *unmet)
{
	StringInfoData reason;
	ListCell   *lc;

	initStringInfo(&reason);
	foreach(lc, unmet)
	{
		const UnmetNeed *need = lfirst(lc);

		if (foreach_current_index(lc) == LIST_AT_MOST)
		{
			appendStringInfo(&reason, ", and %d more", list_length(unmet) - LIST_AT_MOST);
			break;
		}
		appendStringInfo(&reason, "%s \"%s\" of service \"%s\"",
						 foreach_current_index(lc) > 0 ? need->conflict ? ", and must not meet" : ", and" :
						 need->conflict ? "conflicts with migration" : "needs migration",
						 need->version, need->service);
		if (need->conflict)
			appendStringInfoString(&reason, ", which is applied");
		else if (need->state != NULL)
			appendStringInfo(&reason, " (%s there)", need->state);
		else
			appendStringInfoString(&reason, !need->service_known ? " (not registered, and nothing on record)" :
								   need->registered ? " (not on record there)" :
								   " (not on record there, and the service is not registered)");
	}
	return reason.data;
}

/* Why a plain run will not have applied a step that another one needs; NULL: it will. */
static const char *
reason_not_to_come(const MigrationPlan *plan, const Step *need)
{
	if (need->state == MIGRATION_APPLIED || need->migration == NULL)
		return NULL;			/* what is missing altogether stops every run */
	if ((need->flags & FLAG_EXCLUDED) && environment_of(need) == NULL)
		return psprintf("depends on migration \"%s\", which is left out: %s", need->version, need->message);
	if (need->flags & FLAG_EXCLUDED)
		return psprintf("depends on migration \"%s\" of environment \"%s\"", need->version, environment_of(need));
	if (need->flags & FLAG_MANUAL)
		return psprintf("depends on migration \"%s\", which is manual and not applied", need->version);
	if (need->flags & FLAG_BLOCKED)
		return psprintf("depends on migration \"%s\", which is blocked", need->version);
	return NULL;
}

void
plan_select(MigrationPlan *plan, const PlanRequest *request, FindingSink *sink)
{
	bool	   *named = plan_mark_named(plan, request->versions, request->version_count);
	bool	   *late_admitted = plan_mark_named(plan, request->allow_late, request->allow_late_count);
	bool	   *within = plan_within_target(plan, request->target);

	if (request->target != NULL)
		require_target(plan, request->target);
	for (int i = 0; i < request->version_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		require_version(plan, request->versions[i]);
	}

	plan->selected = 0;
	for (int i = 0; i < plan->count; i++)
	{
		Step	   *step = &plan->steps[i];
		bool		candidate = step->migration != NULL && step->state != MIGRATION_APPLIED &&
			(step->flags & FLAG_EXCLUDED) == 0;

		if (request->ready_only && (step->flags & FLAG_BLOCKED))
			candidate = false;
		step->selected = candidate &&
			(request->version_count > 0 ? named[i] : (step->flags & FLAG_MANUAL) == 0 && within[i]);
		if (step->selected)
			plan->selected++;
	}
	for (int i = 0; i < plan->count; i++)
	{
		if (!plan->steps[i].selected)
			continue;
		stop_for(&plan->steps[i], request->late_allowed || late_admitted[i], request, sink);
		stop_for_needs(plan, &plan->steps[i], request->others_follow, sink);
	}
}

/* The last version of what a step brings: a baseline stands for those before it, too. */
static const char *
reaches(const Step *step)
{
	return step->migration != NULL && step->migration->stands_for != NULL ? step->migration->stands_for : step->version;
}

const char *
plan_target_reached(const MigrationPlan *plan, const char *target)
{
	for (int i = 0; target != NULL && i < plan->count; i++)
		if (reaches(&plan->steps[i]) != plan->steps[i].version && strcmp(plan->steps[i].version, target) == 0)
			return reaches(&plan->steps[i]);
	return target;
}

/* What needs something stands behind it. */
bool *
plan_within_target(const MigrationPlan *plan, const char *named)
{
	const char *target = plan_target_reached(plan, named);
	bool	   *within = palloc0(Max(plan->count, 1) * sizeof(bool));
	const Step *last = target != NULL && plan->order == VERSION_ORDER_PLAN ? plan_find(plan, target) : NULL;

	for (int i = plan->count - 1; i >= 0; i--)
	{
		const Step *step = &plan->steps[i];

		/* a plan has its own order, and what runs again has none */
		within[i] |= target == NULL || (plan->order == VERSION_ORDER_PLAN ? last != NULL && step <= last :
										version_within_target(plan->order, reaches(step), target));
		if (within[i] && plan_step_is_pending(step))
			for (int j = 0; j < step->need_count; j++)
				within[step->needs[j]] = true;
	}
	return within;
}

static void
stop_for(Step *step, bool late_admitted, const PlanRequest *request, FindingSink *sink)
{
	/* a run that is in progress is waited for */
	if (step->row != NULL && step->row->going_back && step->state != MIGRATION_RUNNING)
	{
		Finding		finding = {
			.check = CHECK_INTERRUPTED,
			.version = step->version,
			.file = step->up.unit->file,
			.message = psprintf("migration \"%s\" is partly rolled back", step->version),
			.hint = "CALL migrator.down() goes on with it; or look at what it did and resolve it with migrator.resolve()."
		};

		finding_add(sink, &finding);
	}
	else if (!request->may_resume && step->state == MIGRATION_INTERRUPTED)
	{
		Finding		finding = {
			.check = CHECK_INTERRUPTED,
			.version = step->version,
			.file = step->up.unit->file,
			.message = psprintf("migration \"%s\" was interrupted", step->version),
			.hint = "CALL migrator.up() resumes it; or look at what it did and resolve it with migrator.resolve()."
		};

		finding_add(sink, &finding);
	}
	if ((step->flags & FLAG_LATE) && !late_admitted)
	{
		Finding		finding = {
			.check = CHECK_LATE,
			.version = step->version,
			.file = step->up.unit->file,
			.message = psprintf("migration \"%s\" is late: \"%s\" is applied already",
								step->version, step->late_after),
			.hint = psprintf("Give it a later version, or admit it with options => '{\"allow_late\": \"%s\"}' or migrator.late = allow.",
							 step->version)
		};

		finding_add(sink, &finding);
	}
}

/* What a chosen migration needs is applied, or chosen as well. */
static void
stop_for_needs(const MigrationPlan *plan, const Step *step, bool others_follow, FindingSink *sink)
{
	const char *reason = NULL;
	const char *hint = NULL;
	Finding		unknown;

	if (plan_environment_unknown(plan, step, &unknown))
		finding_add(sink, &unknown);
	if (step->unmet != NIL && (!others_follow || conflicts(step)))
	{
		const UnmetNeed *need = linitial(step->unmet);

		reason = unmet_reason(step->unmet);
		hint = conflicts(step) ? "Argument \"target\" or \"versions\" runs what is in no conflict." :
			psprintf("Run service \"%s\" first; argument \"target\" or \"versions\" runs what does not need it.",
					 need->service);
	}
	for (int i = 0; i < step->need_count && reason == NULL; i++)
	{
		const Step *need = &plan->steps[step->needs[i]];

		if (need->state == MIGRATION_APPLIED || need->selected)
			continue;
		reason = reason_not_to_come(plan, need);
		if (reason == NULL)
			reason = psprintf("depends on migration \"%s\", which is not applied", need->version);
		if (!(need->flags & (FLAG_EXCLUDED | FLAG_BLOCKED)))
			hint = psprintf("Name \"%s\" in argument \"versions\" too, or apply it first.", need->version);
	}
	if (reason != NULL)
	{
		Finding		finding = {
			.check = step->unmet != NIL ? CHECK_CROSS_SERVICE : CHECK_DEPENDENCIES,
			.sqlstate = ERRCODE_MIGRATOR_BLOCKED,
			.version = step->version,
			.file = step->up.unit->file,
			.message = psprintf("migration \"%s\" %s", step->version, reason),
			.hint = hint
		};

		finding_add(sink, &finding);
	}
}

bool
plan_environment_unknown(const MigrationPlan *plan, const Step *step, Finding *finding)
{
	const ManifestEntry *entry = step->entry;

	if (plan->environment != NULL || entry == NULL || entry->environment == NULL)
		return false;
	memset(finding, 0, sizeof(Finding));
	finding->check = CHECK_DEPENDENCIES;
	finding->sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;
	finding->version = step->version;
	finding->file = plan->set->manifest->file;
	finding->line = entry->environment_line;
	finding->message = psprintf("migration \"%s\" is for environment \"%s\" alone, and none is known",
								step->version, entry->environment);
	finding->hint = psprintf("Name the environment with argument \"environment\", migrator.environment or migrator.register(); or take the key from \"%s\".",
							 plan->set->manifest->file);
	return true;
}

const Step *
plan_broken_need(const MigrationPlan *plan, const Step *step)
{
	for (int i = 0; i < step->need_count; i++)
		if (plan->steps[step->needs[i]].broken)
			return &plan->steps[step->needs[i]];
	return NULL;
}

static void
require_target(const MigrationPlan *plan, const char *target)
{
	if (plan->order == VERSION_ORDER_PLAN && plan_find(plan, target) != NULL)
		return;
	for (int i = 0; i < plan->count; i++)
		if (version_is_target(plan->order, plan->steps[i].version, target))
			return;
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("target \"%s\" is not a version of this source", target),
			plan->count > 0 ?
			errdetail("The last version is \"%s\".",
					  finding_one_line(plan->order == VERSION_ORDER_PLAN ? plan->steps[plan->count - 1].version :
									   plan->by_version[plan->count - 1]->version)) : 0);
}

static void
require_version(const MigrationPlan *plan, const char *version)
{
	int			i = plan_first_not_before(plan, version);
	const char *begins_so = NULL;

	/*
	 * steps that begin with the version stand behind it, in the order of
	 * bytes
	 */
	if (i < plan->count)
	{
		const Step *step = plan->by_version[i];

		if (version_matches(plan->order, step->version, version))
		{
			const Step *excluded = NULL;

			for (int j = i; j < plan->count &&
				 version_matches(plan->order, plan->by_version[j]->version, version); j++)
			{
				if (plan->by_version[j]->flags & FLAG_EXCLUDED)
					excluded = plan->by_version[j];
				else if (plan->by_version[j]->migration != NULL)
					return;
			}
			if (excluded != NULL)
				plan_refuse_excluded(plan, excluded);
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("migration \"%s\" has no file in this source", version));
		}
		if (plan->order == VERSION_ORDER_BYTES && *version != '\0' &&
			strncmp(step->version, version, strlen(version)) == 0)
			begins_so = step->version;
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("version \"%s\" does not exist in this source", version),
			begins_so ? errhint("Perhaps you meant \"%s\".", finding_one_line(begins_so)) : 0);
}

/* Its folder's, or the one that its entry restricts it to; NULL when it is left out for another reason. */
static const char *
environment_of(const Step *step)
{
	const char *environment = step->migration->environment ? step->migration->environment :
		step->entry ? step->entry->environment : NULL;

	return environment ? finding_one_line(environment) : NULL;
}

void
plan_refuse_excluded(const MigrationPlan *plan, const Step *step)
{
	if (environment_of(step) == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("migration \"%s\" is left out: %s", finding_one_line(step->version), step->message));
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			plan->environment != NULL ?
			errmsg("migration \"%s\" belongs to environment \"%s\", and this is \"%s\"",
				   finding_one_line(step->version), environment_of(step), plan->environment) :
			errmsg("migration \"%s\" belongs to environment \"%s\"", finding_one_line(step->version),
				   environment_of(step)));
}

int
plan_first_not_before(const MigrationPlan *plan, const char *version)
{
	int			low = 0,
				high = plan->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (version_compare(plan->order, plan->by_version[middle]->version, version) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static Step *
find_tagged(const MigrationPlan *plan, const char *tag)
{
	for (int i = 0; i < plan->count; i++)
	{
		ListCell   *lc;

		foreach(lc, plan->steps[i].migration ? plan->steps[i].migration->tags : NIL)
		{
			if (strcmp(lfirst(lc), tag) == 0)
				return &plan->steps[i];
		}
	}
	return NULL;
}

Step *
plan_find(const MigrationPlan *plan, const char *version)
{
	int			i;

	/* a place in a plan has names of its own */
	if (plan->order == VERSION_ORDER_PLAN && *version == '@')
		return find_tagged(plan, version);
	i = plan_first_not_before(plan, version);
	return i < plan->count && version_matches(plan->order, plan->by_version[i]->version, version) ?
		plan->by_version[i] : NULL;
}

bool *
plan_mark_named(const MigrationPlan *plan, char **versions, int count)
{
	bool	   *named = palloc0(Max(plan->count, 1) * sizeof(bool));

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = plan_first_not_before(plan, versions[i]);
			 j < plan->count && !named[plan->by_version[j] - plan->steps] &&
			 version_matches(plan->order, plan->by_version[j]->version, versions[i]); j++)
			named[plan->by_version[j] - plan->steps] = true;
	}
	return named;
}

bool
plan_bootstrap_follows(const MigrationPlan *plan)
{
	if (!plan->bootstrap_due)
		return false;
	for (int i = 0; i < plan->count; i++)
		if (plan_step_is_pending(&plan->steps[i]) && !plan->steps[i].selected)
			return false;
	return true;
}

const char *
plan_step_message(const Step *step)
{
	ListCell   *lc;

	if (step->message != NULL)
		return step->message;
	foreach(lc, step->findings.findings)
	{
		if (((Finding *) lfirst(lc))->severity == FINDING_ERROR)
			return ((Finding *) lfirst(lc))->message;
	}
	return NULL;
}

int
plan_count_state(const MigrationPlan *plan, MigrationState state)
{
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].state == state)
			count++;
	return count;
}

bool
plan_is_of_source(const MigrationPlan *plan)
{
	bool		missing = false;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->state != MIGRATION_APPLIED)
			continue;
		if (step->migration == NULL)
			missing = true;
		else if (!(step->flags & (FLAG_MODIFIED | FLAG_EXCLUDED)))
			return true;
	}
	return !missing;
}

int
plan_count_pending(const MigrationPlan *plan)
{
	int			count = 0;

	for (int i = 0; i < plan->count; i++)
		if (plan_step_is_pending(&plan->steps[i]) && !plan->steps[i].always)
			count++;
	return count;
}

char *
plan_list_flag(const MigrationPlan *plan, PlanFlag flag, int *count)
{
	StringInfoData list;

	*count = 0;
	initStringInfo(&list);
	for (int i = 0; i < plan->count; i++)
	{
		if ((plan->steps[i].flags & flag) == 0)
			continue;
		if (++*count <= LIST_AT_MOST)
			appendStringInfo(&list, "%s%s", *count > 1 ? ", " : "", plan->steps[i].version);
	}
	if (*count > LIST_AT_MOST)
		appendStringInfoString(&list, ", ...");
	return *count > 0 ? list.data : NULL;
}
