/*
 * glob.h
 *	  Patterns of file names, as a shell writes them.
 */
#ifndef MIGRATOR_BASE_GLOB_H
#define MIGRATOR_BASE_GLOB_H

/* Raise 22023 for the first of the patterns that is not valid. */
extern void glob_require_valid(char **patterns, int count);

/*
 * Does a path fit a valid pattern?  "*" stands for any text, "?" for one
 * character, "[a-c]" and "[!a-c]" for one of a set, a backslash takes the next
 * character as it is; none of them stands for a slash.  A pattern without a
 * slash is compared with the last part of the path, any other with all of it.
 */
extern bool glob_matches(const char *pattern, const char *path);

#endif
