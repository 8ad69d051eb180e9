/*
 * resume.h
 *	  What became of a statement that was started and whose end nobody saw.
 *
 * Only statements that refuse a transaction block come here: all others commit
 * together with their mark.
 */
#ifndef MIGRATOR_RESUME_H
#define MIGRATOR_RESUME_H

#include "nodes/parsenodes.h"

typedef enum ResumeVerdict
{
	RESUME_RUN,					/* run it (again) */
	RESUME_INSTEAD,				/* run the command, which ends what it began */
	RESUME_REBUILD,				/* drop what it left, by the command, then run it */
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

#endif
