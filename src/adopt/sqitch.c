/*
 * sqitch.c
 *	  The registry of sqitch: table "changes" has what is deployed, with SHA-1 of
 *	  the deploy script.
 *
 * A registry may have the changes of several projects; those of the plan's are
 * meant.
 */
#include "postgres.h"

#include "adopt/checksum.h"
#include "adopt/history.h"

#define SQITCH_PLAN "sqitch.plan"

static void
take_sqitch(HistoryEntry *entry, char *const *values)
{
	entry->group = values[0];
}

/* What stands behind %project= in the plan. */
static char *
project_of(const Source *source)
{
	static const char key[] = "%project=";
	FileContent plan;
	const char *line;

	source_read(source, SQITCH_PLAN, &plan);
	for (line = plan.bytes; line != NULL; line = strchr(line, '\n'))
	{
		line += *line == '\n';
		if (strncmp(line, key, strlen(key)) == 0)
			return pnstrdup(line + strlen(key), strcspn(line + strlen(key), " \t\r\n"));
	}
	return NULL;
}

static HistoryVerdict
verify_sqitch(const HistoryEntry *entry, const Migration *migration, const Source *source, const char **message)
{
	FileContent content;

	source_read(source, migration->up->file, &content);
	if (content.bytes == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(checksum_hex(CHECKSUM_SHA1, content.bytes, content.length), entry->checksum) == 0 ?
		HISTORY_VERIFIED : HISTORY_MODIFIED;
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
		{"change_id", HISTORY_ANY}, {"planner_name", HISTORY_ANY}
	},
	.telling = true,
	.reworks = true,
	.take = take_sqitch,
	.group_of = project_of,
	.verify = verify_sqitch,
	.lock = lock_sqitch
};
