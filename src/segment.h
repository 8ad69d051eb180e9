/*
 * segment.h
 *	  A dynamic shared memory segment, or none: for things that are nice to have.
 */
#ifndef MIGRATOR_SEGMENT_H
#define MIGRATOR_SEGMENT_H

#include "storage/dsm.h"

/*
 * A segment whose mapping lives until dsm_detach(), NULL when none can be had,
 * for whatever reason.  To be called in a transaction.
 */
extern dsm_segment *segment_create(Size size);

#endif
