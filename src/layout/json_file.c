/*
 * json_file.c
 *	  A JSON file of a source, which says something of its migrations.
 *
 * Such a file restricts what may run.  So nothing of it is passed over: a file
 * that cannot be read, or a key that nothing obeys, is an error.
 */
#include "postgres.h"

#include "base/finding.h"
#include "base/nearest.h"
#include "layout/json_file.h"

const JsonNode *
json_file_read(const Source *source, const char *file)
{
	SourceScript script = {0};
	JsonProblem problem;
	const JsonNode *root;

	source_read(source, file, &script.raw);
	if (script.raw.bytes == NULL)
		ereport(ERROR,
				errcode(ERRCODE_IO_ERROR),
				errmsg("could not read file \"%s\": %s", finding_one_line(file), script.raw.problem));
	source_decode_script(file, &script);
	if (script.text == NULL)
		ereport(ERROR,
				errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				errmsg("\"%s\", line %d, column %d: %s", finding_one_line(file),
					   script.bad_line, script.bad_column, script.raw.problem));
	root = json_tree_read(script.text, script.length, &problem);
	if (root == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				errmsg("\"%s\", line %d: %s", finding_one_line(file), problem.line, problem.message),
				problem.detail ? errdetail_internal("%s", problem.detail) : 0,
				problem.hint ? errhint("%s", problem.hint) : 0);
	if (root->kind != JSON_NODE_OBJECT)
		json_file_refuse(file, root, psprintf("an object is expected, not %s", json_tree_kind(root->kind)), NULL);
	return root;
}

void
json_file_refuse(const char *file, const JsonNode *node, const char *message, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("\"%s\", line %d: %s", finding_one_line(file), node->line, message),
			hint ? errhint("%s", hint) : 0);
}

void
json_file_require(const char *file, const JsonNode *node, JsonNodeKind kind)
{
	const char *what = node->key ? psprintf("key \"%s\"", finding_one_line(node->key)) : "each value of the array";

	if (node->kind != kind)
		json_file_refuse(file, node, psprintf("%s must be %s, not %s", what, json_tree_kind(kind),
											  node->kind == JSON_NODE_BOOLEAN ? node->text : json_tree_kind(node->kind)),
						 NULL);
}

void
json_file_refuse_key(const char *file, const JsonNode *node, const char *const *known, int count)
{
	const char *nearest = nearest_of(node->key, known, count);

	json_file_refuse(file, node, psprintf("unknown key \"%s\"", finding_one_line(node->key)),
					 nearest ? psprintf("Perhaps you meant \"%s\".", nearest) : NULL);
}
