/*
 * nearest.c
 *	  The known name that is nearest to one that is not known, for a hint.
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "base/nearest.h"

/* varstr_levenshtein() refuses more */
#define NAME_AT_MOST 255

void
nearest_consider(NearestName *nearest, const char *candidate)
{
	int			distance;

	if (strlen(nearest->wanted) > NAME_AT_MOST || strlen(candidate) > NAME_AT_MOST)
		return;
	distance = varstr_levenshtein(nearest->wanted, strlen(nearest->wanted),
								  candidate, strlen(candidate), 1, 1, 1, true);
	if (nearest->found != NULL && distance >= nearest->distance)
		return;
	nearest->found = candidate;
	nearest->distance = distance;
}

const char *
nearest_of(const char *wanted, const char *const *names, int count)
{
	NearestName nearest = {wanted};

	for (int i = 0; i < count; i++)
		nearest_consider(&nearest, names[i]);
	return nearest.found;
}
