/*
 * segment.c
 *	  A dynamic shared memory segment, or none.
 *
 * dsm_create() can be told to return NULL when there are too many segments, but
 * raises when the memory is full (a container's /dev/shm is small); that must
 * not take the place of what the caller is about.
 */
#include "postgres.h"

#include "port/atomics.h"

#include "base/segment.h"
#include "base/transaction.h"

/* in front of all segments; kind is 0 until it is filled */
typedef struct SegmentHeader
{
	uint32		kind;
	Size		size;			/* of what is behind it */
} SegmentHeader;

#define HEADER_SIZE MAXALIGN(sizeof(SegmentHeader))

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
	Creation	creation = {HEADER_SIZE + size, NULL};
	ErrorData  *error = transaction_try(create, &creation, false);
	SegmentHeader *header;

	if (error != NULL)
	{
		FreeErrorData(error);
		return NULL;
	}
	if (creation.segment == NULL)
		return NULL;
	/* one of the server's main memory holds what was in it before */
	header = dsm_segment_address(creation.segment);
	memset(header, 0, HEADER_SIZE + size);
	header->size = size;
	return creation.segment;
}

void
segment_publish(dsm_segment *segment, uint32 kind)
{
	volatile SegmentHeader *header = dsm_segment_address(segment);

	pg_write_barrier();
	header->kind = kind;
}

void *
segment_memory(dsm_segment *segment)
{
	return (char *) dsm_segment_address(segment) + HEADER_SIZE;
}

void *
segment_attach(dsm_handle handle, uint32 kind, Size *size, dsm_segment **to_detach)
{
	/* it can be attached once only in a backend: ours, or one of the server's */
	dsm_segment *segment = dsm_find_mapping(handle);

	*to_detach = NULL;
	if (segment == NULL)
		segment = *to_detach = dsm_attach(handle);
	if (segment == NULL)
		return NULL;
	if (dsm_segment_map_length(segment) >= HEADER_SIZE)
	{
		volatile SegmentHeader *header = dsm_segment_address(segment);
		Size		room = dsm_segment_map_length(segment) - HEADER_SIZE;

		if (header->kind == kind)
		{
			Size		given;

			pg_read_barrier();
			given = header->size;
			if (given >= *size && given <= room)
			{
				*size = given;
				return segment_memory(segment);
			}
		}
	}
	if (*to_detach != NULL)
		dsm_detach(*to_detach);
	*to_detach = NULL;
	return NULL;
}
