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
 * Before a CREATE INDEX CONCURRENTLY IF NOT EXISTS: an invalid index of that
 * name would pass for the real one.  Raises 55000 for one that we did not
 * leave.
 */
extern void resume_refuse_invalid_index(const RawStmt *raw);

/*
 * "schema.name" of the invalid index that a failed CREATE INDEX CONCURRENTLY
 * left, or NULL.
 */
extern char *resume_invalid_index(const RawStmt *raw);

#endif
