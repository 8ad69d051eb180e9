/*
 * check_order.c
 *	  The checks of dependencies: what the manifest, the files and the records
 *	  say of each other.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/errors.h"
#include "base/finding.h"
#include "plan/affected.h"
#include "plan/check_order.h"
#include "plan/order.h"
#include "script/touch.h"

#define ORPHANS_AT_MOST 10

/* chains of more are said to be hard to keep in order */
#define DEPTH_AT_MOST 4

static void check_environments_of_entries(const MigrationPlan *plan, FindingSink *sink);
static void check_missing(const MigrationPlan *plan, FindingSink *sink);
static void check_rings(const MigrationPlan *plan, FindingSink *sink);
static void check_own_service(const MigrationPlan *plan, const char *service, FindingSink *sink);
static const char *begins_so(const MigrationPlan *plan, const char *version);
static void check_depth(const MigrationPlan *plan, FindingSink *sink);
static void check_orphans(const MigrationPlan *plan, FindingSink *sink);
static void check_tables(const MigrationPlan *plan, FindingSink *sink);
static void check_blocked(const MigrationPlan *plan, FindingSink *sink);

void
check_dependencies(const MigrationPlan *plan, const char *service, FindingSink *sink)
{
	const Manifest *manifest = plan->set ? plan->set->manifest : NULL;
	ListCell   *lc;

	if (manifest == NULL)
		return;
	foreach(lc, manifest->problems)
	{
		const ManifestProblem *problem = lfirst(lc);
		Finding		finding = {
			.check = CHECK_DEPENDENCIES,
			.sqlstate = problem->sqlstate,
			.version = problem->version,
			.file = manifest->file,
			.line = problem->line,
			.message = problem->line > 0 ?
			psprintf("\"%s\", line %d: %s", manifest->file, problem->line, problem->message) :
			psprintf("\"%s\": %s", manifest->file, problem->message),
			.detail = problem->detail,
			.hint = problem->hint
		};

		finding_add(sink, &finding);
	}
	check_environments_of_entries(plan, sink);
	check_missing(plan, sink);
	check_rings(plan, sink);
	check_own_service(plan, service, sink);
}

/* An entry restricts its migration to an environment that is there, and that its folder does not speak against. */
static void
check_environments_of_entries(const MigrationPlan *plan, FindingSink *sink)
{
	const Manifest *manifest = plan->set->manifest;

	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		const ManifestEntry *entry = step->entry;
		const char *folder;
		Finding		finding = {
			.check = CHECK_DEPENDENCIES,
			.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE,
			.version = step->version,
			.file = manifest->file
		};

		if (entry == NULL || entry->environment == NULL)
			continue;
		finding.line = entry->environment_line;
		folder = step->migration->environment;
		if (folder != NULL && strcmp(folder, entry->environment) != 0)
		{
			finding.message = psprintf("migration \"%s\" is for environment \"%s\" by its entry, and for \"%s\" by its file \"%s\"",
									   step->version, entry->environment, folder, step->up.unit->file);
			finding.hint = "Move the file, or correct the entry.";
			finding_add(sink, &finding);
		}
		else if (plan->set->environments != NULL &&
				 environments_find(plan->set->environments, entry->environment) == NULL)
		{
			finding.message = psprintf("migration \"%s\" is for environment \"%s\", which this source does not have",
									   step->version, entry->environment);
			finding.hint = psprintf("Environments: %s.", environments_known(plan->set->environments));
			finding_add(sink, &finding);
		}
	}
}

static void
check_missing(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		ListCell   *lc;

		foreach(lc, step->missing)
		{
			const ManifestNeed *need = lfirst(lc);
			const char *meant = begins_so(plan, need->version);
			Finding		finding = {
				.check = CHECK_DEPENDENCIES,
				.version = step->version,
				.file = manifest_file_of(plan->set->manifest, step->entry, need),
				.line = need->line,
				.message = psprintf("migration \"%s\" depends on \"%s\", which does not exist",
									step->version, need->version),
				.hint = meant ? psprintf("Perhaps you meant \"%s\".", meant) :
				"No file has that version, and none is on record as applied."
			};

			finding_add(sink, &finding);
		}
	}
}

/* Where versions are whole stems, a part of one is not enough. */
static const char *
begins_so(const MigrationPlan *plan, const char *version)
{
	int			i = plan_first_not_before(plan, version);

	if (plan->order == VERSION_ORDER_BYTES && *version != '\0' && i < plan->count &&
		strncmp(plan->by_version[i]->version, version, strlen(version)) == 0)
		return plan->by_version[i]->version;
	return NULL;
}

static void
check_rings(const MigrationPlan *plan, FindingSink *sink)
{
	ListCell   *lc;

	foreach(lc, plan->rings)
	{
		const List *ring = lfirst(lc);
		const Step *step = &plan->steps[linitial_int(ring)];
		const Step *next = &plan->steps[list_length(ring) > 1 ? lsecond_int(ring) : linitial_int(ring)];
		const ManifestNeed *need = manifest_find_need(plan->set->manifest, step->entry, next->version);
		Finding		finding = {
			.check = CHECK_DEPENDENCIES,
			.version = step->version,
			.file = manifest_file_of(plan->set->manifest, step->entry, need),
			.line = need != NULL && need->file != NULL ? need->line : step->entry->line,
			.message = psprintf("circular dependency: %s", order_ring_path(plan, lfirst(lc))),
			.detail = "Each depends on the next, so none can be the first."
		};

		finding_add(sink, &finding);
	}
}

/* By that key it would wait for itself: only what other services have done is looked up. */
static void
check_own_service(const MigrationPlan *plan, const char *service, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		ListCell   *lc;

		foreach(lc, step->entry ? step->entry->cross_service : NIL)
		{
			const ManifestNeed *need = lfirst(lc);
			Finding		finding = {
				.check = CHECK_DEPENDENCIES,
				.version = step->version,
				.file = manifest_file_of(plan->set->manifest, step->entry, need),
				.line = need->line,
				.message = psprintf("migration \"%s\" has its own service \"%s\" in \"cross_service_dependencies\"",
									step->version, need->service),
				.hint = psprintf("Put \"%s\" into \"depends_on\".", need->version)
			};

			if (strcmp(need->service, service) == 0)
				finding_add(sink, &finding);
		}
	}
}

void
check_order(const MigrationPlan *plan, FindingSink *sink)
{
	if (plan->set->manifest == NULL)
		return;
	check_depth(plan, sink);
	check_orphans(plan, sink);
	check_blocked(plan, sink);
	check_tables(plan, sink);
}

/* What the entry says against what the script does. */
static void
check_tables(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		ListCell   *lc;

		if (step->entry == NULL || !step->entry->declares_tables || !step->looked_into)
			continue;
		CHECK_FOR_INTERRUPTS();
		foreach(lc, affected_tables(step))
		{
			const AffectedTable *table = lfirst(lc);
			char	   *name = touch_name(table->schema, table->name);
			Finding		finding = {
				.check = CHECK_DEPENDENCIES_TABLES,
				.version = step->version,
				.file = table->declared ? plan->set->manifest->file : step->up.unit->file,
				.line = table->declared ? table->declared->line : 0
			};

			if (table->declared == NULL)
				finding.message = psprintf("the script touches %s (%s), which is not in \"affects_tables\"",
										   name, (char *) linitial(table->commands));
			else if (table->commands == NIL)
				finding.message = psprintf("%s is in \"affects_tables\", and the script does not touch it", name);
			else if (table->guessed != NULL)
				finding.message = psprintf("%s of the script is taken for %s of \"affects_tables\"",
										   touch_name(table->guessed->schema, table->guessed->name),
										   table->declared->written);
			else
				continue;
			finding_add(sink, &finding);
		}
	}
}

static void
check_depth(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->depth > DEPTH_AT_MOST && plan->rings == NIL)
		{
			Finding		finding = {
				.check = CHECK_DEPENDENCY_DEPTH,
				.version = step->version,
				.file = manifest_file_of(plan->set->manifest, step->entry, NULL),
				.line = step->entry->line,
				.message = psprintf("%d migrations must come one after the other before \"%s\"", step->depth,
									step->version)
			};

			finding_add(sink, &finding);
		}
	}
}

static void
check_orphans(const MigrationPlan *plan, FindingSink *sink)
{
	const Manifest *manifest = plan->set->manifest;
	ListCell   *lc;

	foreach(lc, plan->orphans)
	{
		const ManifestEntry *entry = lfirst(lc);
		Finding		finding = {
			.check = CHECK_ORPHANS_ENTRY,
			.version = entry->version,
			.file = manifest->file,
			.line = entry->line,
			.message = psprintf("entry \"%s\" has no file", entry->version)
		};

		finding_add(sink, &finding);
	}
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];

		if (step->migration != NULL && !manifest->of_layout && (step->entry == NULL || step->entry->file != NULL))
		{
			Finding		finding = {
				.check = CHECK_ORPHANS_FILE,
				.version = step->version,
				.file = step->up.unit->file,
				.message = psprintf("the file has no entry in \"%s\"", manifest->file)
			};

			finding_add(sink, &finding);
		}
	}
}

char *
check_list_orphans(const MigrationPlan *plan, int *count)
{
	StringInfoData list;
	ListCell   *lc;

	*count = list_length(plan->orphans);
	if (*count == 0)
		return NULL;
	initStringInfo(&list);
	foreach(lc, plan->orphans)
	{
		if (foreach_current_index(lc) == ORPHANS_AT_MOST)
		{
			appendStringInfoString(&list, ", ...");
			break;
		}
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", ((ManifestEntry *) lfirst(lc))->version);
	}
	return list.data;
}

static void
check_blocked(const MigrationPlan *plan, FindingSink *sink)
{
	for (int i = 0; i < plan->count; i++)
	{
		const Step *step = &plan->steps[i];
		Finding		unknown;

		if (plan_step_is_pending(step) && plan_environment_unknown(plan, step, &unknown))
			finding_add(sink, &unknown);
		if (step->flags & FLAG_BLOCKED)
		{
			Finding		finding = {
				.check = step->unmet != NIL ? CHECK_CROSS_SERVICE : CHECK_DEPENDENCIES,
				.sqlstate = ERRCODE_MIGRATOR_BLOCKED,
				.version = step->version,
				.file = step->up.unit->file,
				.message = psprintf("the migration %s", step->blocked)
			};

			finding_add(sink, &finding);
		}
	}
}
