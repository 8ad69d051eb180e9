/*
 * liquibase_yaml.c
 *	  A changelog of YAML as a tree; and one of any format as a list.
 *
 * Blocks of keys and lists, with plain and quoted texts of one line, and {key: value} of
 * one line: what a changelog that only includes others is written in.  Anything
 * else of YAML is refused.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "layout/liquibase.h"

typedef struct YamlLine
{
	int			indent;			/* of what is left of it */
	char	   *text;			/* without comment and blanks around */
	int			number;
} YamlLine;

typedef struct Yaml
{
	YamlLine   *lines;			/* without empty ones */
	int			count;
	int			at;
	JsonProblem *problem;
} Yaml;

static JsonNode *read_block(Yaml *yaml, const char *key);

static JsonNode *
wrong(Yaml *yaml, int line, const char *message)
{
	if (yaml->problem->message == NULL)
	{
		yaml->problem->message = message;
		yaml->problem->line = line;
	}
	yaml->at = yaml->count;
	return NULL;
}

static JsonNode *
node(JsonNodeKind kind, const char *key, int line)
{
	JsonNode   *result = palloc0(sizeof(JsonNode));

	result->kind = kind;
	result->key = key;
	result->line = line;
	return result;
}

/* Where a comment begins that is no part of a text in quotes, or the end. */
static const char *
comment_begin(const char *text, const char *end)
{
	char		quote = '\0';

	for (const char *c = text; c < end; c++)
	{
		if (quote != '\0')
			quote = *c == quote ? '\0' : quote;
		else if ((*c == '"' || *c == '\'') && (c == text || strchr(" :{,[-", c[-1]) != NULL))
			quote = *c;
		else if (*c == '#' && (c == text || c[-1] == ' ' || c[-1] == '\t'))
			return c;
	}
	return end;
}

static void
split_lines(Yaml *yaml, const char *text, size_t length)
{
	const char *end = text + length;
	int			number = 0;
	int			room = 0;

	while (text < end)
	{
		const char *line_end = memchr(text, '\n', end - text);
		const char *next = line_end != NULL ? line_end + 1 : end;
		const char *to = comment_begin(text, line_end != NULL ? line_end : end);
		const char *from = text;

		number++;
		while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
			to--;
		while (from < to && *from == ' ')
			from++;
		if (from < to && *from == '\t')
			wrong(yaml, number, "a tab stands before a key");
		if (from < to && !(to - from == 3 && strncmp(from, "---", 3) == 0))
		{
			if (yaml->count == room)
			{
				room = Max(2 * room, 64);
				yaml->lines = yaml->lines == NULL ? palloc(room * sizeof(YamlLine)) :
					repalloc_huge(yaml->lines, room * sizeof(YamlLine));
			}
			yaml->lines[yaml->count].indent = from - text;
			yaml->lines[yaml->count].text = pnstrdup(from, to - from);
			yaml->lines[yaml->count++].number = number;
		}
		text = next;
	}
}

/* A text, plain or in quotes; ends it and returns what is behind, or NULL. */
static char *
scalar_end(char *text, const char *ends, char **value)
{
	char	   *end;

	if (*text == '"' || *text == '\'')
	{
		end = strchr(text + 1, *text);
		if (end == NULL || end[1] == *text || memchr(text, '\\', end - text) != NULL)
			return NULL;
		*value = pnstrdup(text + 1, end - text - 1);
		return end + 1;
	}
	if (*text == '\0' || strchr("[]{}&*!|>%@`,?", *text) != NULL)
		return NULL;
	end = text + strcspn(text, ends);
	*value = pnstrdup(text, end - text);
	while (**value != '\0' && (*value)[strlen(*value) - 1] == ' ')
		(*value)[strlen(*value) - 1] = '\0';
	return end;
}

static bool
matches(const char *text, const char *expression)
{
	return DatumGetBool(DirectFunctionCall2Coll(textregexeq, C_COLLATION_OID, CStringGetTextDatum(text), CStringGetTextDatum(expression)));
}

/*
 * YAML takes what looks like a number, a boolean, a time or nothing for one, and Liquibase
 * writes it in Java's form: 010 becomes 8, and 1.10 becomes 1.1.
 */
bool
changelog_reads_otherwise(const JsonNode *value)
{
	if (value->kind == JSON_NODE_NULL)
		return true;
	return value->kind == JSON_NODE_NUMBER &&
		!matches(value->text, "^(?:0|-?[1-9][0-9]*|0\\.0|-?[1-9][0-9]{0,5}\\.(?:0|[0-9]{0,8}[1-9])|-?0\\.(?!000)[0-9]{0,8}[1-9])$");
}

/* A text in quotes is one, and so is a plain one that is nothing else. */
static JsonNodeKind
kind_of(const char *from, const char *value)
{
	if (*from == '"' || *from == '\'')
		return JSON_NODE_STRING;
	return matches(value, "^(?:~|null|Null|NULL|yes|Yes|YES|no|No|NO|True|TRUE|False|FALSE|on|On|ON|off|Off|OFF|"
				   "[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|"
				   "[-+]?\\.[0-9_]+(?:[eE][-+]?[0-9]+)?|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)|"
				   "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt \t].*)?)$") ? JSON_NODE_NUMBER : JSON_NODE_STRING;
}

/* {key: value, ...} */
static JsonNode *
read_flow(Yaml *yaml, const char *key, char *text, int line)
{
	JsonNode   *result = node(JSON_NODE_OBJECT, key, line);
	char	   *at = text + 1;

	for (;;)
	{
		char	   *name,
				   *value;
		const char *from;
		JsonNode   *child;

		at += strspn(at, " ");
		if (*at == '}' && result->children == NIL)
			break;
		at = scalar_end(at, ":,}", &name);
		if (at == NULL || *at != ':')
			return wrong(yaml, line, "this form of YAML is not known here");
		if (json_tree_child(result, name) != NULL)
			return wrong(yaml, line, "a key comes twice");
		CHECK_FOR_INTERRUPTS();
		at++;
		at += strspn(at, " ");
		from = at;
		at = scalar_end(at, ",}", &value);
		if (at == NULL)
			return wrong(yaml, line, "this form of YAML is not known here");
		child = node(kind_of(from, value), name, line);
		child->text = value;
		result->children = lappend(result->children, child);
		at += strspn(at, " ");
		if (*at != ',')
			break;
		at++;
	}
	if (*at != '}' || at[1] != '\0')
		return wrong(yaml, line, "this form of YAML is not known here");
	return result;
}

static JsonNode *
read_scalar(Yaml *yaml, const char *key, char *text, int line)
{
	JsonNode   *result = node(JSON_NODE_STRING, key, line);
	char	   *value;
	char	   *end;

	if (*text == '{')
		return read_flow(yaml, key, text, line);
	end = scalar_end(text, "", &value);
	if (end == NULL || *end != '\0')
		return wrong(yaml, line, "this form of YAML is not known here");
	result->kind = kind_of(text, value);
	result->text = value;
	return result;
}

static bool
is_item(const YamlLine *line)
{
	return line->text[0] == '-' && (line->text[1] == ' ' || line->text[1] == '\0');
}

/* Where the colon behind a key is, or NULL. */
static char *
key_end(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (*c == ':' && (c[1] == ' ' || c[1] == '\0'))
			return c;
	return NULL;
}

static JsonNode *
read_list(Yaml *yaml, const char *key)
{
	YamlLine   *first = &yaml->lines[yaml->at];
	JsonNode   *result = node(JSON_NODE_ARRAY, key, first->number);
	int			indent = first->indent;

	while (yaml->at < yaml->count && yaml->lines[yaml->at].indent == indent && is_item(&yaml->lines[yaml->at]))
	{
		YamlLine   *line = &yaml->lines[yaml->at];
		size_t		dash = 1 + strspn(line->text + 1, " ");
		JsonNode   *item;

		CHECK_FOR_INTERRUPTS();
		if (line->text[1] == '\0')
		{
			yaml->at++;
			if (yaml->at >= yaml->count || yaml->lines[yaml->at].indent <= indent)
				return wrong(yaml, line->number, "an item of a list is empty");
			item = read_block(yaml, NULL);
		}
		else
		{
			line->text += dash;
			line->indent += dash;
			item = read_block(yaml, NULL);
		}
		if (item == NULL)
			return NULL;
		result->children = lappend(result->children, item);
	}
	return result;
}

/* Its attributes, and all of it as a text; what else is in it is not looked into, as it cannot run. */
static JsonNode *
read_changeset(Yaml *yaml, const char *key, int indent, int number)
{
	JsonNode   *result = node(JSON_NODE_OBJECT, key, number);
	int			first = yaml->at < yaml->count ? yaml->lines[yaml->at].indent : 0;
	StringInfoData text;

	initStringInfo(&text);
	for (; yaml->at < yaml->count && yaml->lines[yaml->at].indent > indent; yaml->at++)
	{
		const YamlLine *line = &yaml->lines[yaml->at];
		char	   *colon = line->indent == first ? key_end(line->text) : NULL;
		char	   *value;
		char	   *end;
		JsonNode   *child;

		CHECK_FOR_INTERRUPTS();
		appendStringInfo(&text, "%*s%s\n", line->indent - indent, "", line->text);
		end = colon != NULL ? scalar_end(colon + 1 + strspn(colon + 1, " "), "", &value) : NULL;
		if (end == NULL || *end != '\0')
			continue;
		child = node(kind_of(colon + 1 + strspn(colon + 1, " "), value), pnstrdup(line->text, colon - line->text), line->number);
		child->text = value;
		result->children = lappend(result->children, child);
	}
	result->text = text.data;
	return result;
}

static JsonNode *
read_block(Yaml *yaml, const char *key)
{
	YamlLine   *first = &yaml->lines[yaml->at];
	JsonNode   *result;
	int			indent = first->indent;

	check_stack_depth();
	if (is_item(first))
		return read_list(yaml, key);
	if (key_end(first->text) == NULL || *first->text == '{')
	{
		yaml->at++;
		return read_scalar(yaml, key, first->text, first->number);
	}
	result = node(JSON_NODE_OBJECT, key, first->number);
	while (yaml->at < yaml->count && yaml->lines[yaml->at].indent == indent && !is_item(&yaml->lines[yaml->at]))
	{
		YamlLine   *line = &yaml->lines[yaml->at];
		char	   *colon = key_end(line->text);
		char	   *name;
		char	   *rest;
		JsonNode   *child;

		CHECK_FOR_INTERRUPTS();
		rest = colon != NULL ? scalar_end(line->text, ":", &name) : NULL;
		if (rest != colon || colon == NULL)
			return wrong(yaml, line->number, "a key is missing");
		if (json_tree_child(result, name) != NULL)
			return wrong(yaml, line->number, "a key comes twice");
		rest = colon + 1 + strspn(colon + 1, " ");
		yaml->at++;
		if (strcmp(name, "changeSet") == 0 && *rest == '\0')
			child = read_changeset(yaml, name, indent, line->number);
		else if (*rest != '\0')
			child = read_scalar(yaml, name, rest, line->number);
		else if (yaml->at < yaml->count && (yaml->lines[yaml->at].indent > indent ||
											(yaml->lines[yaml->at].indent == indent && is_item(&yaml->lines[yaml->at]))))
		{
			child = read_block(yaml, name);
			if (child != NULL)
				child->line = line->number;
		}
		else
			child = node(JSON_NODE_NULL, name, line->number);
		if (child == NULL)
			return NULL;
		result->children = lappend(result->children, child);
	}
	return result;
}

/* The tree of it, of the same nodes as JSON's. */
static JsonNode *
read_yaml(const char *text, size_t length, JsonProblem *problem)
{
	Yaml		yaml = {.problem = problem};
	JsonNode   *root;

	split_lines(&yaml, text, length);
	if (problem->message != NULL)
		return NULL;
	if (yaml.count == 0)
		return wrong(&yaml, 1, "it is empty");
	root = read_block(&yaml, NULL);
	if (root != NULL && yaml.at < yaml.count)
		return wrong(&yaml, yaml.lines[yaml.at].number, "the line is not indented as those before it");
	return problem->message == NULL ? root : NULL;
}

/* A node with all that is in it. */
static void
write_node(StringInfo text, const JsonNode *node)
{
	ListCell   *lc;

	check_stack_depth();
	if (node->key != NULL)
		appendStringInfo(text, "%s: ", node->key);
	if (node->text != NULL)
		appendStringInfoString(text, node->text);
	appendStringInfoString(text, node->kind == JSON_NODE_ARRAY ? "[\n" : node->kind == JSON_NODE_OBJECT ? "{\n" : "\n");
	foreach(lc, node->children)
	{
		write_node(text, lfirst(lc));
	}
	if (node->kind == JSON_NODE_ARRAY || node->kind == JSON_NODE_OBJECT)
		appendStringInfoString(text, node->kind == JSON_NODE_ARRAY ? "]\n" : "}\n");
}

List *
changelog_read(ChangelogFormat format, const char *text, size_t length, JsonNode **root, JsonProblem *problem)
{
	JsonNode   *tree = format == CHANGELOG_XML ? changelog_xml_read(text, length, problem) :
		format == CHANGELOG_YAML ? read_yaml(text, length, problem) : json_tree_read(text, length, problem);
	const JsonNode *list = tree != NULL && tree->kind == JSON_NODE_OBJECT ? json_tree_child(tree, "databaseChangeLog") : NULL;
	List	   *result = NIL;
	ListCell   *lc;

	if (problem->message != NULL)
		return NIL;
	if (list == NULL || (list->kind != JSON_NODE_ARRAY && list->kind != JSON_NODE_NULL))
	{
		problem->message = "it has no list \"databaseChangeLog\"";
		problem->line = tree != NULL ? tree->line : 1;
		return NIL;
	}
	*root = node(JSON_NODE_OBJECT, list->key, list->line);
	foreach(lc, list->children)
	{
		const JsonNode *item = lfirst(lc);
		JsonNode   *only = item->kind == JSON_NODE_OBJECT && list_length(item->children) == 1 ? linitial(item->children) : NULL;

		if (only == NULL)
		{
			problem->message = "an item of \"databaseChangeLog\" is no object with one key";
			problem->line = item->line;
			return NIL;
		}
		if (only->kind != JSON_NODE_OBJECT && only->kind != JSON_NODE_ARRAY && only->kind != JSON_NODE_NULL)
		{
			(*root)->children = lappend((*root)->children, only);
			continue;
		}
		if (strcmp(only->key, "changeSet") == 0 && only->text == NULL)
		{
			StringInfoData all;

			initStringInfo(&all);
			write_node(&all, only);
			only->text = all.data;
		}
		result = lappend(result, only);
	}
	return result;
}
