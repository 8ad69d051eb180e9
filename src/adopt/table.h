/*
 * table.h
 *	  The table of another tool: found by its columns, locked, read.
 */
#ifndef MIGRATOR_ADOPT_TABLE_H
#define MIGRATOR_ADOPT_TABLE_H

#include "adopt/history.h"

/* All tools by number, NULL behind the last. */
extern const HistoryTool *history_tool(int i);

/*
 * Find the one table that is a tool's history; tool (its name) and relation, if
 * they are given, say which.  Raises 42P01 where there is none, 22023 where
 * there are several, 42809 for a relation that is no such table.
 */
extern HistoryTable *history_find(const char *tool, Oid relation);

/*
 * Keep the tool from running, for the rest of the transaction: by the lock that
 * its own runs take and by one of its table.  Raises 55P03 after
 * migrator.wait_timeout, 42501 where the caller may not read the table.
 */
extern void history_lock(const HistoryTable *table);

/* The first of these alone. */
extern void history_lock_tool(const HistoryTable *table);

/*
 * Its rows as HistoryEntry *, the older first, as they are committed now.
 * Raises 42501 where row security hides some of them, 22023 for what the tool
 * would not have written.
 */
extern List *history_read(const HistoryTable *table, const Source *source);

/*
 * The rows of a table beside the history that is called so and has these columns: for each the
 * texts, NULL where the value is.  False where there is none.
 */
typedef void (*HistoryRow) (char *const *values, const TimestampTz *times, void *argument);
extern bool history_scan_beside(const HistoryTable *table, const char *name, const HistoryColumn *columns,
								HistoryRow row, void *argument);

/*
 * Raise 55P03 if the table called so beside the history has a row whose only column of
 * these, a number or a truth, says that a run of the tool is in progress; command: what
 * takes away the lock of one that died.
 */
extern void history_require_unlocked(const HistoryTable *table, const char *name, const HistoryColumn *columns, const char *command);

#endif
