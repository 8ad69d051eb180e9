/*
 * memory.c
 *	  What memory this backend has.
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "watch/memory.h"

static void add_context(MemoryContext context, MemoryContextCounters * sum);
static void look_at_process(BackendMemory *memory);

void
memory_look(BackendMemory *memory)
{
	MemoryContextCounters sum = {0};

	add_context(TopMemoryContext, &sum);
	memory->heap_total = sum.totalspace;
	memory->heap_used = sum.totalspace - sum.freespace;
	memory->rss = memory->external = -1;
	look_at_process(memory);
}

static void
add_context(MemoryContext context, MemoryContextCounters * sum)
{
	check_stack_depth();
	context->methods->stats(context, NULL, NULL, sum, false);
	for (MemoryContext child = context->firstchild; child != NULL; child = child->nextchild)
		add_context(child, sum);
}

/* Linux alone has this file; pages: all, resident, of these shared, ... */
static void
look_at_process(BackendMemory *memory)
{
	FILE	   *file = AllocateFile("/proc/self/statm", "r");
	long		page = sysconf(_SC_PAGESIZE);
	long		resident;
	long		shared;

	if (file == NULL)
		return;
	if (page > 0 && fscanf(file, "%*d %ld %ld", &resident, &shared) == 2)
	{
		memory->rss = (int64) resident * page;
		memory->external = (int64) shared * page;
	}
	FreeFile(file);
}
