/*
 * migration.h
 *	  A migration, a set of them, and the order of versions.
 */
#ifndef MIGRATOR_LAYOUT_MIGRATION_H
#define MIGRATOR_LAYOUT_MIGRATION_H

#include "nodes/pg_list.h"

/* How a layout's versions are compared (product.md rule 9). */
typedef enum VersionOrder
{
	VERSION_ORDER_NUMBER,		/* digits of any length, as numbers */
	VERSION_ORDER_BYTES			/* whole stems, by bytes */
} VersionOrder;

typedef struct Migration
{
	char	   *version;		/* as the file shows it */
	char	   *name;
	char	   *up_file;		/* relative to the source */
	char	   *down_file;		/* relative to the source, or NULL */
	bool		claimed_twice;	/* is among the duplicates of its set */
} Migration;

/* A file or folder that is no migration, and why. */
typedef struct IgnoredEntry
{
	char	   *file;
	char	   *reason;
	bool		looks_like_sql; /* worth a warning, not only a mention */
	bool		by_pattern;		/* the user said that it is none of ours */
} IgnoredEntry;

/* A file or folder that may be meant to run and cannot; it stops a run. */
typedef struct RefusedEntry
{
	char	   *file;
	char	   *reason;
	bool		is_hook;
	bool		is_misspelt;	/* the form is right, and the content not */
} RefusedEntry;

typedef struct MigrationSet
{
	const char *layout;			/* name of the layout */
	VersionOrder order;
	int			count;
	Migration **migrations;		/* by version */
	List	   *ignored;		/* of IgnoredEntry * */
	List	   *refused;		/* of RefusedEntry * */
	List	   *duplicates;		/* of DuplicateVersion * */
} MigrationSet;

/* Two files that claim one version. */
typedef struct DuplicateVersion
{
	char	   *version;
	char	   *first_file;
	char	   *second_file;
	bool		twins;			/* the names differ in words between dots only */
} DuplicateVersion;

/* <0, 0, >0 as strcmp. Equal numbers are equal however they are written. */
extern int	version_compare(VersionOrder order, const char *a, const char *b);

/*
 * Does version fit what the user named?  The same number, or a stem that is
 * equal.
 */
extern bool version_matches(VersionOrder order, const char *version, const char *named);

/*
 * Does version lie within target?  A number not greater, or a stem that sorts
 * before the target or begins with it.
 */
extern bool version_within_target(VersionOrder order, const char *version, const char *target);

/* Does the target itself exist: the number, or a stem that begins so? */
extern bool version_is_target(VersionOrder order, const char *version, const char *target);

#endif
