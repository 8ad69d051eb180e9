/*
 * memory.h
 *	  What memory this backend has.
 */
#ifndef MIGRATOR_WATCH_MEMORY_H
#define MIGRATOR_WATCH_MEMORY_H

/* In bytes; -1 where the operating system does not tell. */
typedef struct BackendMemory
{
	int64		rss;			/* resident, all of it */
	int64		heap_total;		/* got by memory contexts */
	int64		heap_used;		/* of that, not free in them */
	int64		external;		/* resident and shared with others: shared
								 * buffers touched so far, and code */
} BackendMemory;

extern void memory_look(BackendMemory *memory);

#endif
