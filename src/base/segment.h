/*
 * segment.h
 *	  A dynamic shared memory segment, or none: for things that are nice to have.
 *
 * A segment says whose kind it is.  Handles are random numbers that are used
 * again, so one that was kept may by now be that of anybody's memory.
 */
#ifndef MIGRATOR_BASE_SEGMENT_H
#define MIGRATOR_BASE_SEGMENT_H

#include "storage/dsm.h"

/*
 * A zeroed segment for size bytes, whose mapping lives until dsm_detach(); NULL
 * when none is available, for whatever reason.  Nobody else reads it before
 * segment_publish().  To be called in a transaction.
 */
extern dsm_segment *segment_create(Size size);

/* From here on it is of that kind. */
extern void segment_publish(dsm_segment *segment, uint32 kind);

/* The bytes behind the header of a segment that we made. */
extern void *segment_memory(dsm_segment *segment);

/*
 * The bytes of a segment of that kind that holds at least *size of them, which
 * receives what it holds; NULL when it is gone or another.  *to_detach is for
 * dsm_detach() once they are read, NULL where this backend has it anyhow.  What
 * is in it is still to be judged: take no lock in it.
 */
extern void *segment_attach(dsm_handle handle, uint32 kind, Size *size, dsm_segment **to_detach);

#endif
