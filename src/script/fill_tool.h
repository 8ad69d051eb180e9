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

/* The one of that name, or NULL. */
extern const Variable *fill_tool_property(const List *properties, const char *name);

/* The one that is built in, or the reference's own fallback, palloc'd; or NULL. */
extern const Variable *fill_tool_variable(const Reference *reference, const char *file);

#endif
