/*
 * visit.h
 *	  The visitor of parse trees: one walk over a statement's tree hands each
 *	  node to the rules that want it.
 *
 * A rule looks at a node and reports what is wrong.  It may allocate (the
 * memory dies with the statement), may raise the errors that the server would
 * raise for the statement, and must neither touch the database nor keep a
 * pointer into the tree.
 *
 * Visited are the statement and, inside of it,
 *  - what it runs: the query of EXPLAIN, COPY, CREATE TABLE AS, DECLARE and
 *    PREPARE, the call of CALL, with all their expressions; the condition of
 *    COPY;
 *  - what it defines: the elements of CREATE SCHEMA and CREATE TABLE, the
 *    commands of ALTER TABLE, columns and constraints;
 *  - the relations it names, but those of DROP, which has lists of names.
 * Not visited is what it stores for later: bodies of routines, views and rules,
 * defaults, conditions of constraints.  A rule that wants those gets their
 * statement and looks itself.
 */
#ifndef MIGRATOR_SCRIPT_VISIT_H
#define MIGRATOR_SCRIPT_VISIT_H

#include "script/script.h"

struct ScriptRule;

/* Where a rule reports to, and what it may ask of the place. */
typedef struct RuleSink
{
	Script	   *script;			/* NULL: reports are not kept */
	int			statement;		/* number of the statement */
	int			begin;			/* number of the BEGIN of the transaction that
								 * it stands in, -1 if there is none */
	bool		forbidding_only;	/* other rules are not asked */
	bool		forbidden;		/* a forbidding rule has reported */
	const Node *top;			/* the statement's own node */
	List	   *relations;		/* private to lint_names() */
	List	   *queries;		/* likewise */
	const struct ScriptRule *rule;	/* that is being asked */
} RuleSink;

/* The statement's kind is known. */
typedef void (*ScriptRuleFunction) (const Script *script, const Statement *statement,
									const Node *node, RuleSink *sink);

#define EVERY_STATEMENT T_Invalid

typedef struct ScriptRule
{
	NodeTag		wants;			/* nodes of that kind; or EVERY_STATEMENT */
	CheckId		check;			/* what its reports belong to */
	bool		forbids;		/* what it reports must never run */
	ScriptRuleFunction rule;
} ScriptRule;

/* above the tags of all servers */
#define NODE_TAGS 1024

typedef struct RuleTable
{
	const ScriptRule *rules;	/* those for one kind of node stand together */
	int			count;			/* below 255 */

	/* private, filled when first used */
	bool		indexed;
	uint8		first[NODE_TAGS];	/* of a tag: the first rule, from 1 */
} RuleTable;

/*
 * Visit one statement.  Ends early when it is forbidden: one reason is enough.
 * What the server's walker does not know (an expression of a newer kind) ends
 * the walk inside of that query, without a word.
 */
extern void visit_statement(RuleTable *table, const Script *script, const Statement *statement,
							const RawStmt *raw, RuleSink *sink);

/*
 * For rules: report a problem of the statement.  Message, detail and hint follow
 * the rules of ereport; sqlstate 0 is the check's.
 */
extern void rule_report(RuleSink *sink, int sqlstate, const char *message, const char *detail,
						const char *hint);

#endif
