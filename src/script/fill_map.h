/*
 * fill_map.h
 *	  Which place of a script's file a place in its filled text is.
 *
 * fill.h says what is filled.
 */
#ifndef MIGRATOR_SCRIPT_FILL_MAP_H
#define MIGRATOR_SCRIPT_FILL_MAP_H

#include "base/variables.h"

/* a reference, and what stands for it */
typedef struct FillPiece
{
	uint32		file_offset;
	uint32		file_length;
	uint32		offset;			/* in the filled text */
	uint32		length;
	const Variable *variable;	/* NULL: it has no value */
	bool		unknown;		/* and may be any SQL */
	const char *late;			/* name of a variable whose value the run
								 * knows: this stands for it until then; NULL:
								 * there is nothing to wait for */
	uint8		quote;			/* then: PsqlQuote, how it is asked for */
} FillPiece;

/* a stretch of file_text that is of one file, where there are others in it */
typedef struct FillSegment
{
	uint32		offset;			/* in file_text, where it begins */
	const char *file;			/* NULL: the script's own */
	uint32		line;			/* of its first character, in that file */
	uint32		column;
} FillSegment;

typedef struct FillMap
{
	const char *file_text;		/* with the text of included files in it */
	size_t		file_length;
	uint32		first_line;		/* of file_text */
	FillPiece  *pieces;			/* in the file's order, which is the text's */
	int			count;
	Variables  *variables;		/* or NULL */
	const char *file;			/* its name, for what a tool has built in */
	FillSegment *segments;		/* in its order; none: all is of one file */
	int			segment_count;
	const char *free_name;		/* of the first variable whose value stands as
								 * it is and is no word or number; or NULL */
	int			free_line;
	bool		given;			/* what the text has become depends on values
								 * that the call was given, or was not */
} FillMap;

/*
 * The place in the file of a place in the filled text.  In a value that is where
 * its reference begins; or where it ends, for the end of something.
 */
extern uint32 fill_map_offset(const FillMap *map, uint32 offset, bool end);

/* The first piece that does not end before a place of the filled text. */
extern int	fill_map_first(const FillMap *map, uint32 offset);

/* Is something in a part of it left to the run? */
extern bool fill_map_is_late(const FillMap *map, uint32 offset, uint32 length);

/* The variable whose value a place in the filled text is in, or NULL. */
extern const Variable *fill_map_variable(const FillMap *map, uint32 offset);

/* Those whose values are in a part of it: Variable *, each once. */
extern List *fill_map_variables(const FillMap *map, uint32 offset, uint32 length);

/* The file that a place of file_text is in; NULL: the script's own. */
extern const char *fill_map_file(const FillMap *map, uint32 file_offset);

/* A place in the file, with its line and column. */
typedef struct FilePlace
{
	const FillMap *map;
	int			segment;		/* that it is in, or -1 */
	const char *text;
	size_t		length;
	uint32		offset;
	uint32		line;
	uint32		column;
} FilePlace;

extern void file_place_begin(FilePlace *place, const FillMap *map);

/* Go to another place behind it, character by character. */
extern void file_place_advance(FilePlace *place, uint32 offset);

/* The file that it is in; NULL: the script's own. */
extern const char *file_place_file(const FilePlace *place);

#endif
