/*
 * flyway.c
 *	  Flyway's history: a row for each migration, with CRC-32 of its lines.
 */
#include "postgres.h"

#include <zlib.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "adopt/history.h"

/* in the order of columns */
enum
{
	RANK, VERSION, DESCRIPTION, TYPE, SCRIPT, CHECKSUM, BY, AT, TIME, SUCCESS
};

static void
take_flyway(HistoryEntry *entry, char *const *values)
{
	const char *type = values[TYPE];

	if (strcmp(values[SUCCESS], "t") != 0)
		entry->broken = psprintf("\"%s\" is on record as failed.", values[SCRIPT]);
	if (values[TIME] != NULL)
		entry->execution_time_ms = strtod(values[TIME], NULL);
	/* a mark for the schemas that Flyway made */
	entry->skip = strcmp(type, "SCHEMA") == 0;
	entry->undone = strncmp(type, "UNDO", 4) == 0 || strcmp(type, "DELETE") == 0;
	if (strcmp(type, "BASELINE") == 0 || strcmp(type, "SQL_BASELINE") == 0)
	{
		entry->through = true;
		entry->baseline = true;
	}

	/*
	 * that of a way back is another file's; of a repeatable script it is all
	 * there is
	 */
	if (entry->undone || strcmp(type, "BASELINE") == 0)
	{
		entry->checksum = NULL;
		if (entry->version != NULL)
			entry->file = NULL;
	}
	if (strncmp(type, "JDBC", 4) == 0 || strncmp(type, "UNDO_JDBC", 9) == 0)
		entry->note = "it was Java code";
}

/* Of each line without its end, as Java's BufferedReader reads them; NULL if it cannot be read. */
static char *
checksum_flyway(const Migration *migration, const Source *source)
{
	FileContent content;
	const char *at;
	const char *end;
	uLong		sum = crc32(0, NULL, 0);

	source_read(source, migration->up->file, &content);
	if (content.bytes == NULL)
		return NULL;
	at = content.bytes;
	end = at + content.length;
	if (content.length >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
		at += 3;
	while (at < end)
	{
		const char *line = at;

		while (at < end && *at != '\n' && *at != '\r')
			at++;
		if (at > line)
			sum = crc32(sum, (const Bytef *) line, at - line);
		if (at < end)
			at += *at == '\r' && at + 1 < end && at[1] == '\n' ? 2 : 1;
	}
	return psprintf("%d", (int32) (uint32) sum);
}

static HistoryVerdict
verify_flyway(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	char	   *sum = checksum_flyway(migration, reader->source);

	if (sum == NULL)
		return HISTORY_UNVERIFIED;
	return strcmp(sum, entry->checksum) == 0 ? HISTORY_VERIFIED : HISTORY_MODIFIED;
}

/* Goes on with a name in double quotes, as Java has it: in UTF-16. */
static uint32
hash_name(uint32 hash, const char *name)
{
	char	   *utf8 = pg_server_to_any(name, strlen(name), PG_UTF8);

	hash = hash * 31 + '"';
	for (const unsigned char *c = (const unsigned char *) utf8; *c != '\0'; c += pg_utf_mblen(c))
	{
		pg_wchar	wide = utf8_to_unicode(c);

		if (wide == '"')
			hash = hash * 31 + '"';
		if (wide >= 0x10000)
		{
			hash = hash * 31 + 0xd800 + ((wide - 0x10000) >> 10);
			wide = 0xdc00 + ((wide - 0x10000) & 0x3ff);
		}
		hash = hash * 31 + wide;
	}
	return hash * 31 + '"';
}

/* A number that says "Flyway", and Java's hash of the quoted name. */
static int64
lock_flyway(const HistoryTable *table)
{
	const int64 magic = (INT64CONST(0x46) << 40) + (INT64CONST(0x6C) << 32) + (0x79 << 24) + (0x77 << 16) + (0x61 << 8) + 0x79;
	uint32		hash = hash_name(hash_name(0, table->schema) * 31 + '.', table->name);

	return magic + (int32) hash;
}

const HistoryTool history_flyway = {
	.name = "flyway",
	.tables = {"flyway_schema_history", "schema_version"},
	.columns = {
		[RANK] = {"installed_rank", HISTORY_INTEGER, HISTORY_SEQUENCE},
		[VERSION] = {"version", HISTORY_TEXT, HISTORY_VERSION, HISTORY_NULLABLE},
		[DESCRIPTION] = {"description", HISTORY_TEXT, HISTORY_NAME},
		[TYPE] = {"type", HISTORY_TEXT},
		[SCRIPT] = {"script", HISTORY_TEXT, HISTORY_FILE},
		[CHECKSUM] = {"checksum", HISTORY_INTEGER, HISTORY_CHECKSUM, HISTORY_NULLABLE},
		[BY] = {"installed_by", HISTORY_TEXT, HISTORY_APPLIED_BY},
		[AT] = {"installed_on", HISTORY_TIME, HISTORY_APPLIED_AT},
		[TIME] = {"execution_time", HISTORY_INTEGER},
		[SUCCESS] = {"success", HISTORY_BOOLEAN}
	},
	.telling = true,
	.take = take_flyway,
	.verify = verify_flyway,
	.lock = lock_flyway,
	.checksum = checksum_flyway,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE version OPERATOR(pg_catalog.=) $1 AND $9 OPERATOR(pg_catalog.<>) 'repeatable'",
		"INSERT INTO %s (installed_rank, version, description, type, script, checksum, installed_by, installed_on, execution_time, success)"
		" SELECT COALESCE(pg_catalog.max(installed_rank), 0) OPERATOR(pg_catalog.+) 1,"
		" CASE WHEN $9 OPERATOR(pg_catalog.<>) 'repeatable' THEN pg_catalog.ltrim($1, 'B') END, $2,"
		" CASE WHEN $9 OPERATOR(pg_catalog.=) 'baseline' THEN 'SQL_BASELINE' ELSE 'SQL' END, $3, $5::pg_catalog.int4,"
		" SESSION_USER, pg_catalog.now(), $6::pg_catalog.float8::pg_catalog.int4, true FROM ONLY %s"
	},
	.mirror_remove = {
		"DELETE FROM ONLY %s WHERE script OPERATOR(pg_catalog.=) $3 OR"
		" (version OPERATOR(pg_catalog.=) $1 AND $9 OPERATOR(pg_catalog.<>) 'repeatable')"
	},
	.mirror_accept = "UPDATE ONLY %s SET checksum = $5::pg_catalog.int4 WHERE script OPERATOR(pg_catalog.=) $3",
	.way_out = "See which of its statements are in the database, undo or finish them, and run \"flyway repair\"."
};
