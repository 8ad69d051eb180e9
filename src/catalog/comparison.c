/*
 * comparison.c
 *	  Two looks at the live schema, and what differs.
 *
 * A look keeps the definitions, too: when they are asked for, what had them is
 * changed already.  Lists have the order of their query, so one pass over two of
 * them finds what differs.
 *
 * A look that comes behind another one reads what changed in the catalogs since
 * (marks.h), and takes the rest from there.  A script touches a few objects, and
 * there may be thousands.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/finding.h"
#include "catalog/comparison.h"
#include "catalog/marks.h"
#include "catalog/objects.h"
#include "catalog/schema_state.h"

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
	CatalogMarks *marks;		/* of no later moment than the objects */
	ListedObject *objects;
	int			count;
	int			room;
};

/* where more has changed, all is read */
#define ANCHORS_AT_MOST 500

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
static void add_copy(ObjectList *list, const ListedObject *object);
static void merge(ObjectList *list, const ObjectList *known, const ObjectList *changed, const ObjectScope *anchors);
static void walk(Comparison *comparison, Difference difference);
static int	compare(const ListedObject *a, const ListedObject *b);
static void note_whole(Comparison *comparison, const ListedObject *before, const ListedObject *now);
static void describe(Comparison *comparison, const ListedObject *before, const ListedObject *now);
static bool is_told_otherwise(const Comparison *comparison, const ListedObject *object);
static bool is_one_of(const char *kind, const char *const *kinds);
static char *describe_change(const char *before, const char *now);
static List *split_lines(const char *text);

/* with parts that are objects */
static const char *const relations[] = {
	"table", "foreign table", "view", "materialized view", "composite type", NULL
};
static const char *const parts[] = {
	"column", "constraint", "trigger", "rule", "policy", "publication table", NULL
};

ObjectList *
object_list_take(const ObjectList *known)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "migrator schema objects",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext keep = MemoryContextSwitchTo(context);
	ObjectList *list = palloc0(sizeof(ObjectList));
	ObjectScope scope = {0};
	Oid		   *anchors;

	list->context = context;
	list->marks = catalog_marks_take(InvalidSnapshot);
	if (known != NULL && catalog_marks_changed(known->marks, list->marks, &anchors, &scope.anchor_count, &scope.relations) &&
		scope.anchor_count <= ANCHORS_AT_MOST)
	{
		ObjectList	changed = {.context = context};

		if (scope.anchor_count > 0)
		{
			int			count = scope.anchor_count;

			/* among them may be functions */
			anchors = schema_state_add_dependents(anchors, &scope.anchor_count, InvalidSnapshot);
			scope.relations &= scope.anchor_count == count;
			qsort(anchors, scope.anchor_count, sizeof(Oid), oid_cmp);
			scope.anchors = anchors;
			objects_scan(&scope, InvalidSnapshot, add_object, &changed);
		}
		merge(list, known, &changed, &scope);
	}
	else
		objects_scan(&scope, InvalidSnapshot, add_object, list);
	MemoryContextSwitchTo(keep);
	return list;
}

static void
add_object(const SchemaObject *object, void *argument)
{
	ListedObject listed = {
		.kind = object->kind,
		.schema = object->schema,
		.identity = object->identity,
		.definition = object->definition,
		.anchor = object->anchor
	};

	strlcpy(listed.hash, object->hash, sizeof(listed.hash));
	add_copy(argument, &listed);
}

static void
add_copy(ObjectList *list, const ListedObject *object)
{
	ListedObject *copy;

	if (list->count == list->room)
	{
		list->room = Max(1024, list->room * 2);
		list->objects = list->objects ?
			repalloc_huge(list->objects, list->room * sizeof(ListedObject)) :
			MemoryContextAllocHuge(list->context, list->room * sizeof(ListedObject));
	}
	copy = &list->objects[list->count++];
	*copy = *object;
	copy->kind = MemoryContextStrdup(list->context, object->kind);
	copy->schema = object->schema ? MemoryContextStrdup(list->context, object->schema) : NULL;
	copy->identity = MemoryContextStrdup(list->context, object->identity);
	copy->definition = MemoryContextStrdup(list->context, object->definition);
}

/* Objects that are known and anchored elsewhere, and those that were read anew. */
static void
merge(ObjectList *list, const ObjectList *known, const ObjectList *changed, const ObjectScope *anchors)
{
	int			i = 0;
	int			j = 0;

	while (i < known->count || j < changed->count)
	{
		const ListedObject *old = &known->objects[i];

		CHECK_FOR_INTERRUPTS();
		if (i < known->count && anchors->anchor_count > 0 &&
			bsearch(&old->anchor, anchors->anchors, anchors->anchor_count, sizeof(Oid), oid_cmp) != NULL)
			i++;
		else if (i < known->count && (j == changed->count || compare(old, &changed->objects[j]) <= 0))
		{
			add_copy(list, old);
			i++;
		}
		else
			add_copy(list, &changed->objects[j++]);
	}
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
	else if (is_told_otherwise(comparison, object))
		return;
	else
		what = before ? "missing" : "left over";
	comparison->differences = lappend(comparison->differences,
									  psprintf("%s %s: %s", object->kind, finding_one_line(object->identity), what));
}

/*
 * With the relation that it is a part of, or with its constraint.  The table of
 * another index stands in its definition.
 */
static bool
is_told_otherwise(const Comparison *comparison, const ListedObject *object)
{
	const char *table = object->definition;

	if (strcmp(object->kind, "index") == 0 && strncmp(table, "INDEX ", strlen("INDEX ")) == 0)
		return true;
	if (comparison->whole == NULL)
		return false;
	if (is_one_of(object->kind, parts))
		return hash_search(comparison->whole, &object->anchor, HASH_FIND, NULL) != NULL;
	if (strcmp(object->kind, "index") != 0)
		return false;
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

/* The first lines that differ: what is common before them and behind is left out. */
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
	if (first == list_length(old) && first == list_length(new))
		return pstrdup("differs in white space");
	if (first + behind == list_length(old))
		return psprintf("\"%s\" is left over", finding_one_line(list_nth(new, first)));
	if (first + behind == list_length(new))
		return psprintf("\"%s\" is missing", finding_one_line(list_nth(old, first)));
	return psprintf("was \"%s\", is \"%s\"", finding_one_line(list_nth(old, first)), finding_one_line(list_nth(new, first)));
}

/* Without white space around them. */
static List *
split_lines(const char *text)
{
	List	   *lines = NIL;

	for (;;)
	{
		size_t		length = strcspn(text, "\n");
		size_t		before = strspn(text, " \t\r");
		size_t		end = length;

		while (end > before && strchr(" \t\r", text[end - 1]) != NULL)
			end--;
		lines = lappend(lines, before < end ? pnstrdup(text + before, end - before) : pstrdup(""));
		if (text[length] == '\0')
			return lines;
		text += length + 1;
	}
}
