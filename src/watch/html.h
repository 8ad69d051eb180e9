/*
 * html.h
 *	  Text as it may stand in a page of HTML, which is XML at the same time.
 */
#ifndef MIGRATOR_WATCH_HTML_H
#define MIGRATOR_WATCH_HTML_H

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

/*
 * Append text (NULL: none) in the server's encoding, as content or as the value
 * of an attribute between double quotes.  What comes out is ASCII, so that it is right in
 * whatever encoding a client writes it; what is no character of XML, or would
 * turn the direction of others round, shows as a sign in its place.
 */
extern void html_text(StringInfo page, const char *text);

/* At most so many characters of it, and an ellipsis where there are more. */
extern void html_text_cut(StringInfo page, const char *text, int characters);

/* A moment in the session's time zone, to the second; a dash for 0. */
extern void html_time(StringInfo page, TimestampTz time);

/* Milliseconds (negative: a dash) as people say them: 12 ms, 3.4 s, 2 min 5 s. */
extern void html_duration(StringInfo page, double ms);

/* 12,345 */
extern void html_number(StringInfo page, int64 number);

#endif
