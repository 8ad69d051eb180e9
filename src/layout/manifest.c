/*
 * manifest.c
 *	  What dependencies.json says of a source's migrations.
 *
 * A key is a row of entry_keys and the function that takes its value.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "base/errors.h"
#include "base/finding.h"
#include "base/json_tree.h"
#include "base/nearest.h"
#include "base/valid_name.h"
#include "layout/manifest.h"
#include "script/server_parser.h"

/* Where a value is taken from, and for whom. */
typedef struct EntryReader
{
	Manifest   *manifest;
	ManifestEntry *entry;
	const JsonNode *node;
} EntryReader;

typedef struct EntryKey
{
	const char *name;
	JsonNodeKind kind;
	void		(*take) (EntryReader *reader);
} EntryKey;

/* argument of parse_interval() */
typedef struct IntervalText
{
	const char *text;
	Interval   *interval;
} IntervalText;

/*
 * What was read last is kept for the session: a run that finds nothing to do
 * would spend more time on parsing a file of thousands of entries than on all
 * migrations.  The bytes decide whether it is still that.  Whoever got it may
 * outlive the keeping, so its context goes with the last of them.
 */
typedef struct KeptManifest
{
	MemoryContext context;		/* of all of it, this struct too */
	int			users;
	char	   *bytes;
	size_t		length;
	const Manifest *manifest;
} KeptManifest;

#define KEPT_AT_MOST (4 * 1024 * 1024)

static KeptManifest *kept = NULL;

static void use_kept(KeptManifest *used);
static void leave_kept(void *argument);
static Manifest *parse(const char *file, VersionOrder order, SourceScript *read);
static void read_top(Manifest *manifest, const JsonNode *root);
static ManifestEntry *read_entry(Manifest *manifest, const JsonNode *node);
static void refuse_key(Manifest *manifest, const char *version, const JsonNode *node);
static bool require_kind(Manifest *manifest, const char *version, const JsonNode *node,
						 const char *what, JsonNodeKind kind);
static bool require_key_kind(EntryReader *reader, const JsonNode *node, JsonNodeKind kind);
static void sort_entries(Manifest *manifest);
static int	compare_entries(const void *a, const void *b, void *order);
static void take_description(EntryReader *reader);
static void take_depends_on(EntryReader *reader);
static void take_affects_tables(EntryReader *reader);
static void take_estimated_duration(EntryReader *reader);
static void take_risk_level(EntryReader *reader);
static void take_rollback_safe(EntryReader *reader);
static void take_environment(EntryReader *reader);
static void take_cross_service(EntryReader *reader);
static void take_reason(EntryReader *reader);
static void take_manual(EntryReader *reader);
static List *take_needs(EntryReader *reader, const JsonNode *array, const char *service, List *needs);
static void parse_interval(void *argument);
static ManifestProblem *add_problem(Manifest *manifest, const char *version, int line,
									const char *message);
static int	compare_problems(const ListCell *a, const ListCell *b);

static const EntryKey entry_keys[] = {
	{"description", JSON_NODE_STRING, take_description},
	{"depends_on", JSON_NODE_ARRAY, take_depends_on},
	{"affects_tables", JSON_NODE_ARRAY, take_affects_tables},
	{"estimated_duration", JSON_NODE_STRING, take_estimated_duration},
	{"risk_level", JSON_NODE_STRING, take_risk_level},
	{"rollback_safe", JSON_NODE_BOOLEAN, take_rollback_safe},
	{"environment", JSON_NODE_STRING, take_environment},
	{"cross_service_dependencies", JSON_NODE_OBJECT, take_cross_service},
	{"reason", JSON_NODE_STRING, take_reason},
	{"manual", JSON_NODE_BOOLEAN, take_manual},
};

static const char *const risk_levels[] = {"low", "medium", "high"};

const Manifest *
manifest_read(const Source *source, const char *file, VersionOrder order)
{
	MemoryContext user = CurrentMemoryContext;
	MemoryContext context;
	SourceScript read = {0};
	KeptManifest *new;

	source_read(source, file, &read.raw);
	if (kept != NULL && read.raw.bytes != NULL && kept->length == read.raw.length &&
		kept->manifest->order == order && strcmp(kept->manifest->file, file) == 0 &&
		memcmp(kept->bytes, read.raw.bytes, kept->length) == 0)
	{
		pfree(read.raw.bytes);
		use_kept(kept);
		return kept->manifest;
	}

	context = AllocSetContextCreate(user, "migrator manifest", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	new = palloc0(sizeof(KeptManifest));
	new->context = context;
	new->manifest = parse(pstrdup(file), order, &read);
	if (read.raw.bytes == NULL || read.raw.length > KEPT_AT_MOST)
	{
		MemoryContextSwitchTo(user);
		return new->manifest;
	}

	new->length = read.raw.length;
	new->bytes = palloc(Max(new->length, 1));
	memcpy(new->bytes, read.raw.bytes, new->length);
	MemoryContextSwitchTo(user);
	use_kept(new);
	MemoryContextSetParent(context, TopMemoryContext);
	if (kept != NULL && kept->users == 0)
		MemoryContextDelete(kept->context);
	kept = new;
	return new->manifest;
}

/* For as long as the current context lives. */
static void
use_kept(KeptManifest *used)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	callback->func = leave_kept;
	callback->arg = used;
	used->users++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

static void
leave_kept(void *argument)
{
	KeptManifest *used = argument;

	if (--used->users == 0 && used != kept)
		MemoryContextDelete(used->context);
}

static Manifest *
parse(const char *file, VersionOrder order, SourceScript *read)
{
	Manifest   *manifest = palloc0(sizeof(Manifest));
	JsonProblem problem;
	const JsonNode *root;

	manifest->file = file;
	manifest->order = order;
	if (read->raw.bytes != NULL)
		source_decode_script(file, read);
	if (read->text == NULL)
	{
		ManifestProblem *unread = add_problem(manifest, NULL, read->bad_line, read->raw.problem);

		unread->sqlstate = read->raw.sqlstate;
		unread->hint = read->raw.hint;
		return manifest;
	}
	root = json_tree_read(read->text, read->length, &problem);
	if (root == NULL)
	{
		ManifestProblem *invalid = add_problem(manifest, NULL, problem.line, problem.message);

		invalid->sqlstate = ERRCODE_INVALID_TEXT_REPRESENTATION;
		invalid->detail = problem.detail;
		invalid->hint = problem.hint;
		return manifest;
	}
	read_top(manifest, root);
	sort_entries(manifest);
	list_sort(manifest->problems, compare_problems);
	return manifest;
}

static void
read_top(Manifest *manifest, const JsonNode *root)
{
	static const char *const known[] = {"migrations"};
	const JsonNode *migrations;
	ListCell   *lc;

	if (!require_kind(manifest, NULL, root, "the file", JSON_NODE_OBJECT))
		return;
	foreach(lc, root->children)
	{
		const JsonNode *node = lfirst(lc);
		const char *nearest = nearest_of(node->key, known, lengthof(known));

		if (strcmp(node->key, known[0]) != 0)
			add_problem(manifest, NULL, node->line, psprintf("unknown key \"%s\"", node->key))->hint =
				nearest ? psprintf("Perhaps you meant \"%s\".", nearest) : NULL;
	}
	migrations = json_tree_child(root, "migrations");
	if (migrations == NULL)
	{
		add_problem(manifest, NULL, root->line, "key \"migrations\" is missing");
		return;
	}
	if (!require_kind(manifest, NULL, migrations, "\"migrations\"", JSON_NODE_OBJECT))
		return;
	manifest->entries = palloc(Max(list_length(migrations->children), 1) * sizeof(ManifestEntry *));
	foreach(lc, migrations->children)
	{
		CHECK_FOR_INTERRUPTS();
		manifest->entries[manifest->count++] = read_entry(manifest, lfirst(lc));
	}
}

static ManifestEntry *
read_entry(Manifest *manifest, const JsonNode *node)
{
	ManifestEntry *entry = palloc0(sizeof(ManifestEntry));
	EntryReader reader = {manifest, entry};
	ListCell   *lc;

	entry->version = node->key;
	entry->line = node->line;
	if (!require_key_kind(&reader, node, JSON_NODE_OBJECT))
		return entry;
	foreach(lc, node->children)
	{
		const JsonNode *value = lfirst(lc);
		const EntryKey *key = NULL;

		for (int i = 0; i < lengthof(entry_keys) && key == NULL; i++)
			if (strcmp(entry_keys[i].name, value->key) == 0)
				key = &entry_keys[i];
		reader.node = value;
		if (key == NULL)
			refuse_key(manifest, entry->version, value);
		else if (require_key_kind(&reader, value, key->kind))
			key->take(&reader);
	}
	return entry;
}

static void
refuse_key(Manifest *manifest, const char *version, const JsonNode *node)
{
	NearestName nearest = {node->key};

	for (int i = 0; i < lengthof(entry_keys); i++)
		nearest_consider(&nearest, entry_keys[i].name);
	add_problem(manifest, version, node->line, psprintf("unknown key \"%s\"", node->key))->hint =
		nearest.found ? psprintf("Perhaps you meant \"%s\".", nearest.found) : NULL;
}

static bool
require_kind(Manifest *manifest, const char *version, const JsonNode *node,
			 const char *what, JsonNodeKind kind)
{
	if (node->kind == kind)
		return true;
	add_problem(manifest, version, node->line,
				psprintf("%s must be %s, not %s", what, json_tree_kind(kind),
						 json_tree_kind(node->kind)));
	return false;
}

/* What is right, as thousands of values are, costs no message. */
static bool
require_key_kind(EntryReader *reader, const JsonNode *node, JsonNodeKind kind)
{
	return node->kind == kind ||
		require_kind(reader->manifest, reader->entry->version, node, psprintf("\"%s\"", node->key), kind);
}

/* Of two spellings of one version one would be passed over. */
static void
sort_entries(Manifest *manifest)
{
	int			kept = 0;

	qsort_arg(manifest->entries, manifest->count, sizeof(ManifestEntry *), compare_entries,
			  &manifest->order);
	for (int i = 0; i < manifest->count; i++)
	{
		ManifestEntry *entry = manifest->entries[i];
		const ManifestEntry *before = kept > 0 ? manifest->entries[kept - 1] : NULL;

		if (before != NULL && version_compare(manifest->order, before->version, entry->version) == 0)
			add_problem(manifest, entry->version, entry->line,
						psprintf("\"%s\" and \"%s\" are the same version", before->version, entry->version))->sqlstate =
				ERRCODE_MIGRATOR_DUPLICATE_VERSION;
		else
			manifest->entries[kept++] = entry;
	}
	manifest->count = manifest->own = kept;
}

const Manifest *
manifest_of_entries(const char *file, VersionOrder order, List *entries)
{
	Manifest   *manifest = palloc0(sizeof(Manifest));
	ListCell   *lc;

	manifest->file = file;
	manifest->of_layout = true;
	manifest->order = order;
	manifest->entries = MemoryContextAllocHuge(CurrentMemoryContext, Max(list_length(entries), 1) * sizeof(ManifestEntry *));
	foreach(lc, entries)
	{
		manifest->entries[manifest->count++] = lfirst(lc);
	}
	sort_entries(manifest);
	return manifest;
}

/* Needs of one more file, behind those that are there. */
static List *
add_needs(List *needs, const List *more, const char *file)
{
	List	   *result = list_copy(needs);
	ListCell   *lc;

	foreach(lc, more)
	{
		ManifestNeed *need = palloc(sizeof(ManifestNeed));

		*need = *(ManifestNeed *) lfirst(lc);
		if (need->file == NULL)
			need->file = file;
		result = lappend(result, need);
	}
	return result;
}

/* Whoever has read the manifest before may have it still: nothing of it is changed. */
const Manifest *
manifest_join(const Manifest *manifest, const Manifest *of_layout)
{
	Manifest   *joined = palloc(sizeof(Manifest));
	int			mine = 0;
	int			other = 0;

	*joined = *manifest;
	joined->count = 0;
	joined->problems = list_concat_copy(manifest->problems, of_layout->problems);
	joined->entries = MemoryContextAllocHuge(CurrentMemoryContext,
											 Max(manifest->count + of_layout->count, 1) * sizeof(ManifestEntry *));
	/* both are ordered by version */
	while (mine < manifest->count || other < of_layout->count)
	{
		const ManifestEntry *from = mine < manifest->count ? manifest->entries[mine] : NULL;
		const ManifestEntry *with = other < of_layout->count ? of_layout->entries[other] : NULL;
		int			compared = from == NULL ? 1 : with == NULL ? -1 :
			version_compare(manifest->order, from->version, with->version);
		ManifestEntry *entry = palloc(sizeof(ManifestEntry));
		const char *file = with == NULL ? NULL : with->file ? with->file : of_layout->file;

		mine += compared <= 0;
		other += compared >= 0;
		*entry = compared <= 0 ? *from : *with;
		if (compared > 0)
			entry->file = file;
		else if (compared == 0)
		{
			entry->depends_on = add_needs(from->depends_on, with->depends_on, file);
			entry->cross_service = add_needs(from->cross_service, with->cross_service, file);
			entry->conflicts = add_needs(from->conflicts, with->conflicts, file);
		}
		joined->entries[joined->count++] = entry;
	}
	return joined;
}

const ManifestNeed *
manifest_find_need(const Manifest *manifest, const ManifestEntry *entry, const char *version)
{
	ListCell   *lc;

	foreach(lc, entry->depends_on)
	{
		const ManifestNeed *need = lfirst(lc);

		if (version_compare(manifest->order, need->version, version) == 0)
			return need;
	}
	return NULL;
}

const char *
manifest_file_of(const Manifest *manifest, const ManifestEntry *entry, const ManifestNeed *need)
{
	return need != NULL && need->file != NULL ? need->file : entry->file != NULL ? entry->file : manifest->file;
}

static int
compare_entries(const void *a, const void *b, void *order)
{
	const ManifestEntry *left = *(ManifestEntry *const *) a;
	const ManifestEntry *right = *(ManifestEntry *const *) b;
	int			result = version_compare(*(VersionOrder *) order, left->version, right->version);

	return result != 0 ? result : (left->line > right->line) - (left->line < right->line);
}

static void
take_description(EntryReader *reader)
{
	reader->entry->description = reader->node->text;
}

static void
take_reason(EntryReader *reader)
{
	reader->entry->reason = reader->node->text;
}

static void
take_manual(EntryReader *reader)
{
	reader->entry->manual = strcmp(reader->node->text, "true") == 0;
}

static void
take_rollback_safe(EntryReader *reader)
{
	reader->entry->tells_rollback_safe = true;
	reader->entry->rollback_safe = strcmp(reader->node->text, "true") == 0;
}

static void
take_environment(EntryReader *reader)
{
	if (!valid_environment_name(reader->node->text))
		add_problem(reader->manifest, reader->entry->version, reader->node->line,
					psprintf("invalid environment name \"%s\"", reader->node->text));
	else
	{
		reader->entry->environment = reader->node->text;
		reader->entry->environment_line = reader->node->line;
	}
}

static void
take_depends_on(EntryReader *reader)
{
	reader->entry->depends_on = take_needs(reader, reader->node, NULL, NIL);
}

static void
take_cross_service(EntryReader *reader)
{
	ListCell   *lc;

	foreach(lc, reader->node->children)
	{
		const JsonNode *node = lfirst(lc);

		if (!valid_service_name(node->key))
			add_problem(reader->manifest, reader->entry->version, node->line,
						psprintf("invalid service name \"%s\"", node->key));
		else if (require_key_kind(reader, node, JSON_NODE_ARRAY))
			reader->entry->cross_service = take_needs(reader, node, node->key, reader->entry->cross_service);
	}
}

static List *
take_needs(EntryReader *reader, const JsonNode *array, const char *service, List *needs)
{
	ListCell   *lc;

	foreach(lc, array->children)
	{
		const JsonNode *node = lfirst(lc);
		ManifestNeed *need;

		if (node->kind != JSON_NODE_STRING)
		{
			ManifestProblem *problem = add_problem(reader->manifest, reader->entry->version, node->line,
												   psprintf("\"%s\" must be an array of strings, and has %s",
															array->key, json_tree_kind(node->kind)));

			if (node->kind == JSON_NODE_NUMBER)
				problem->hint = psprintf("Write versions as strings: \"%s\".", node->text);
			continue;
		}
		need = palloc0(sizeof(ManifestNeed));
		need->service = service;
		need->version = node->text;
		need->line = node->line;
		needs = lappend(needs, need);
	}
	return needs;
}

static void
take_affects_tables(EntryReader *reader)
{
	ListCell   *lc;

	reader->entry->declares_tables = true;
	foreach(lc, reader->node->children)
	{
		const JsonNode *node = lfirst(lc);
		List	   *names = NIL;
		ManifestTable *table;

		if (node->kind != JSON_NODE_STRING)
		{
			add_problem(reader->manifest, reader->entry->version, node->line,
						psprintf("\"%s\" must be an array of strings, and has %s",
								 reader->node->key, json_tree_kind(node->kind)));
			continue;
		}
		if (!SplitIdentifierString(pstrdup(node->text), '.', &names) ||
			list_length(names) < 1 || list_length(names) > 2)
		{
			add_problem(reader->manifest, reader->entry->version, node->line,
						psprintf("\"%s\" is not the name of a table", node->text))->hint =
				"Write schema.table, as in SQL.";
			continue;
		}
		table = palloc(sizeof(ManifestTable));
		table->written = node->text;
		table->schema = list_length(names) == 2 ? linitial(names) : NULL;
		table->name = llast(names);
		table->line = node->line;
		reader->entry->affects_tables = lappend(reader->entry->affects_tables, table);
	}
}

static void
take_estimated_duration(EntryReader *reader)
{
	IntervalText text = {reader->node->text};
	ErrorData  *error = server_parser_try(parse_interval, &text);
	Interval	zero = {0};

	if (error == NULL &&
		DatumGetBool(DirectFunctionCall2(interval_ge, IntervalPGetDatum(text.interval),
										 IntervalPGetDatum(&zero))))
	{
		reader->entry->estimated_duration = text.interval;
		return;
	}
	add_problem(reader->manifest, reader->entry->version, reader->node->line,
				psprintf("\"%s\" must be an interval, not \"%s\"", reader->node->key, reader->node->text))->hint =
		"Write it as in SQL: \"30s\", \"5 minutes\".";
}

/* Looks nothing up, and touches no state of the transaction. */
static void
parse_interval(void *argument)
{
	IntervalText *text = argument;

	text->interval = DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text->text),
														   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

static void
take_risk_level(EntryReader *reader)
{
	const char *nearest;

	for (int i = 0; i < lengthof(risk_levels); i++)
		if (strcmp(risk_levels[i], reader->node->text) == 0)
		{
			reader->entry->risk_level = risk_levels[i];
			return;
		}
	nearest = nearest_of(reader->node->text, risk_levels, lengthof(risk_levels));
	add_problem(reader->manifest, reader->entry->version, reader->node->line,
				psprintf("\"%s\" must be \"low\", \"medium\" or \"high\", not \"%s\"",
						 reader->node->key, reader->node->text))->hint =
		nearest ? psprintf("Perhaps you meant \"%s\".", nearest) : NULL;
}

static ManifestProblem *
add_problem(Manifest *manifest, const char *version, int line, const char *message)
{
	ManifestProblem *problem = palloc0(sizeof(ManifestProblem));

	problem->version = version;
	problem->line = line;
	problem->sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;
	problem->message = message;
	manifest->problems = lappend(manifest->problems, problem);
	return problem;
}

static int
compare_problems(const ListCell *a, const ListCell *b)
{
	const ManifestProblem *left = lfirst(a);
	const ManifestProblem *right = lfirst(b);

	return (left->line > right->line) - (left->line < right->line);
}

bool
manifest_excludes(const ManifestEntry *entry, const char *environment)
{
	return entry != NULL && entry->environment != NULL && environment != NULL &&
		strcmp(entry->environment, environment) != 0;
}
