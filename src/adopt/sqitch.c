/*
 * sqitch.c
 *	  The registry of sqitch: table "changes" has what is deployed, with SHA-1 of
 *	  the deploy script, and by an id that is SHA-1 of its line in the plan and of
 *	  the id before it.
 *
 * A registry may have the changes of several projects; those of the plan's are
 * meant.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "adopt/checksum.h"
#include "adopt/history.h"
#include "adopt/table.h"
#include "base/finding.h"
#include "layout/sqitch.h"

/* The events of a registry, of which the last one counts. */
typedef struct LastEvent
{
	TimestampTz at;
	char	   *event;
	char	   *change;
} LastEvent;

/* A change of the plan by its id. */
typedef struct PlannedId
{
	char		id[SHA1_HEX_LENGTH + 1];
	int			place;			/* among the changes, from 1 */
} PlannedId;

static void
take_sqitch(HistoryEntry *entry, char *const *values)
{
	entry->group = values[0];
	entry->id = values[5];
}

static char *
project_of(const Source *source)
{
	const SqitchPlan *plan = sqitch_plan_of(source);

	return plan ? pstrdup(plan->project) : NULL;
}

/* An id says which change it is, whatever it is called by now. */
static void
settle_sqitch(List *entries, const Source *source)
{
	HASHCTL		control = {.keysize = SHA1_HEX_LENGTH + 1,.entrysize = sizeof(PlannedId),.hcxt = CurrentMemoryContext};
	HTAB	   *ids = hash_create("migrator ids of sqitch", 256, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	SqitchPlan *plan = sqitch_plan_of(source);
	ListCell   *lc;

	if (plan == NULL)
		return;
	sqitch_find_ids(plan);
	for (int i = 0; i < plan->count; i++)
	{
		const SqitchLine *line = &plan->lines[i];

		if (!line->is_tag)
			((PlannedId *) hash_search(ids, line->id, HASH_ENTER, NULL))->place = i - line->tags_before + 1;
	}
	foreach(lc, entries)
	{
		HistoryEntry *entry = lfirst(lc);
		const PlannedId *planned = strlen(entry->id) == SHA1_HEX_LENGTH ?
			hash_search(ids, entry->id, HASH_FIND, NULL) : NULL;

		if (planned != NULL)
		{
			entry->by_place = true;
			entry->place = planned->place;
		}
		else
			entry->note = "the plan has no change of its id: its line, or one before it, was edited since";
	}
	hash_destroy(ids);
}

/* An old registry has the id in the place of the checksum. */
static HistoryVerdict
verify_sqitch(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	FileContent content;

	source_read(reader->source, migration->up->file, &content);
	if (content.bytes == NULL || strcmp(entry->checksum, entry->id) == 0)
		return HISTORY_UNVERIFIED;
	if (strcmp(checksum_hex(CHECKSUM_SHA1, content.bytes, content.length), entry->checksum) != 0)
		return HISTORY_MODIFIED;
	return entry->by_place ? HISTORY_VERIFIED : HISTORY_UNVERIFIED;
}

static void
take_event(char *const *values, const TimestampTz *times, void *argument)
{
	LastEvent  *last = argument;

	if (values[0] == NULL || values[1] == NULL || times[2] < last->at)
		return;
	last->at = times[2];
	last->event = values[0];
	last->change = values[1];
}

/* What a failed deploy left is nowhere on record; a script without a transaction may have left something. */
static void
tell_failure(const HistoryTable *table)
{
	static const HistoryColumn columns[HISTORY_COLUMNS] = {
		{"event", HISTORY_TEXT}, {"change", HISTORY_TEXT}, {"committed_at", HISTORY_TIME}
	};
	LastEvent	last = {0};
	Oid			events = get_relname_relid("events", get_rel_namespace(table->relation));

	/* whoever may read what is deployed need not see more */
	if (!OidIsValid(events) || pg_class_aclcheck(events, GetUserId(), ACL_SELECT) != ACLCHECK_OK ||
		check_enable_rls(events, InvalidOid, true) == RLS_ENABLED)
		return;
	if (history_scan_beside(table, "events", columns, take_event, &last) && last.event != NULL &&
		strcmp(last.event, "fail") == 0)
		ereport(NOTICE,
				errmsg("the last that sqitch did was to fail: with change \"%s\"", finding_one_line(last.change)),
				errhint("If its script is not one transaction, see what it left."));
}

static int64
lock_sqitch(const HistoryTable *table)
{
	return 75474063;
}

const HistoryTool history_sqitch = {
	.name = "sqitch",
	.tables = {"changes"},
	.columns = {
		{"project", HISTORY_TEXT}, {"change", HISTORY_TEXT, HISTORY_VERSION},
		{"script_hash", HISTORY_TEXT, HISTORY_CHECKSUM, HISTORY_NULLABLE},
		{"committed_at", HISTORY_TIME, HISTORY_APPLIED_AT}, {"committer_name", HISTORY_TEXT, HISTORY_APPLIED_BY},
		{"change_id", HISTORY_TEXT}, {"planner_name", HISTORY_ANY}
	},
	.telling = true,
	.reworks = true,
	.take = take_sqitch,
	.group_of = project_of,
	.settle = settle_sqitch,
	.verify = verify_sqitch,
	.lock = lock_sqitch,
	.require_idle = tell_failure
};
