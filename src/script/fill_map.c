/*
 * fill_map.c
 *	  Which place of a script's file a place in its filled text is.
 */
#include "postgres.h"

#include "script/fill_map.h"
#include "script/lexer.h"

/* Index of the last piece that begins at a place or before it, or -1. */
static int
piece_before(const FillMap *map, uint32 offset)
{
	int			low = 0;
	int			high = map->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (map->pieces[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

uint32
fill_map_offset(const FillMap *map, uint32 offset, bool end)
{
	int			i = piece_before(map, offset);
	const FillPiece *piece;

	if (i < 0)
		return offset;
	piece = &map->pieces[i];
	if (offset >= piece->offset + piece->length)
		return piece->file_offset + piece->file_length + (offset - piece->offset - piece->length);
	return end && offset > piece->offset ? piece->file_offset + piece->file_length : piece->file_offset;
}

const Variable *
fill_map_variable(const FillMap *map, uint32 offset)
{
	int			i = piece_before(map, offset);

	return i >= 0 && offset < map->pieces[i].offset + map->pieces[i].length ?
		map->pieces[i].variable : NULL;
}

List *
fill_map_variables(const FillMap *map, uint32 offset, uint32 length)
{
	List	   *found = NIL;

	for (int i = Max(piece_before(map, offset), 0); i < map->count && map->pieces[i].offset < offset + length; i++)
		if (map->pieces[i].variable != NULL)
			found = list_append_unique_ptr(found, (void *) map->pieces[i].variable);
	return found;
}

int
fill_map_first(const FillMap *map, uint32 offset)
{
	int			i = piece_before(map, offset);

	/* there may be empty ones before it at the same place */
	while (i > 0 && map->pieces[i - 1].offset + map->pieces[i - 1].length >= offset)
		i--;
	if (i >= 0 && map->pieces[i].offset < offset && map->pieces[i].offset + map->pieces[i].length <= offset)
		i++;
	return Max(i, 0);
}

bool
fill_map_is_late(const FillMap *map, uint32 offset, uint32 length)
{
	for (int i = fill_map_first(map, offset); i < map->count && map->pieces[i].offset < offset + length; i++)
		if (map->pieces[i].late != NULL && map->pieces[i].offset + map->pieces[i].length > offset)
			return true;
	return false;
}

const char *
fill_map_file(const FillMap *map, uint32 file_offset)
{
	int			low = 0;
	int			high = map->segment_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (map->segments[middle].offset <= file_offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? map->segments[low - 1].file : NULL;
}

void
file_place_begin(FilePlace *place, const FillMap *map)
{
	place->map = map;
	place->segment = -1;
	place->text = map->file_text;
	place->length = map->file_length;
	place->offset = 0;
	place->line = map->first_line;
	place->column = 1;
}

/* Another file may begin here. */
static void
enter_segments(FilePlace *place)
{
	const FillMap *map = place->map;

	while (place->segment + 1 < map->segment_count &&
		   map->segments[place->segment + 1].offset <= place->offset)
	{
		place->segment++;
		place->line = map->segments[place->segment].line;
		place->column = map->segments[place->segment].column;
	}
}

void
file_place_advance(FilePlace *place, uint32 offset)
{
	enter_segments(place);
	while (place->offset < offset && place->offset < place->length)
	{
		if (lexer_ends_line(place->text, place->length, place->offset))
		{
			place->line++;
			place->column = 1;
		}
		else
			place->column++;
		place->offset += lexer_character_length(place->text + place->offset, place->length - place->offset);
		enter_segments(place);
	}
}

const char *
file_place_file(const FilePlace *place)
{
	return place->segment >= 0 ? place->map->segments[place->segment].file : NULL;
}
