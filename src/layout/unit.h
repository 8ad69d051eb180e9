/*
 * unit.h
 *	  A unit of script: what is run as one, and how its text is had.
 *
 * The layers above speak of units, never of a migration's files.  What goes up
 * and what goes back may be two files or two parts of one, and one file may
 * hold many migrations; only the layout knows.
 *
 * Ranges are of the file's bytes as stored, the byte order mark among them.
 * They are applied before the conversion to the database's encoding, so they
 * hold in every database, and a byte that is no UTF-8 or that the database
 * cannot hold disturbs only the unit that has it.  Whatever the ranges, lines
 * and columns of a unit are those of its file.
 */
#ifndef MIGRATOR_LAYOUT_UNIT_H
#define MIGRATOR_LAYOUT_UNIT_H

#include "base/digest.h"
#include "script/fill.h"
#include "script/script.h"
#include "source/source.h"

typedef enum UnitDirection
{
	UNIT_UP,
	UNIT_DOWN
} UnitDirection;

/* What the unit's tool says of transactions. */
typedef enum UnitTransactions
{
	UNIT_TRANSACTIONS_OF_SCRIPT,	/* nothing: its statements decide */
	UNIT_ONE_TRANSACTION,		/* all of it is one */
	UNIT_NO_TRANSACTION			/* each statement by itself */
} UnitTransactions;

typedef struct UnitRange
{
	size_t		offset;
	size_t		length;
	int			line;			/* of its first byte, from 1 */
	bool		ends;			/* it ends a statement by the tool's own
								 * delimiter: a semicolon stands for it */
} UnitRange;

/* What a tool says must be true for a script to run. */
typedef struct UnitRequirement
{
	char	   *query;			/* SELECT of one value, true or not; it may
								 * have references */
	RequireFate on_false;
	RequireFate on_error;
	int			line;
	char	   *mark;
} UnitRequirement;

typedef struct ScriptUnit
{
	UnitDirection direction;
	const char *file;			/* relative to the source */
	bool		preferred;		/* to another one of the same version and
								 * direction, which its tool passes over then */

	/*
	 * Its parts of the file, in the file's order, which are read as one text:
	 * a statement may go on from one to the next, as in a way back that
	 * stands in comments, line by line.  None: the whole file.
	 */
	int			range_count;
	UnitRange  *ranges;
	const char *file_checksum;	/* SHA-256 of the file that the ranges were
								 * found in; a layout leaves it to join.c */

	const char *checksum;		/* SHA-256 of the unit's bytes, as they were
								 * when the layout was read; NULL: nobody
								 * looked */

	/* instead of the file's, in the server's encoding: as it is on record */
	const char *text;

	bool		undone;			/* it looks, and all that it does is undone */
	FillStyle	fill;			/* whose references its text has */
	List	   *own_variables;	/* Variable *: values of the tool's own files
								 * for psql's references, where nobody gives
								 * others */
	const PropertyScope *properties;	/* the same for ${name}, or NULL */
	List	   *valid_checksums;	/* char *: what its tool may have on
									 * record, besides its own */
	List	   *requirements;	/* UnitRequirement *, in their order */

	/* why it cannot run here, whatever its text says; or NULL */
	const char *refused;
	const char *refused_hint;
	int			refused_line;
	bool		is_code;		/* no SQL: its text is for comparing alone */
	bool		line_feeds;		/* its tool reads lines, and ends each with
								 * one, whatever ended it in the file */

	/* of what the script's own directives leave open */
	UnitTransactions transactions;
	const char *mark;			/* the words that say so; NULL if nothing does */
	int			mark_line;
} ScriptUnit;

/* A file that is one unit as a whole.  The name is kept, not copied. */
extern ScriptUnit *unit_of_file(UnitDirection direction, const char *file);

/* A part of a file, without ranges yet, and a range more of it: in the file's order. */
extern ScriptUnit *unit_of_ranges(UnitDirection direction, const char *file);
extern UnitRange *unit_add_range(ScriptUnit *unit, size_t offset, size_t length, int line);

/* The checksum of a unit of ranges, palloc'd; content is that of its file. */
extern char *unit_checksum(const ScriptUnit *unit, const FileContent *content);

/*
 * Reads the units of a source, which must outlive it.  A file that is read in
 * ranges is kept until another one is: all its units cost as much as the file
 * once, and cannot be of two versions of it.
 */
typedef struct UnitReader
{
	Source	   *source;
	Variables  *variables;		/* for its scripts; NULL: none */
	MemoryContext context;		/* of what is kept, nothing else */
	const char *file;			/* that is kept, or NULL */
	FileContent content;
	char		checksum[SHA256_HEX_LENGTH + 1];
} UnitReader;

/* Lives, with what it keeps, in CurrentMemoryContext. */
extern UnitReader *unit_reader_create(Source *source);

/* A unit's bytes and text, or why they could not be had. */
typedef struct UnitText
{
	const ScriptUnit *unit;
	UnitReader *reader;
	Variables  *variables;		/* of the reader */
	SourceScript read;			/* raw: of the file, if that was read */
	int			first_line;		/* that the text begins with, in the file */
	bool		cut;			/* there is more of the file behind it */
	char		checksum[SHA256_HEX_LENGTH + 1];	/* of the unit's bytes,
													 * and of the files that
													 * they include */
	struct HTAB *paths;			/* of these, of char *; NULL: there are none */
	char		included[SHA256_HEX_LENGTH + 1];	/* of these; "": none */
	char		file_checksum[SHA256_HEX_LENGTH + 1];	/* of all */
} UnitText;

/*
 * Read a unit's bytes and sum them up; then, if they could be read, make them
 * text in the server's encoding.  Nothing is raised for what is wrong with the
 * file: read.raw.bytes is NULL then, or read.text, and read.raw says why.
 *
 * The text begins with the line of the first range and ends with the last
 * range, so what is open there is cut off.  What is between them are blanks and
 * line ends.
 */
extern void unit_read(UnitReader *reader, const ScriptUnit *unit, UnitText *text);
extern void unit_decode(UnitText *text);

/*
 * The text of a way back as it is kept: with the values of its tool's own files for references to them,
 * which nobody has any more when it is needed, but for those that are a run's to give.  NULL: it
 * could not be read.
 */
extern char *unit_keep_text(UnitReader *reader, const ScriptUnit *unit);

/* Both.  Returns the text, or NULL. */
extern char *unit_read_text(UnitReader *reader, const ScriptUnit *unit, UnitText *text);

/*
 * Cut the text into statements, with the values of its variables if it asks for
 * them: the one place where a script becomes what is checked and run.  If the unit's tool says that it is to run
 * without a transaction, that is one of the script's directives.
 */
extern Script *unit_split(const UnitText *text);

#endif
