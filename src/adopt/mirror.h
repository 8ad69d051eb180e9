/*
 * mirror.h
 *	  The table of another tool, kept as the tool would have it.
 */
#ifndef MIGRATOR_ADOPT_MIRROR_H
#define MIGRATOR_ADOPT_MIRROR_H

#include "adopt/history.h"
#include "record/registration.h"

typedef struct Mirror
{
	const char *service;
	const char *tool;
	const char *table;			/* qualified and quoted */
	struct Applied *applied;	/* while it goes back, what the record has
								 * that is a number; or NULL */
} Mirror;

/* That of a registration, in CurrentMemoryContext; NULL: it has none, or there is no registration. */
extern Mirror *mirror_of(const Service *registration);

/*
 * The options of a registration with its mirror found: "tool" and "table"
 * in the place of true, or of one of them.  Raises what history_find() does;
 * 0A000 for a tool that is not mirrored.
 */
extern Jsonb *mirror_find_in_options(Jsonb *options);

/* Do options that are given set a mirror? */
extern bool mirror_is_in_options(const Jsonb *options);

/* The same option of a table that is known. */
extern Jsonb *mirror_option(const HistoryTable *table);

/* The owner of a table, if what he does to it must not act with the caller's rights; else InvalidOid. */
extern Oid	mirror_strange_owner(const HistoryTable *table);

/*
 * Before anything is run: can it be written?  Raises 42P01 or 42809 where the
 * table is not there or not what it was, 42501 where the caller may not write
 * it or its owner is not to be trusted with his rights, 55P03 while the tool runs.
 */
extern void mirror_require(const Mirror *mirror);

/* Its table.  Raises 42P01 or 42809, as above. */
extern HistoryTable *mirror_table(const Mirror *mirror);

typedef enum MirrorChange
{
	MIRROR_ADD,
	MIRROR_REMOVE,
	MIRROR_ACCEPT
} MirrorChange;

/* A migration whose state changes.  Strings may be NULL. */
typedef struct MirrorRow
{
	const char *version;
	const char *name;
	const char *file;
	const Migration *migration; /* or NULL: its file is gone */
	const Source *source;		/* likewise */
	double		execution_time_ms;	/* < 0: not known */
} MirrorRow;

/*
 * Write as the caller, in the transaction of the record, which is written already.
 * Raises what the statements do, and what mirror_require() does.
 */
extern void mirror_write(Mirror *mirror, MirrorChange change, const MirrorRow *row);

/* Take all rows away, where the table is still there. */
extern void mirror_clear(const Mirror *mirror);

#endif
