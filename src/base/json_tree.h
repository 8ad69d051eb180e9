/*
 * json_tree.h
 *	  JSON text as a tree that knows its lines.
 *
 * Parsed by the server's own parser (common/jsonapi.h), so what is JSON here is
 * JSON there.  Other than jsonb it keeps the line of each value, for errors,
 * and the order of keys, and it refuses a key that comes twice: of two values
 * one would be passed over silently.
 */
#ifndef MIGRATOR_BASE_JSON_TREE_H
#define MIGRATOR_BASE_JSON_TREE_H

#include "nodes/pg_list.h"

typedef enum JsonNodeKind
{
	JSON_NODE_OBJECT,
	JSON_NODE_ARRAY,
	JSON_NODE_STRING,
	JSON_NODE_NUMBER,
	JSON_NODE_BOOLEAN,
	JSON_NODE_NULL
} JsonNodeKind;

typedef struct JsonNode
{
	JsonNodeKind kind;
	const char *key;			/* in an object, else NULL */
	const char *text;			/* a string without its quotes and escapes; a
								 * number, true, false, null as written */
	int			line;			/* from 1 */
	List	   *children;		/* of JsonNode *, as written */
} JsonNode;

/* What is wrong with a text, in the words of ereport. */
typedef struct JsonProblem
{
	int			line;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} JsonProblem;

/*
 * The tree of a text in the server's encoding, in CurrentMemoryContext; or NULL,
 * and what is wrong with it: also more than 100 values nested.
 */
extern JsonNode *json_tree_read(const char *text, size_t length, JsonProblem *problem);

/* The value of a key, or NULL. */
extern const JsonNode *json_tree_child(const JsonNode *object, const char *key);

/* "an object", "an array", "a string", ... for messages */
extern const char *json_tree_kind(JsonNodeKind kind);

#endif
