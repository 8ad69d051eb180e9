/*
 * sections.h
 *	  A file in which lines divide what goes up from what goes back.
 *
 * For layouts whose tool reads marks, a line each.  All of these tools read lines and
 * know nothing of quotes: a mark inside a string divides the file all the same, and
 * what is left open by that is found when the part is cut into statements.
 */
#ifndef MIGRATOR_LAYOUT_SECTIONS_H
#define MIGRATOR_LAYOUT_SECTIONS_H

#include "layout/layout.h"

/* What \s is to the regular expressions of these tools. */
static inline bool
lines_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The lines of a file, one after the other; line numbers are those of the lexer. */
typedef struct FileLines
{
	const FileContent *content;
	size_t		offset;			/* of the current line in the content */
	size_t		next;			/* of the one behind it */
	const char *text;			/* of the current line, without a byte order
								 * mark */
	const char *end;			/* of it, without its line end */
	int			number;			/* from 1 */
	bool		after_cr;		/* only a carriage return is before it, which
								 * ends no line for most tools */
} FileLines;

extern void lines_begin(FileLines *lines, const FileContent *content);

/* Go to the first line, or the next one; false behind the last. */
extern bool lines_next(FileLines *lines);

/* Nothing but white space? */
extern bool lines_is_blank(const FileLines *lines);

/* The first byte that is no white space, or the line's end. */
extern const char *lines_first(const FileLines *lines);

/* Nothing, white space, or a comment that begins with dashes? */
extern bool lines_is_comment(const FileLines *lines);

/*
 * Nothing but white space and comments, of either kind?  *open says whether a block
 * comment is open at the line's begin, and then at its end; one inside of another
 * does not count.
 */
extern bool sections_only_comments(const FileLines *lines, bool *open);

/* The line for a message: in quotes, short, without what does not print. */
extern char *lines_quoted(const FileLines *lines);

/* A text for a message, likewise and whole. */
extern char *lines_printable(const char *text);

/* What is left of it behind white space when it begins with the word; else NULL. */
extern const char *lines_skip(const char *text, const char *end, const char *word, bool any_case);

/* A file on its way to be two units. */
typedef struct Sections
{
	FileLines	lines;
	LayoutClaim *result;		/* with all units so far, or the fault */
	ScriptUnit *open;			/* that the current line is a part of, or NULL */
	size_t		from;			/* where its part begins */
	int			from_line;
} Sections;

extern void sections_begin(Sections *sections, const FileContent *content, const LayoutClaim *claim);

/* Behind the current line begins a part that goes this way. */
extern void sections_open(Sections *sections, UnitDirection direction);

/* The unit of a way, made when it is first asked for. */
extern ScriptUnit *sections_unit(Sections *sections, UnitDirection direction);

/* The current line says that a way runs without a transaction, or in one. */
extern void sections_set_transactions(Sections *sections, UnitDirection direction, UnitTransactions transactions);

/* What is wrong, on the current line or another one; only the first fault counts. */
extern void sections_fault(Sections *sections, int line, const char *format,...) pg_attribute_printf(3, 4);

/* Name a new file for both ways, as dbmate and others do: like the latest one, with these marks. */
extern bool sections_name_new(NewMigration *fresh, const char *up_mark, const char *down_mark);

/* The claim in a list, for Layout.read(). */
extern List *sections_end(Sections *sections);

#endif
