/*
 * canonical.h
 *	  Definitions that mean the same, printed the same.
 */
#ifndef MIGRATOR_CATALOG_CANONICAL_H
#define MIGRATOR_CATALOG_CANONICAL_H

/* A definition of an object of that kind: the same pointer where nothing is to be done. */
extern char *canonical_definition(const char *kind, char *definition);

#endif
