/*
 * temporary.h
 *	  Temporary relations that scripts leave.
 */
#ifndef MIGRATOR_EXECUTE_TEMPORARY_H
#define MIGRATOR_EXECUTE_TEMPORARY_H

#include "nodes/pg_list.h"

/* OIDs of those of this session. */
extern List *temporary_relations(void);

/* Drop those that are not among these, as the end of a session would, or of a transaction. */
extern void temporary_drop_others(const List *relations);

#endif
