/*
 * touch.h
 *	  Which tables a script touches, by its parse trees: those that it creates,
 *	  alters, drops or writes, or whose indexes, triggers, policies, rights and
 *	  comments it changes.
 *
 * Not those that it only reads, nor what DO, routines and triggers do when they
 * run; nor tables that are temporary by the script's own words.
 */
#ifndef MIGRATOR_SCRIPT_TOUCH_H
#define MIGRATOR_SCRIPT_TOUCH_H

#include "script/script.h"

/* A table as the script names it, and by which commands. */
typedef struct Touch
{
	char	   *schema;			/* NULL: as search_path says */
	char	   *name;
	List	   *commands;		/* of char *: "CREATE TABLE", each once */
	bool		temporary;		/* created so */
} Touch;

typedef struct TouchSet TouchSet;

/* An empty one, in CurrentMemoryContext. */
extern TouchSet *touch_set_create(void);

/*
 * Add what a statement touches, whose number is i, whose kind is known and
 * whose tree raw is.
 */
extern void touch_statement(TouchSet *set, const Script *script, int i, const RawStmt *raw);

/* All of it as copies, Touch *, in the order in which they came first; in CurrentMemoryContext. */
extern List *touch_list(const TouchSet *set);

/* schema.table, quoted where SQL needs it; palloc'd. */
extern char *touch_name(const char *schema, const char *name);

/*
 * May two names be of one table?  Without a schema a name fits any; *guessed
 * says that it was so.
 */
extern bool touch_same(const char *schema, const char *name, const char *other_schema,
					   const char *other_name, bool *guessed);

#endif
