/*
 * new_names.h
 *	  What a new migration's files are called: what a layout is asked for, and
 *	  what helps it.
 */
#ifndef MIGRATOR_LAYOUT_NEW_NAMES_H
#define MIGRATOR_LAYOUT_NEW_NAMES_H

#include "layout/migration.h"

typedef struct NewMigration
{
	const char *words;			/* of its description: small letters and
								 * digits, "_" between words */
	bool		with_down;		/* a way back is given */
	const char *latest_version; /* the highest of source and record, or NULL */
	const Migration *latest;	/* the highest of the source, or NULL */

	/* for the layout to fill; files relative to where migrations lie */
	const char *up_file;
	const char *down_file;		/* NULL: none of its own */
	const char *up_mark;		/* the lines that begin the two parts, where
								 * one file has both; or NULL */
	const char *down_mark;
} NewMigration;

/* Small letters and digits of a description, "_" for all that stands between them; NULL when there are none. */
extern char *new_names_words(const char *description);

/* The same with another character than "_". */
extern char *new_names_joined(const char *words, char joint);

/*
 * The number behind a version (NULL: none yet), as wide.  Behind a time or a
 * date it is the present one, if that comes later.
 */
extern char *new_names_number(const char *version);

/*
 * YYYYMMDDHHMMSS: now, in UTC, or the second behind the time that a version
 * (or NULL) begins with, if that is later.  Raises 55000 when nothing of the
 * kind sorts behind it.
 */
extern char *new_names_time(const char *version);

/* Today, in UTC: YYYYMMDD. */
extern char *new_names_today(void);

/* The file of the latest migration's script that goes up, as up_file has it. */
extern const char *new_names_latest_file(const NewMigration *fresh);

/*
 * What a layout without a rule of its own does: names like those of the latest
 * migration, with another version and other words.  False where that cannot be
 * told.
 */
extern bool new_names_like_latest(NewMigration *fresh);

#endif
