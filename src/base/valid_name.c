/*
 * valid_name.c
 *	  What may be the name of a service, or of an environment.
 */
#include "postgres.h"

#include "base/valid_name.h"

static bool
is_valid(const char *name, size_t at_most)
{
	size_t		length = strlen(name);

	return length >= 1 && length <= at_most && name[0] >= 'a' && name[0] <= 'z' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

bool
valid_service_name(const char *name)
{
	return is_valid(name, SERVICE_NAME_AT_MOST);
}

bool
valid_environment_name(const char *name)
{
	return is_valid(name, NAMEDATALEN - 1);
}
