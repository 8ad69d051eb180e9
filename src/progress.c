/*
 * progress.c
 *	  What a run is doing now, for other sessions to see.
 *
 * The mapping is pinned, since the run outlives its transactions; it goes with
 * progress_end() or the backend.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "progress.h"
#include "segment.h"

/* a segment of somebody else's must not be read as ours */
#define PROGRESS_MAGIC 0x6d677270

typedef struct SharedProgress
{
	uint32		magic;
	slock_t		mutex;
	Progress	progress;
} SharedProgress;

static dsm_segment *segment = NULL;

static SharedProgress *shared(void);
static void put_text(char *to, const char *text, int length);

uint32
progress_begin(int64 run_id, int migration_total)
{
	SharedProgress *memory;

	progress_end();
	segment = segment_create(sizeof(SharedProgress));
	if (segment == NULL)
		return 0;
	memory = shared();
	memset(memory, 0, sizeof(SharedProgress));
	SpinLockInit(&memory->mutex);
	memory->progress.run_id = run_id;
	memory->progress.pid = MyProcPid;
	memory->progress.user = GetSessionUserId();
	memory->progress.migration_total = migration_total;
	memory->progress.started_at = GetCurrentTimestamp();
	memory->magic = PROGRESS_MAGIC;
	return dsm_segment_handle(segment);
}

void
progress_migration(int migration, const char *version, const char *name,
				   int statement_total, int attempt)
{
	SharedProgress *memory = shared();
	Progress	next = {0};

	if (memory == NULL)
		return;
	put_text(next.version, version, strlen(version));
	put_text(next.name, name, strlen(name));

	/* only assignments while the spinlock is held */
	SpinLockAcquire(&memory->mutex);
	memcpy(memory->progress.version, next.version, PROGRESS_TEXT);
	memcpy(memory->progress.name, next.name, PROGRESS_TEXT);
	memory->progress.migration = migration;
	memory->progress.statement = 0;
	memory->progress.statement_total = statement_total;
	memory->progress.text[0] = '\0';
	memory->progress.attempt = attempt;
	memory->progress.started_at = GetCurrentTimestamp();
	SpinLockRelease(&memory->mutex);
}

void
progress_statement(int statement, const char *text, int length)
{
	SharedProgress *memory = shared();
	char		start[PROGRESS_TEXT];

	if (memory == NULL)
		return;
	put_text(start, text, length);
	SpinLockAcquire(&memory->mutex);
	memory->progress.statement = statement;
	memcpy(memory->progress.text, start, PROGRESS_TEXT);
	SpinLockRelease(&memory->mutex);
}

void
progress_end(void)
{
	if (segment != NULL)
		dsm_detach(segment);
	segment = NULL;
}

bool
progress_read(uint32 handle, int64 run_id, Progress *progress)
{
	dsm_segment *other = NULL;
	SharedProgress *memory;
	bool		found;

	/* a segment can be attached to once only in a backend */
	if (segment != NULL && dsm_segment_handle(segment) == handle)
		memory = shared();
	else
	{
		other = dsm_attach(handle);
		if (other == NULL)
			return false;
		memory = dsm_segment_map_length(other) >= sizeof(SharedProgress) ?
			dsm_segment_address(other) : NULL;
	}

	found = memory != NULL && memory->magic == PROGRESS_MAGIC;
	if (found)
	{
		SpinLockAcquire(&memory->mutex);
		*progress = memory->progress;
		SpinLockRelease(&memory->mutex);
		found = progress->run_id == run_id;
	}
	if (other != NULL)
		dsm_detach(other);
	return found;
}

static SharedProgress *
shared(void)
{
	return segment ? dsm_segment_address(segment) : NULL;
}

static void
put_text(char *to, const char *text, int length)
{
	int			fits = pg_mbcliplen(text, length, PROGRESS_TEXT - 1);

	memset(to, 0, PROGRESS_TEXT);
	memcpy(to, text, fits);
}
