/*
 * fill.h
 *	  A script's variables: their values in the place of the references.
 *
 * A script that says "-- migrator: variables" is cut twice.  First the file's
 * text: that gives what must not depend on values, its fingerprint, directives,
 * marks and description, and finds the references.  Then the filled text, which
 * is what everybody checks and what is run: a value may hold anything, and
 * nothing of it is seen later than by the checks.
 *
 * Positions stay those of the file, and what is shown of a statement is the
 * file's text.
 */
#ifndef MIGRATOR_SCRIPT_FILL_H
#define MIGRATOR_SCRIPT_FILL_H

#include "script/properties.h"
#include "script/script.h"

/* Whose references a script has. */
typedef enum FillStyle
{
	FILL_BY_DIRECTIVE,			/* psql's, if the script says so */
	FILL_PSQL,					/* psql's, with its commands: psql.h */
	FILL_BRACES,				/* ${name}, anywhere, as Flyway has them */
	FILL_SHELL,					/* $NAME, ${NAME}, ${NAME:-value}, anywhere,
								 * as goose has them */
	FILL_KNOWN_BRACES,			/* ${name}, as Liquibase has them: only of
								 * names that have a value */
	FILL_COLONS					/* :NAME, anywhere, as graphile-migrate has
								 * them: only of names that have a value */
} FillStyle;

/*
 * The script that a script of the file's text becomes by its variables (NULL:
 * there are none): another one, in CurrentMemoryContext; or the same if it does
 * not ask for it.  file is the name that a built-in variable of the tool gives, and
 * properties are values that the tool's own files have, or NULL.  What keeps it
 * from being filled is among its problems.
 */
extern Script *fill_script(Script *script, uint32 first_line, bool conforming_strings,
						   Variables *variables, FillStyle style, const char *file,
						   const PropertyScope *properties);

/* A value as such a reference wants it. */
extern char *fill_quote(ReferenceKind kind, const char *value);

#endif
