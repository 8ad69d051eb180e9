/*
 * liquibase.h
 *	  Liquibase's changelogs: the parts of that layout; private to this folder.
 */
#ifndef MIGRATOR_LAYOUT_LIQUIBASE_H
#define MIGRATOR_LAYOUT_LIQUIBASE_H

#include "base/json_tree.h"
#include "base/variables.h"
#include "layout/sections.h"

/* A changelog that names files, and is no SQL: by the ending of its name. */
typedef enum ChangelogFormat
{
	CHANGELOG_NONE,
	CHANGELOG_XML,
	CHANGELOG_YAML,
	CHANGELOG_JSON
} ChangelogFormat;

/*
 * What such a file says: the children of "databaseChangeLog", each an object with one
 * key.  NULL, and what is wrong with it, if it is not understood.
 */
extern List *changelog_read(ChangelogFormat format, const char *text, size_t length, JsonProblem *problem);

/* The tree of XML, of the same nodes as JSON's. */
extern JsonNode *changelog_xml_read(const char *text, size_t length, JsonProblem *problem);

/* On the way from changelog to changelog. */
typedef struct ChangelogState
{
	const char *environment;	/* the context that is given, or NULL */
	List	   *contexts;		/* char *: of the includes around, all of
								 * which must fit */
	List	   *properties;		/* Variable *: so far; the first of a name
								 * counts */
} ChangelogState;

/*
 * The changesets of a file of formatted SQL, or the file itself as one where its first
 * line does not say that it is: LayoutClaim *, bound; one with a fault instead of all.
 */
extern List *changelog_sql_read(ChangelogState *state, const char *path, const FileContent *content);

/* Is it formatted SQL, by its first line? */
extern bool changelog_sql_is(const FileContent *content);

/* Why a changeset with this context, or for these databases, is not run; or NULL. A context that is no expression sets *fault. */
extern char *changelog_context_excludes(const ChangelogState *state, const char *context, char **fault);
extern char *changelog_dbms_excludes(const char *dbms);

/* Add a property, unless there is one of that name. */
extern void changelog_add_property(ChangelogState *state, const char *name, const char *value);

#endif
