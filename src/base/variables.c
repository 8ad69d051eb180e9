/*
 * variables.c
 *	  Values for the variables of scripts.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/variables.h"

/* where the values of a file stand, for messages */
#define ENVIRONMENT_VALUES "\"config\" of the environment"

static void add(Variables *variables, List *fresh, bool first);
static void take_jsonb_value(Variable *item, const JsonbValue *value, const char *what);
static Variable *new_variable(const char *name, size_t length, const char *what);
pg_noreturn static void refuse_value(const char *name, const char *what);
static int	compare_variables(const void *a, const void *b);

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
	MemoryContext old;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	Variable   *item = NULL;
	List	   *fresh = NIL;

	if (values == NULL)
		return;
	old = MemoryContextSwitchTo(variables->context);
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

void
variables_add_behind(Variables *variables, List *values)
{
	MemoryContext old = MemoryContextSwitchTo(variables->context);

	add(variables, values, false);
	MemoryContextSwitchTo(old);
}

void
variables_add_made(Variables *variables, List *made)
{
	MemoryContext old = MemoryContextSwitchTo(variables->context);
	Variable   *items = palloc((variables->count + list_length(made) + 1) * sizeof(Variable));
	ListCell   *lc;

	if (variables->count > 0)
		memcpy(items, variables->items, variables->count * sizeof(Variable));
	foreach(lc, made)
	{
		items[variables->count++] = *(const Variable *) lfirst(lc);
	}
	qsort(items, variables->count, sizeof(Variable), compare_variables);
	variables->items = items;
	variables->parts = NULL;
	MemoryContextSwitchTo(old);
}

/* The room is a power of two. */
void
variables_append(Variables *variables, const Variable *item)
{
	Size		count = variables->count;
	Variable   *items = variables->items;

	if (variables->appended == 0 || (count & (count - 1)) == 0)
	{
		Size		room = pg_nextpower2_size_t(count + 1);

		items = MemoryContextAllocHuge(variables->context, room * sizeof(Variable));
		if (count > 0)
			memcpy(items, variables->items, count * sizeof(Variable));
		if (variables->appended > 0)
			pfree(variables->items);
		variables->items = items;
	}
	items[variables->count++] = *item;
	variables->appended++;
}

static Variable *
new_variable(const char *name, size_t length, const char *what)
{
	Variable   *item = palloc0(sizeof(Variable));

	item->name = pnstrdup(name, length);
	item->hidden = true;
	if (!variables_is_tool_name(name, length))
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
		if (!variables_name_character(name[i]))
			return false;
	return true;
}

bool
variables_is_tool_name(const char *name, size_t length)
{
	if (length == 0 || !variables_is_name(name, 1))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!variables_name_character(name[i]) && strchr(".:-", name[i]) == NULL)
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
