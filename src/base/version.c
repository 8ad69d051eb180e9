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

/* Digits as numbers of any length. */
static int
compare_digits(const char *a, size_t a_length, const char *b, size_t b_length)
{
	while (a_length > 1 && *a == '0')
		a++, a_length--;
	while (b_length > 1 && *b == '0')
		b++, b_length--;
	if (a_length != b_length)
		return a_length < b_length ? -1 : 1;
	return memcmp(a, b, a_length);
}

/* Numbers with dots, or "_" for a dot, between them. */
static bool
is_dotted(const char *version)
{
	bool		digit = false;

	for (; *version != '\0'; version++)
	{
		if (*version >= '0' && *version <= '9')
			digit = true;
		else if ((*version != '.' && *version != '_') || !digit)
			return false;
		else
			digit = false;
	}
	return digit;
}

/* A part that is missing is 0. */
static int
compare_dotted(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0')
	{
		size_t		a_length = strspn(a, "0123456789");
		size_t		b_length = strspn(b, "0123456789");
		int			result = compare_digits(a_length > 0 ? a : "0", Max(a_length, 1), b_length > 0 ? b : "0", Max(b_length, 1));

		if (result != 0)
			return result;
		a += a_length + (a[a_length] != '\0');
		b += b_length + (b[b_length] != '\0');
	}
	return 0;
}

static int
compare_leading(const char *a, const char *b)
{
	size_t		a_length = strspn(a, "0123456789");
	size_t		b_length = strspn(b, "0123456789");
	int			result = 0;

	if (a_length > 0 && b_length > 0)
		result = compare_digits(a, a_length, b, b_length);
	else if (a_length > 0 || b_length > 0)
		return a_length > 0 ? -1 : 1;
	return result != 0 ? result : strcmp(a, b);
}

/* As the names of their files: whichever ends first has "_" there. */
static int
compare_in_file(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
	{
		a++;
		b++;
	}
	return (int) (unsigned char) (*a ? *a : '_') - (int) (unsigned char) (*b ? *b : '_');
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
	bool		a_number = false;
	bool		b_number = false;

	if (result == 0)
		return 0;
	switch (order)
	{
		case VERSION_ORDER_BYTES:
		case VERSION_ORDER_PLAN:
			return result;
		case VERSION_ORDER_FILE:
			return compare_in_file(a, b);
		case VERSION_ORDER_LEADING:
			return compare_leading(a, b);
		case VERSION_ORDER_NUMBER:
			a_number = is_number(a);
			b_number = is_number(b);
			if (a_number && b_number)
				return compare_digits(a, strlen(a), b, strlen(b));
			break;
		case VERSION_ORDER_DOTTED:
			a_number = is_dotted(a);
			b_number = is_dotted(b);
			if (a_number && b_number)
				return compare_dotted(a, b);
			break;
	}
	return a_number != b_number ? (a_number ? -1 : 1) : result;
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
	if (order == VERSION_ORDER_LEADING && is_number(target))
		return compare_digits(version, strspn(version, "0123456789"), target, strlen(target)) == 0;
	if (order != VERSION_ORDER_BYTES && order != VERSION_ORDER_FILE && order != VERSION_ORDER_LEADING)
		return version_compare(order, version, target) == 0;
	return *target != '\0' && strncmp(version, target, strlen(target)) == 0;
}
