/*
 * split.h
 *	  A script's text cut into statements.
 */
#ifndef MIGRATOR_SCRIPT_SPLIT_H
#define MIGRATOR_SCRIPT_SPLIT_H

#include "script/script.h"

/*
 * Cut text (len bytes, below 4 GB, valid in the server encoding, no BOM and no
 * NUL among them; nothing is read behind them) into statements.  The result
 * lives in CurrentMemoryContext and points into text, which must outlive it.
 * first_line is the number of the text's first line in its file.
 * conforming_strings is the value of standard_conforming_strings that the
 * script starts with; a SET of it in the script changes how the rest is read,
 * as it does in psql; SET LOCAL does so up to the next COMMIT.
 *
 * References of variables are looked for if the directive "variables" stands
 * before the first statement; they are no problem, and not filled (fill.h).
 *
 * Problems found here: unterminated quoting or comment, psql's backslash
 * commands other than \restrict and \unrestrict between two statements, text
 * behind a COPY ... FROM stdin on its line.  A missing last semicolon, a script
 * without statements and empty statements are none.  COPY data ends at a line
 * "\." or at the end of the file, as in psql.
 *
 * Raises only what palloc and CHECK_FOR_INTERRUPTS raise.
 */
extern Script *script_split(const char *text, size_t len, uint32 first_line,
							bool conforming_strings);

/*
 * The same of a script that is psql's, whether it says so or not: backslash
 * commands are a part of its fingerprint and no problem (psql.h).
 */
extern Script *script_split_psql(const char *text, size_t len, uint32 first_line,
								 bool conforming_strings);

/*
 * The same of a text that was filled: its positions are those of the map's
 * file, and no references are looked for.
 */
extern Script *script_split_filled(const char *text, size_t len, const FillMap *map,
								   bool conforming_strings);

#endif
