/*
 * prisma.c
 *	  Prisma's history: a row for each attempt, with SHA-256 of the file.
 */
#include "postgres.h"

#include "base/digest.h"
#include "adopt/history.h"

enum
{
	NAME, CHECKSUM, FINISHED, ROLLED_BACK, STARTED
};

static void
take_prisma(HistoryEntry *entry, char *const *values)
{
	entry->version = entry->file;
	entry->file = NULL;
	entry->undone = values[ROLLED_BACK] != NULL;
	if (values[FINISHED] == NULL && values[ROLLED_BACK] == NULL)
		entry->broken = psprintf("\"%s\" began and did not end.", entry->version);
}

static char *
checksum_prisma(const Migration *migration, const Source *source)
{
	FileContent content;
	char		hex[SHA256_HEX_LENGTH + 1];

	source_read(source, migration->up->file, &content);
	if (content.bytes == NULL)
		return NULL;
	digest_sha256(content.bytes, content.length, hex);
	return pstrdup(hex);
}

/* Old versions of Prisma left out the zero that a byte begins with. */
static bool
is_checksum(const char *hex, const char *checksum)
{
	if (strlen(checksum) == SHA256_HEX_LENGTH)
		return strcmp(hex, checksum) == 0;
	for (int i = 0; hex[i] != '\0'; i++)
	{
		if (i % 2 == 0 && hex[i] == '0')
			continue;
		if (*checksum++ != hex[i])
			return false;
	}
	return *checksum == '\0';
}

/* Prisma takes it for the same if only the ends of lines are others. */
static HistoryVerdict
verify_prisma(const HistoryEntry *entry, const Migration *migration, UnitReader *reader, const char **message)
{
	FileContent content;
	char		hex[SHA256_HEX_LENGTH + 1];

	source_read(reader->source, migration->up->file, &content);
	if (content.bytes == NULL)
		return HISTORY_UNVERIFIED;
	digest_sha256(content.bytes, content.length, hex);
	if (is_checksum(hex, entry->checksum))
		return HISTORY_VERIFIED;
	for (int crlf = 0; crlf <= 1; crlf++)
	{
		char	   *other = palloc(content.length * 2 + 1);
		size_t		length = 0;

		for (size_t i = 0; i < content.length; i++)
		{
			char		c = content.bytes[i];

			if (c == '\r' && content.bytes[i + 1] == '\n')
				continue;
			if (c == '\n' && crlf)
				other[length++] = '\r';
			other[length++] = c;
		}
		digest_sha256(other, length, hex);
		pfree(other);
		if (is_checksum(hex, entry->checksum))
			return HISTORY_VERIFIED;
	}
	return HISTORY_MODIFIED;
}

static int64
lock_prisma(const HistoryTable *table)
{
	return INT64CONST(72707369);
}

const HistoryTool history_prisma = {
	.name = "prisma",
	.tables = {"_prisma_migrations"},
	.columns = {
		[NAME] = {"migration_name", HISTORY_TEXT, HISTORY_FILE},
		[CHECKSUM] = {"checksum", HISTORY_TEXT, HISTORY_CHECKSUM},
		[FINISHED] = {"finished_at", HISTORY_TIME, HISTORY_APPLIED_AT, HISTORY_NULLABLE},
		[ROLLED_BACK] = {"rolled_back_at", HISTORY_TIME, HISTORY_OTHER, HISTORY_NULLABLE},
		[STARTED] = {"started_at", HISTORY_TIME, HISTORY_SEQUENCE},
		{"id", HISTORY_ANY}, {"logs", HISTORY_ANY}, {"applied_steps_count", HISTORY_ANY}
	},
	.telling = true,
	.take = take_prisma,
	.verify = verify_prisma,
	.lock = lock_prisma,
	.checksum = checksum_prisma,
	.mirror_add = {
		"DELETE FROM ONLY %s WHERE migration_name OPERATOR(pg_catalog.=) $1 AND rolled_back_at IS NULL",
		"INSERT INTO %s (id, checksum, finished_at, migration_name, started_at, applied_steps_count)"
		" VALUES (pg_catalog.gen_random_uuid()::pg_catalog.text, $5, pg_catalog.clock_timestamp(), $1, pg_catalog.now(), 1)"
	},
	.mirror_remove = {
		"UPDATE ONLY %s SET rolled_back_at = pg_catalog.now() WHERE migration_name OPERATOR(pg_catalog.=) $1 AND rolled_back_at IS NULL"
	},
	.mirror_accept = "UPDATE ONLY %s SET checksum = $5 WHERE migration_name OPERATOR(pg_catalog.=) $1 AND rolled_back_at IS NULL",
	.way_out = "See which of its statements are in the database, then run \"prisma migrate resolve\" with --applied or --rolled-back."
};
