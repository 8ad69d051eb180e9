/*
 * comment.h
 *	  The comments that are written for us: "-- migrator: NAME" directives, and
 *	  the first block, which describes the script.
 *
 * Those that other tools go by are in mark.h.
 */
#ifndef MIGRATOR_SCRIPT_COMMENT_H
#define MIGRATOR_SCRIPT_COMMENT_H

#include "lib/stringinfo.h"

#include "script/lexer.h"
#include "script/script.h"

/* The comment block that becomes the description, as far as it was read. */
typedef struct Description
{
	StringInfoData text;
	uint32		line;			/* of its last line */
	bool		done;			/* something else stands behind it */
} Description;

/* The directive that a line comment is, in CurrentMemoryContext; or NULL. */
extern Directive *comment_directive(const char *text, const Token *token);

/*
 * Read on: a line comment, which may be a directive (a line of the block, but
 * none of the description), or a block comment.
 */
extern void comment_describe_line(Description *description, const char *text, const Token *token,
								  bool directive);
extern void comment_describe_block(Description *description, const char *text, const Token *token);

/* The description as plain text, palloc'd; NULL when there is none. */
extern char *comment_description(const Description *description);

#endif
