/*
 * liquibase.c
 *	  Liquibase: changesets in files of formatted SQL, in the order in which a changelog
 *	  of XML, YAML or JSON names the files.
 *
 * Without such a changelog at the top the files there follow each other as their
 * names do.  A changeset is a migration, whose version is what Liquibase prints: path,
 * id and author, with the path in the source.  It runs in the order of the
 * changelogs whenever it is new, also in front of others that ran.
 *
 * What a changelog has besides includes and properties, above all changesets in XML or
 * YAML, stops a run: it is no SQL.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/finding.h"
#include "layout/aside.h"
#include "layout/left_out.h"
#include "layout/liquibase.h"

#define ROOT_WORD "databaseChangeLog"

/* A file of the source, in any folder. */
typedef struct TreeFile
{
	char	   *path;
	bool		read;
} TreeFile;

typedef struct Changelogs
{
	const Source *source;
	MigrationSet *set;
	ChangelogState state;
	TreeFile   *files;			/* by path */
	int			count;
	int			room;
	char	   *prefix;			/* that paths begin with which are not
								 * relative; NULL: not known yet */
	List	   *claims;			/* LayoutClaim *, in order */
} Changelogs;

static void walk(Changelogs *all, const char *path, const char *by, int line);

static bool
claim_liquibase(const SourceEntry *entry, LayoutClaim *claim)
{
	char		direction;
	int			stem = layout_sql_stem(entry->name, &direction);

	if (entry->is_directory || stem < 1)
		return false;
	claim->version = claim->name = pnstrdup(entry->name, stem);
	claim->up = unit_of_file(UNIT_UP, entry->name);
	return true;
}

static ChangelogFormat
format_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot == NULL ? CHANGELOG_NONE :
		pg_strcasecmp(dot, ".xml") == 0 ? CHANGELOG_XML :
		pg_strcasecmp(dot, ".yaml") == 0 || pg_strcasecmp(dot, ".yml") == 0 ? CHANGELOG_YAML :
		pg_strcasecmp(dot, ".json") == 0 ? CHANGELOG_JSON : CHANGELOG_NONE;
}

static bool
contains(const char *bytes, size_t length, const char *word)
{
	size_t		word_length = strlen(word);

	for (size_t i = 0; i + word_length <= length; i++)
		if (pg_strncasecmp(bytes + i, word, word_length) == 0)
			return true;
	return false;
}

/* By its name first, since contents are read only where names do not tell. */
static bool
is_root_of_liquibase(const Source *source, const SourceEntry *entry)
{
	FileContent content = {0};
	size_t		length = strlen(entry->name);
	bool		found;

	if (entry->is_directory || format_of(entry->name) == CHANGELOG_NONE ||
		!(contains(entry->name, length, "changelog") || contains(entry->name, length, "master") ||
		  contains(entry->name, length, "liquibase")))
		return false;
	source_read(source, entry->name, &content);
	if (content.bytes == NULL)
		return false;
	found = contains(content.bytes, content.length, ROOT_WORD);
	pfree(content.bytes);
	return found;
}

char *
changelog_dbms_excludes(const char *dbms)
{
	bool		others_only = true;
	bool		ours = false;
	const char *at = dbms;

	while (*at != '\0')
	{
		size_t		length = strcspn(at, ",");
		const char *from = at;
		const char *end = at + length;
		bool		not = false;

		while (from < end && (*from == ' ' || *from == '!'))
			not |= *from++ == '!';
		while (end > from && end[-1] == ' ')
			end--;
		if (end - from == 10 && pg_strncasecmp(from, "postgresql", 10) == 0)
		{
			if (not)
				return psprintf("it is not for PostgreSQL: dbms \"%s\"", lines_printable(dbms));
			ours = true;
		}
		else if (end - from == 3 && pg_strncasecmp(from, "all", 3) == 0)
			ours = true;
		others_only &= not;
		at += length + (at[length] == ',');
	}
	return ours || others_only ? NULL : psprintf("it is for other databases: dbms \"%s\"", lines_printable(dbms));
}

/* An expression of contexts; *at goes on behind it. */
typedef struct ContextParser
{
	const char *at;
	const char *environment;
	bool		wrong;
	bool		asks;			/* for a context to be named, by "@" */
} ContextParser;

static bool context_or(ContextParser *parser);

static void
context_blanks(ContextParser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\t')
		parser->at++;
}

/* The word, and no more of a name. */
static bool
context_word(ContextParser *parser, const char *word)
{
	size_t		length = strlen(word);

	context_blanks(parser);
	if (pg_strncasecmp(parser->at, word, length) != 0 || (parser->at[length] != '\0' && strchr(" \t()!,", parser->at[length]) == NULL))
		return false;
	parser->at += length;
	return true;
}

static bool
context_one(ContextParser *parser)
{
	size_t		length;
	bool		result;

	check_stack_depth();
	context_blanks(parser);
	if (*parser->at == '!')
	{
		parser->at++;
		return !context_one(parser);
	}
	if (context_word(parser, "not"))
		return !context_one(parser);
	if (*parser->at == '(')
	{
		parser->at++;
		result = context_or(parser);
		context_blanks(parser);
		parser->wrong |= *parser->at != ')';
		parser->at += *parser->at == ')';
		return result;
	}
	if (*parser->at == '@')
	{
		parser->asks = true;
		parser->at++;
	}
	length = strcspn(parser->at, " \t()!,");
	parser->wrong |= length == 0;
	result = parser->environment != NULL && strlen(parser->environment) == length &&
		pg_strncasecmp(parser->at, parser->environment, length) == 0;
	parser->at += length;
	return result;
}

static bool
context_and(ContextParser *parser)
{
	bool		result = context_one(parser);

	while (context_word(parser, "and"))
		result &= context_one(parser);
	return result;
}

static bool
context_or(ContextParser *parser)
{
	bool		result = context_and(parser);

	for (;;)
	{
		context_blanks(parser);
		if (*parser->at == ',')
			parser->at++;
		else if (!context_word(parser, "or"))
			return result;
		result |= context_and(parser);
	}
}

/* Where no context is given, Liquibase runs all. */
char *
changelog_context_excludes(const ChangelogState *state, const char *context, char **fault)
{
	ContextParser parser = {.at = context,.environment = state->environment};
	bool		fits;

	context_blanks(&parser);
	if (*parser.at == '\0')
		return NULL;
	fits = context_or(&parser);
	context_blanks(&parser);
	if (parser.wrong || *parser.at != '\0')
	{
		*fault = psprintf("\"%s\" is no expression of contexts", lines_printable(context));
		return NULL;
	}
	if (state->environment == NULL && !parser.asks)
		return NULL;
	return fits ? NULL :
		state->environment == NULL ? psprintf("its context is \"%s\", and no environment is given", lines_printable(context)) :
		psprintf("its context is \"%s\", and the environment is \"%s\"", lines_printable(context), finding_one_line(state->environment));
}

static void
refuse(Changelogs *all, const char *file, int line, const char *reason)
{
	RefusedEntry *refused = left_out_refuse(all->set, file, reason);

	refused->is_misspelt = true;
	refused->line = Max(line, 1);
}

static void
add_file(Changelogs *all, const LayoutHints *hints, const char *path)
{
	if (aside_ignores(hints, path))
		return;
	if (all->count == all->room)
	{
		all->room = Max(2 * all->room, 64);
		all->files = all->files == NULL ? palloc(all->room * sizeof(TreeFile)) :
			repalloc_huge(all->files, all->room * sizeof(TreeFile));
	}
	all->files[all->count].path = pstrdup(path);
	all->files[all->count++].read = false;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const TreeFile *) a)->path, ((const TreeFile *) b)->path);
}

/* All files of the source. */
static void
list_files(Changelogs *all, const LayoutHints *hints)
{
	List	   *pending = NIL;
	ListCell   *lc;

	foreach(lc, source_list(all->source))
	{
		const SourceEntry *entry = lfirst(lc);

		if (entry->is_directory)
			pending = lappend(pending, (void *) entry->name);
		else
			add_file(all, hints, entry->name);
	}
	for (int next = 0; next < list_length(pending); next++)
	{
		const char *folder = list_nth(pending, next);
		List	   *files;
		List	   *folders;
		List	   *links;

		CHECK_FOR_INTERRUPTS();
		source_list_folder(all->source, folder, &files, &folders, &links);
		foreach(lc, files)
		{
			add_file(all, hints, psprintf("%s/%s", folder, (char *) lfirst(lc)));
		}
		foreach(lc, folders)
		{
			pending = lappend(pending, psprintf("%s/%s", folder, (char *) lfirst(lc)));
		}
	}
	qsort(all->files, all->count, sizeof(TreeFile), compare_files);
}

/* The place of the first file not before the path. */
static int
first_file(const Changelogs *all, const char *path)
{
	int			low = 0,
				high = all->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (strcmp(all->files[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Is it a file, or where a folder is meant, the begin of some? */
static bool
is_there(const Changelogs *all, const char *path, bool folder)
{
	int			i = first_file(all, path);

	return i < all->count && (folder ? strncmp(all->files[i].path, path, strlen(path)) == 0 : strcmp(all->files[i].path, path) == 0);
}

/* Without ".", ".." and empty parts; NULL when it leads out of the source. */
static char *
plain_path(const char *path)
{
	char	   *result = palloc0(strlen(path) + 2);
	size_t		length = 0;

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

/* Does the path of the source end so? */
static bool
is_source_itself(const Source *source, const char *path)
{
	const char *given = source->staged != NULL ? source->given : source->path;
	int			length = strlen(path) - 1;
	int			given_length = strlen(given);

	while (given_length > 1 && given[given_length - 1] == '/')
		given_length--;
	return length > 0 && given_length > length && given[given_length - length - 1] == '/' &&
		strncmp(given + given_length - length, path, length) == 0;
}

/*
 * The path in the source of what a changelog names.  What is not relative to the
 * changelog begins where Liquibase looks for files, above the source perhaps: then the
 * folders above it are left away, the same ones from all.
 */
static char *
find_path(Changelogs *all, const char *by, const char *given, bool relative, bool folder)
{
	const char *slash = strrchr(by, '/');
	char	   *path;
	const char *tail;

	if (strncmp(given, "classpath:", 10) == 0)
		given += 10;
	path = plain_path(relative && slash != NULL ? psprintf("%.*s/%s", (int) (slash - by), by, given) : given);
	if (path == NULL)
		return NULL;
	if (folder && *path != '\0')
		path = psprintf("%s/", path);
	if (relative)
		return is_there(all, path, folder) ? path : NULL;
	tail = path;
	if (all->prefix != NULL)
	{
		if (strncmp(path, all->prefix, strlen(all->prefix)) != 0)
			return NULL;
		tail += strlen(all->prefix);
		return is_there(all, tail, folder) ? pstrdup(tail) : NULL;
	}
	while (!is_there(all, tail, folder))
	{
		const char *next = strchr(tail, '/');

		if (next == NULL || next[1] == '\0')
			break;
		tail = next + 1;
	}
	/* the whole source, by the name of its own folder */
	if (!is_there(all, tail, folder))
	{
		if (!folder || !is_source_itself(all->source, path))
			return NULL;
		tail = path + strlen(path);
	}
	all->prefix = pnstrdup(path, tail - path);
	return pstrdup(tail);
}

/* The changelog's tree, or NULL with an entry among the refused ones. */
static List *
read_changelog(Changelogs *all, const char *path)
{
	SourceScript read = {0};
	JsonProblem problem = {0};
	List	   *items = NIL;

	source_read(all->source, path, &read.raw);
	if (read.raw.bytes != NULL)
		source_decode_script(path, &read);
	if (read.text == NULL)
	{
		refuse(all, path, read.bad_line, read.raw.problem);
		return NIL;
	}
	items = changelog_read(format_of(path), read.text, read.length, &problem);
	if (problem.message != NULL)
	{
		refuse(all, path, problem.line, problem.message);
		return NIL;
	}
	return items;
}

/* The text of an attribute, or NULL. */
static const char *
attribute(const JsonNode *node, const char *name)
{
	const JsonNode *value = node->kind == JSON_NODE_OBJECT ? json_tree_child(node, name) : NULL;

	return value != NULL ? value->text : NULL;
}

/* Those that the item may have; others are named and refused. */
static bool
has_only(Changelogs *all, const char *path, const JsonNode *item, const char *const *known)
{
	ListCell   *lc;

	if (item->kind != JSON_NODE_OBJECT)
	{
		refuse(all, path, item->line, psprintf("\"%s\" has no attributes", finding_one_line(item->key)));
		return false;
	}
	foreach(lc, item->children)
	{
		const JsonNode *child = lfirst(lc);
		bool		found = false;

		for (int i = 0; known[i] != NULL && !found; i++)
			found = strcmp(known[i], child->key) == 0;
		if (!found || child->kind == JSON_NODE_OBJECT || child->kind == JSON_NODE_ARRAY)
		{
			refuse(all, path, child->line, psprintf("\"%s\" of \"%s\" is not known here", finding_one_line(child->key), finding_one_line(item->key)));
			return false;
		}
	}
	return true;
}

static bool
is_true(const JsonNode *item, const char *name)
{
	const char *value = attribute(item, name);

	return value != NULL && pg_strcasecmp(value, "true") == 0;
}

/* Both of the names that Liquibase has for it. */
static const char *
context_of(const JsonNode *item)
{
	const char *context = attribute(item, "contextFilter");

	return context != NULL ? context : attribute(item, "context");
}

static void
take_property(Changelogs *all, const char *path, const JsonNode *item)
{
	static const char *const known[] = {"name", "value", "global", "context", "contextFilter", "labels", "dbms", NULL};
	const char *name = attribute(item, "name");
	const char *value = attribute(item, "value");
	char	   *wrong = NULL;

	if (!has_only(all, path, item, known))
		return;
	if (name == NULL || value == NULL)
		refuse(all, path, item->line, "a property has a name and a value");
	else if ((context_of(item) == NULL || changelog_context_excludes(&all->state, context_of(item), &wrong) == NULL) &&
			 (attribute(item, "dbms") == NULL || changelog_dbms_excludes(attribute(item, "dbms")) == NULL))
		changelog_add_property(&all->state, name, value);
	if (wrong != NULL)
		refuse(all, path, item->line, wrong);
}

static void
take_include_all(Changelogs *all, const char *path, const JsonNode *item, const char *folder)
{
	const char *ending = attribute(item, "endsWithFilter");
	bool		any = false;

	for (int i = first_file(all, folder); i < all->count && strncmp(all->files[i].path, folder, strlen(folder)) == 0; i++)
	{
		const char *file = all->files[i].path;
		char		direction;
		int			length = strlen(file) - (ending ? strlen(ending) : 0);

		if (ending != NULL && (length < 0 || strcmp(file + length, ending) != 0))
			continue;
		if (strcmp(file, path) == 0 ||
			(layout_sql_stem(file, &direction) < 0 && format_of(file) == CHANGELOG_NONE))
			continue;
		any = true;
		walk(all, file, path, item->line);
	}
	if (!any && !(attribute(item, "errorIfMissingOrEmpty") != NULL && !is_true(item, "errorIfMissingOrEmpty")))
		refuse(all, path, item->line, psprintf("there are no changelogs in \"%s\"", finding_one_line(folder)));
}

static void
take_include(Changelogs *all, const char *path, const JsonNode *item, bool folder)
{
	static const char *const of_include[] = {"file", "relativeToChangelogFile", "context", "contextFilter", "labels", "errorIfMissing", NULL};
	static const char *const of_include_all[] = {"path", "relativeToChangelogFile", "context", "contextFilter", "labels",
	"errorIfMissingOrEmpty", "endsWithFilter", NULL};
	const char *name = folder ? "path" : "file";
	const char *given = attribute(item, name);
	char	   *found;
	List	   *contexts = all->state.contexts;
	char	   *wrong = NULL;

	if (!has_only(all, path, item, folder ? of_include_all : of_include))
		return;
	if (given == NULL)
	{
		refuse(all, path, item->line, psprintf("\"%s\" has no \"%s\"", item->key, name));
		return;
	}
	found = find_path(all, path, given, is_true(item, "relativeToChangelogFile"), folder);
	if (context_of(item) != NULL && changelog_context_excludes(&all->state, context_of(item), &wrong) == NULL && wrong != NULL)
	{
		refuse(all, path, item->line, wrong);
		return;
	}
	if (context_of(item) != NULL)
		all->state.contexts = lappend(list_copy(contexts), (void *) context_of(item));
	if (found != NULL && folder)
		take_include_all(all, path, item, found);
	else if (found != NULL)
		walk(all, found, path, item->line);
	else if (attribute(item, folder ? "errorIfMissingOrEmpty" : "errorIfMissing") == NULL ||
			 is_true(item, folder ? "errorIfMissingOrEmpty" : "errorIfMissing"))
		refuse(all, path, item->line, psprintf("there is no %s \"%s\" in the source", folder ? "folder" : "file", finding_one_line(given)));
	all->state.contexts = contexts;
}

static void
read_sql(Changelogs *all, const char *path)
{
	FileContent content = {0};

	source_read(all->source, path, &content);
	if (content.bytes == NULL)
	{
		left_out_refuse(all->set, path, content.problem);
		return;
	}
	all->claims = list_concat(all->claims, changelog_sql_read(&all->state, path, &content));
	pfree(content.bytes);
}

/* A file that a changelog names, or a root. */
static void
walk(Changelogs *all, const char *path, const char *by, int line)
{
	TreeFile   *file = &all->files[first_file(all, path)];
	char		direction;
	ListCell   *lc;

	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	if (file->read)
	{
		refuse(all, by, line, psprintf("\"%s\" is included twice", finding_one_line(path)));
		return;
	}
	file->read = true;
	if (layout_sql_stem(path, &direction) >= 0)
	{
		read_sql(all, path);
		return;
	}
	if (format_of(path) == CHANGELOG_NONE)
	{
		refuse(all, by, line, psprintf("\"%s\" is no SQL and no changelog of XML, YAML or JSON", finding_one_line(path)));
		return;
	}
	foreach(lc, read_changelog(all, path))
	{
		const JsonNode *item = lfirst(lc);

		if (strcmp(item->key, "include") == 0 || strcmp(item->key, "includeAll") == 0)
			take_include(all, path, item, item->key[7] != '\0');
		else if (strcmp(item->key, "property") == 0)
			take_property(all, path, item);
		else
			refuse(all, path, item->line, strcmp(item->key, "changeSet") == 0 ?
				   "a changeset that is not SQL cannot run here: write it as formatted SQL" :
				   psprintf("\"%s\" is not known here", finding_one_line(item->key)));
	}
}

/* The one of several roots that no other one includes. */
static const char *
choose_root(Changelogs *all, List *roots)
{
	const char *chosen = NULL;
	ListCell   *lc;

	foreach(lc, roots)
	{
		const char *root = lfirst(lc);
		bool		included = false;
		ListCell   *other;

		foreach(other, list_length(roots) > 1 ? roots : NIL)
		{
			ListCell   *item;

			foreach(item, lfirst(other) != root ? read_changelog(all, lfirst(other)) : NIL)
			{
				const char *file = attribute(lfirst(item), "file");
				const char *slash = file ? strrchr(file, '/') : NULL;

				included |= file != NULL && strcmp(slash ? slash + 1 : file, root) == 0;
			}
		}
		if (included)
			continue;
		if (chosen != NULL)
			refuse(all, root, 1, psprintf("\"%s\" is a changelog too, and neither includes the other; leave one out with option \"ignore\"",
										  finding_one_line(chosen)));
		else
			chosen = root;
	}
	if (chosen == NULL && all->set->refused == NIL)
		refuse(all, linitial(roots), 1, "it is included by what it includes");
	return all->set->refused == NIL ? chosen : NULL;
}

/* What no changelog includes is worth a word; changesets, more than that. */
static void
leave_others(Changelogs *all)
{
	for (int i = 0; i < all->count; i++)
	{
		const char *path = all->files[i].path;
		FileContent content = {0};
		char		direction;
		bool		formatted;
		IgnoredEntry *ignored;

		if (all->files[i].read || layout_sql_stem(path, &direction) < 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		source_read(all->source, path, &content);
		formatted = content.bytes == NULL || changelog_sql_is(&content);
		if (content.bytes != NULL)
			pfree(content.bytes);
		if (formatted)
		{
			left_out_refuse(all->set, path, "no changelog includes it, so that Liquibase would not run it");
			continue;
		}
		ignored = palloc0(sizeof(IgnoredEntry));
		ignored->file = left_out_name(path);
		ignored->reason = "no changelog includes it";
		ignored->looks_like_sql = true;
		all->set->ignored = lappend(all->set->ignored, ignored);
	}
}

static int
compare_claims(const void *a, const void *b)
{
	const LayoutClaim *left = *(LayoutClaim *const *) a;
	const LayoutClaim *right = *(LayoutClaim *const *) b;
	int			result = strcmp(left->version, right->version);

	return result != 0 ? result : left->place - right->place;
}

/* Two changesets of one path, id and author. */
static void
refuse_doubles(Changelogs *all)
{
	int			count = 0;
	LayoutClaim **claims = palloc(Max(list_length(all->claims), 1) * sizeof(LayoutClaim *));
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, all->claims)
	{
		LayoutClaim *claim = lfirst(lc);

		if (claim->fault == NULL)
		{
			claim->place = count + 1;
			claims[count++] = claim;
		}
	}
	qsort(claims, count, sizeof(LayoutClaim *), compare_claims);
	for (int i = 1; i < count; i++)
		if (strcmp(claims[i]->version, claims[i - 1]->version) == 0)
		{
			claims[i]->fault = psprintf("changeset \"%s\" is there already, in \"%s\" line %d", finding_one_line(claims[i]->version),
										left_out_name(claims[i - 1]->up->file), Max(claims[i - 1]->fault_line, 1));
			claims[i]->fault_line = Max(claims[i]->fault_line, 1);
		}
	foreach(lc, all->claims)
	{
		LayoutClaim *claim = lfirst(lc);

		if (claim->fault != NULL)
			refuse(all, claim->up->file, claim->fault_line, claim->fault);
		else
			kept = lappend(kept, claim);
	}
	all->claims = kept;
}

static List *
read_all_of_liquibase(const Source *source, const LayoutHints *hints, List *roots, List *files, MigrationSet *set)
{
	Changelogs	all = {.source = source,.set = set,.state.environment = hints->environment};
	ListCell   *lc;

	if (roots != NIL)
	{
		const char *root;

		list_files(&all, hints);
		root = choose_root(&all, roots);
		if (root != NULL)
		{
			walk(&all, root, root, 1);
			if (set->refused == NIL)
				leave_others(&all);
		}
	}
	foreach(lc, roots == NIL ? files : NIL)
	{
		int			before = list_length(all.claims);
		LayoutClaim *claim;

		read_sql(&all, lfirst(lc));
		claim = list_length(all.claims) > before ? llast(all.claims) : NULL;
		if (claim != NULL && claim->fault == NULL && claim->up->range_count == 0)
		{
			claim->fault = "its first line is not \"--liquibase formatted sql\", and no changelog includes it";
			claim->fault_line = 1;
		}
	}
	refuse_doubles(&all);
	return all.claims;
}

/* A changelog may have to name it. */
static bool
name_liquibase(NewMigration *fresh)
{
	return false;
}

const Layout layout_liquibase = {
	.name = "liquibase",
	.pattern = "db.changelog-master.xml, .yaml or .json, and what it includes; or NAME.sql",
	.order = VERSION_ORDER_PLAN,
	.claim = claim_liquibase,
	.marks = MARK_OF_LIQUIBASE,
	.marks_shown = "--liquibase formatted sql, --changeset AUTHOR:ID",
	.any_name = true,
	.down = DOWN_IN_SECTION,
	.repeatable = true,
	.is_root = is_root_of_liquibase,
	.read_all = read_all_of_liquibase,
	.runs_late = true,
	.name_new = name_liquibase
};
