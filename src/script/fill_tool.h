/*
 * fill_tool.h
 *	  References as other tools write them, and the variables that they have built in.
 *
 * Other than psql's they are found in the text wherever they stand, also in strings
 * and comments.
 */
#ifndef MIGRATOR_SCRIPT_FILL_TOOL_H
#define MIGRATOR_SCRIPT_FILL_TOOL_H

#include "script/fill.h"

/* Reference *, in the text's order. */
extern List *fill_tool_references(const Script *script, uint32 first_line, const Variables *variables, FillStyle style,
								  const List *properties);

/* The one of that name, in any case, or NULL. */
extern const Variable *fill_tool_property(const List *properties, const char *name);

/*
 * A text with the values of variables (NULL: there are none) and properties for its ${name},
 * of those that have one; palloc'd.
 */
extern char *fill_tool_expand(const char *text, const Variables *variables, const List *properties);

/* Is there one of that name, in any case? */
extern bool fill_tool_is_given(const Variables *variables, const char *name);

/* The one that is built in, or the reference's own fallback, palloc'd; or NULL. */
extern const Variable *fill_tool_variable(const Reference *reference, const char *file);

#endif
