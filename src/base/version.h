/*
 * version.h
 *	  The version of a migration: a text, and the order in which it sorts.
 *
 * A version stays as its file shows it; how two are compared is their layout's.
 */
#ifndef MIGRATOR_BASE_VERSION_H
#define MIGRATOR_BASE_VERSION_H

typedef enum VersionOrder
{
	VERSION_ORDER_NUMBER,		/* digits of any length, as numbers */
	VERSION_ORDER_BYTES,		/* whole stems, by bytes */
	VERSION_ORDER_FILE,			/* likewise, with the "_" that is behind each
								 * in its file's name: 2024 behind 20240101 */
	VERSION_ORDER_LEADING,		/* by the number that they begin with, those
								 * without one behind the others; then by
								 * bytes */
	VERSION_ORDER_DOTTED,		/* 1.10 behind 1.9, as 1_10; 1.0 is 1 */
	VERSION_ORDER_PLAN			/* names, whose order is that of a plan; by
								 * themselves they sort by bytes */
} VersionOrder;

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

/* Does the target itself exist: the number, or a stem that begins so, or with that number? */
extern bool version_is_target(VersionOrder order, const char *version, const char *target);

#endif
