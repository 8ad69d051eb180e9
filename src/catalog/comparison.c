/*
 * comparison.c
 *	  Two looks at the live schema, and what differs.
 *
 * A look keeps the definitions, too: when they are asked for, what had them is
 * changed already.  Both lists have the order of their query, so one pass over
 * them finds what differs.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "catalog/comparison.h"
#include "catalog/objects.h"

typedef struct ListedObject
{
	const char *kind;
	const char *schema;			/* or NULL */
	const char *identity;
	const char *definition;
	Oid			anchor;
	char		hash[SHA256_HEX_LENGTH + 1];
} ListedObject;

struct ObjectList
{
	MemoryContext context;
	ListedObject *objects;
	int			count;
	int			room;
};

/* of a relation: schema and name, quoted */
#define IDENTITY_LENGTH (4 * NAMEDATALEN + 8)

typedef struct Comparison
{
	const ObjectList *before;
	const ObjectList *now;
	HTAB	   *whole;			/* relations that one of them has alone, by
								 * Oid; NULL: none */
	HTAB	   *whole_names;	/* the same by identity */
	List	   *differences;
} Comparison;

typedef void (*Difference) (Comparison *comparison, const ListedObject *before, const ListedObject *now);

static void add_object(const SchemaObject *object, void *argument);
static void walk(Comparison *comparison, Difference difference);
static int	compare(const ListedObject *a, const ListedObject *b);
static void note_whole(Comparison *comparison, const ListedObject *before, const ListedObject *now);
static void describe(Comparison *comparison, const ListedObject *before, const ListedObject *now);
static bool is_part_of_whole(const Comparison *comparison, const ListedObject *object);
static bool is_one_of(const char *kind, const char *const *kinds);
static char *describe_change(const char *before, const char *now);
static List *split_lines(const char *text);
static const char *shown_line(const List *lines, int n);

/* with parts that are objects */
static const char *const relations[] = {
	"table", "foreign table", "view", "materialized view", "composite type", NULL
};
static const char *const parts[] = {
	"column", "constraint", "trigger", "rule", "policy", "publication table", NULL
};

ObjectList *
object_list_take(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator schema objects",
												  ALLOCSET_DEFAULT_SIZES);
	ObjectList *list = MemoryContextAllocZero(context, sizeof(ObjectList));
	ObjectScope all = {0};

	list->context = context;
	objects_scan(&all, InvalidSnapshot, add_object, list);
	return list;
}

static void
add_object(const SchemaObject *object, void *argument)
{
	ObjectList *list = argument;
	ListedObject *listed;

	if (list->count == list->room)
	{
		list->room = Max(1024, list->room * 2);
		list->objects = list->objects ?
			repalloc_huge(list->objects, list->room * sizeof(ListedObject)) :
			MemoryContextAllocHuge(list->context, list->room * sizeof(ListedObject));
	}
	listed = &list->objects[list->count++];
	listed->kind = MemoryContextStrdup(list->context, object->kind);
	listed->schema = object->schema ? MemoryContextStrdup(list->context, object->schema) : NULL;
	listed->identity = MemoryContextStrdup(list->context, object->identity);
	listed->definition = MemoryContextStrdup(list->context, object->definition);
	listed->anchor = object->anchor;
	strlcpy(listed->hash, object->hash, sizeof(listed->hash));
}

void
object_list_free(ObjectList *list)
{
	if (list != NULL)
		MemoryContextDelete(list->context);
}

List *
object_list_differences(const ObjectList *before, const ObjectList *now)
{
	Comparison	comparison = {before, now};

	walk(&comparison, note_whole);
	walk(&comparison, describe);
	if (comparison.whole != NULL)
	{
		hash_destroy(comparison.whole);
		hash_destroy(comparison.whole_names);
	}
	return comparison.differences;
}

/* Call difference for each object that is in one list alone (the other is NULL), or not the same in both. */
static void
walk(Comparison *comparison, Difference difference)
{
	const ListedObject *before = comparison->before->objects;
	const ListedObject *before_end = before + comparison->before->count;
	const ListedObject *now = comparison->now->objects;
	const ListedObject *now_end = now + comparison->now->count;

	while (before < before_end || now < now_end)
	{
		int			order = before == before_end ? 1 : now == now_end ? -1 : compare(before, now);

		CHECK_FOR_INTERRUPTS();
		if (order < 0)
			difference(comparison, before++, NULL);
		else if (order > 0)
			difference(comparison, NULL, now++);
		else
		{
			if (strcmp(before->hash, now->hash) != 0)
				difference(comparison, before, now);
			before++;
			now++;
		}
	}
}

/* The order of objects_scan(). */
static int
compare(const ListedObject *a, const ListedObject *b)
{
	int			order = strcmp(a->kind, b->kind);

	if (order == 0 && (a->schema == NULL || b->schema == NULL))
		order = (a->schema != NULL) - (b->schema != NULL);
	else if (order == 0)
		order = strcmp(a->schema, b->schema);
	return order != 0 ? order : strcmp(a->identity, b->identity);
}

/* One that is there on one side alone has all of its parts there. */
static void
note_whole(Comparison *comparison, const ListedObject *before, const ListedObject *now)
{
	const ListedObject *object = before ? before : now;

	if ((before != NULL && now != NULL) || !is_one_of(object->kind, relations))
		return;
	if (comparison->whole == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(Oid),.hcxt = CurrentMemoryContext};
		HASHCTL		names = {.keysize = IDENTITY_LENGTH,.entrysize = IDENTITY_LENGTH,.hcxt = CurrentMemoryContext};

		comparison->whole = hash_create("migrator relations on one side", 64, &ctl,
										HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		comparison->whole_names = hash_create("migrator names on one side", 64, &names,
											  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	}
	(void) hash_search(comparison->whole, &object->anchor, HASH_ENTER, NULL);
	(void) hash_search(comparison->whole_names, object->identity, HASH_ENTER, NULL);
}

static void
describe(Comparison *comparison, const ListedObject *before, const ListedObject *now)
{
	const ListedObject *object = before ? before : now;
	const char *what;

	if (before != NULL && now != NULL)
		what = describe_change(before->definition, now->definition);
	else if (comparison->whole != NULL && is_part_of_whole(comparison, object))
		return;
	else
		what = before ? "missing" : "left over";
	comparison->differences = lappend(comparison->differences,
									  psprintf("%s %s: %s", object->kind, finding_one_line(object->identity), what));
}

/* An index does not tell its table but in its definition, or it is told with its constraint. */
static bool
is_part_of_whole(const Comparison *comparison, const ListedObject *object)
{
	const char *table = object->definition;

	if (is_one_of(object->kind, parts))
		return hash_search(comparison->whole, &object->anchor, HASH_FIND, NULL) != NULL;
	if (strcmp(object->kind, "index") != 0)
		return false;
	if (strncmp(table, "INDEX ", strlen("INDEX ")) == 0)
		return true;
	while ((table = strstr(table, " ON ")) != NULL)
	{
		const char *end;

		table += strlen(" ON ");
		if (strncmp(table, "ONLY ", strlen("ONLY ")) == 0)
			table += strlen("ONLY ");
		end = strstr(table, " USING ");
		if (end != NULL && end - table < IDENTITY_LENGTH &&
			hash_search(comparison->whole_names, pnstrdup(table, end - table), HASH_FIND, NULL) != NULL)
			return true;
	}
	return false;
}

static bool
is_one_of(const char *kind, const char *const *kinds)
{
	for (; *kinds != NULL; kinds++)
		if (strcmp(kind, *kinds) == 0)
			return true;
	return false;
}

/* The first lines that are not in both: what is common before them and behind is left out. */
static char *
describe_change(const char *before, const char *now)
{
	List	   *old = split_lines(before);
	List	   *new = split_lines(now);
	int			shorter = Min(list_length(old), list_length(new));
	int			first = 0;
	int			behind = 0;

	while (first < shorter && strcmp(list_nth(old, first), list_nth(new, first)) == 0)
		first++;
	while (behind < shorter - first &&
		   strcmp(list_nth(old, list_length(old) - 1 - behind), list_nth(new, list_length(new) - 1 - behind)) == 0)
		behind++;
	if (first + behind == list_length(old))
		return psprintf("\"%s\" is left over", shown_line(new, first));
	if (first + behind == list_length(new))
		return psprintf("\"%s\" is missing", shown_line(old, first));
	return psprintf("was \"%s\", is \"%s\"", shown_line(old, first), shown_line(new, first));
}

static List *
split_lines(const char *text)
{
	List	   *lines = NIL;
	const char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		lines = lappend(lines, pnstrdup(text, end - text));
	return lappend(lines, pstrdup(text));
}

static const char *
shown_line(const List *lines, int n)
{
	const char *line = list_nth(lines, n);

	return finding_one_line(line + strspn(line, " \t"));
}
