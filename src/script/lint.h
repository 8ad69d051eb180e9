/*
 * lint.h
 *	  Lint: remarks on statements that run, and would better be written
 *	  otherwise.
 *
 * A lint rule belongs to a check (base/checks.h) and says so in the table of
 * lint.c, with the hint for all of its remarks.  Remarks are no problems of a
 * script: whether they stop anything is decided elsewhere, by configuration.
 * Of many of one rule in one script the first are kept, and the last of those
 * says how many there are more.
 */
#ifndef MIGRATOR_SCRIPT_LINT_H
#define MIGRATOR_SCRIPT_LINT_H

#include "script/visit.h"

typedef enum LintRule
{
	LINT_QUALIFICATION,
	LINT_CASCADE,
	LINT_NO_WHERE,
	/* suggestions */
	LINT_CREATE_INDEX,
	LINT_DROP_INDEX,
	LINT_FOREIGN_KEY,
	LINT_FOREIGN_KEY_INDEX,
	LINT_SET_NOT_NULL,
	LINT_VOLATILE_DEFAULT,
	LINT_BATCHES,
	LINT_COLUMN_TYPE,
	LINT_ENUM,
	LINT_CHAR,
	LINT_VARCHAR,
	LINT_TIMESTAMP,
	LINT_SMALL_KEY,
	LINT_SERIAL
} LintRule;

#define LINT_RULES (LINT_SERIAL + 1)

/* Make a remark on statement i; the message is copied. */
extern void lint_remark(Script *script, int i, LintRule rule, const char *message);

/* Behind the last statement: put Script.remarks into the order of the file. */
extern void lint_finish(Script *script);

/*
 * Rules of check qualification: of T_RangeVar, T_DropStmt, T_CommonTableExpr
 * and T_LockingClause, which collect, of T_VariableSetStmt, and of every
 * statement.
 */
extern void lint_relation(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);
extern void lint_query(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);
extern void lint_search_path(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);
extern void lint_names(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of check cascade */
extern void lint_cascade(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

/* of check no_where */
extern void lint_no_where(const Script *script, const Statement *statement, const Node *node, RuleSink *sink);

#endif
