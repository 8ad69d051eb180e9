/*
 * rules.h
 *	  The rules over parse trees: what can be said to be wrong with a statement
 *	  without running it.
 */
#ifndef MIGRATOR_SCRIPT_RULES_H
#define MIGRATOR_SCRIPT_RULES_H

#include "script/script.h"

/*
 * Ask all rules about statement i, whose kind is known and whose tree raw is;
 * what they report becomes problems of the script.  begin is the number of the
 * BEGIN of the transaction that it stands in, or -1.  True: the statement must
 * never run.
 */
extern bool rules_apply(Script *script, int i, const RawStmt *raw, int begin);

/* Behind the last statement: what is to be said of all of them together. */
extern void rules_finish(Script *script);

/*
 * Must statement i never run?  Asked once more where it would: what it is may
 * depend on settings that have changed since.
 */
extern bool rules_forbid(const Script *script, int i, StatementKind kind, const RawStmt *raw);

#endif
