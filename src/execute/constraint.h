/*
 * constraint.h
 *	  Deferred constraints at the end of a migration.
 */
#ifndef MIGRATOR_EXECUTE_CONSTRAINT_H
#define MIGRATOR_EXECUTE_CONSTRAINT_H

/*
 * Check deferred constraints now, as the commit of a transaction of its own
 * would, so that a violation is this migration's error and no event is left
 * that keeps the next one from altering the table.  reset_modes says that the
 * script just run used SET CONSTRAINTS, which must end with it.
 */
extern void constraint_check_deferred(bool reset_modes);

/* The same where the transaction ends with the migration. */
extern void constraint_check_all(void);

/* Forget what was known of the database; called when a run begins. */
extern void constraint_reset(void);

#endif
