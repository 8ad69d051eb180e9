/*
 * suggestions.h
 *	  Lint rules of check suggestions: statements that lock or rewrite an
 *	  existing table for longer than need be, and types that are regretted later.
 *
 * What is done to a table that the script itself makes locks nobody out.
 */
#ifndef MIGRATOR_SCRIPT_SUGGESTIONS_H
#define MIGRATOR_SCRIPT_SUGGESTIONS_H

#include "script/visit.h"

/* of CREATE INDEX and DROP INDEX */
extern void suggest_index(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of ALTER TABLE */
extern void suggest_alter_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of CREATE TABLE: types and keys */
extern void suggest_create_table(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of UPDATE */
extern void suggest_batches(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of CREATE TYPE ... AS ENUM */
extern void suggest_enum(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* Behind the last statement: the foreign keys for which the script makes no index. */
extern void suggestions_finish(Script *script);

#endif
