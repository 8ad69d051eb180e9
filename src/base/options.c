/*
 * options.c
 *	  JSON objects of named choices.
 */
#include "postgres.h"

#include "utils/numeric.h"

#include "utils/builtins.h"

#include "base/nearest.h"
#include "base/options.h"

static const OptionKey *find_key(const OptionKey *known, const char *name);
static void refuse_unknown(const OptionKey *known, const char *name);
static bool take_value(Option *option, JsonbValue *value, bool nulls_allowed);
static bool take_number(Option *option, Numeric number);
static bool take_strings(Option *option, JsonbContainer *array);
static bool take_words(Option *option, JsonbContainer *object);

List *
options_read(Jsonb *options, const OptionKey *known, bool nulls_allowed)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	JsonbIteratorToken token;
	List	   *found = NIL;
	Option	   *option = NULL;

	if (options == NULL)
		return NIL;
	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("argument \"options\" must be a JSON object"));
	iterator = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
		{
			option = palloc0(sizeof(Option));
			option->key = find_key(known, pnstrdup(value.val.string.val, value.val.string.len));
			found = lappend(found, option);
		}
		else if (token == WJB_VALUE && !take_value(option, &value, nulls_allowed))
			ereport(ERROR,
					errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("option \"%s\" must be %s", option->key->name, option->key->must_be),
					option->key->hint ? errhint("%s", option->key->hint) : 0);
	}
	return found;
}

const Option *
options_find(const List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(((const Option *) lfirst(lc))->key->name, name) == 0)
			return lfirst(lc);
	}
	return NULL;
}

static const OptionKey *
find_key(const OptionKey *known, const char *name)
{
	for (const OptionKey *key = known; key->name != NULL; key++)
	{
		if (strcmp(key->name, name) == 0)
			return key;
	}
	refuse_unknown(known, name);
	return NULL;
}

/* Name the known option nearest to what was written. */
static void
refuse_unknown(const OptionKey *known, const char *name)
{
	NearestName nearest = {name};

	for (const OptionKey *key = known; key->name != NULL; key++)
		nearest_consider(&nearest, key->name);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown option \"%s\"", name),
			nearest.found ? errhint("Perhaps you meant \"%s\".", nearest.found) : 0);
}

/* False when the value is not of the option's type. */
static bool
take_value(Option *option, JsonbValue *value, bool nulls_allowed)
{
	OptionType	type = option->key->type;

	if (value->type == jbvNull)
	{
		option->is_null = true;
		return nulls_allowed;
	}
	if (type == OPTION_BOOLEAN)
	{
		option->boolean = value->type == jbvBool && value->val.boolean;
		return value->type == jbvBool;
	}
	if (type == OPTION_NUMBER)
		return value->type == jbvNumeric && take_number(option, value->val.numeric);
	if (type == OPTION_STRING && value->type != jbvString)
		return false;
	if ((type == OPTION_STRING || type == OPTION_STRING_OR_STRINGS) && value->type == jbvString)
	{
		option->strings = palloc(sizeof(char *));
		option->strings[0] = pnstrdup(value->val.string.val, value->val.string.len);
		option->count = 1;
		return true;
	}
	if (type == OPTION_WORDS)
		return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data) &&
			take_words(option, value->val.binary.data);
	if (type == OPTION_OBJECT)
	{
		if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
			return false;
		option->object = JsonbValueToJsonb(value);
		return true;
	}
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		take_strings(option, value->val.binary.data);
}

/* 1.5 and what no bigint holds are none. */
static bool
take_number(Option *option, Numeric number)
{
	char	   *text = numeric_normalize(number);
	char	   *end;

	errno = 0;
	option->number = strtoi64(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static bool
take_strings(Option *option, JsonbContainer *array)
{
	int			size = JsonContainerSize(array);

	option->strings = palloc(Max(size, 1) * sizeof(char *));
	for (int i = 0; i < size; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);

		if (element->type != jbvString)
			return false;
		option->strings[option->count++] = pnstrdup(element->val.string.val, element->val.string.len);
	}
	return true;
}

static bool
take_words(Option *option, JsonbContainer *object)
{
	int			size = JsonContainerSize(object);
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	value;
	JsonbIteratorToken token;

	option->keys = palloc(Max(size, 1) * sizeof(char *));
	option->strings = palloc(Max(size, 1) * sizeof(char *));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_KEY && token != WJB_VALUE)
			continue;
		if (value.type != jbvString)
			return false;
		if (token == WJB_KEY)
			option->keys[option->count] = pnstrdup(value.val.string.val, value.val.string.len);
		else
			option->strings[option->count++] = pnstrdup(value.val.string.val, value.val.string.len);
	}
	return true;
}
