/*
 * hide_values.c
 *	  Texts without values of variables.
 *
 * A value that is shown is seldom shown as it is: the server cuts rows at 64
 * characters, names at 63 bytes, shows a token of a larger text, folds names,
 * doubles quotes.  So texts are compared by pieces: every run of PART bytes of
 * a value, folded, is an integer of 64 bits, and these are in a hash table; a
 * shorter value is one integer as a whole.  What a text has in common with them
 * costs time in proportion to its length, however many values there are.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/hide_values.h"

/* bytes of a value that are hidden: as a whole, as a part of a longer one */
#define WHOLE_AT_LEAST 4
#define PART 8
#define WORD_AT_LEAST 4

/*
 * of a longer value every PART'th piece is enough: what is shown of it begins and
 * ends with less than one
 */
#define EVERY_PART_UP_TO (1024 * 1024)

/* bytes of a text, and of a value, that are looked at closely */
#define CLOSELY_AT_MOST (16 * 1024)

typedef struct HiddenPart
{
	uint64		bytes;			/* the first is the highest; 0: none */
	int			variable;
} HiddenPart;

typedef struct HiddenParts
{
	HiddenPart *table;
	uint64		size;			/* a power of two, at least twice used */
	uint64		used;
	bool		lengths[PART + 1];	/* of what is in it */
} HiddenParts;

static HiddenParts *make_parts(Variables *variables);
static HiddenPart *make_table(MemoryContext context, uint64 size);
static void add_variable(HiddenParts *parts, const Variable *item, int variable);
static void add_value(HiddenParts *parts, const char *value, int variable);
static void add_doubled(HiddenParts *parts, const char *value, const char *doubled, int variable);
static void add_part(HiddenParts *parts, uint64 bytes, int variable);
static void grow(HiddenParts *parts);
static HiddenPart *find_part(const HiddenParts *parts, uint64 bytes);
static int	part_at(const HiddenParts *parts, const char *text, size_t left, int *variable);
static void mark(uint16 *marks, size_t length, int variable);
static char *without_marked(const Variables *variables, const HideFocus *focus, char *text, size_t length,
							const uint16 *marks);
static const char *name_of(const Variables *variables, const HideFocus *focus, int variable);
static void look_closely(const Variables *variables, const HideFocus *focus, const char *text,
						 size_t length, uint16 *marks);
static void mark_quoted(const Variables *variables, const HideFocus *focus, const char *text,
						size_t length, uint16 *marks);
static bool holds(const char *value, const char *part, size_t length);

char *
hide_values(Variables *variables, const HideFocus *focus, char *text)
{
	HiddenParts *parts;
	size_t		length;
	uint16	   *marks;
	int			variable;
	char	   *shown;

	if (text == NULL || variables == NULL || variables->count == 0)
		return text;
	parts = variables->parts ? variables->parts : make_parts(variables);
	length = strlen(text);
	marks = MemoryContextAllocExtended(CurrentMemoryContext, (length + 1) * sizeof(uint16),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (size_t at = 0; at < length; at++)
	{
		int			found = part_at(parts, text + at, length - at, &variable);

		if (found > 0)
			mark(marks + at, found, variable);
	}
	if (focus != NULL && length <= CLOSELY_AT_MOST)
		look_closely(variables, focus, text, length, marks);
	shown = without_marked(variables, focus, text, length, marks);
	pfree(marks);
	return shown;
}

bool
hide_values_must(Variables *variables, const char *text)
{
	const HiddenParts *parts;
	size_t		length = strlen(text);
	int			variable;

	if (variables == NULL || variables->count == 0)
		return false;
	parts = variables->parts ? variables->parts : make_parts(variables);
	for (size_t at = 0; at < length; at++)
	{
		if ((at & 0xfffff) == 0xfffff)
			CHECK_FOR_INTERRUPTS();
		if (part_at(parts, text + at, length - at, &variable) > 0)
			return true;
	}
	return false;
}

void
hide_values_add(Variables *variables, const Variable *item)
{
	if (variables->parts == NULL)
		(void) make_parts(variables);
	variables_append(variables, item);
	add_variable(variables->parts, item, variables->count - 1);
}

/* What has a mark keeps it.  variable: an index that name_of() takes. */
static void
mark(uint16 *marks, size_t length, int variable)
{
	for (size_t i = 0; i < length; i++)
		if (marks[i] == 0)
			marks[i] = (uint16) (Min(variable, PG_UINT16_MAX - 1) + 1);
}

/* Whole characters, each run of them once, by its variable's name; the text itself if there are none. */
static char *
without_marked(const Variables *variables, const HideFocus *focus, char *text, size_t length,
			   const uint16 *marks)
{
	StringInfoData shown;
	uint16		last = 0;
	bool		any = false;

	initStringInfo(&shown);
	for (size_t at = 0, step; at < length; at += step)
	{
		uint16		marked = 0;

		step = Min((size_t) pg_mblen(text + at), length - at);
		for (size_t i = at; i < at + step; i++)
			marked = Max(marked, marks[i]);
		if (marked == 0)
			appendBinaryStringInfo(&shown, text + at, step);
		else if (marked != last)
			appendStringInfo(&shown, ":%s", name_of(variables, focus, marked - 1));
		any |= marked > 0;
		last = marked;
	}
	if (any)
		return shown.data;
	pfree(shown.data);
	return text;
}

/* Those of the focus, which need not be the same in memory, come behind the others. */
static const char *
name_of(const Variables *variables, const HideFocus *focus, int variable)
{
	const Variable *item;

	if (variable < variables->count)
		return variables->items[variable].name;
	variable -= variables->count;
	item = variable < list_length(focus->near) ? list_nth(focus->near, variable) : focus->at_fault;
	return item->name;
}

void
hide_values_in_error(Variables *variables, const HideFocus *focus, ErrorData *error, const char *own)
{
	char	   *query = error->internalquery;
	char	   *mine = own != NULL && error->context != NULL ? strstr(error->context, own) : NULL;

	error->message = hide_values(variables, focus, error->message);
	error->detail = hide_values(variables, focus, error->detail);
	error->detail_log = hide_values(variables, focus, error->detail_log);
	error->hint = hide_values(variables, focus, error->hint);
	if (mine != NULL)
		error->context = psprintf("%s%s%s",
								  hide_values(variables, focus, pnstrdup(error->context, mine - error->context)),
								  own,
								  hide_values(variables, focus, mine + strlen(own)));
	else
		error->context = hide_values(variables, focus, error->context);
	error->internalquery = hide_values(variables, focus, query);
	if (error->internalquery != query)
		error->internalpos = 0; /* it is of the other text */
}

static inline uint64
with_byte(uint64 bytes, char c)
{
	return bytes << 8 | pg_ascii_tolower((unsigned char) c);
}

static HiddenParts *
make_parts(Variables *variables)
{
	HiddenParts *parts = MemoryContextAllocZero(variables->context, sizeof(HiddenParts));

	parts->size = 64;
	parts->table = make_table(variables->context, parts->size);
	for (int i = 0; i < variables->count; i++)
		add_variable(parts, &variables->items[i], i);
	variables->parts = parts;
	return parts;
}

static HiddenPart *
make_table(MemoryContext context, uint64 size)
{
	return MemoryContextAllocExtended(context, size * sizeof(HiddenPart), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

/* As it is, and with each of three characters doubled. */
static void
add_variable(HiddenParts *parts, const Variable *item, int variable)
{
	if (!item->hidden)
		return;
	add_value(parts, item->value, variable);
	add_doubled(parts, item->value, "'", variable);
	add_doubled(parts, item->value, "\"", variable);
	add_doubled(parts, item->value, "'\\", variable);
}

static void
add_value(HiddenParts *parts, const char *value, int variable)
{
	size_t		length = strlen(value);
	size_t		step = length <= EVERY_PART_UP_TO ? 1 : PART;
	uint64		bytes = 0;

	if (length < WHOLE_AT_LEAST)
		return;
	for (size_t i = 0; i < length; i++)
	{
		bytes = with_byte(bytes, value[i]);
		if (i + 1 >= PART && (i + 1) % step == 0)
			add_part(parts, bytes, variable);
	}
	if (length < PART)
		add_part(parts, bytes, variable);
	parts->lengths[Min(length, PART)] = true;
}

/* As it stands between quotes. */
static void
add_doubled(HiddenParts *parts, const char *value, const char *doubled, int variable)
{
	StringInfoData text;

	if (strpbrk(value, doubled) == NULL)
		return;
	initStringInfo(&text);
	for (const char *p = value; *p != '\0'; p++)
	{
		if (strchr(doubled, *p) != NULL)
			appendStringInfoChar(&text, *p);
		appendStringInfoChar(&text, *p);
	}
	add_value(parts, text.data, variable);
	pfree(text.data);
}

static inline uint64
place_of(const HiddenParts *parts, uint64 bytes)
{
	return (bytes * UINT64CONST(0x9E3779B97F4A7C15)) >> 20 & (parts->size - 1);
}

static void
add_part(HiddenParts *parts, uint64 bytes, int variable)
{
	HiddenPart *part = find_part(parts, bytes);

	if (part->bytes != 0)
		return;
	if (2 * (parts->used + 1) > parts->size)
	{
		grow(parts);
		part = find_part(parts, bytes);
	}
	part->bytes = bytes;
	part->variable = variable;
	parts->used++;
}

static void
grow(HiddenParts *parts)
{
	HiddenParts larger = {.size = 2 * parts->size};

	larger.table = make_table(GetMemoryChunkContext(parts), larger.size);
	for (uint64 i = 0; i < parts->size; i++)
	{
		if (parts->table[i].bytes != 0)
			*find_part(&larger, parts->table[i].bytes) = parts->table[i];
	}
	pfree(parts->table);
	parts->table = larger.table;
	parts->size = larger.size;
}

/* The part, or where it would be. */
static HiddenPart *
find_part(const HiddenParts *parts, uint64 bytes)
{
	uint64		place = place_of(parts, bytes);

	while (parts->table[place].bytes != 0 && parts->table[place].bytes != bytes)
		place = (place + 1) & (parts->size - 1);
	return &parts->table[place];
}

/* How many bytes a text has in common with a value from here on, at least; 0: none. */
static int
part_at(const HiddenParts *parts, const char *text, size_t left, int *variable)
{
	int			length = 0;
	uint64		bytes = 0;

	for (int i = 1; i <= PART && (size_t) i <= left; i++)
	{
		const HiddenPart *found;

		bytes = with_byte(bytes, text[i - 1]);
		found = parts->lengths[i] ? find_part(parts, bytes) : NULL;
		if (found != NULL && found->bytes != 0)
		{
			length = i;
			*variable = found->variable;
		}
	}
	return length;
}

/* In what is said of a statement its own values are looked for more closely. */
static void
look_closely(const Variables *variables, const HideFocus *focus, const char *text, size_t length,
			 uint16 *marks)
{
	const char *end = text + length;

	if (focus->at_fault != NULL)
		mark_quoted(variables, focus, text, length, marks);
	for (const char *word = text; word < end; word++)
	{
		size_t		size = 0;

		while (word + size < end && variables_name_character(word[size]))
			size++;
		for (int i = 0; size >= WORD_AT_LEAST && i < list_length(focus->near); i++)
		{
			const Variable *variable = list_nth(focus->near, i);

			if (variable->hidden && holds(variable->value, word, size))
				mark(marks + (word - text), size, variables->count + i);
		}
		word += size;
	}
}

/* What the server shows in double quotes of the value that it refuses. */
static void
mark_quoted(const Variables *variables, const HideFocus *focus, const char *text, size_t length,
			uint16 *marks)
{
	const Variable *at_fault = focus->at_fault;
	const char *end = text + length;
	const char *open = memchr(text, '"', length);

	while (at_fault->hidden && open != NULL)
	{
		const char *close = memchr(open + 1, '"', end - open - 1);

		if (close == NULL)
			break;
		if (close > open + 1 && holds(at_fault->value, open + 1, close - open - 1))
			mark(marks + (open + 1 - text), close - open - 1, variables->count + list_length(focus->near));
		open = close;
	}
}

/* Short enough not to matter is what a very long value has in no piece of eight bytes. */
static bool
holds(const char *value, const char *part, size_t length)
{
	size_t		size = strnlen(value, CLOSELY_AT_MOST);

	for (size_t at = 0; at + length <= size; at++)
		if (pg_strncasecmp(value + at, part, length) == 0)
			return true;
	return false;
}
