/*
 * properties.h
 *	  Values that a tool's own files define for its references.
 *
 * They are kept in the order in which they are defined.  Of those for all files
 * the first of a name counts, before a file's own, of which the last does; names
 * are the same in any case of letters.
 */
#ifndef MIGRATOR_SCRIPT_PROPERTIES_H
#define MIGRATOR_SCRIPT_PROPERTIES_H

typedef struct Properties Properties;

/* Those that count at a place in the files. */
typedef struct PropertyScope
{
	const Properties *all;
	int			file;			/* whose own ones count, too; 0: none's */
	int			until;			/* so many are defined by then */
} PropertyScope;

typedef struct Property
{
	const char *value;
	bool		at_once;		/* the value's own references are those of the
								 * place where it is defined, as far as they
								 * have a value there; else, where it is used */
	PropertyScope scope;		/* without itself */
} Property;

/* None yet; they live in CurrentMemoryContext. */
extern Properties *properties_create(void);

/* Define one; file: whose own it is, or 0. */
extern void properties_add(Properties *properties, int file, const char *name, const char *value, bool at_once, int at_file);

/* What counts now in a file. */
extern PropertyScope properties_scope(const Properties *properties, int file);

/* NULL: there is none of that name. */
extern const Property *properties_find(const PropertyScope *scope, const char *name);

#endif
