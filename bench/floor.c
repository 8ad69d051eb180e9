/*
 * floor.c DIR TIMES: how long it takes to list DIR and to open, read, hash
 * (SHA-256) and close each of its *.up.sql files, in milliseconds of processor
 * time; the median of TIMES.  What a run without work cannot do without.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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
	unsigned char sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
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
			ssize_t		length;

			if (strstr(entry->d_name, ".up.sql") == NULL)
				continue;
			file = openat(directory, entry->d_name, O_RDONLY);
			length = read(file, buffer, sizeof(buffer));
			if (length < 0 ||
				EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1 ||
				EVP_DigestUpdate(digest, buffer, length) != 1 ||
				EVP_DigestFinal_ex(digest, sum, NULL) != 1)
				return 1;
			close(file);
		}
		closedir(list);
		ms[i] = now() - start;
	}
	qsort(ms, times, sizeof(double), compare);
	printf("%.2f\n", ms[times / 2]);
	return 0;
}
