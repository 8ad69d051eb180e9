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
extern List *fill_tool_references(Script *script, uint32 first_line, const Variables *variables, FillStyle style,
								  const PropertyScope *properties);

/*
 * A text with the values of variables (NULL: there are none) and properties for its ${name},
 * of those that have one; palloc'd.
 */
extern char *fill_tool_expand(const char *text, const Variables *variables, const PropertyScope *properties);

/* The same with the values of properties alone, and with references to what has a variable's. */
extern char *fill_tool_keep(const char *text, const Variables *variables, const PropertyScope *properties);

/* The one that is built in, or the reference's own fallback, palloc'd; or NULL. */
extern const Variable *fill_tool_variable(const Reference *reference, const char *file);

#endif
