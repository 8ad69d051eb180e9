/*
 * reworked.c
 *	  Changes of a plan that were reworked after they went on record.
 *
 * A change is NAME until it is reworked, and NAME@TAG from then on, while NAME is
 * the new one.  Of the changes of one name that a plan has, as many are on record as
 * there are rows, the first ones: so the row NAME is of the last of these.
 * Unless it was made of the file that NAME has now, and not of that one's.
 */
#include "postgres.h"

#include "record/write.h"
#include "run/reworked.h"

static void join_name(const Migration *const *changes, int count, RecordRow **rows, int row_count, UnitReader *reader);
static RecordRow *find_row(RecordRow **rows, int count, const char *version);
static bool is_of(const RecordRow *row, const Migration *migration, UnitReader *reader);
static int	compare_changes(const void *a, const void *b);
static int	compare_rows(const void *a, const void *b);

void
reworked_join(const MigrationSet *set, Record *record, UnitReader *reader)
{
	const Migration **changes;
	RecordRow **rows;
	bool		any = false;
	int			next;

	for (int i = 0; i < set->count && !any; i++)
		any = set->migrations[i]->superseded;
	if (!any || record->count == 0)
		return;
	changes = MemoryContextAllocHuge(CurrentMemoryContext, set->count * sizeof(Migration *));
	rows = MemoryContextAllocHuge(CurrentMemoryContext, record->count * sizeof(RecordRow *));
	for (int i = 0; i < set->count; i++)
		changes[i] = set->migrations[i];
	for (int i = 0; i < record->count; i++)
		rows[i] = &record->rows[i];
	qsort(changes, set->count, sizeof(Migration *), compare_changes);
	qsort(rows, record->count, sizeof(RecordRow *), compare_rows);
	for (int i = 0; i < set->count; i = next)
	{
		for (next = i + 1; next < set->count && strcmp(changes[next]->name, changes[i]->name) == 0;)
			next++;
		if (next - i > 1)
			join_name(changes + i, next - i, rows, record->count, reader);
	}
	pfree(changes);
	pfree(rows);
}

static void
join_name(const Migration *const *changes, int count, RecordRow **rows, int row_count, UnitReader *reader)
{
	const Migration *last = changes[count - 1];
	RecordRow  *row = find_row(rows, row_count, last->version);
	const Migration *meant;
	int			known = 0;

	for (int i = 0; i < count; i++)
		known += find_row(rows, row_count, changes[i]->version) != NULL;
	if (row == NULL || known == count)
		return;
	meant = changes[known - 1];
	if (find_row(rows, row_count, meant->version) != NULL ||
		(!is_of(row, meant, reader) && is_of(row, last, reader)))
		return;
	row->stored_version = row->version;
	row->version = pstrdup(meant->version);
	row->file = pstrdup(meant->up->file);
}

/* By the versions that they have in the table. */
static RecordRow *
find_row(RecordRow **rows, int count, const char *version)
{
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		RecordRow  *row = rows[middle];
		int			order = strcmp(row->stored_version ? row->stored_version : row->version, version);

		if (order == 0)
			return row;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool
is_of(const RecordRow *row, const Migration *migration, UnitReader *reader)
{
	UnitText	text;

	if (row->checksum == NULL)
		return false;
	unit_read(reader, migration->up, &text);
	return text.read.raw.bytes != NULL && strcmp(text.checksum, row->checksum) == 0;
}

void
reworked_write(const Record *record)
{
	for (int i = 0; i < record->count; i++)
	{
		RecordRow  *row = &record->rows[i];

		if (row->stored_version == NULL)
			continue;
		record_rename(record->service, row->stored_version, row->version, row->file);
		row->stored_version = NULL;
	}
}

static int
compare_changes(const void *a, const void *b)
{
	const Migration *left = *(const Migration *const *) a;
	const Migration *right = *(const Migration *const *) b;
	int			order = strcmp(left->name, right->name);

	return order != 0 ? order : left->place - right->place;
}

static int
compare_rows(const void *a, const void *b)
{
	return strcmp((*(RecordRow *const *) a)->version, (*(RecordRow *const *) b)->version);
}
