/*
 * options.h
 *	  JSON objects of named choices: argument "options" of a call, and what a
 *	  registration keeps of it.
 *
 * Every key is known, with its type; what is not known is an error that names
 * the nearest known one.
 */
#ifndef MIGRATOR_BASE_OPTIONS_H
#define MIGRATOR_BASE_OPTIONS_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum OptionType
{
	OPTION_BOOLEAN,
	OPTION_NUMBER,				/* one that is whole */
	OPTION_STRING,				/* strings[0] */
	OPTION_STRINGS,				/* an array of strings */
	OPTION_STRING_OR_STRINGS,	/* one will do without the brackets */
	OPTION_WORDS,				/* an object of strings */
	OPTION_OBJECT				/* a JSON object, for its owner to look into */
} OptionType;

typedef struct OptionKey
{
	const char *name;
	OptionType	type;
	const char *must_be;		/* for the message when it is not */
	const char *hint;			/* likewise, or NULL */
} OptionKey;

/* One that was given. */
typedef struct Option
{
	const OptionKey *key;
	bool		is_null;
	bool		boolean;
	int64		number;
	char	  **strings;
	char	  **keys;			/* of OPTION_WORDS: the names of the strings */
	int			count;
	Jsonb	   *object;
} Option;

/*
 * The options in a JSON object (NULL: none) as Option *, in no order.  The last
 * of the known keys has no name.  Raises 22023 for an unknown key, a value of
 * the wrong type, and for what is no object; 0A000 for what nothing obeys yet.
 * A null is a value of the wrong type unless nulls are allowed.
 */
extern List *options_read(Jsonb *options, const OptionKey *known, bool nulls_allowed);

/* The option of that name in the list, or NULL. */
extern const Option *options_find(const List *options, const char *name);

#endif
