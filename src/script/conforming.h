/*
 * conforming.h
 *	  standard_conforming_strings, as the statements of a script set it.
 */
#ifndef MIGRATOR_SCRIPT_CONFORMING_H
#define MIGRATOR_SCRIPT_CONFORMING_H

typedef struct Conforming
{
	bool		current;		/* what strings are read by now */
	bool		session;		/* without SET LOCAL */
	bool		initial;		/* what RESET gives */
} Conforming;

extern void conforming_begin(Conforming *conforming, bool initial);

/* A statement ends: its text, from its first token on; what stands behind a semicolon does not count. */
extern void conforming_follow(Conforming *conforming, const char *text, size_t length);

#endif
