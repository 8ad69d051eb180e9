/*
 * resume.h
 *	  What became of a statement that was started and whose end nobody saw.
 *
 * Only statements that refuse a transaction block come here: all others commit
 * together with their mark.
 */
#ifndef MIGRATOR_EXECUTE_RESUME_H
#define MIGRATOR_EXECUTE_RESUME_H

#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

typedef enum ResumeVerdict
{
	RESUME_RUN,					/* run it (again) */
	RESUME_INSTEAD,				/* run the command, which ends what it began */
	RESUME_REBUILD,				/* drop what it left, by the command, then run
								 * it */
	RESUME_ASK					/* cannot be told: resolve() */
} ResumeVerdict;

/*
 * Ask the catalog.  For RESUME_REBUILD and RESUME_INSTEAD, *command receives a
 * palloc'd statement.  Raises 55006 when an invalid index is locked by another
 * session, which may be building it.
 */
extern ResumeVerdict resume_verdict(const RawStmt *raw, char **command);

/*
 * Before a CREATE INDEX CONCURRENTLY: raises 55000 for an invalid index of that
 * name, which we did not leave.  With IF NOT EXISTS it would pass for the real
 * one; without, the next run would take it for ours.
 */
extern void resume_refuse_invalid_index(const RawStmt *raw);

/*
 * "schema.name" of the invalid index that a failed CREATE INDEX CONCURRENTLY
 * left, or NULL.
 */
extern char *resume_invalid_index(const RawStmt *raw);

/*
 * Before a REINDEX ... CONCURRENTLY: what is to be kept with its mark, as JSON,
 * so that its leftovers can be told from other indexes: what it is about, and
 * which indexes have such names already.  NULL for other statements.
 */
extern char *resume_reindex_start(const RawStmt *raw);

/* an index that it left: "schema.name" */
typedef struct ReindexLeftover
{
	Oid			index;
	Oid			owner;
	char	   *name;
	bool		droppable;		/* as far as the server is concerned */
} ReindexLeftover;

/*
 * What the REINDEX CONCURRENTLY left that the record of this migration says was
 * started: by name, table and definition, valid by now or not; List of
 * ReindexLeftover *.  Another session may be working on one of them.
 */
extern List *resume_reindex_leftovers(const char *service, const char *version);

/*
 * Has the current user the right to?  Raises 55006 when another session has it
 * locked: it may be its own.
 */
extern bool resume_may_drop(const ReindexLeftover *index);

#endif
