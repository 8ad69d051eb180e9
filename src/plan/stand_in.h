/*
 * stand_in.h
 *	  Scripts that stand in the place of others where none of them ran.
 */
#ifndef MIGRATOR_PLAN_STAND_IN_H
#define MIGRATOR_PLAN_STAND_IN_H

#include "plan/plan.h"

/*
 * Of the scripts of kind MIGRATION_BASELINE the last one up to the target (NULL: of
 * all) runs on an empty record, and those that it stands for do not, nor ever will; on
 * any other record none runs that has not.  Marks what does not run as excluded, and
 * returns how many of them are the source's.  To be called before the plan is put in
 * order.
 */
extern int	stand_in_settle(MigrationPlan *plan, const char *target);

#endif
