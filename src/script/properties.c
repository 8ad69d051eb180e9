/*
 * properties.c
 *	  Values that a tool's own files define for its references.
 *
 * A hash table has the definitions of each name, one after the other: files may have
 * thousands, and each of their scripts looks for some.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/pg_list.h"

#include "script/properties.h"

/* All that one file, or any, defines of a name. */
typedef struct Definitions
{
	char	   *key;
	uint32		hash;
	char		status;
	List	   *list;			/* Property *, in their order */
} Definitions;

#define SH_PREFIX definitions
#define SH_ELEMENT_TYPE Definitions
#define SH_KEY_TYPE char *
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_bytes((const unsigned char *) (key), strlen(key))
#define SH_EQUAL(table, a, b) (strcmp(a, b) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

struct Properties
{
	definitions_hash *table;
	int			count;
};

Properties *
properties_create(void)
{
	Properties *properties = palloc0(sizeof(Properties));

	properties->table = definitions_create(CurrentMemoryContext, 32, NULL);
	return properties;
}

PropertyScope
properties_scope(const Properties *properties, int file)
{
	PropertyScope scope = {.all = properties,.file = file,.until = properties->count};

	return scope;
}

/* The name in small letters, behind whose it is. */
static char *
key_of(int file, const char *name)
{
	char	   *key = psprintf("%d %s", file, name);

	for (char *c = key; *c != '\0'; c++)
		*c = pg_tolower((unsigned char) *c);
	return key;
}

void
properties_add(Properties *properties, int file, const char *name, const char *value, bool at_once, int at_file)
{
	Property   *property = palloc(sizeof(Property));
	bool		found;
	Definitions *definitions = definitions_insert(properties->table, key_of(file, name), &found);

	property->value = pstrdup(value);
	property->at_once = at_once;
	property->scope = properties_scope(properties, at_file);
	properties->count++;
	definitions->list = found ? lappend(definitions->list, property) : list_make1(property);
}

/* Those of a file, or for all, that are defined by then: how many of the list. */
static int
count_until(const List *list, int until)
{
	int			low = 0,
				high = list_length(list);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const Property *property = list_nth(list, middle);

		if (property->scope.until < until)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const List *
find_list(const PropertyScope *scope, int file, const char *name, int *count)
{
	char	   *key = key_of(file, name);
	const Definitions *definitions = definitions_lookup(scope->all->table, key);

	pfree(key);
	*count = definitions != NULL ? count_until(definitions->list, scope->until) : 0;
	return definitions != NULL ? definitions->list : NIL;
}

const Property *
properties_find(const PropertyScope *scope, const char *name)
{
	int			count;
	const List *list = find_list(scope, 0, name, &count);

	if (count > 0)
		return linitial(list);
	if (scope->file == 0)
		return NULL;
	list = find_list(scope, scope->file, name, &count);
	return count > 0 ? list_nth(list, count - 1) : NULL;
}
