/*
 * version.c
 *	  The order of versions.
 */
#include "postgres.h"

#include "base/version.h"

static bool
is_number(const char *version)
{
	return *version != '\0' && strspn(version, "0123456789") == strlen(version);
}

/* A number without its leading zeros; other versions as they are. */
static const char *
version_key(VersionOrder order, const char *version)
{
	if (order == VERSION_ORDER_NUMBER && is_number(version))
		while (version[0] == '0' && version[1] != '\0')
			version++;
	return version;
}

/*
 * A record written under one layout may be read under another, so in the
 * order of numbers there can be versions that are none: they sort by bytes,
 * after all numbers, to keep the order total.
 */
int
version_compare(VersionOrder order, const char *a, const char *b)
{
	int			result = strcmp(a, b);

	if (order == VERSION_ORDER_NUMBER && result != 0)
	{
		bool		a_number = is_number(a);
		bool		b_number = is_number(b);

		if (a_number && b_number)
		{
			size_t		a_length,
						b_length;

			a = version_key(order, a);
			b = version_key(order, b);
			a_length = strlen(a);
			b_length = strlen(b);
			return a_length != b_length ? (a_length < b_length ? -1 : 1) : strcmp(a, b);
		}
		else if (a_number != b_number)
			return a_number ? -1 : 1;
	}
	return result;
}

bool
version_matches(VersionOrder order, const char *version, const char *named)
{
	return version_compare(order, version, named) == 0;
}

bool
version_within_target(VersionOrder order, const char *version, const char *target)
{
	return version_compare(order, version, target) <= 0 ||
		version_is_target(order, version, target);
}

bool
version_is_target(VersionOrder order, const char *version, const char *target)
{
	if (order == VERSION_ORDER_NUMBER)
		return version_compare(order, version, target) == 0;
	return *target != '\0' && strncmp(version, target, strlen(target)) == 0;
}
