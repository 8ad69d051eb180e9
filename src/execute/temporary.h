/*
 * temporary.h
 *	  Temporary objects that scripts leave.
 */
#ifndef MIGRATOR_EXECUTE_TEMPORARY_H
#define MIGRATOR_EXECUTE_TEMPORARY_H

#include "nodes/pg_list.h"

/* Those of this session, as ObjectAddress * */
extern List *temporary_objects(void);

/* Drop those that are not among these, as the end of a session would, or of a transaction. */
extern void temporary_drop_others(const List *objects);

#endif
