/*
 * made.h
 *	  The relations and columns that a script has made itself: what it does to them later
 *	  on changes nothing that anybody uses.
 */
#ifndef MIGRATOR_SCRIPT_MADE_H
#define MIGRATOR_SCRIPT_MADE_H

#include "nodes/primnodes.h"

#include "script/visit.h"

/*
 * Rule: remember what CREATE TABLE, CREATE TABLE AS, SELECT INTO, CREATE VIEW,
 * CREATE SEQUENCE and ALTER TABLE ... ADD COLUMN make.  Not with IF NOT EXISTS or OR REPLACE: it may have
 * been there.
 */
extern void made_create(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* Rule: forget what DROP takes away: the same name may be another one's then. */
extern void made_drop(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* Rule: forget all of them where names may mean something else from now on. */
extern void made_forget(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* Are objects of that type remembered? */
extern bool made_is_kind(ObjectType type);

/*
 * Has the script made that relation?  A name without a schema is that of one
 * made without, one with a schema that of one made with the same.
 */
extern bool made_here(const Script *script, const RangeVar *relation);

/* Has it added that column to a relation that was there? */
extern bool made_column(const Script *script, const RangeVar *relation, const char *column);

/* Has it made a temporary one of that name? */
extern bool made_is_temporary(const Script *script, const char *relation);

#endif
