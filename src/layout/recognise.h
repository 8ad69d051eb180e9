/*
 * recognise.h
 *	  Which layout a source has.
 */
#ifndef MIGRATOR_LAYOUT_RECOGNISE_H
#define MIGRATOR_LAYOUT_RECOGNISE_H

#include "layout/candidates.h"

/*
 * The source's layout, whose claims are then those of the candidates.  Raises
 * MG013 when there is none, or more than one.
 */
/*
 * The layout whose root is at the top, or NULL; not if another layout is chosen, or
 * on record.  To be asked before anything else.
 */
extern const Layout *recognise_root(Candidates *all);

extern const Layout *recognise(Candidates *all);

/* Raise MG013 when more SQL files than not are none of the layout's. */
extern void recognise_refuse_misfits(const Candidates *all);

/* Raise MG013: there is no migration. */
extern void recognise_refuse_empty(const Candidates *all);

#endif
