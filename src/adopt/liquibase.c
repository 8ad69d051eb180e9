/*
 * liquibase.c
 *	  Liquibase's history: a row for each changeset, with MD5 of what its SQL says.
 *
 * A changeset is PATH::ID::AUTHOR, as Liquibase shows it.  Only checksums of
 * version 9, which Liquibase writes since 4.22, are those of the script alone; they
 * are computed for changesets of one change.
 */
#include "postgres.h"

#include "adopt/checksum.h"
#include "adopt/history.h"
#include "adopt/table.h"
#include "layout/unit.h"
#include "script/fill_tool.h"

/* in the order of columns */
enum
{
	ID, AUTHOR, FILE_NAME, AT, ORDER, EXECTYPE, SUM
};

#define OLD_ROOT "classpath:"

static void
take_liquibase(HistoryEntry *entry, char *const *values)
{
	const char *path = values[FILE_NAME];

	if (strncmp(path, OLD_ROOT, strlen(OLD_ROOT)) == 0)
		path += strlen(OLD_ROOT);
	entry->version = psprintf("%s::%s::%s", path, values[ID], values[AUTHOR]);
	if (strcmp(values[EXECTYPE], "FAILED") == 0)
		entry->broken = psprintf("\"%s\" is on record as failed.", entry->version);
	else if (strcmp(values[EXECTYPE], "MARK_RAN") == 0)
		entry->note = "Liquibase marked it as run, and did not run it";
}

static void
require_liquibase_idle(const HistoryTable *table)
{
	static const HistoryColumn columns[HISTORY_COLUMNS] = {{"locked", HISTORY_BOOLEAN}};

	history_require_unlocked(table, psprintf("%slock", table->name), columns, "liquibase release-locks");
}

/*
 * As it stands in the file, with values of properties: a delimiter of the tool's own is a part
 * of it.
 */
static char *
text_of_change(UnitReader *reader, const ScriptUnit *unit)
{
	ScriptUnit	copy = *unit;
	UnitText	text;
	char	   *script;

	copy.ranges = palloc(Max(unit->range_count, 1) * sizeof(UnitRange));
	for (int i = 0; i < unit->range_count; i++)
	{
		copy.ranges[i] = unit->ranges[i];
		copy.ranges[i].ends = false;
	}
	script = unit_read_text(reader, &copy, &text);
	return script ? fill_tool_expand(script, NULL, unit->properties) : NULL;
}

/* Of the script without white space; NULL: it cannot be read. */
static char *
checksum_of_change(UnitReader *reader, const ScriptUnit *unit)
{
	char	   *script = text_of_change(reader, unit);
	char	   *change;
	size_t		length = 0;

	if (script == NULL)
		return NULL;
	for (const char *c = script; *c != '\0'; c++)
		if (strchr(" \t\r\n", *c) == NULL)
			script[length++] = *c;
	change = psprintf("9:%s:", checksum_hex(CHECKSUM_MD5, script, length));
	return psprintf("9:%s", checksum_hex(CHECKSUM_MD5, change, strlen(change)));
}

/* Does it say so: that one of the two, or any, is fine? */
static bool
is_valid_by_word(const ScriptUnit *unit, const char *recorded, const char *computed)
{
	static const char *const any[] = {"any", "1:any", "all", "1:all", "*"};
	ListCell   *lc;

	foreach(lc, unit->valid_checksums)
	{
		const char *valid = lfirst(lc);

		for (int i = 0; i < lengthof(any); i++)
			if (pg_strcasecmp(valid, any[i]) == 0)
				return true;
		if (strcmp(valid, recorded) == 0 || (computed != NULL && strcmp(valid, computed) == 0))
			return true;
	}
	return false;
}

/* What is not equal may have been made from more than the script. */
static HistoryVerdict
verify_liquibase(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	char	   *computed;

	if (migration->up->is_code)
	{
		*message = "the changeset is no SQL, and Liquibase's checksum is of what it means";
		return HISTORY_UNVERIFIED;
	}
	computed = checksum_of_change(reader, migration->up);
	if ((computed != NULL && strcmp(computed, entry->checksum) == 0) || is_valid_by_word(migration->up, entry->checksum, computed))
		return HISTORY_VERIFIED;
	*message = "Liquibase's checksum is of more than the script, or of another one";
	return HISTORY_UNVERIFIED;
}

const HistoryTool history_liquibase = {
	.name = "liquibase",
	.tables = {"databasechangelog"},
	.columns = {
		[ID] = {"id", HISTORY_TEXT, HISTORY_NAME},
		[AUTHOR] = {"author", HISTORY_TEXT},
		[FILE_NAME] = {"filename", HISTORY_TEXT},
		[AT] = {"dateexecuted", HISTORY_TIME, HISTORY_APPLIED_AT},
		[ORDER] = {"orderexecuted", HISTORY_INTEGER, HISTORY_SEQUENCE},
		[EXECTYPE] = {"exectype", HISTORY_TEXT},
		[SUM] = {"md5sum", HISTORY_TEXT, HISTORY_CHECKSUM, HISTORY_NULLABLE}
	},
	.telling = true,
	.paths = true,
	.take = take_liquibase,
	.verify = verify_liquibase,
	.require_idle = require_liquibase_idle,
	.way_out = "See which of its statements are in the database, and correct the row's \"exectype\"."
};
