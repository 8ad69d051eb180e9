/*
 * json_file.h
 *	  A JSON file of a source, which says something of its migrations.
 */
#ifndef MIGRATOR_LAYOUT_JSON_FILE_H
#define MIGRATOR_LAYOUT_JSON_FILE_H

#include "base/compat.h"
#include "base/json_tree.h"
#include "source/source.h"

/*
 * Read a file of a source, named relative to it, whose outermost value must be
 * an object.  Raises 58030 for a file that cannot be read, 22021 for bytes that are no
 * UTF-8, 22P02 for what is no JSON, a key that occurs twice, a comment; with the
 * line.
 */
extern const JsonNode *json_file_read(const Source *source, const char *file);

/*
 * Raise 22023 for a value: file, its line, and the message, which takes the
 * place of what is wrong ("unknown key \"x\""); hint or NULL.
 */
pg_noreturn extern void json_file_refuse(const char *file, const JsonNode *node, const char *message,
										 const char *hint);

/* Raise 22023 unless the value is of that kind; what the value is, in words: "key \"depends_on\"". */
extern void json_file_require(const char *file, const JsonNode *node, JsonNodeKind kind);

/* Raise 22023 for a key that is not among those known, with the nearest of them. */
pg_noreturn extern void json_file_refuse_key(const char *file, const JsonNode *node,
											 const char *const *known, int count);

#endif
