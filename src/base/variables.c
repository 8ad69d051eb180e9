/*
 * variables.c
 *	  Values for the variables of scripts, and how they are kept out of messages.
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
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/variables.h"

/* bytes of a value that are hidden: as a whole, as a part of a longer one */
#define WHOLE_AT_LEAST 4
#define PART 8
#define WORD_AT_LEAST 4

/* bytes of a text, and of a value, that are looked at closely */
#define CLOSELY_AT_MOST (16 * 1024)

/* where the values of a file stand, for messages */
#define ENVIRONMENT_VALUES "\"config\" of the environment"

typedef struct HiddenPart
{
	uint64		bytes;			/* the first is the highest; 0: none */
	int			variable;
} HiddenPart;

typedef struct HiddenParts
{
	HiddenPart *table;
	uint64		size;			/* a power of two, at least twice what is in
								 * it */
	bool		lengths[PART + 1];	/* of what is in it */
} HiddenParts;

static void add(Variables *variables, List *fresh, bool first);
static void take_jsonb_value(Variable *item, const JsonbValue *value, const char *what);
static Variable *new_variable(const char *name, size_t length, const char *what);
pg_noreturn static void refuse_value(const char *name, const char *what);
static int	compare_variables(const void *a, const void *b);
static HiddenParts *make_parts(Variables *variables);
static void add_value(HiddenParts *parts, const char *value, int variable);
static void add_doubled(HiddenParts *parts, const char *value, const char *doubled, int variable);
static void add_part(HiddenParts *parts, uint64 bytes, int variable);
static const HiddenPart *find_part(const HiddenParts *parts, uint64 bytes);
static int	part_at(const HiddenParts *parts, const char *text, size_t left, int *variable);
static void mark(uint16 * marks, size_t length, int variable);
static char *without_marked(const Variables *variables, char *text, size_t length, const uint16 * marks);
static void look_closely(const Variables *variables, const HideFocus *focus, const char *text,
						 size_t length, uint16 * marks);
static void mark_quoted(const Variables *variables, const Variable *at_fault, const char *text,
						size_t length, uint16 * marks);
static bool holds(const char *value, const char *part, size_t length);

Variables *
variables_create(void)
{
	Variables  *variables = palloc0(sizeof(Variables));

	variables->context = CurrentMemoryContext;
	return variables;
}

Variables *
variables_copy(const Variables *variables)
{
	Variables  *copy = variables_create();

	copy->count = variables->count;
	copy->complete = variables->complete;
	copy->items = palloc((copy->count + 1) * sizeof(Variable));
	if (copy->count > 0)
		memcpy(copy->items, variables->items, copy->count * sizeof(Variable));
	return copy;
}

void
variables_add_jsonb(Variables *variables, Jsonb *values, const char *what, bool first)
{
	MemoryContext old = MemoryContextSwitchTo(variables->context);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	Variable   *item = NULL;
	List	   *fresh = NIL;

	if (values == NULL)
		return;
	if (!JB_ROOT_IS_OBJECT(values))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be a JSON object", what));
	iterator = JsonbIteratorInit(&values->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			item = new_variable(value.val.string.val, value.val.string.len, what);
			fresh = lappend(fresh, item);
		}
		else if (token == WJB_VALUE)
			take_jsonb_value(item, &value, what);
	}
	add(variables, fresh, first);
	MemoryContextSwitchTo(old);
}

static void
take_jsonb_value(Variable *item, const JsonbValue *value, const char *what)
{
	switch (value->type)
	{
		case jbvString:
			item->value = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			item->value = DatumGetCString(DirectFunctionCall1(numeric_out,
															  NumericGetDatum(value->val.numeric)));
			break;
		case jbvBool:
			item->value = value->val.boolean ? "true" : "false";
			item->hidden = false;
			break;
		default:
			refuse_value(item->name, what);
	}
}

void
variables_add_json(Variables *variables, const JsonNode *object)
{
	MemoryContext old = MemoryContextSwitchTo(variables->context);
	List	   *fresh = NIL;
	ListCell   *lc;

	foreach(lc, object ? object->children : NIL)
	{
		const JsonNode *node = lfirst(lc);
		Variable   *item = new_variable(node->key, strlen(node->key), ENVIRONMENT_VALUES);

		if (node->kind != JSON_NODE_STRING && node->kind != JSON_NODE_NUMBER &&
			node->kind != JSON_NODE_BOOLEAN)
			refuse_value(item->name, ENVIRONMENT_VALUES);
		item->value = pstrdup(node->text);
		item->hidden = node->kind != JSON_NODE_BOOLEAN;
		fresh = lappend(fresh, item);
	}
	add(variables, fresh, false);
	MemoryContextSwitchTo(old);
}

/* Merge: the new ones are of one object, so no name is among them twice. */
static void
add(Variables *variables, List *fresh, bool first)
{
	int			count = variables->count;
	Variable   *items = palloc((count + list_length(fresh) + 1) * sizeof(Variable));
	ListCell   *lc;

	if (count > 0)
		memcpy(items, variables->items, count * sizeof(Variable));
	foreach(lc, fresh)
	{
		const Variable *item = lfirst(lc);
		const Variable *known = variables_find(variables, item->name, strlen(item->name));

		if (known == NULL)
			items[count++] = *item;
		else if (first)
			items[known - variables->items] = *item;
	}
	qsort(items, count, sizeof(Variable), compare_variables);
	variables->items = items;
	variables->count = count;
	variables->parts = NULL;
}

static Variable *
new_variable(const char *name, size_t length, const char *what)
{
	Variable   *item = palloc0(sizeof(Variable));

	item->name = pnstrdup(name, length);
	item->hidden = true;
	if (!variables_is_name(name, length))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid name of a variable in %s: \"%s\"", what, finding_one_line(item->name)),
				errhint(VARIABLES_NAME_HINT));
	return item;
}

static void
refuse_value(const char *name, const char *what)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("variable \"%s\" in %s must be a string, a number, true or false",
				   finding_one_line(name), what));
}

static inline bool
is_word_part(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || IS_HIGHBIT_SET(c);
}

bool
variables_is_plain(const char *value)
{
	const char *p = value[0] == '-' ? value + 1 : value;

	if (*p == '\0' || (p != value && !(*p >= '0' && *p <= '9')))
		return false;
	for (; *p != '\0'; p++)
	{
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
			  *p == '_' || *p == '.' || IS_HIGHBIT_SET(*p)))
			return false;
	}
	return true;
}

bool
variables_is_name(const char *name, size_t length)
{
	if (length == 0 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_word_part(name[i]))
			return false;
	return true;
}

static int
compare_variables(const void *a, const void *b)
{
	return strcmp(((const Variable *) a)->name, ((const Variable *) b)->name);
}

const Variable *
variables_find(const Variables *variables, const char *name, size_t length)
{
	int			low = 0;
	int			high = variables != NULL ? variables->count : 0;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *other = variables->items[middle].name;
		int			order = strncmp(name, other, length);

		if (order == 0 && other[length] == '\0')
			return &variables->items[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

char *
variables_hide(Variables *variables, const HideFocus *focus, char *text)
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
	shown = without_marked(variables, text, length, marks);
	pfree(marks);
	return shown;
}

/* What has a mark keeps it. */
static void
mark(uint16 * marks, size_t length, int variable)
{
	for (size_t i = 0; i < length; i++)
		if (marks[i] == 0)
			marks[i] = (uint16) (Min(variable, PG_UINT16_MAX - 1) + 1);
}

/* Whole characters, each run of them once, by its variable's name; the text itself if there are none. */
static char *
without_marked(const Variables *variables, char *text, size_t length, const uint16 * marks)
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
			appendStringInfo(&shown, ":%s", variables->items[marked - 1].name);
		any |= marked > 0;
		last = marked;
	}
	return any ? shown.data : text;
}

void
variables_hide_error(Variables *variables, const HideFocus *focus, ErrorData *error, const char *own)
{
	char	   *query = error->internalquery;
	char	   *mine = own != NULL && error->context != NULL ? strstr(error->context, own) : NULL;

	error->message = variables_hide(variables, focus, error->message);
	error->detail = variables_hide(variables, focus, error->detail);
	error->detail_log = variables_hide(variables, focus, error->detail_log);
	error->hint = variables_hide(variables, focus, error->hint);
	if (mine != NULL)
		error->context = psprintf("%s%s%s",
								  variables_hide(variables, focus, pnstrdup(error->context, mine - error->context)),
								  own,
								  variables_hide(variables, focus, mine + strlen(own)));
	else
		error->context = variables_hide(variables, focus, error->context);
	error->internalquery = variables_hide(variables, focus, query);
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
	MemoryContext old = MemoryContextSwitchTo(variables->context);
	HiddenParts *parts = palloc0(sizeof(HiddenParts));
	size_t		total = 0;

	/* as it is, and with each of three characters doubled */
	for (int i = 0; i < variables->count; i++)
		total += 8 * (strlen(variables->items[i].value) + 1);
	parts->size = 64;
	while (parts->size < 2 * total)
		parts->size *= 2;
	parts->table = MemoryContextAllocExtended(variables->context, parts->size * sizeof(HiddenPart),
											  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < variables->count; i++)
	{
		const Variable *item = &variables->items[i];

		if (!item->hidden)
			continue;
		add_value(parts, item->value, i);
		add_doubled(parts, item->value, "'", i);
		add_doubled(parts, item->value, "\"", i);
		add_doubled(parts, item->value, "'\\", i);
	}
	variables->parts = parts;
	MemoryContextSwitchTo(old);
	return parts;
}

static void
add_value(HiddenParts *parts, const char *value, int variable)
{
	size_t		length = strlen(value);
	uint64		bytes = 0;

	if (length < WHOLE_AT_LEAST)
		return;
	for (size_t i = 0; i < length; i++)
	{
		bytes = with_byte(bytes, value[i]);
		if (i + 1 >= PART)
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
	uint64		place = place_of(parts, bytes);

	while (parts->table[place].bytes != 0 && parts->table[place].bytes != bytes)
		place = (place + 1) & (parts->size - 1);
	if (parts->table[place].bytes != 0)
		return;
	parts->table[place].bytes = bytes;
	parts->table[place].variable = variable;
}

static const HiddenPart *
find_part(const HiddenParts *parts, uint64 bytes)
{
	uint64		place = place_of(parts, bytes);

	while (parts->table[place].bytes != 0 && parts->table[place].bytes != bytes)
		place = (place + 1) & (parts->size - 1);
	return parts->table[place].bytes != 0 ? &parts->table[place] : NULL;
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
		if (found != NULL)
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
			 uint16 * marks)
{
	const char *end = text + length;
	ListCell   *lc;

	if (focus->at_fault != NULL)
		mark_quoted(variables, focus->at_fault, text, length, marks);
	for (const char *word = text; word < end; word++)
	{
		size_t		size = 0;

		while (word + size < end && is_word_part(word[size]))
			size++;
		if (size >= WORD_AT_LEAST)
			foreach(lc, focus->near)
		{
			const Variable *variable = lfirst(lc);

			if (variable->hidden && holds(variable->value, word, size))
				mark(marks + (word - text), size, variable - variables->items);
		}
		word += size;
	}
}

/* What the server shows in double quotes of the value that it refuses. */
static void
mark_quoted(const Variables *variables, const Variable *at_fault, const char *text, size_t length,
			uint16 * marks)
{
	const char *end = text + length;
	const char *open = memchr(text, '"', length);

	while (at_fault->hidden && open != NULL)
	{
		const char *close = memchr(open + 1, '"', end - open - 1);

		if (close == NULL)
			break;
		if (close > open + 1 && holds(at_fault->value, open + 1, close - open - 1))
			mark(marks + (open + 1 - text), close - open - 1, at_fault - variables->items);
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
