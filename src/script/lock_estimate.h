/*
 * lock_estimate.h
 *	  How many locks a statement's new objects will need.
 */
#ifndef MIGRATOR_SCRIPT_LOCK_ESTIMATE_H
#define MIGRATOR_SCRIPT_LOCK_ESTIMATE_H

#include "nodes/parsenodes.h"

/*
 * Entries of the shared lock table that the objects made by this statement
 * need, roughly: a table with primary key and TOAST takes four.  0 for
 * statements that make nothing.
 */
extern int	lock_estimate(const Node *node);

#endif
