/*
 * segment.c
 *	  A dynamic shared memory segment, or none.
 *
 * dsm_create() can be told to return NULL when there are too many segments, but
 * raises when the memory is full (a container's /dev/shm is small); that must
 * not take the place of what the caller is about.
 */
#include "postgres.h"

#include "segment.h"
#include "transaction.h"

typedef struct Creation
{
	Size		size;
	dsm_segment *segment;
} Creation;

static void
create(void *argument)
{
	Creation   *creation = argument;
	dsm_segment *segment = dsm_create(creation->size, DSM_CREATE_NULL_IF_MAXSEGMENTS);

	if (segment != NULL)
		dsm_pin_mapping(segment);
	creation->segment = segment;
}

dsm_segment *
segment_create(Size size)
{
	Creation	creation = {size, NULL};
	ErrorData  *error = transaction_try(create, &creation, false);

	if (error == NULL)
		return creation.segment;
	FreeErrorData(error);
	return NULL;
}
