/*
 * floor.c DIR TIMES: how long it takes to list DIR and to open, read and close
 * each of its *.up.sql files, in milliseconds; the median of TIMES.  What a run
 * without work cannot do without.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int
compare(const void *a, const void *b)
{
	double		left = *(const double *) a,
				right = *(const double *) b;

	return (left > right) - (left < right);
}

int
main(int argc, char **argv)
{
	static char buffer[65536];
	int			times = argc > 2 ? atoi(argv[2]) : 20;
	double	   *ms = malloc(times * sizeof(double));
	int			directory = open(argv[1], O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < times; i++)
	{
		double		start = now();
		DIR		   *list = opendir(argv[1]);
		struct dirent *entry;

		while ((entry = readdir(list)) != NULL)
		{
			int			file;

			if (strstr(entry->d_name, ".up.sql") == NULL)
				continue;
			file = openat(directory, entry->d_name, O_RDONLY);
			if (read(file, buffer, sizeof(buffer)) < 0)
				return 1;
			close(file);
		}
		closedir(list);
		ms[i] = now() - start;
	}
	qsort(ms, times, sizeof(double), compare);
	printf("%.1f\n", ms[times / 2]);
	return 0;
}
