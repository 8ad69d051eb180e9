/*
 * adopt.c
 *	  What another tool applied, put on record.
 *
 * One transaction: the lock of the service first, as for every call that writes
 * its record, then those of the tool (adopt/table.c).  So neither a run of ours
 * nor one of the tool can change what is read here before it is on record.
 * What is on record already stays as it is: a second call writes what the tool
 * did since.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "adopt/mirror.h"
#include "adopt/table.h"
#include "base/digest.h"
#include "base/finding.h"
#include "base/trust.h"
#include "plan/back.h"
#include "record/lock.h"
#include "record/runs.h"
#include "record/service_state.h"
#include "record/write.h"
#include "run/adopt.h"
#include "run/call.h"
#include "run/mirrored.h"
#include "run/reworked.h"
#include "run/settle.h"
#include "run/survey.h"

/* A file of the source by one of the ways to write its name. */
typedef struct FileName
{
	const char *name;
	int			step;
} FileName;

/* A version that is a number, as the record tells them apart. */
typedef struct VersionNumber
{
	const char *number;			/* without zeros before it */
	const char *version;
} VersionNumber;

/* An adoption under way. */
typedef struct Adoption
{
	const AdoptRequest *request;
	const HistoryTable *table;
	Survey	   *survey;
	FileName   *files;			/* ordered */
	int			file_count;
	FileName   *changes;		/* by the name that reworked ones share, and
								 * by step; where the tool has such */
	int			change_count;
	int		   *of_place;		/* the step of each place in a plan, or -1 */
	const HistoryEntry **of_step;	/* for each step of the plan: what the
									 * tool says of it, or NULL */
	List	   *without_file;	/* of HistoryEntry * */
	List	   *adopted;		/* of Adopted * */
	int64		run_id;
} Adoption;

static void tell_whose(const AdoptRequest *request, const HistoryTable *table);
static void settle_needs(Adoption *adoption, const List *entries);
static void settle_code(Adoption *adoption, const List *entries);
static bool is_of_code(VersionOrder order, const HistoryEntry *entry, const RefusedEntry *code);
static bool is_in_table(const Adoption *adoption, const Step *step);
static void refuse_broken(const Adoption *adoption, const List *entries);
static void list_files(Adoption *adoption);
static void list_changes(Adoption *adoption);
static void add_file_name(Adoption *adoption, const char *name, int step);
static void match(Adoption *adoption, const List *entries);
static int	find_step(const Adoption *adoption, const HistoryEntry *entry);
static int	step_of_rework(const Adoption *adoption, const HistoryEntry *entry);
static void number_reworks(const List *entries);
static int	step_of_file(const Adoption *adoption, const char *name);
static void match_through(Adoption *adoption, const List *entries);
static bool says_through(const Adoption *adoption, const HistoryEntry *entry);
static void settle_without_file(Adoption *adoption);
static void refuse_foreign(const Adoption *adoption, const List *entries);
static void refuse_one_number(const Adoption *adoption);
static void add_number(VersionNumber *numbers, int *count, const char *version);
static void adopt_step(Adoption *adoption, Step *step, const HistoryEntry *entry);
static void adopt_without_file(Adoption *adoption, const HistoryEntry *entry);
static void refuse_open(const Step *step);
static void keep(Adoption *adoption, const RecordEntry *written, const HistoryEntry *entry, const char *verified, const char *message);
static const char *sentence(const char *first, const char *second);
static const char *version_of(const HistoryEntry *entry);
static void finish(const Adoption *adoption, TimestampTz started);
static void register_mirror(const Adoption *adoption);
static int	compare_names(const ListCell *a, const ListCell *b);
static int	compare_files(const void *a, const void *b);
static int	compare_changes(const void *a, const void *b);
static int	compare_numbers(const void *a, const void *b);
static int	compare_versions(const void *a, const void *b, void *order);

List *
adopt_history(const AdoptRequest *request)
{
	Adoption	adoption = {request};
	TimestampTz started = GetCurrentTimestamp();
	List	   *entries;
	ListCell   *lc;

	if (!request->dry_run)
		run_require_writable("migrator.adopt()");
	scope_require_source(request->scope);
	(void) run_lock_and_load(request->scope->service);
	adoption.survey = survey_take(request->scope, CHECK_FOR_RUN);
	if (!request->dry_run)
		reworked_write(adoption.survey->record);
	source_require_runnable(adoption.survey->source);

	adoption.table = history_find(request->tool, request->history);
	tell_whose(request, adoption.table);
	history_lock(adoption.table);
	entries = history_read(adoption.table, adoption.survey->source);
	settle_needs(&adoption, entries);
	settle_code(&adoption, entries);
	survey_raise_what_stops(adoption.survey, request->force);
	refuse_broken(&adoption, entries);

	list_files(&adoption);
	if (adoption.table->tool->reworks)
	{
		number_reworks(entries);
		list_changes(&adoption);
	}
	if (adoption.table->tool->settle != NULL)
		adoption.table->tool->settle(entries, adoption.survey->source);
	match(&adoption, entries);
	settle_without_file(&adoption);
	if (!request->force)
		refuse_foreign(&adoption, entries);
	refuse_one_number(&adoption);
	for (int i = 0; i < adoption.survey->plan->count; i++)
		if (adoption.of_step[i] != NULL)
			adopt_step(&adoption, &adoption.survey->plan->steps[i], adoption.of_step[i]);
	foreach(lc, adoption.without_file)
		adopt_without_file(&adoption, lfirst(lc));
	if (adoption.adopted != NIL && !request->dry_run)
		finish(&adoption, started);
	if (request->mirror && !request->dry_run)
	{
		register_mirror(&adoption);
		adopt_fill_mirror(request->scope);
	}
	return adoption.adopted;
}

void
adopt_fill_mirror(const Scope *scope)
{
	const AdoptRequest request = {.scope = scope};
	Adoption	adoption = {&request};
	const Service *registration = registration_find(scope->service);
	Mirror	   *mirror = mirror_of(registration);
	List	   *entries;
	bool		required = false;

	(void) run_lock_and_load(scope->service);
	adoption.survey = survey_take(scope, CHECK_FOR_RUN);
	if (mirror == NULL || adoption.survey->record->count == 0)
		return;
	registration_require_trusted(registration, "mirror");
	adoption.table = mirror_table(mirror);
	history_lock(adoption.table);
	entries = history_read(adoption.table, adoption.survey->source);
	refuse_broken(&adoption, entries);
	list_files(&adoption);
	match(&adoption, entries);
	settle_without_file(&adoption);
	for (int i = 0; i < adoption.survey->plan->count; i++)
	{
		const Step *step = &adoption.survey->plan->steps[i];
		const HistoryEntry *entry = adoption.of_step[i];

		if (step->row == NULL || step->state != MIGRATION_APPLIED || (entry != NULL && !entry->undone) ||
			(step->migration == NULL && is_in_table(&adoption, step)))
			continue;
		/* who only registers may be another than who runs */
		if (!required)
			mirror_require(mirror);
		required = true;
		mirrored_write(mirror, adoption.survey, step, MIRROR_ADD, -1);
	}
}

/* Of what has no file: the tool knows it, by whatever name.  Those without one are in the order of versions. */
static bool
is_in_table(const Adoption *adoption, const Step *step)
{
	int			low = 0;
	int			high = list_length(adoption->without_file);

	if (step->row->file == NULL)
		return true;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			compared = version_compare(adoption->survey->plan->order,
											   version_of(list_nth(adoption->without_file, middle)), step->version);

		if (compared == 0)
			return true;
		if (compared < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * Whoever may create a table may make one that looks like a tool's, and what it
 * says was applied would never run.  So the caller hears whose it is, unless he
 * named the table himself.
 */
static void
tell_whose(const AdoptRequest *request, const HistoryTable *table)
{
	Oid			owner = mirror_strange_owner(table);

	if (OidIsValid(owner) && !OidIsValid(request->history))
		ereport(NOTICE,
				errmsg("adopting what table %s of %s says, which role \"%s\" owns", table->shown, table->tool->name, trust_role_name(owner)),
				errdetail("That role has not all of your rights. Argument \"history\" names the table that is meant."));
}

/* What the tool applied is there for what needs it, also without a file. */
static void
settle_needs(Adoption *adoption, const List *entries)
{
	MigrationPlan *plan = adoption->survey->plan;
	FileName   *applied = palloc(Max(list_length(entries), 1) * sizeof(FileName));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, entries)
	{
		const HistoryEntry *entry = lfirst(lc);

		if (entry->version != NULL && !entry->skip && !entry->undone)
			applied[count++].name = entry->version;
	}
	qsort(applied, count, sizeof(FileName), compare_files);
	for (int i = 0; i < plan->count; i++)
	{
		foreach(lc, plan->steps[i].missing)
		{
			FileName	wanted = {((const ManifestNeed *) lfirst(lc))->version};

			if (bsearch(&wanted, applied, count, sizeof(FileName), compare_files) != NULL)
				plan->steps[i].missing = foreach_delete_current(plan->steps[i].missing, lc);
		}
	}
	pfree(applied);
}

/* Code that the tool applied keeps nothing from being adopted. */
static void
settle_code(Adoption *adoption, const List *entries)
{
	MigrationSet *set = adoption->survey->set;
	ListCell   *lc;

	foreach(lc, set->refused)
	{
		const RefusedEntry *code = lfirst(lc);
		HistoryEntry *last = NULL;
		ListCell   *other;

		foreach(other, code->version ? entries : NIL)
		{
			CHECK_FOR_INTERRUPTS();
			if (is_of_code(set->order, lfirst(other), code))
				last = lfirst(other);
		}
		if (last == NULL || last->skip || last->undone || last->through || last->by_place)
			continue;
		last->code = code;
		set->refused = foreach_delete_current(set->refused, lc);
	}
}

/* By its version, by its name with or without its ending, or by the number that this begins with. */
static bool
is_of_code(VersionOrder order, const HistoryEntry *entry, const RefusedEntry *code)
{
	const char *slash = strrchr(code->file, '/');
	const char *name = slash ? slash + 1 : code->file;
	const char *said = entry->version ? entry->version : entry->file;
	size_t		length = said ? strlen(said) : 0;

	if (length == 0)
		return false;
	return (entry->version != NULL && version_compare(order, code->version, entry->version) == 0) ||
		(strncmp(name, said, length) == 0 && strchr("._", name[length]) != NULL);
}

/* What was taken back again does not matter any more. */
static void
refuse_broken(const Adoption *adoption, const List *entries)
{
	ListCell   *lc;

	foreach(lc, entries)
	{
		const HistoryEntry *entry = lfirst(lc);

		if (entry->broken != NULL)
			ereport(ERROR,
					errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					errmsg("the history of %s in %s is not settled", adoption->table->tool->name, adoption->table->shown),
					errdetail("%s", finding_one_line(entry->broken)),
					errhint("%s", adoption->table->tool->way_out));
	}
}

/* Each file with its folder and without, with what follows the last dot and without. */
static void
list_files(Adoption *adoption)
{
	const MigrationPlan *plan = adoption->survey->plan;

	adoption->files = palloc(Max(plan->count, 1) * 7 * sizeof(FileName));
	adoption->of_place = palloc((plan->count + 1) * sizeof(int));
	for (int i = 0; i <= plan->count; i++)
		adoption->of_place[i] = -1;
	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].migration != NULL)
		{
			const char *file = plan->steps[i].migration->up->file;
			const char *slash = strrchr(file, '/');

			if (plan->steps[i].migration->place <= plan->count)
				adoption->of_place[plan->steps[i].migration->place] = i;
			add_file_name(adoption, file, i);
			if (slash != NULL)
				add_file_name(adoption, slash + 1, i);

			/*
			 * where the version is all of the name, the tool may keep its
			 * number alone
			 */
			if (plan->order == VERSION_ORDER_BYTES || plan->order == VERSION_ORDER_LEADING)
			{
				size_t		digits = strspn(plan->steps[i].version, "0123456789");

				if (digits > 0 && plan->steps[i].version[digits] != '\0')
					add_file_name(adoption, pnstrdup(plan->steps[i].version, digits), i);
			}
		}
	qsort(adoption->files, adoption->file_count, sizeof(FileName), compare_files);
}

static void
add_file_name(Adoption *adoption, const char *name, int step)
{
	size_t		length = strlen(name);
	char	   *stem = pstrdup(name);

	adoption->files[adoption->file_count++] = (FileName)
	{
		name, step
	};
	if (length > 4 && strcmp(stem + length - 4, ".sql") == 0)
	{
		stem[length - 4] = '\0';
		adoption->files[adoption->file_count++] = (FileName)
		{
			stem, step
		};
		if (length > 7 && strcmp(stem + length - 7, ".up") == 0)
		{
			/* node-pg-migrate and others keep one name for both ways */
			stem[length - 7] = '\0';
			adoption->files[adoption->file_count++] = (FileName)
			{
				pstrdup(stem), step
			};
			stem[length - 7] = '.';
		}
	}
}

/* Later rows count, and one for many versions less than one for the version itself. */
static void
match(Adoption *adoption, const List *entries)
{
	ListCell   *lc;

	adoption->of_step = palloc0(Max(adoption->survey->plan->count, 1) * sizeof(HistoryEntry *));
	match_through(adoption, entries);
	foreach(lc, entries)
	{
		HistoryEntry *entry = lfirst(lc);
		int			step = find_step(adoption, entry);

		CHECK_FOR_INTERRUPTS();
		/* a baseline is a place, and no migration */
		if (step < 0 && entry->baseline)
			continue;
		if (step < 0)
			adoption->without_file = lappend(adoption->without_file, entry);
		else if (!entry->through || adoption->of_step[step] == NULL || entry->file != NULL)
			adoption->of_step[step] = entry;
	}
}

static int
find_step(const Adoption *adoption, const HistoryEntry *entry)
{
	const Step *step;
	int			found = entry->file ? step_of_file(adoption, entry->file) : -1;
	const char *dot = entry->file ? strrchr(entry->file, '.') : NULL;

	if (entry->by_place)
		return entry->place <= adoption->survey->plan->count ? adoption->of_place[entry->place] : -1;
	/* code, whose SQL lies beside it */
	if (found < 0 && dot != NULL)
		found = step_of_file(adoption, pnstrdup(entry->file, dot - entry->file));

	if (found >= 0 || entry->version == NULL)
		return found;
	if (entry->rework > 0)
		return step_of_rework(adoption, entry);
	for (const char *version = entry->version; version != NULL; version = adoption->table->tool->paths ? strchr(version, '/') : NULL)
	{
		version += *version == '/';
		step = plan_find(adoption->survey->plan, version);
		if (step != NULL && step->migration != NULL)
			return step - adoption->survey->plan->steps;
	}
	return step_of_file(adoption, entry->version);
}

/* The changes of the plan by the name that stands before the tag. */
static void
list_changes(Adoption *adoption)
{
	const MigrationPlan *plan = adoption->survey->plan;

	adoption->changes = palloc(Max(plan->count, 1) * sizeof(FileName));
	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].migration != NULL)
			adoption->changes[adoption->change_count++] = (FileName)
		{
			pnstrdup(plan->steps[i].version, strcspn(plan->steps[i].version, "@")), i
		};
	qsort(adoption->changes, adoption->change_count, sizeof(FileName), compare_changes);
}

/* Of the changes of one name, in the order of the plan, the n-th. */
static int
step_of_rework(const Adoption *adoption, const HistoryEntry *entry)
{
	int			from = 0;
	int			to = adoption->change_count;

	while (from < to)
	{
		int			middle = from + (to - from) / 2;

		if (strcmp(adoption->changes[middle].name, entry->version) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	from += entry->rework - 1;
	return from < adoption->change_count && strcmp(adoption->changes[from].name, entry->version) == 0 ?
		adoption->changes[from].step : -1;
}

/* Number the rows of one name; a name that has one row alone may have been reworked since. */
static void
number_reworks(const List *entries)
{
	List	   *sorted = list_copy(entries);
	const HistoryEntry *before = NULL;
	ListCell   *lc;

	list_sort(sorted, compare_names);
	foreach(lc, sorted)
	{
		HistoryEntry *entry = lfirst(lc);

		entry->rework = before != NULL && strcmp(before->version, entry->version) == 0 ? before->rework + 1 : 1;
		before = entry;
	}
	list_free(sorted);
}

/* None where the name may be that of several. */
static int
step_of_file(const Adoption *adoption, const char *name)
{
	const FileName wanted = {name};
	const FileName *end = adoption->files + adoption->file_count;
	const FileName *found = bsearch(&wanted, adoption->files, adoption->file_count, sizeof(FileName), compare_files);

	if (found == NULL ||
		(found > adoption->files && strcmp(found[-1].name, name) == 0 && found[-1].step != found->step) ||
		(found + 1 < end && strcmp(found[1].name, name) == 0 && found[1].step != found->step))
		return -1;
	return found->step;
}

/*
 * Of the rows that reach up to a step the last one.  Whoever writes the table may
 * write many: so they are gone through once, from the last, and of each only what
 * it reaches further than those behind it is kept.
 */
static void
match_through(Adoption *adoption, const List *entries)
{
	const MigrationPlan *plan = adoption->survey->plan;
	const HistoryEntry **reach = palloc(Max(list_length(entries), 1) * sizeof(HistoryEntry *));
	int			count = 0;

	for (int i = list_length(entries) - 1; i >= 0; i--)
	{
		const HistoryEntry *entry = list_nth(entries, i);

		CHECK_FOR_INTERRUPTS();
		if (says_through(adoption, entry) &&
			(count == 0 || version_compare(plan->order, reach[count - 1]->version, entry->version) < 0))
			reach[count++] = entry;
	}
	for (int i = 0; i < plan->count; i++)
	{
		int			from = 0;
		int			to = count;

		if (plan->steps[i].migration == NULL || plan->steps[i].migration->kind != MIGRATION_VERSIONED)
			continue;
		while (from < to)
		{
			int			middle = from + (to - from) / 2;

			if (version_compare(plan->order, plan->steps[i].version, reach[middle]->version) <= 0)
				to = middle;
			else
				from = middle + 1;
		}
		if (from < count)
			adoption->of_step[i] = reach[from];
	}
	pfree(reach);
}

/*
 * A number says nothing of versions that are none: then it is another tool's
 * directory.
 */
static bool
says_through(const Adoption *adoption, const HistoryEntry *entry)
{
	VersionOrder order = adoption->survey->plan->order;

	return entry->through &&
		((order != VERSION_ORDER_BYTES && order != VERSION_ORDER_PLAN) || find_step(adoption, entry) >= 0);
}

/* Of those of one version the last, unless that takes it back. */
static void
settle_without_file(Adoption *adoption)
{
	List	   *last = NIL;
	List	   *entries = adoption->without_file;
	VersionOrder order = adoption->survey->plan->order;
	const HistoryEntry **sorted = palloc(Max(list_length(entries), 1) * sizeof(HistoryEntry *));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, entries)
		sorted[count++] = lfirst(lc);
	qsort_arg(sorted, count, sizeof(HistoryEntry *), compare_versions, &order);
	for (int i = 0; i < count; i++)
	{
		if (i + 1 < count && strcmp(version_of(sorted[i]), version_of(sorted[i + 1])) == 0)
			continue;
		if (!sorted[i]->undone)
			last = lappend(last, unconstify(HistoryEntry *, sorted[i]));
	}
	adoption->without_file = last;
}

/* Whoever adopts with another directory would run all of it at the next run. */
static void
refuse_foreign(const Adoption *adoption, const List *entries)
{
	const MigrationPlan *plan = adoption->survey->plan;
	const HistoryTool *tool = adoption->table->tool;
	ListCell   *lc;

	if (adoption->without_file == NIL || list_length(adoption->without_file) < list_length(entries) ||
		adoption->survey->set->count == 0 || tool->code)
		return;
	for (int i = 0; i < plan->count; i++)
		if (adoption->of_step[i] != NULL)
			return;
	foreach(lc, adoption->without_file)
		if (((const HistoryEntry *) lfirst(lc))->code != NULL)
		return;
	ereport(ERROR,
			errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			errmsg("no migration that %s has on record in %s is in \"%s\"",
				   tool->name, adoption->table->shown, finding_one_line(adoption->request->scope->source)),
			errdetail("It has %s, for example; the source is read as one of %s, and has %s.",
					  finding_one_line(version_of(linitial(adoption->without_file))),
					  adoption->survey->set->layout, finding_one_line(plan->steps[0].version)),
			errhint("With option \"force\" they are adopted all the same, as migrations without a file."));
}

/* 3 and 003 are one version on record, which a tool that keeps texts may have both of. */
static void
refuse_one_number(const Adoption *adoption)
{
	const MigrationPlan *plan = adoption->survey->plan;
	VersionNumber *numbers = palloc((plan->count + list_length(adoption->without_file) + 1) * sizeof(VersionNumber));
	int			count = 0;
	ListCell   *lc;

	for (int i = 0; i < plan->count; i++)
		if (plan->steps[i].row != NULL || adoption->of_step[i] != NULL)
			add_number(numbers, &count, plan->steps[i].row ? plan->steps[i].row->version : plan->steps[i].version);
	foreach(lc, adoption->without_file)
		add_number(numbers, &count, version_of(lfirst(lc)));
	qsort(numbers, count, sizeof(VersionNumber), compare_numbers);
	for (int i = 1; i < count; i++)
		if (strcmp(numbers[i - 1].number, numbers[i].number) == 0 && strcmp(numbers[i - 1].version, numbers[i].version) != 0)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("the history of %s in %s has \"%s\" and \"%s\", which are one version on record",
						   adoption->table->tool->name, adoption->table->shown, numbers[i - 1].version, numbers[i].version),
					errhint("Rename one of the two, in the table and its file."));
	pfree(numbers);
}

static void
add_number(VersionNumber *numbers, int *count, const char *version)
{
	if (version[0] != '\0' && version[strspn(version, "0123456789")] == '\0')
		numbers[(*count)++] = (VersionNumber)
	{
		version + strspn(version, "0"), version
	};
}

static void
adopt_step(Adoption *adoption, Step *step, const HistoryEntry *entry)
{
	const Survey *survey = adoption->survey;
	const HistoryTool *tool = adoption->table->tool;
	HistoryVerdict verdict = HISTORY_UNVERIFIED;
	const char *message = NULL;
	RecordEntry row = {
		.version = step->row ? step->row->version : step->version,
		.name = step->name,
		.file = step->up.unit->file,
		.checksum = step->up.checksum,
		.fingerprint = step->up.fingerprint,
		.description = step->up.description,
		.repeatable = (step->flags & FLAG_REPEATABLE) != 0,
		.statement_total = step->up.statement_total,
		.irreversible = back_says_irreversible(step),
		.non_transactional = (step->flags & FLAG_NON_TRANSACTIONAL) != 0
	};

	if (entry->undone || (step->row != NULL && step->state == MIGRATION_APPLIED))
		return;
	refuse_open(step);
	if (step->flags & FLAG_EXCLUDED)
		message = "the file is of another environment";
	/* without its bytes there is no checksum to hold on to */
	if (step->up.checksum == NULL)
		finding_raise_first(&step->findings);
	if (tool->verify != NULL && entry->checksum != NULL)
	{
		/* it may read a file, for each of thousands */
		MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "migrator checksum", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(work);

		CHECK_FOR_INTERRUPTS();
		verdict = tool->verify(entry, step->migration, survey->reader, &message);
		MemoryContextSwitchTo(old);
		MemoryContextDelete(work);
	}
	if (verdict == HISTORY_MODIFIED)
	{
		/*
		 * What was applied is not what is there: a checksum that is no file's
		 * has status() and runs say so until accept() takes the file.
		 */
		char		hex[SHA256_HEX_LENGTH + 1];
		char	   *theirs = psprintf("%s %s", tool->name, entry->checksum);

		digest_sha256(theirs, strlen(theirs), hex);
		row.checksum = pstrdup(hex);
		row.fingerprint = NULL;
		if (message == NULL)
			message = "the file was changed after it was applied: migrator.accept() takes it as it is now";
	}
	if (step->down.unit != NULL)
		row.down_script = unit_keep_text(survey->reader, step->down.unit);
	keep(adoption, &row, entry, verdict == HISTORY_VERIFIED ? "verified" :
		 verdict == HISTORY_MODIFIED ? "modified" : "unverified", message);
}

/* Nobody saw a file, so that none is named. */
static void
adopt_without_file(Adoption *adoption, const HistoryEntry *entry)
{
	const RefusedEntry *code = entry->code;
	RecordEntry row = {
		.version = code ? code->version : version_of(entry),
		.name = code ? code->name : entry->name,
		.file = code ? code->file : NULL
	};
	const Step *step = plan_find(adoption->survey->plan, row.version);

	if (step != NULL)
	{
		if (step->row != NULL && step->state == MIGRATION_APPLIED)
			return;
		refuse_open(step);
	}
	if (code != NULL)
		keep(adoption, &row, entry, "unverified", "the file is code, which does not run here");
	else
		keep(adoption, &row, entry, "missing", "no file in the source");
}

/* What a run of ours left half-way is for resolve(). */
static void
refuse_open(const Step *step)
{
	if (step->row != NULL && (step->row->going_back || step->state == MIGRATION_RUNNING ||
							  step->state == MIGRATION_INTERRUPTED || step->state == MIGRATION_FAILED))
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("migration \"%s\" is on record as %s", finding_one_line(step->version), record_state_name(step->state)),
				errhint("Decide what became of it with migrator.resolve()."));
}

/* To the record, unless it is only shown; and to the result. */
static void
keep(Adoption *adoption, const RecordEntry *written, const HistoryEntry *entry, const char *verified, const char *message)
{
	const Survey *survey = adoption->survey;
	const HistoryTool *tool = adoption->table->tool;
	RecordEntry row = *written;
	Adopted    *adopted = palloc(sizeof(Adopted));

	message = sentence(message, entry->baseline ? "within a baseline" : entry->note);
	message = sentence(message, tool->unknown);
	*adopted = (Adopted)
	{
		row.version, row.name, MIGRATION_APPLIED, entry->applied_at, verified, message
	};
	adoption->adopted = lappend(adoption->adopted, adopted);
	if (adoption->request->dry_run)
		return;
	if (adoption->run_id == 0)
		adoption->run_id = record_new_run_id();
	row.service = survey->scope->service;
	row.layout = survey->set->layout;
	row.state = MIGRATION_APPLIED;
	row.environment = survey->scope->environment;
	row.run_id = adoption->run_id;
	/* a table may say what is no time */
	row.execution_time_ms = entry->through || !isfinite(entry->execution_time_ms) ? -1 : entry->execution_time_ms;
	row.applied_at = entry->applied_at;
	row.baseline = entry->baseline;
	row.lock_key = lock_own_key(survey->scope->service, LOCK_PART_RUN);
	row.event = "adopted";
	row.note = psprintf("%s of %s%s%s", verified, adoption->table->shown, message ? ": " : "", message ? message : "");
	record_entry_identify(&row);
	if (entry->applied_by != NULL)
		row.applied_by = entry->applied_by;
	record_write(&row);
}

static const char *
sentence(const char *first, const char *second)
{
	return first == NULL ? second : second == NULL ? first : psprintf("%s; %s", first, second);
}

static const char *
version_of(const HistoryEntry *entry)
{
	return entry->version ? entry->version : entry->file ? entry->file : entry->name;
}

/* The run, and the environment if it is the service's first. */
static void
finish(const Adoption *adoption, TimestampTz started)
{
	const Scope *scope = adoption->survey->scope;
	RunEntry	run = {
		.run_id = adoption->run_id,
		.kind = "adopt",
		.service = scope->service,
		.source = scope->source,
		.environment = scope->environment,
		.started_at = started,
		.outcome = "applied",
		.total = adoption->survey->set->total,
		.applied = list_length(adoption->adopted),
		.duration_ms = TimestampDifferenceMilliseconds(started, GetCurrentTimestamp())
	};

	record_write_run(&run, true);
	if (scope->environment != NULL && scope->stamp == NULL)
		service_state_stamp(scope->service, scope->environment);
}

/* A registration that there is stays as it is, but for that. */
static void
register_mirror(const Adoption *adoption)
{
	const Scope *scope = adoption->survey->scope;
	const Service *old = registration_find(scope->service);
	Service		service = {
		.service = unconstify(char *, scope->service),
		.source = old && old->source ? old->source : unconstify(char *, scope->source),
		.environment = old ? old->environment : NULL,
		.search_path = old ? old->search_path : NULL
	};

	settle_register(&service, mirror_option(adoption->table));
}

/* Of one name the older row first. */
static int
compare_names(const ListCell *a, const ListCell *b)
{
	const HistoryEntry *x = lfirst(a);
	const HistoryEntry *y = lfirst(b);
	int			compared = strcmp(x->version, y->version);

	return compared != 0 ? compared : x->place - y->place;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const FileName *) a)->name, ((const FileName *) b)->name);
}

static int
compare_changes(const void *a, const void *b)
{
	int			compared = compare_files(a, b);

	return compared != 0 ? compared : ((const FileName *) a)->step - ((const FileName *) b)->step;
}

static int
compare_numbers(const void *a, const void *b)
{
	const VersionNumber *x = a;
	const VersionNumber *y = b;
	int			compared = strcmp(x->number, y->number);

	return compared != 0 ? compared : strcmp(x->version, y->version);
}

/* Of one version the older row first. */
static int
compare_versions(const void *a, const void *b, void *order)
{
	const HistoryEntry *x = *(const HistoryEntry *const *) a;
	const HistoryEntry *y = *(const HistoryEntry *const *) b;
	int			compared = version_compare(*(const VersionOrder *) order, version_of(x), version_of(y));

	if (compared == 0)
		compared = strcmp(version_of(x), version_of(y));
	return compared != 0 ? compared : x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}
