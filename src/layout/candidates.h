/*
 * candidates.h
 *	  The entries of a source on their way to be migrations; private to this
 *	  folder.
 */
#ifndef MIGRATOR_LAYOUT_CANDIDATES_H
#define MIGRATOR_LAYOUT_CANDIDATES_H

#include "layout/layout.h"

/* An entry of the source, or of an environment's folder, and what was made of it. */
typedef struct Candidate
{
	SourceEntry *entry;
	const char *folder;			/* of environments, that it is in; NULL: at
								 * the top */
	const char *path;			/* of the entry, relative to the source */
	Environment *environment;	/* whose folder that is; NULL: everybody's */
	List	   *listed_by;		/* Environment * whose list names it */
	bool		elsewhere;		/* of other environments than the one chosen */
	bool		aside;			/* the layouts are not asked */
	RefusedEntry *never_up;		/* because the name says that it does not go
								 * up: what the set says of it; or NULL */
	LayoutClaim claim;			/* without a version where there is none */
	const char *deeper;			/* what is in folders inside of it, to follow
								 * a comma, if that may be meant to run */
	const char *looked_into;	/* the file whose contents were looked at, or
								 * NULL; then: */
	uint32		marks;			/* a bit for each MarkTool whose mark it has */
	char	   *checksum;		/* NULL: it could not be read */
	const Layout *read_by;		/* whose read() was asked, or NULL */
	List	   *found;			/* what that said: LayoutClaim * */
} Candidate;

typedef struct Candidates
{
	const LayoutRegistry *registry;
	const Layout *rooted;		/* whose root is at the top, or NULL */
	const Layout *whole;		/* whose one file is all there is, or NULL */
	const Layout **asked;		/* those of it whose sign is there */
	int			asked_count;
	const Source *source;
	const LayoutHints *hints;
	Candidate  *items;
	int			count;
	int			room;
	MigrationSet *set;			/* to be filled */
	const char *manifest;		/* the file, or NULL */
} Candidates;

#endif
