/*
 * progress.c
 *	  What a run is doing now, for other sessions to see.
 *
 * The mapping is pinned, since the run outlives its transactions; it goes with
 * progress_end() or the backend.  Between the two counts of a change there are
 * only assignments to memory: nothing that could raise an error or be
 * interrupted leaves a count odd.  A writer killed there takes the server's
 * memory with it.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "utils/timestamp.h"

#include "base/segment.h"
#include "run/progress.h"

/* tries of a reader, and after how many it sleeps a millisecond before each */
#define READ_AT_MOST 120
#define READ_AT_ONCE 20

static dsm_segment *segment = NULL;

static SharedProgress *begin_change(void);
static void end_change(SharedProgress *memory);
static bool read_at_rest(const SharedProgress *memory, Progress *progress);
static void put_text(char *to, const char *text, int length);

uint32
progress_begin(int64 run_id, int migration_total)
{
	Progress   *progress;

	progress_end();
	segment = segment_create(sizeof(SharedProgress));
	if (segment == NULL)
		return 0;
	progress = &((SharedProgress *) segment_memory(segment))->progress;
	progress->run_id = run_id;
	progress->database = MyDatabaseId;
	progress->pid = MyProcPid;
	progress->user = GetSessionUserId();
	progress->migration_total = migration_total;
	progress->started_at = GetCurrentTimestamp();
	segment_publish(segment, PROGRESS_KIND);
	return dsm_segment_handle(segment);
}

void
progress_migration(int migration, const char *version, const char *name,
				   int statement_total, int attempt)
{
	Progress	next = {0};
	SharedProgress *memory;

	if (segment == NULL)
		return;
	next.migration = migration;
	next.statement_total = statement_total;
	next.attempt = attempt;
	next.started_at = GetCurrentTimestamp();
	put_text(next.version, version, strlen(version));
	put_text(next.name, name, strlen(name));

	memory = begin_change();
	next.run_id = memory->progress.run_id;
	next.database = memory->progress.database;
	next.pid = memory->progress.pid;
	next.user = memory->progress.user;
	next.migration_total = memory->progress.migration_total;
	memory->progress = next;
	end_change(memory);
}

void
progress_statement(int statement, const char *text, int length)
{
	SharedProgress *memory;
	char		start[PROGRESS_TEXT];

	if (segment == NULL)
		return;
	put_text(start, text, length);
	memory = begin_change();
	memory->progress.statement = statement;
	memcpy(memory->progress.text, start, PROGRESS_TEXT);
	end_change(memory);
}

static SharedProgress *
begin_change(void)
{
	SharedProgress *memory = segment_memory(segment);

	(*(volatile uint32 *) &memory->changes)++;
	pg_write_barrier();
	return memory;
}

static void
end_change(SharedProgress *memory)
{
	pg_write_barrier();
	(*(volatile uint32 *) &memory->changes)++;
}

void
progress_end(void)
{
	if (segment != NULL)
		dsm_detach(segment);
	segment = NULL;
}

bool
progress_read(dsm_handle handle, int64 run_id, Progress *progress)
{
	Size		size = sizeof(SharedProgress);
	dsm_segment *to_detach;
	SharedProgress *memory = segment_attach(handle, PROGRESS_KIND, &size, &to_detach);
	bool		found;

	if (memory == NULL)
		return false;
	found = read_at_rest(memory, progress) && progress->run_id == run_id &&
		progress->database == MyDatabaseId;
	if (to_detach != NULL)
		dsm_detach(to_detach);

	/* whoever filled it, what we hand on ends */
	progress->version[PROGRESS_TEXT - 1] = '\0';
	progress->name[PROGRESS_TEXT - 1] = '\0';
	progress->text[PROGRESS_TEXT - 1] = '\0';
	return found;
}

/* The writer may have lost its processor in the middle of a change. */
static bool
read_at_rest(const SharedProgress *memory, Progress *progress)
{
	const volatile uint32 *changes = &memory->changes;

	for (int i = 0; i < READ_AT_MOST; i++)
	{
		uint32		before;

		if (i >= READ_AT_ONCE)
			pg_usleep(1000L);
		CHECK_FOR_INTERRUPTS();
		before = *changes;
		pg_read_barrier();
		memcpy(progress, &memory->progress, sizeof(Progress));
		pg_read_barrier();
		if (*changes == before && before % 2 == 0)
			return true;
	}
	return false;
}

static void
put_text(char *to, const char *text, int length)
{
	int			fits = pg_mbcliplen(text, length, PROGRESS_TEXT - 1);

	memset(to, 0, PROGRESS_TEXT);
	memcpy(to, text, fits);
}
