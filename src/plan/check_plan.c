/*
 * check_plan.c
 *	  The checks that read nothing: what names, files and record say of each
 *	  other.
 */
#include "postgres.h"

#include "base/finding.h"
#include "base/settings.h"
#include "plan/check_plan.h"

static void add_step_finding(const Step *step, CheckId check, const char *message, const char *hint,
							 FindingSink *sink);

void
check_duplicates(const MigrationSet *set, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, set->duplicates)
	{
		const DuplicateVersion *duplicate = lfirst(lc);
		Finding		finding = {
			.check = duplicate->elsewhere ? CHECK_DUPLICATES_ELSEWHERE : CHECK_DUPLICATES,
			.version = duplicate->version,
			.file = duplicate->second_file,
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
check_environments(const MigrationSet *set, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, set->environments ? set->environments->findings.findings : NIL)
	{
		finding_add(sink, lfirst(lc));
	}
}

void
check_names_refused(const MigrationPlan *plan, const Scope *scope, FindingSink *sink)
{
	const char *target = plan_target_reached(plan, scope->target);
	ListCell   *lc;

	foreach(lc, plan->set->refused)
	{
		const RefusedEntry *refused = lfirst(lc);
		Finding		finding = {
			.check = refused->elsewhere ? CHECK_NAMES_IGNORED_SQL :
			refused->is_hook ? CHECK_HOOKS : CHECK_NAMES_REFUSED,
			.file = refused->file,
			.line = refused->line,
			.message = refused->line > 0 ? refused->reason :
			psprintf("\"%s\" can neither be run nor be left out: %s", refused->file, refused->reason),
			.hint = refused->line > 0 ?
			"Correct the file; or, if it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()." :
			refused->version != NULL ?
			psprintf("If it was done otherwise, migrator.resolve() puts version %s on record as applied; argument \"target\" runs what is before it; if it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register().",
					 finding_one_line(refused->version)) :
			refused->is_misspelt ?
			"Correct the name; or, if it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()." :
			"If it is none of the migrations, leave it out with options => '{\"ignore\": [\"PATTERN\"]}', here or in migrator.register()."
		};

		/* nothing of a plan's order is known of what is not in it */
		if (refused->version != NULL &&
			(scope->back || (target != NULL && plan->order != VERSION_ORDER_PLAN &&
							 !version_within_target(plan->order, refused->version, target))))
			continue;
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
				.check = CHECK_LAYOUT,
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
			strcmp(step->row->file, step->up.unit->file) != 0)
		{
			Finding		finding = {
				.check = CHECK_CHECKSUMS_OTHER_FILE,
				.version = step->version,
				.file = step->up.unit->file,
				.message = psprintf("version \"%s\" was applied from file \"%s\", and \"%s\" is another script",
									step->version, step->row->file, step->up.unit->file),
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
			.check = ignored->looks_like_sql ? CHECK_NAMES_IGNORED_SQL : CHECK_NAMES_IGNORED,
			.file = ignored->file,
			.message = psprintf("ignored: %s", ignored->reason)
		};

		finding_add(sink, &finding);
	}
}

/* What the record says against the files. */
void
check_record(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->flags & FLAG_MODIFIED)
			add_step_finding(step, CHECK_CHECKSUMS_MODIFIED,
							 "the file was modified after it was applied",
							 "Create a new migration instead of changing an applied one.", sink);
		if (step->flags & FLAG_REFORMATTED)
			add_step_finding(step, CHECK_CHECKSUMS_REFORMATTED,
							 "the file was reformatted after it was applied; its statements are the same",
							 NULL, sink);
		if ((step->flags & FLAG_MISSING) && step->state == MIGRATION_APPLIED)
			add_step_finding(step, CHECK_MISSING,
							 "the migration is applied, but its file is gone", NULL, sink);
		if (step->flags & FLAG_LATE)
			add_step_finding(step, migrator_late == LATE_ALLOW ? CHECK_LATE_ALLOWED : CHECK_LATE,
							 psprintf("the migration is late: \"%s\" is applied already", step->late_after),
							 "Give it a later version, or admit it with options.allow_late.", sink);
		if (step->up.call_reason != NULL && plan_step_is_pending(step))
		{
			Finding		finding = {
				.check = CHECK_NON_TRANSACTIONAL,
				.version = step->version,
				.file = step->up.unit->file,
				.line = step->up.call_line,
				.message = step->up.call_reason,
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
		if (plan->set->migrations[i]->down != NULL)
			with_down++;

	/* a layout that knows no down scripts is worth one remark, not hundreds */
	if (with_down == 0)
	{
		Finding		finding = {
			.check = CHECK_DOWN_SCRIPTS,
			.message = "no migration has a down script"
		};

		finding_add(sink, &finding);
		return;
	}
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->migration != NULL && step->down.unit == NULL && (step->flags & FLAG_EXCLUDED) == 0)
			add_step_finding(step, CHECK_DOWN_SCRIPTS,
							 "the migration has no down script", NULL, sink);
	}
}

static void
add_step_finding(const Step *step, CheckId check, const char *message, const char *hint,
				 FindingSink *sink)
{
	Finding		finding = {
		.check = check,
		.version = step->version,
		.file = step->migration ? step->up.unit->file : step->row->file,
		.message = message,
		.hint = hint
	};

	finding_add(sink, &finding);
}
