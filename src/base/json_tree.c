/*
 * json_tree.c
 *	  JSON text as a tree that knows its lines.
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"

#include "base/compat.h"
#include "base/finding.h"
#include "base/json_tree.h"

/* Far more than anybody means, far less than the parser's recursion bears. */
#define DEPTH_AT_MOST 100

/* The parser calls us with values from the outside to the inside. */
typedef struct TreeBuilder
{
	JsonLexContext *lex;
	JsonNode   *root;
	List	   *open;			/* objects and arrays not yet ended */
	char	   *key;			/* of the value to come, or NULL */
	int			line;			/* likewise */
	JsonNode   *twice;			/* the first value whose key was there before */
} TreeBuilder;

static int	line_too_deep(const char *text, size_t length);
static json_action_result field_start(void *state, char *name, bool isnull);
static json_action_result element_start(void *state, bool isnull);
static json_action_result object_start(void *state);
static json_action_result array_start(void *state);
static json_action_result object_end(void *state);
static json_action_result array_end(void *state);
static json_action_result scalar(void *state, char *token, JsonTokenType type);
static JsonNode *add_node(TreeBuilder *tree, JsonNodeKind kind, int line);
static JsonNode *find_twice(const JsonNode *object);
static int	compare_keys(const void *a, const void *b);
static const char *hint_at(const char *token, const char *end);

JsonNode *
json_tree_read(const char *text, size_t length, JsonProblem *problem)
{
	TreeBuilder tree = {0};
	JsonSemAction actions = {
		.semstate = &tree,
		.object_start = object_start,
		.object_end = object_end,
		.array_start = array_start,
		.array_end = array_end,
		.object_field_start = field_start,
		.array_element_start = element_start,
		.scalar = scalar
	};
	JsonParseErrorType error;

	/* more than the parser's counters hold; sources have limits far below */
	if (length > INT_MAX)
		ereport(ERROR,
				errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("JSON text is too long"));
	memset(problem, 0, sizeof(JsonProblem));
	problem->line = line_too_deep(text, length);
	if (problem->line > 0)
	{
		problem->message = psprintf("more than %d values are nested", DEPTH_AT_MOST);
		return NULL;
	}
	tree.lex = json_lexer(text, length, GetDatabaseEncoding());
	tree.line = 1;
	error = pg_parse_json(tree.lex, &actions);
	if (error != JSON_SUCCESS)
	{
		problem->line = tree.lex->line_number;
		problem->message = "invalid JSON";
		problem->detail = finding_one_line(json_errdetail(error, tree.lex));
		problem->hint = tree.lex->token_start == NULL ? NULL :
			hint_at(tree.lex->token_start, text + length);
		return NULL;
	}
	if (tree.twice != NULL)
	{
		problem->line = tree.twice->line;
		problem->message = psprintf("key \"%s\" occurs twice", finding_one_line(tree.twice->key));
		return NULL;
	}
	return tree.root;
}

/*
 * The line where values are nested too deeply, or 0.  The parser itself would
 * raise an error there that knows neither file nor line.
 */
static int
line_too_deep(const char *text, size_t length)
{
	JsonLexContext *lex = json_lexer(text, length, GetDatabaseEncoding());
	int			depth = 0;

	while (json_lex(lex) == JSON_SUCCESS && lex->token_type != JSON_TOKEN_END)
	{
		if (lex->token_type == JSON_TOKEN_OBJECT_START || lex->token_type == JSON_TOKEN_ARRAY_START)
			depth++;
		else if (lex->token_type == JSON_TOKEN_OBJECT_END || lex->token_type == JSON_TOKEN_ARRAY_END)
			depth--;
		if (depth > DEPTH_AT_MOST)
			return lex->line_number;
	}
	return 0;
}

/* The lexer has the value's first token before it, here and in the next one. */
static json_action_result
field_start(void *state, char *name, bool isnull)
{
	TreeBuilder *tree = state;

	tree->key = pstrdup(name);
	tree->line = tree->lex->line_number;
	json_action_done;
}

static json_action_result
element_start(void *state, bool isnull)
{
	TreeBuilder *tree = state;

	tree->key = NULL;
	tree->line = tree->lex->line_number;
	json_action_done;
}

static json_action_result
object_start(void *state)
{
	TreeBuilder *tree = state;

	tree->open = lappend(tree->open, add_node(tree, JSON_NODE_OBJECT, tree->lex->line_number));
	json_action_done;
}

static json_action_result
array_start(void *state)
{
	TreeBuilder *tree = state;

	tree->open = lappend(tree->open, add_node(tree, JSON_NODE_ARRAY, tree->lex->line_number));
	json_action_done;
}

static json_action_result
object_end(void *state)
{
	TreeBuilder *tree = state;
	JsonNode   *twice = find_twice(llast(tree->open));

	if (twice != NULL && (tree->twice == NULL || twice->line < tree->twice->line))
		tree->twice = twice;
	tree->open = list_delete_last(tree->open);
	json_action_done;
}

static json_action_result
array_end(void *state)
{
	TreeBuilder *tree = state;

	tree->open = list_delete_last(tree->open);
	json_action_done;
}

/* The lexer is behind the value by now. */
static json_action_result
scalar(void *state, char *token, JsonTokenType type)
{
	TreeBuilder *tree = state;
	JsonNodeKind kind = type == JSON_TOKEN_STRING ? JSON_NODE_STRING :
		type == JSON_TOKEN_NUMBER ? JSON_NODE_NUMBER :
		type == JSON_TOKEN_NULL ? JSON_NODE_NULL : JSON_NODE_BOOLEAN;

	add_node(tree, kind, tree->line)->text = pstrdup(token);
	json_action_done;
}

static JsonNode *
add_node(TreeBuilder *tree, JsonNodeKind kind, int line)
{
	JsonNode   *node = palloc0(sizeof(JsonNode));

	node->kind = kind;
	node->line = line;
	if (tree->open == NIL)
		tree->root = node;
	else
	{
		JsonNode   *parent = llast(tree->open);

		if (parent->kind == JSON_NODE_OBJECT)
			node->key = tree->key;
		parent->children = lappend(parent->children, node);
	}
	tree->key = NULL;
	return node;
}

/* The first value, by line, whose key another one before it has; or NULL. */
static JsonNode *
find_twice(const JsonNode *object)
{
	int			count = list_length(object->children);
	JsonNode  **nodes = palloc(Max(count, 1) * sizeof(JsonNode *));
	JsonNode   *found = NULL;

	for (int i = 0; i < count; i++)
		nodes[i] = list_nth(object->children, i);
	qsort(nodes, count, sizeof(JsonNode *), compare_keys);
	for (int i = 1; i < count; i++)
	{
		if (strcmp(nodes[i - 1]->key, nodes[i]->key) == 0 &&
			(found == NULL || nodes[i]->line < found->line))
			found = nodes[i];
	}
	pfree(nodes);
	return found;
}

static int
compare_keys(const void *a, const void *b)
{
	const JsonNode *left = *(const JsonNode *const *) a;
	const JsonNode *right = *(const JsonNode *const *) b;
	int			order = strcmp(left->key, right->key);

	return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

/* What is often written and is no JSON. */
static const char *
hint_at(const char *token, const char *end)
{
	if (token < end && (*token == '#' ||
						(*token == '/' && token + 1 < end && (token[1] == '/' || token[1] == '*'))))
		return "JSON has no comments.";
	if (token < end && (*token == '}' || *token == ']'))
		return "JSON has no comma behind the last value.";
	if (token < end && *token == '\'')
		return "JSON has double quotes only.";
	return NULL;
}

const JsonNode *
json_tree_child(const JsonNode *object, const char *key)
{
	ListCell   *lc;

	if (object->kind != JSON_NODE_OBJECT)
		return NULL;
	foreach(lc, object->children)
	{
		const JsonNode *node = lfirst(lc);

		if (strcmp(node->key, key) == 0)
			return node;
	}
	return NULL;
}

const char *
json_tree_kind(JsonNodeKind kind)
{
	switch (kind)
	{
		case JSON_NODE_OBJECT:
			return "an object";
		case JSON_NODE_ARRAY:
			return "an array";
		case JSON_NODE_STRING:
			return "a string";
		case JSON_NODE_NUMBER:
			return "a number";
		case JSON_NODE_BOOLEAN:
			return "true or false";
		case JSON_NODE_NULL:
			return "null";
	}
	return "unknown";
}
