/*
 * environments.h
 *	  The environments of a source: its file environments.json and its folders.
 */
#ifndef MIGRATOR_LAYOUT_ENVIRONMENTS_H
#define MIGRATOR_LAYOUT_ENVIRONMENTS_H

#include "base/finding.h"
#include "base/json_tree.h"
#include "base/policy_flag.h"
#include "layout/names.h"


/* The folder of what belongs to all of them. */
#define ENVIRONMENTS_COMMON "common"

/* A name that "migrations" lists. */
typedef struct EnvironmentFile
{
	const char *name;
	int			line;
} EnvironmentFile;

/* A key of the file, a folder, or both. */
typedef struct Environment
{
	const char *name;
	const char *description;	/* or NULL */
	int			line;			/* in the file; 0: it is not there */
	bool		has_list;		/* "migrations" is given */
	List	   *files;			/* of EnvironmentFile *: what it lists */

	/* of "config" */
	PolicyFlags flags;
	const JsonNode *variables;	/* an object of strings, numbers and booleans,
								 * or NULL */
	const JsonNode *checks;		/* an object of strings, or NULL */

	int			migrations;		/* its own and everybody's */
} Environment;

typedef struct Environments
{
	List	   *items;			/* of Environment *: those of the file, then
								 * other folders */
	const char *current;		/* "current_environment", or NULL */
	int			current_line;
	FindingSink findings;		/* what is wrong with them */
	bool		malformed;		/* the file is no such file */
} Environments;

/* The one of that name, or NULL. */
extern Environment *environments_find(const Environments *environments, const char *name);

/* "a", "b", "c", at most ten; palloc'd, empty when there are none. */
extern char *environments_known(const Environments *environments);

/*
 * Take the text of the file apart; what is wrong goes to the findings.  Nothing
 * of a file that is no JSON is taken.
 */
extern void environments_parse(Environments *environments, const char *text, size_t length);

#endif
