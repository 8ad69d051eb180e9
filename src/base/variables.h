/*
 * variables.h
 *	  Values for the variables of scripts.
 *
 * A name that is given twice has the value that was given with precedence;
 * whoever gathers them knows which comes first.
 */
#ifndef MIGRATOR_BASE_VARIABLES_H
#define MIGRATOR_BASE_VARIABLES_H

#include "utils/jsonb.h"

#include "base/json_tree.h"

typedef struct Variable
{
	char	   *name;
	char	   *value;
	bool		hidden;			/* worth hiding: true and false are not */
} Variable;

typedef struct Variables
{
	Variable   *items;			/* by name */
	int			count;
	int			appended;		/* of these, at their end: by
								 * variables_append() */
	bool		complete;		/* of a run, which gets no others; else what
								 * is missing may come with the call */
	struct HiddenParts *parts;	/* of hide_values.c, made when first needed */
	MemoryContext context;		/* of all of this */
} Variables;

/* None yet; they live in CurrentMemoryContext. */
extern Variables *variables_create(void);

/* Others, with the same values so far. */
extern Variables *variables_copy(const Variables *variables);

/*
 * Add those of a JSON object (NULL: none), whose values are strings, numbers,
 * true and false.  first: they come before those that are there, else behind.
 * Raises 22023 for other values, for names that no reference can have, and for
 * what is no object; what says where it was given: argument "variables".
 */
extern void variables_add_jsonb(Variables *variables, Jsonb *values, const char *what, bool first);

/* The same of a file's tree (NULL: none), behind those that are there; it has been checked. */
extern void variables_add_json(Variables *variables, const JsonNode *object);

/* Add values (Variable *, a name once) behind those that are there. */
extern void variables_add_behind(Variables *variables, List *values);

/*
 * Add some that were made of these (Variable *), for whoever hides values: of one
 * name there may be several then.
 */
extern void variables_add_made(Variables *variables, List *made);

/* Add one at the end: they are not by name any more, and for whoever hides values only. */
extern void variables_append(Variables *variables, const Variable *item);

/* [A-Za-z\200-\377_0-9] */
static inline bool
variables_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || IS_HIGHBIT_SET(c);
}

/* Can a reference have this name? */
#define VARIABLES_NAME_HINT "A variable's name has letters, digits and underscores, and does not begin with a digit."

extern bool variables_is_name(const char *name, size_t length);

/* Or a reference of another tool's, whose names may have more in them: "db.schema"? */
extern bool variables_is_tool_name(const char *name, size_t length);

/*
 * Is a value a word or a number, so that it cannot end what it stands in?  One
 * more place in a script where its author lets others say something is no harm
 * then.
 */
extern bool variables_is_plain(const char *value);

/* NULL: it has no value. */
extern const Variable *variables_find(const Variables *variables, const char *name, size_t length);

#endif
