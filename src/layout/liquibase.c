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
 * A changeset of XML, YAML or JSON is no SQL: it cannot run here, and stops a run that has
 * it pending.  What a changelog has besides, and is not known, stops any.
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
	bool		included;		/* by a root, and that is another file */
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
	const LayoutHints *hints;
} Changelogs;

/* One of XML, YAML or JSON. */
typedef struct Changelog
{
	const char *path;
	const char *logical_path;	/* of its own changesets, or NULL */
	bool		is_xml;
	int			number;			/* whose own properties count in it */
} Changelog;

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
	all->files[all->count].included = false;
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

/* Is it, as it is named, or behind the folders that are left away, what the user calls none of ours? */
static bool
is_left_out(const Changelogs *all, const char *by, const char *given)
{
	const char *slash = strrchr(by, '/');
	char	   *beside = slash != NULL ? changelog_normal_path(psprintf("%.*s/%s", (int) (slash - by), by, given)) : NULL;
	const char *path = changelog_normal_path(given);

	if (beside != NULL && aside_ignores(all->hints, beside))
		return true;
	for (; path != NULL && *path != '\0'; path = strchr(path, '/') ? strchr(path, '/') + 1 : NULL)
		if (aside_ignores(all->hints, path))
			return true;
	return false;
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

	if (relative && strncmp(given, "classpath:", 10) == 0)
		given += 10;
	path = changelog_normal_path(relative && slash != NULL ? psprintf("%.*s/%s", (int) (slash - by), by, given) : given);
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

/* The changelog's tree, or NIL with an entry among the refused ones. */
static List *
read_changelog(Changelogs *all, const char *path, JsonNode **root)
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
	items = changelog_read(format_of(path), read.text, read.length, root, &problem);
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

/* The same with values of properties; *wrong where one is missing. */
static const char *
expanded(const Changelogs *all, const Changelog *log, const JsonNode *node, const char *name, char **wrong)
{
	const char *text = attribute(node, name);

	return text != NULL ? changelog_expand(text, &all->state, log->number, wrong) : NULL;
}

/* Both of the names that Liquibase has for it. */
static const char *
context_of(const Changelogs *all, const Changelog *log, const JsonNode *node, char **wrong)
{
	const char *context = expanded(all, log, node, "contextFilter", wrong);

	return context != NULL && *context != '\0' ? context : expanded(all, log, node, "context", wrong);
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

/* What Liquibase reads in a property of XML, and not of other formats. */
static char *
passed_over(const JsonNode *item)
{
	static const char *const names[] = {"name", "context", "labels", "dbms"};
	ListCell   *lc;

	if (attribute(item, "contextFilter") != NULL)
		return "Liquibase passes over \"contextFilter\" of a property in YAML and JSON: say \"context\"";
	foreach(lc, item->children)
	{
		const JsonNode *child = lfirst(lc);

		if (changelog_reads_otherwise(child))
			return psprintf(CHANGELOG_QUOTES, finding_one_line(child->key));
	}
	for (int i = 0; i < lengthof(names); i++)
	{
		const char *text = attribute(item, names[i]);

		if (text != NULL && strstr(text, "${") != NULL)
			return psprintf("Liquibase takes \"${\" in \"%s\" of a property as it stands, in YAML and JSON", names[i]);
	}
	return NULL;
}

static void
take_property(Changelogs *all, Changelog *log, const JsonNode *item)
{
	static const char *const known[] = {"name", "value", "global", "context", "contextFilter", "labels", "dbms", NULL};
	char	   *wrong = NULL;
	char	   *excluded = NULL;
	const char *name = expanded(all, log, item, "name", &wrong);
	const char *value = attribute(item, "value");
	const char *context = context_of(all, log, item, &wrong);
	const char *labels = expanded(all, log, item, "labels", &wrong);
	const char *dbms = expanded(all, log, item, "dbms", &wrong);
	const char *for_all = attribute(item, "global");
	bool		own = for_all != NULL && changelog_boolean(for_all) != 1;

	if (!has_only(all, log->path, item, known))
		return;
	if (!log->is_xml)
		wrong = passed_over(item);
	if (name == NULL || value == NULL)
		wrong = "a property has a name and a value";
	if (wrong == NULL && context != NULL)
		excluded = changelog_context_excludes(&all->state, context, &wrong);
	if (wrong == NULL && labels != NULL && excluded == NULL)
		excluded = changelog_labels_exclude(&all->state, labels);
	if (wrong == NULL && dbms != NULL && excluded == NULL)
		excluded = changelog_dbms_excludes(dbms);
	if (wrong != NULL)
		refuse(all, log->path, item->line, wrong);
	else if (excluded == NULL)
		changelog_add_property(&all->state, log->number, own, name, value, log->is_xml);
}

/* A number, or the one that holds without. */
static int
depth_of(const JsonNode *item, const char *name, int without, char **wrong)
{
	const char *text = attribute(item, name);
	char	   *end;
	long		result = text ? strtol(text, &end, 10) : without;

	if (text != NULL && (*text == '\0' || *end != '\0' || result < 0 || result > PG_INT32_MAX))
		*wrong = psprintf("\"%s\" is a number", name);
	return (int) result;
}

/* How deep a file is in the folder; right in it: 1. */
static int
depth_in(const char *file, const char *folder)
{
	int			depth = 1;

	for (const char *c = file + strlen(folder); *c != '\0'; c++)
		depth += *c == '/';
	return depth;
}

static void
take_include_all(Changelogs *all, const char *path, const JsonNode *item, const char *folder)
{
	const char *ending = attribute(item, "endsWithFilter");
	char	   *wrong = NULL;
	int			least = depth_of(item, "minDepth", 0, &wrong);
	int			most = depth_of(item, "maxDepth", PG_INT32_MAX, &wrong);
	bool		any = false;

	if (wrong != NULL)
		refuse(all, path, item->line, wrong);
	for (int i = first_file(all, folder); i < all->count && strncmp(all->files[i].path, folder, strlen(folder)) == 0; i++)
	{
		const char *file = all->files[i].path;
		char		direction;
		int			length = strlen(file) - (ending ? strlen(ending) : 0);
		int			depth = depth_in(file, folder);

		if ((ending != NULL && (length < 0 || pg_strcasecmp(file + length, ending) != 0)) || depth < least || depth > most)
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

/* What it says of what it includes, besides what is said around it; false: that is wrong. */
static bool
take_around(Changelogs *all, const Changelog *log, const JsonNode *item)
{
	ChangelogState *state = &all->state;
	char	   *wrong = NULL;
	const char *context = context_of(all, log, item, &wrong);
	const char *labels = expanded(all, log, item, "labels", &wrong);

	if (context != NULL && wrong == NULL && !changelog_filter_is_valid(context))
		wrong = psprintf("\"%s\" is no expression of contexts", finding_one_line(context));
	if (wrong != NULL)
	{
		refuse(all, log->path, item->line, wrong);
		return false;
	}
	if (context != NULL)
		state->around_contexts = lappend(list_copy(state->around_contexts), (void *) context);
	if (labels != NULL && *labels != '\0')
		state->around_labels = lappend(list_copy(state->around_labels), (void *) labels);
	/* of the file's own changesets, not of those that it includes */
	state->ignored = is_true(item, "ignore");
	return true;
}

static void
take_include(Changelogs *all, const Changelog *log, const JsonNode *item, bool folder)
{
	static const char *const of_include[] = {"file", "relativeToChangelogFile", "context", "contextFilter", "labels", "errorIfMissing",
	"ignore", NULL};
	static const char *const of_include_all[] = {"path", "relativeToChangelogFile", "context", "contextFilter", "labels",
	"errorIfMissingOrEmpty", "endsWithFilter", "minDepth", "maxDepth", "ignore", NULL};
	const char *name = folder ? "path" : "file";
	ChangelogState keep = all->state;
	char	   *wrong = NULL;
	const char *given = expanded(all, log, item, name, &wrong);
	char	   *found;

	if (!has_only(all, log->path, item, folder ? of_include_all : of_include))
		return;
	if (given == NULL || wrong != NULL)
	{
		refuse(all, log->path, item->line, wrong ? wrong : psprintf("\"%s\" has no \"%s\"", item->key, name));
		return;
	}
	if (!take_around(all, log, item))
		return;
	found = find_path(all, log->path, given, is_true(item, "relativeToChangelogFile"), folder);
	if (found != NULL && folder)
		take_include_all(all, log->path, item, found);
	else if (found != NULL)
		walk(all, found, log->path, item->line);
	else if (is_left_out(all, log->path, given))
		;
	else if (attribute(item, folder ? "errorIfMissingOrEmpty" : "errorIfMissing") == NULL ||
			 is_true(item, folder ? "errorIfMissingOrEmpty" : "errorIfMissing"))
		refuse(all, log->path, item->line, psprintf("there is no %s \"%s\" in the source", folder ? "folder" : "file", finding_one_line(given)));
	all->state.around_contexts = keep.around_contexts;
	all->state.around_labels = keep.around_labels;
	all->state.ignored = keep.ignored;
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

/* Conditions that can be told here: which kind of database it is. */
static void
take_root_preconditions(Changelogs *all, const Changelog *log, const JsonNode *item)
{
	ListCell   *lc;

	foreach(lc, item->children)
	{
		const JsonNode *child = lfirst(lc);
		const char *type;

		if (item->kind == JSON_NODE_ARRAY)
			child = child->kind == JSON_NODE_OBJECT && list_length(child->children) == 1 ? linitial(child->children) : child;
		type = child->key != NULL && strcmp(child->key, "dbms") == 0 ? attribute(child, "type") : NULL;
		if (type != NULL && changelog_dbms_excludes(type) == NULL)
			continue;
		if (child->kind == JSON_NODE_STRING && child->key != NULL && pg_strcasecmp(child->text, "HALT") == 0 &&
			(strcmp(child->key, "onFail") == 0 || strcmp(child->key, "onError") == 0))
			continue;
		refuse(all, log->path, child->line, type != NULL ? psprintf("its preconditions ask for another database: \"%s\"", finding_one_line(type)) :
			   "of a changelog's preconditions \"dbms\" alone is known here: those of a changeset are in formatted SQL");
	}
}

/* What the changelog says of itself. */
static bool
take_root(Changelogs *all, Changelog *log, const JsonNode *root)
{
	static const char *const known[] = {"logicalFilePath", "objectQuotingStrategy", "changeLogId", "context", "contextFilter", NULL};
	char	   *wrong = NULL;
	const char *context;
	bool		fine;
	ListCell   *lc;

	foreach(lc, log->is_xml ? root->children : NIL)
	{
		const JsonNode *child = lfirst(lc);

		if (child->text != NULL && strstr(child->text, "${") != NULL)
			wrong = psprintf("Liquibase takes \"${\" in \"%s\" of XML as it stands", finding_one_line(child->key));
	}
	fine = has_only(all, log->path, root, known);
	log->logical_path = expanded(all, log, root, "logicalFilePath", &wrong);
	context = context_of(all, log, root, &wrong);
	if (context != NULL && wrong == NULL && !changelog_filter_is_valid(context))
		wrong = psprintf("\"%s\" is no expression of contexts", finding_one_line(context));
	if (wrong != NULL)
		refuse(all, log->path, root->line, wrong);
	else if (context != NULL)
		all->state.around_contexts = lappend(list_copy(all->state.around_contexts), (void *) context);
	return fine && wrong == NULL;
}

static void
read_other(Changelogs *all, const char *path)
{
	Changelog	log = {.path = path,.is_xml = format_of(path) == CHANGELOG_XML,.number = ++all->state.file_count};
	JsonNode   *root = NULL;
	List	   *items = read_changelog(all, path, &root);
	List	   *contexts = all->state.around_contexts;
	bool		changes = false;
	ListCell   *lc;

	/* those of YAML and JSON count in all of their file */
	foreach(lc, log.is_xml ? NIL : items)
	{
		const JsonNode *item = lfirst(lc);

		if (strcmp(item->key, "property") == 0)
			take_property(all, &log, item);
	}
	if (root == NULL || !take_root(all, &log, root))
		return;
	foreach(lc, items)
	{
		const JsonNode *item = lfirst(lc);
		bool		is_property = strcmp(item->key, "property") == 0;
		bool		heads = is_property || strcmp(item->key, "preConditions") == 0;

		if (log.is_xml && heads && changes)
			refuse(all, path, item->line, psprintf("Liquibase takes no \"%s\" behind includes and changesets in XML", item->key));
		changes |= !heads;
		if (strcmp(item->key, "include") == 0 || strcmp(item->key, "includeAll") == 0)
			take_include(all, &log, item, item->key[7] != '\0');
		else if (is_property)
		{
			if (log.is_xml)
				take_property(all, &log, item);
		}
		else if (strcmp(item->key, "preConditions") == 0)
			take_root_preconditions(all, &log, item);
		else if (strcmp(item->key, "changeSet") == 0)
			all->claims = lappend(all->claims, changelog_code_claim(&all->state, path, log.logical_path,
																	log.number, item));
		else
			refuse(all, path, item->line, psprintf("\"%s\" is not known here", finding_one_line(item->key)));
	}
	all->state.around_contexts = contexts;
}

/* A file that a changelog names, or a root. */
static void
walk(Changelogs *all, const char *path, const char *by, int line)
{
	TreeFile   *file = &all->files[first_file(all, path)];
	char		direction;

	CHECK_FOR_INTERRUPTS();
	check_stack_depth();
	if (file->read)
		refuse(all, by, line, psprintf("\"%s\" is included twice", finding_one_line(path)));
	else if (layout_sql_stem(path, &direction) < 0 && format_of(path) == CHANGELOG_NONE)
		refuse(all, by, line, psprintf("\"%s\" is no SQL and no changelog of XML, YAML or JSON", finding_one_line(path)));
	else
	{
		file->read = true;
		if (layout_sql_stem(path, &direction) >= 0)
			read_sql(all, path);
		else
			read_other(all, path);
	}
}

/* The files at the top that roots include, each read once: by the name without folders. */
static void
note_included(Changelogs *all, const List *roots)
{
	ListCell   *lc;

	foreach(lc, roots)
	{
		JsonNode   *unused = NULL;
		ListCell   *item;

		CHECK_FOR_INTERRUPTS();
		foreach(item, read_changelog(all, lfirst(lc), &unused))
		{
			const char *file = attribute(lfirst(item), "file");
			const char *slash = file ? strrchr(file, '/') : NULL;
			const char *name = slash ? slash + 1 : file;

			if (name != NULL && strcmp(name, lfirst(lc)) != 0 && is_there(all, name, false))
				all->files[first_file(all, name)].included = true;
		}
	}
}

/* The one of several roots that no other one includes. */
static const char *
choose_root(Changelogs *all, List *roots)
{
	const char *chosen = NULL;
	ListCell   *lc;

	if (list_length(roots) > 1)
		note_included(all, roots);
	foreach(lc, roots)
	{
		const char *root = lfirst(lc);

		if (all->files[first_file(all, root)].included)
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

	if (result == 0)
		result = (left->excluded != NULL) - (right->excluded != NULL);
	return result != 0 ? result : left->place - right->place;
}

/* Two changesets of one path, id and author.  Of some that are not run, as for other databases, one will do. */
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
	{
		if (strcmp(claims[i]->version, claims[i - 1]->version) != 0)
			continue;
		if (claims[i]->excluded != NULL)
			claims[i]->left_out = "another changeset of its path, id and author is run";
		else
		{
			claims[i]->fault = psprintf("changeset \"%s\" is there already, in \"%s\" line %d", finding_one_line(claims[i]->version),
										left_out_name(claims[i - 1]->up->file), Max(claims[i - 1]->fault_line, 1));
			claims[i]->fault_line = Max(claims[i]->fault_line, 1);
		}
	}
	foreach(lc, all->claims)
	{
		LayoutClaim *claim = lfirst(lc);

		if (claim->fault != NULL)
			refuse(all, claim->up->file, claim->fault_line, claim->fault);
		else if (claim->left_out == NULL)
			kept = lappend(kept, claim);
	}
	all->claims = kept;
}

static List *
read_all_of_liquibase(const Source *source, const LayoutHints *hints, List *roots, List *files, MigrationSet *set)
{
	Changelogs	all = {.source = source,.set = set,.hints = hints};
	ListCell   *lc;

	all.state.contexts_given = hints->contexts ? hints->contexts : hints->environment;
	all.state.contexts_are_environment = hints->contexts == NULL;
	all.state.contexts = changelog_filter_items(all.state.contexts_given);
	all.state.labels_given = hints->labels;
	all.state.properties = properties_create();
	if (hints->labels != NULL && !changelog_filter_is_valid(hints->labels))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("option \"%s\" is no expression of labels: \"%s\"", "labels", finding_one_line(hints->labels)));

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
	.filters = true,
	.hook_fill = FILL_KNOWN_BRACES,
	.name_new = name_liquibase
};
