/*
 * change.h
 *	  Rules that judge what a statement takes away or changes.
 *
 * They fill Script.changes: the class of the script is that of its most severe
 * statement, and those that are destructive are listed.  What is done to a
 * relation or a column that the script itself has made counts for nothing.
 *
 * Destructive is what loses rows or values, or an object that others may use:
 *	- DROP of anything but an index, a trigger, a rule, a policy, statistics
 *	  and the like, which can be made again from what is left;
 *	- DROP ... CASCADE of anything; DROP OWNED;
 *	- TRUNCATE; DELETE and UPDATE of all rows, also in WITH and MERGE;
 *	- ALTER TABLE ... DROP COLUMN, DROP CONSTRAINT of a primary key (by its
 *	  name, "..._pkey", all that a parse tree has of it), ALTER COLUMN ... TYPE
 *	  of anything but text or varchar without a limit.
 *
 * What a DO block or a function does cannot be seen.  A DO block with words of
 * such statements is remembered as one that may hide them.
 */
#ifndef MIGRATOR_SCRIPT_CHANGE_H
#define MIGRATOR_SCRIPT_CHANGE_H

#include "script/visit.h"

/* of DROP ..., ALTER TABLE, and all else that is a definition */
extern void change_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);
extern void change_alter_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);
extern void change_definition(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of TRUNCATE, DELETE, UPDATE, MERGE, INSERT */
extern void change_rows(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of DO */
extern void change_hidden(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* Does a WHERE leave all rows in?  There is none, or it is always true. */
extern bool change_is_of_all_rows(const Node *where);

/* Does it set columns alone that the script itself has added?  Nothing is lost then. */
extern bool change_only_fills(const Script *script, const UpdateStmt *stmt);

/*
 * Does every value of the old type, whatever that is, fit into the new one of
 * this column, as ALTER COLUMN ... TYPE has it?
 */
extern bool change_only_widens(const ColumnDef *column, const char *name);

/* "app.users" */
extern char *change_relation_name(const RangeVar *relation);

#endif
