/*
 * psql_text.c
 *	  The text of a script's files, and what becomes of it.
 *
 * Both grow together, and a FillMap says which place of the one a place of the
 * other is, and which file that is.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "script/psql_state.h"

static FillPiece *add_piece(Psql *psql);
static bool fits(Psql *psql, const StringInfo text, size_t more);

void
psql_take(Psql *psql, PsqlFrame *frame, uint32 to)
{
	uint32		length = to - frame->copied;

	if (length == 0)
		return;
	if (!psql_is_active(psql))
	{
		(void) psql_replace(psql, frame, to, "", NULL);
		return;
	}
	if (!fits(psql, &psql->whole, length) || !fits(psql, &psql->filled, length))
		return;
	appendBinaryStringInfo(&psql->whole, frame->lexer.text + frame->copied, length);
	appendBinaryStringInfo(&psql->filled, frame->lexer.text + frame->copied, length);
	frame->copied = to;
}

FillPiece *
psql_replace(Psql *psql, PsqlFrame *frame, uint32 to, const char *value, const Variable *variable)
{
	uint32		length = to - frame->copied;
	FillPiece  *piece;

	if (!fits(psql, &psql->whole, length) || !fits(psql, &psql->filled, strlen(value)))
		return NULL;
	piece = add_piece(psql);
	piece->file_length = length;
	piece->length = strlen(value);
	piece->variable = variable;
	appendBinaryStringInfo(&psql->whole, frame->lexer.text + frame->copied, length);
	appendStringInfoString(&psql->filled, value);
	frame->copied = to;
	return piece;
}

void
psql_insert(Psql *psql, const char *value)
{
	if (fits(psql, &psql->filled, strlen(value)))
	{
		add_piece(psql)->length = strlen(value);
		appendStringInfoString(&psql->filled, value);
	}
}

void
psql_enter(Psql *psql, const char *file, uint32 line, uint32 column)
{
	FillMap    *map = psql->map;
	FillSegment *segment;

	if (map->segments == NULL)
		map->segments = palloc((psql->segments_room = 16) * sizeof(FillSegment));
	else if (map->segment_count == psql->segments_room)
		map->segments = repalloc_huge(map->segments, (psql->segments_room *= 2) * sizeof(FillSegment));
	segment = &map->segments[map->segment_count++];
	segment->offset = psql->whole.len;
	segment->file = file;
	segment->line = line;
	segment->column = column;
}

/* At the end of both texts. */
static FillPiece *
add_piece(Psql *psql)
{
	FillMap    *map = psql->map;
	FillPiece  *piece;

	if (map->pieces == NULL)
		map->pieces = palloc((psql->pieces_room = 16) * sizeof(FillPiece));
	else if (map->count == psql->pieces_room)
		map->pieces = repalloc_huge(map->pieces, (Size) (psql->pieces_room *= 2) * sizeof(FillPiece));
	piece = &map->pieces[map->count++];
	memset(piece, 0, sizeof(FillPiece));
	piece->file_offset = psql->whole.len;
	piece->offset = psql->filled.len;
	return piece;
}

/* A text cannot be longer than the server takes a statement. */
static bool
fits(Psql *psql, const StringInfo text, size_t more)
{
	if (more >= MaxAllocSize - 1 - (size_t) text->len)
		psql->too_long = true;
	return !psql->too_long;
}
