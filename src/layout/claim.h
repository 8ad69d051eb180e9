/*
 * claim.h
 *	  What a layout says of one entry: of its name, and of its contents.
 */
#ifndef MIGRATOR_LAYOUT_CLAIM_H
#define MIGRATOR_LAYOUT_CLAIM_H

#include "layout/candidates.h"

/* Does it claim the entry by its name?  Fills the claim, with files relative to the source. */
extern bool claim_by_name(const Layout *layout, const Candidate *item, LayoutClaim *claim);

/*
 * Does the file that a claim names bear the layout's marks?  One that cannot be
 * read bears none; whoever is to run it says why.  The files of other environments
 * are not read: their names are enough.  What is found out is kept with the candidate.
 */
extern bool claim_is_marked(const Layout *layout, const Candidates *all, Candidate *item, const LayoutClaim *claim);

/* Ask a layout what the contents of a claimed file say, and keep it with the candidate. */
extern void claim_read(Candidate *item, const Source *source, const Layout *layout, const LayoutClaim *claim,
					   const FileContent *content);

/*
 * Bind the ranges of a unit to the content of the file that they were found in, whose
 * checksum is summed up when it is first needed.
 */
extern void claim_bind(ScriptUnit *unit, const char *file, const FileContent *content, char **checksum);

#endif
