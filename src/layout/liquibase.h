/*
 * liquibase.h
 *	  Liquibase's changelogs: the parts of that layout; private to this folder.
 */
#ifndef MIGRATOR_LAYOUT_LIQUIBASE_H
#define MIGRATOR_LAYOUT_LIQUIBASE_H

#include "base/json_tree.h"
#include "base/variables.h"
#include "layout/sections.h"
#include "script/properties.h"

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
 * key, and as *root an object of its own attributes.  NULL, and what is wrong with it,
 * if it is not understood.
 *
 * A changeset has its attributes as children, and as text all that it says.
 */
extern List *changelog_read(ChangelogFormat format, const char *text, size_t length, JsonNode **root, JsonProblem *problem);

/* Is the value of YAML or JSON another one than it looks, as Liquibase has it? */
extern bool changelog_reads_otherwise(const JsonNode *value);

#define CHANGELOG_QUOTES "\"%s\" is read otherwise than it looks, as a number or the like: put it in quotes"

/* The tree of XML, of the same nodes as JSON's; attributes of its root stand in the list. */
extern JsonNode *changelog_xml_read(const char *text, size_t length, JsonProblem *problem);

/* On the way from changelog to changelog. */
typedef struct ChangelogState
{
	const char *contexts_given; /* as they were given, or NULL */
	bool		contexts_are_environment;	/* nobody gave others */
	List	   *contexts;		/* char *: the same, one by one */
	const char *labels_given;	/* the expression that is given, or NULL */
	List	   *around_contexts;	/* char *: expressions of the includes and
									 * changelogs around, all of which must
									 * fit */
	List	   *around_labels;	/* char *: likewise */
	bool		ignored;		/* the include says so */
	Properties *properties;		/* so far */
	int			file_count;		/* the number of the last one that was begun */
} ChangelogState;

/*
 * The changesets of a file of formatted SQL, or the file itself as one where its first
 * line does not say that it is: LayoutClaim *, bound; one with a fault instead of all.
 */
extern List *changelog_sql_read(ChangelogState *state, const char *path, const FileContent *content);

/* Is it formatted SQL, by its first line? */
extern bool changelog_sql_is(const FileContent *content);

/*
 * A changeset that is no SQL, of a file of another format: its claim, whose script
 * cannot run.
 */
extern LayoutClaim *changelog_code_claim(const ChangelogState *state, const char *path, const char *logical_path,
										 int file, const JsonNode *changeset);

/*
 * Why a changeset with this context, with these labels, or for these databases, is not
 * run, palloc'd; or NULL.  A context that is no expression sets *fault.
 */
extern char *changelog_context_excludes(const ChangelogState *state, const char *context, char **fault);
extern char *changelog_labels_exclude(const ChangelogState *state, const char *labels);
extern char *changelog_dbms_excludes(const char *dbms);

/* The same of what stands around it. */
extern char *changelog_around_excludes(const ChangelogState *state, char **fault);

/* Is it an expression of contexts, or of labels? */
extern bool changelog_filter_is_valid(const char *expression);

/* What stands between commas: char *, without blanks around. */
extern List *changelog_filter_items(const char *text);

/* Add a property, for all files or a file's own. */
extern void changelog_add_property(ChangelogState *state, int file, bool own, const char *name, const char *value, bool at_once);

/*
 * With the values of properties that count now in a file for ${name}.  What has none then may be the run's to
 * give: *fault is set, as nobody knows it here.
 */
extern char *changelog_expand(const char *text, const ChangelogState *state, int file, char **fault);

/* true, false in any case, or -1. */
extern int	changelog_boolean(const char *value);

/* As Liquibase writes a path down: without "classpath:", "." and ".."; palloc'd. */
extern char *changelog_normal_path(const char *path);

#endif
