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
	return script ? fill_tool_expand(script, reader->variables, unit->properties) : NULL;
}

/* Without white space; what is not equal may have been made from more than the script. */
static HistoryVerdict
verify_liquibase(const HistoryEntry *entry, const Migration *migration, const Source *source, const char **message)
{
	UnitReader *reader = unit_reader_create(unconstify(Source *, source));
	char	   *script;
	size_t		length = 0;
	char	   *change;

	if (migration->up->is_code)
	{
		*message = "the changeset is no SQL, and Liquibase's checksum is of what it means";
		return HISTORY_UNVERIFIED;
	}
	if (strncmp(entry->checksum, "9:", 2) == 0 && (script = text_of_change(reader, migration->up)) != NULL)
	{
		char	   *bare = palloc(strlen(script) + 1);

		for (const char *c = script; *c != '\0'; c++)
			if (strchr(" \t\r\n", *c) == NULL)
				bare[length++] = *c;
		change = psprintf("9:%s:", checksum_hex(CHECKSUM_MD5, bare, length));
		if (strcmp(psprintf("9:%s", checksum_hex(CHECKSUM_MD5, change, strlen(change))), entry->checksum) == 0)
			return HISTORY_VERIFIED;
	}
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
