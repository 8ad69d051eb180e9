/*
 * nearest.h
 *	  The known name that is nearest to one that is not known, for a hint.
 */
#ifndef MIGRATOR_BASE_NEAREST_H
#define MIGRATOR_BASE_NEAREST_H

typedef struct NearestName
{
	const char *wanted;
	const char *found;			/* NULL: nothing was considered, or no name
								 * can be near */
	int			distance;
} NearestName;

/* Begin with wanted set and the rest zero. */
extern void nearest_consider(NearestName *nearest, const char *candidate);

/* Of an array of names; NULL when there is none. */
extern const char *nearest_of(const char *wanted, const char *const *names, int count);

#endif
