/*
 * liquibase_properties.c
 *	  Liquibase: properties of changelogs, and what is expanded with them before a
 *	  changeset is known.
 */
#include "postgres.h"

#include "layout/liquibase.h"
#include "script/fill_tool.h"

void
changelog_add_property(ChangelogState *state, int file, bool own, const char *name, const char *value, bool at_once)
{
	properties_add(state->properties, own ? file : 0, name, value, at_once, file);
}

char *
changelog_expand(const char *text, const ChangelogState *state, int file, char **fault)
{
	PropertyScope scope = properties_scope(state->properties, file);
	char	   *expanded = fill_tool_expand(text, NULL, &scope);

	if (strstr(expanded, "${") != NULL)
		*fault = psprintf("\"%s\" has no value here, where those of the files' own properties count alone", lines_printable(expanded));
	return expanded;
}

char *
changelog_normal_path(const char *path)
{
	char	   *result = palloc0(strlen(path) + 2);
	size_t		length = 0;

	if (strncmp(path, "classpath:", 10) == 0)
		path += 10;
	while (*path != '\0')
	{
		size_t		part = strcspn(path, "/\\");

		if (part == 2 && strncmp(path, "..", 2) == 0)
		{
			if (length == 0)
				return NULL;
			while (length > 0 && result[--length] != '/')
				;
		}
		else if (part > 0 && !(part == 1 && *path == '.'))
		{
			if (length > 0)
				result[length++] = '/';
			memcpy(result + length, path, part);
			length += part;
		}
		result[length] = '\0';
		path += part + (path[part] != '\0');
	}
	return result;
}

int
changelog_boolean(const char *value)
{
	return pg_strcasecmp(value, "true") == 0 ? 1 : pg_strcasecmp(value, "false") == 0 ? 0 : -1;
}
