/*
 * environments.c
 *	  The environments of a source, as its file environments.json has them.
 *
 * The file decides what may run and under which policy, so nothing in it is
 * passed over: an unknown key may be a misspelt one.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/check_settings.h"
#include "base/nearest.h"
#include "base/valid_name.h"
#include "base/variables.h"
#include "layout/environments.h"

/* of those named in a hint */
#define KNOWN_AT_MOST 10


static void parse_environment(Environments *environments, const JsonNode *node);
static void parse_list(Environments *environments, Environment *environment, const JsonNode *node);
static void parse_config(Environments *environments, Environment *environment, const JsonNode *node);
static bool parse_variables(Environments *environments, const JsonNode *node);
static bool parse_checks(Environments *environments, const JsonNode *node);
static bool require_kind(Environments *environments, const JsonNode *node, JsonNodeKind kind);
static void refuse_key(Environments *environments, const JsonNode *node, const char *nearest);
static void complain(Environments *environments, int line, const char *message, const char *hint);

Environment *
environments_find(const Environments *environments, const char *name)
{
	ListCell   *lc;

	foreach(lc, environments->items)
	{
		if (strcmp(((Environment *) lfirst(lc))->name, name) == 0)
			return lfirst(lc);
	}
	return NULL;
}

char *
environments_known(const Environments *environments)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, environments->items)
	{
		if (foreach_current_index(lc) == KNOWN_AT_MOST)
		{
			appendStringInfoString(&text, " and others");
			break;
		}
		appendStringInfo(&text, "%s\"%s\"", text.len > 0 ? ", " : "", ((Environment *) lfirst(lc))->name);
	}
	return text.data;
}

void
environments_parse(Environments *environments, const char *text, size_t length)
{
	static const char *const keys[] = {"environments", "current_environment"};
	JsonProblem problem = {0};
	const JsonNode *root = json_tree_read(text, length, &problem);
	ListCell   *lc;

	if (root == NULL)
	{
		Finding		finding = {
			.check = CHECK_ENVIRONMENTS,
			.file = ENVIRONMENTS_FILE,
			.line = problem.line,
			.message = problem.message,
			.detail = problem.detail,
			.hint = problem.hint
		};

		finding_add(&environments->findings, &finding);
		environments->malformed = true;
		return;
	}
	if (!require_kind(environments, root, JSON_NODE_OBJECT))
		return;
	foreach(lc, root->children)
	{
		const JsonNode *node = lfirst(lc);

		if (strcmp(node->key, "environments") == 0)
		{
			ListCell   *inner;

			if (!require_kind(environments, node, JSON_NODE_OBJECT))
				continue;
			foreach(inner, node->children)
			{
				parse_environment(environments, lfirst(inner));
			}
		}
		else if (strcmp(node->key, "current_environment") == 0)
		{
			if (!require_kind(environments, node, JSON_NODE_STRING))
				continue;
			environments->current = node->text;
			environments->current_line = node->line;
		}
		else
			refuse_key(environments, node, nearest_of(node->key, keys, lengthof(keys)));
	}
}

static void
parse_environment(Environments *environments, const JsonNode *node)
{
	static const char *const keys[] = {"description", "migrations", "config"};
	Environment *environment;
	ListCell   *lc;

	if (!valid_environment_name(node->key) || strcmp(node->key, ENVIRONMENTS_COMMON) == 0)
	{
		complain(environments, node->line,
				 psprintf("invalid environment name \"%s\"", finding_one_line(node->key)),
				 strcmp(node->key, ENVIRONMENTS_COMMON) == 0 ?
				 "What is in folder \"common\" belongs to all environments, so none has that name." :
				 "An environment's name has lower-case letters, digits, underscores and dashes, and begins with a letter.");
		return;
	}
	environment = palloc0(sizeof(Environment));
	environment->name = node->key;
	environment->line = node->line;
	environments->items = lappend(environments->items, environment);
	if (!require_kind(environments, node, JSON_NODE_OBJECT))
		return;
	foreach(lc, node->children)
	{
		const JsonNode *child = lfirst(lc);
		PolicyFlag	flag;

		if (strcmp(child->key, "description") == 0)
		{
			if (require_kind(environments, child, JSON_NODE_STRING))
				environment->description = child->text;
		}
		else if (strcmp(child->key, "migrations") == 0)
			parse_list(environments, environment, child);
		else if (strcmp(child->key, "config") == 0)
			parse_config(environments, environment, child);
		else if (policy_flag_find(child->key, &flag))
			complain(environments, child->line, psprintf("unknown key \"%s\"", child->key),
					 "It is a key of \"config\".");
		else
			refuse_key(environments, child, nearest_of(child->key, keys, lengthof(keys)));
	}
}

static void
parse_list(Environments *environments, Environment *environment, const JsonNode *node)
{
	ListCell   *lc;

	if (!require_kind(environments, node, JSON_NODE_ARRAY))
		return;
	environment->has_list = true;
	foreach(lc, node->children)
	{
		const JsonNode *child = lfirst(lc);
		EnvironmentFile *file;

		if (child->kind != JSON_NODE_STRING)
		{
			complain(environments, child->line,
					 psprintf("\"migrations\" must be an array of strings, and has %s", json_tree_kind(child->kind)),
					 "It lists names of files.");
			continue;
		}
		file = palloc(sizeof(EnvironmentFile));
		file->name = child->text;
		file->line = child->line;
		environment->files = lappend(environment->files, file);
	}
}

static void
parse_config(Environments *environments, Environment *environment, const JsonNode *node)
{
	ListCell   *lc;

	if (!require_kind(environments, node, JSON_NODE_OBJECT))
		return;
	foreach(lc, node->children)
	{
		const JsonNode *child = lfirst(lc);
		PolicyFlag	flag;

		if (policy_flag_find(child->key, &flag))
		{
			if (require_kind(environments, child, JSON_NODE_BOOLEAN))
				environment->flags.value[flag] = *child->text == 't' ? POLICY_TRUE : POLICY_FALSE;
		}
		else if (strcmp(child->key, "variables") == 0)
		{
			if (parse_variables(environments, child))
				environment->variables = child;
		}
		else if (strcmp(child->key, "checks") == 0)
		{
			if (parse_checks(environments, child))
				environment->checks = child;
		}
		else
		{
			NearestName nearest = {child->key};

			for (int i = 0; i < POLICY_FLAG_COUNT; i++)
				nearest_consider(&nearest, policy_flag_name(i));
			nearest_consider(&nearest, "variables");
			nearest_consider(&nearest, "checks");
			refuse_key(environments, child, nearest.found);
		}
	}
}

static bool
parse_variables(Environments *environments, const JsonNode *node)
{
	ListCell   *lc;
	bool		valid = require_kind(environments, node, JSON_NODE_OBJECT);

	foreach(lc, valid ? node->children : NIL)
	{
		const JsonNode *child = lfirst(lc);

		if (!variables_is_tool_name(child->key, strlen(child->key)))
		{
			complain(environments, child->line,
					 psprintf("invalid name of a variable: \"%s\"", finding_one_line(child->key)),
					 VARIABLES_NAME_HINT);
			valid = false;
			continue;
		}
		if (child->kind == JSON_NODE_STRING || child->kind == JSON_NODE_NUMBER ||
			child->kind == JSON_NODE_BOOLEAN)
			continue;
		complain(environments, child->line,
				 psprintf("variable \"%s\" must be a string, a number, true or false, not %s",
						  finding_one_line(child->key), json_tree_kind(child->kind)), NULL);
		valid = false;
	}
	return valid;
}

/* Names of checks, and how severe each is to be. */
static bool
parse_checks(Environments *environments, const JsonNode *node)
{
	ListCell   *lc;
	bool		valid = require_kind(environments, node, JSON_NODE_OBJECT);

	foreach(lc, valid ? node->children : NIL)
	{
		const JsonNode *child = lfirst(lc);
		const char *hint = NULL;
		const char *fault;

		if (!require_kind(environments, child, JSON_NODE_STRING))
		{
			valid = false;
			continue;
		}
		fault = check_settings_fault(child->key, child->text, &hint);
		if (fault == NULL)
			continue;
		complain(environments, child->line, fault, hint);
		valid = false;
	}
	return valid;
}

static bool
require_kind(Environments *environments, const JsonNode *node, JsonNodeKind kind)
{
	if (node->kind == kind)
		return true;
	complain(environments, node->line,
			 node->key != NULL ?
			 psprintf("\"%s\" must be %s, not %s", finding_one_line(node->key), json_tree_kind(kind),
					  json_tree_kind(node->kind)) :
			 psprintf("the file must hold %s, not %s", json_tree_kind(kind), json_tree_kind(node->kind)),
			 NULL);
	return false;
}

static void
refuse_key(Environments *environments, const JsonNode *node, const char *nearest)
{
	complain(environments, node->line, psprintf("unknown key \"%s\"", finding_one_line(node->key)),
			 nearest != NULL ? psprintf("Perhaps you meant \"%s\".", nearest) : NULL);
}

static void
complain(Environments *environments, int line, const char *message, const char *hint)
{
	Finding		finding = {
		.check = CHECK_ENVIRONMENTS,
		.file = ENVIRONMENTS_FILE,
		.line = line,
		.message = message,
		.hint = hint
	};

	finding_add(&environments->findings, &finding);
	environments->malformed = true;
}
