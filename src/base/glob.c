/*
 * glob.c
 *	  Patterns of file names, as a shell writes them.
 *
 * fnmatch() goes by the locale of the process and can take exponential time.
 * This goes back to the last "*" only, which is enough as no "*" passes a
 * slash, and costs the product of both lengths at most.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "base/finding.h"
#include "base/glob.h"

#define PATTERN_AT_MOST 1000

static bool match_one(const char **pattern, const char **path);
static bool match_set(const char **pattern, const char *c, size_t length);
static const char *end_of_set(const char *pattern);

/* Bytes of the character that begins here: of one that is cut off, what is left. */
static inline size_t
character_length(const char *s)
{
	int			length = pg_encoding_mblen(GetDatabaseEncoding(), s);

	return strnlen(s, Max(length, 1));
}

/*
 * What is wrong with a pattern, as the end of a sentence; NULL when it is
 * valid.
 */
static const char *
fault_of(const char *pattern)
{
	if (*pattern == '\0')
		return "it is empty";
	if (*pattern == '/')
		return "it must be relative to the source";
	if (strlen(pattern) > PATTERN_AT_MOST)
		return "it is too long";
	for (const char *p = pattern; *p != '\0'; p++)
	{
		if (*p == '\\' && *++p == '\0')
			return "it ends in a backslash";
		if (*p == '[' && (p = end_of_set(p)) == NULL)
			return "a \"[\" has no \"]\"";
	}
	return NULL;
}

void
glob_require_valid(char **patterns, int count)
{
	for (int i = 0; i < count; i++)
	{
		const char *fault = fault_of(patterns[i]);

		if (fault != NULL)
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid file name pattern \"%s\": %s", finding_one_line(patterns[i]), fault),
					errhint("Patterns are like those of a shell: \"*.go\", \"old/*\", \"[0-9]*_draft.sql\"."));
	}
}

bool
glob_matches(const char *pattern, const char *path)
{
	const char *star = NULL;	/* behind the last "*" */
	const char *from = NULL;	/* where the text for it would end next */

	if (strchr(pattern, '/') == NULL && strrchr(path, '/') != NULL)
		path = strrchr(path, '/') + 1;
	while (*path != '\0')
	{
		if (*pattern == '*')
		{
			star = ++pattern;
			from = path;
			continue;
		}
		if (*pattern != '\0' && match_one(&pattern, &path))
			continue;
		if (star == NULL || *from == '/')
			return false;
		from += character_length(from);
		path = from;
		pattern = star;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* One character of the path by one item of the pattern; passes over both. */
static bool
match_one(const char **pattern, const char **path)
{
	size_t		length = character_length(*path);
	const char *p = *pattern;

	if (*p == '?' || *p == '[')
	{
		if (**path == '/')
			return false;
		if (*p == '?')
			p++;
		else if (!match_set(&p, *path, length))
			return false;
		*pattern = p;
		*path += length;
		return true;
	}
	if (*p == '\\')
		p++;
	if (strncmp(p, *path, length) != 0)
		return false;
	*pattern = p + length;
	*path += length;
	return true;
}

/* [abc], [a-c], [!abc]; passes over it.  Ranges are of ASCII characters. */
static bool
match_set(const char **pattern, const char *c, size_t length)
{
	const char *end = end_of_set(*pattern);
	const char *p = *pattern + 1;
	bool		not = *p == '!' || *p == '^';
	bool		found = false;

	if (not)
		p++;
	while (p < end)
	{
		size_t		item = character_length(p);

		if (item == 1 && p + 2 < end && p[1] == '-')
		{
			found |= length == 1 && (unsigned char) *c >= (unsigned char) *p &&
				(unsigned char) *c <= (unsigned char) p[2];
			p += 3;
			continue;
		}
		found |= item == length && memcmp(p, c, length) == 0;
		p += item;
	}
	*pattern = end + 1;
	return found != not;
}

/* The "]" of a set, which may hold one as its first character; or NULL. */
static const char *
end_of_set(const char *pattern)
{
	const char *p = pattern + 1;

	if (*p == '!' || *p == '^')
		p++;
	if (*p == ']')
		p++;
	return strchr(p, ']');
}
