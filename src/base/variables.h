/*
 * variables.h
 *	  Values for the variables of scripts, and how they are kept out of messages.
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
	bool		complete;		/* of a run, which gets no others; else what
								 * is missing may come with the call */
	struct HiddenParts *parts;	/* made when first asked for */
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

/* Can a reference have this name? */
#define VARIABLES_NAME_HINT "A variable's name has letters, digits and underscores, and does not begin with a digit."

extern bool variables_is_name(const char *name, size_t length);

/*
 * Is a value a word or a number, so that it cannot end what it stands in?  One
 * more place in a script where its author lets others say something is no harm
 * then.
 */
extern bool variables_is_plain(const char *value);

/* NULL: it has no value. */
extern const Variable *variables_find(const Variables *variables, const char *name, size_t length);

/* What a text is about: where its own values are looked for more closely. */
typedef struct HideFocus
{
	const Variable *at_fault;	/* whose value an error points into, or NULL */
	List	   *near;			/* of Variable *: in the same statement */
} HideFocus;

/*
 * A text of the server's without values: each is replaced by ":name".  Hidden is
 * a value of four bytes or more wherever it stands, also in another case or with
 * its quotes doubled; any part of one of eight bytes or more, since the server
 * cuts what it shows; and with a focus, which may be NULL, each word of four
 * bytes or more that is in a value near, and in double quotes any part of the one
 * at fault.  The text itself when there is nothing to hide.
 */
extern char *variables_hide(Variables *variables, const HideFocus *focus, char *text);

/*
 * The same in all texts of an error.  A line of its context is left as it is:
 * own, what the extension says of the script; or NULL.
 */
extern void variables_hide_error(Variables *variables, const HideFocus *focus, ErrorData *error,
								 const char *own);

#endif
