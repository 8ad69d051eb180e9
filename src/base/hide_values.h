/*
 * hide_values.h
 *	  Texts without values of variables.
 */
#ifndef MIGRATOR_BASE_HIDE_VALUES_H
#define MIGRATOR_BASE_HIDE_VALUES_H

#include "base/variables.h"

/* What a text is about: where its own values are looked for more closely. */
typedef struct HideFocus
{
	const Variable *at_fault;	/* whose value an error points into, or NULL */
	List	   *near;			/* of Variable *: in the same statement */
} HideFocus;

/*
 * A text of the server's without values: each is replaced by ":name".  Hidden is
 * a value of four bytes or more wherever it stands, also in another case or with
 * its quotes doubled; any part of one of eight bytes or more (of a value of more
 * than a megabyte, 15), since the server cuts what it shows; and with a focus, which may be NULL, each word of four
 * bytes or more that is in a value near, and in double quotes any part of the one
 * at fault.  The text itself when there is nothing to hide.
 */
extern char *hide_values(Variables *variables, const HideFocus *focus, char *text);

/* Without a focus: is there something to hide? */
extern bool hide_values_must(Variables *variables, const char *text);

/* Hide one more, which lives as long as they do; variables_append() says what they are then. */
extern void hide_values_add(Variables *variables, const Variable *item);

/*
 * The same in all texts of an error.  A line of its context is left as it is:
 * own, what the extension says of the script; or NULL.
 */
extern void hide_values_in_error(Variables *variables, const HideFocus *focus, ErrorData *error,
								 const char *own);

#endif
