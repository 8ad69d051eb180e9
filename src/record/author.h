/*
 * author.h
 *	  Who wrote a row that others act upon, as the row has it.
 */
#ifndef MIGRATOR_RECORD_AUTHOR_H
#define MIGRATOR_RECORD_AUTHOR_H

#include "access/htup.h"
#include "access/tupdesc.h"

#include "base/trust.h"

/*
 * Read column "first", the OIDs of current, session and login role, or the three
 * behind it, their names: which count where the row is of another cluster.
 * False when one of them is not known here.
 */
extern bool author_read(HeapTuple tuple, TupleDesc desc, int first, bool of_this_cluster, Author *author);

/* The value of that column, palloc'd. */
extern Datum author_oids(const Author *author);

#endif
