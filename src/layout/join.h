/*
 * join.h
 *	  The claims of a source's layout become a set of migrations.
 */
#ifndef MIGRATOR_LAYOUT_JOIN_H
#define MIGRATOR_LAYOUT_JOIN_H

#include "layout/candidates.h"

/*
 * Fill the set from the candidates' claims, which are those of the layout, and
 * from the contents that it reads.  Entries without a claim are left out, in the
 * set; duplicate versions are noted there.  Raises 22021 for a migration whose
 * name is not valid in the database's encoding.
 */
extern void join_claims(Candidates *all, const Layout *layout);

#endif
