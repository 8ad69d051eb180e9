/*
 * sqitch_conf.c
 *	  sqitch.conf: where the plan and the scripts are, and values of variables.
 *
 * The rules are those of Config::GitLike, which are nearly git's.  Of its targets
 * the one counts that sqitch takes when it is told none.  Files of the user or of
 * the system are not looked at.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "base/finding.h"
#include "base/variables.h"
#include "layout/sqitch.h"

/* [section] name = value */
typedef struct Item
{
	char	   *section;		/* "engine.pg": in lower case up to the first
								 * dot of a quoted one */
	char	   *name;
	char	   *value;			/* or NULL */
	int			line;
} Item;

typedef struct Reader
{
	const char *at;
	int			line;
	char	   *section;
	List	   *items;			/* Item * */
	const char *target;			/* section of the target, or NULL */
	SqitchConf *conf;
} Reader;

/* A variable's name, by a hash; two that have the same are one in 2^64. */
typedef struct NamedVariable
{
	uint64		hash;
	const char *section;		/* that gives it its value */
} NamedVariable;

static void read_items(Reader *reader);
static bool read_section(Reader *reader);
static bool read_item(Reader *reader);
static bool read_value(Reader *reader, StringInfo value);
static bool read_quoted(Reader *reader, StringInfo value);
static void skip_comment(Reader *reader);
static void check_items(Reader *reader);
static const Item *find(Reader *reader, const char *section, const char *name);
static const Item *find_said(Reader *reader, const char *section, const char *name);
static const char *fetch(Reader *reader, const char *name, int *line);
static void find_target(Reader *reader);
static bool is_ours(const char *engine, size_t length);
static char *fetch_path(Reader *reader, const char *name, const char *otherwise);
static char *fetch_folder(Reader *reader, const char *prefix, const char *kind, const char *top);
static List *fetch_variables(Reader *reader, const char *kind);
static List *add_variables(Reader *reader, HTAB *known, List *variables, const char *section);
static NamedVariable *find_variable(HTAB *known, const char *name, bool *found);
static void set_fault(Reader *reader, int line, char *fault);

void
sqitch_read_conf(const char *text, size_t length, SqitchConf *conf)
{
	Reader		reader = {.at = text ? pnstrdup(text, length) : "",.line = 1,.conf = conf};
	const char *ending;
	const char *top;
	const char *reworked;
	const Item *item;
	int			line = 0;

	memset(conf, 0, sizeof(SqitchConf));
	read_items(&reader);
	check_items(&reader);
	find_target(&reader);
	top = fetch_path(&reader, "top_dir", "");
	reworked = fetch_path(&reader, "reworked_dir", top);
	conf->plan = fetch_path(&reader, "plan_file", sqitch_path(top, SQITCH_PLAN));
	conf->deploy = fetch_folder(&reader, "", "deploy", top);
	conf->revert = fetch_folder(&reader, "", "revert", top);
	conf->verify = fetch_folder(&reader, "", "verify", top);
	conf->reworked_deploy = fetch_folder(&reader, "reworked_", "deploy", reworked);
	conf->reworked_revert = fetch_folder(&reader, "reworked_", "revert", reworked);
	conf->reworked_verify = fetch_folder(&reader, "reworked_", "verify", reworked);
	ending = fetch(&reader, "extension", &line);
	conf->ending = ending ? ending : "sql";
	if (strchr(conf->ending, '/') != NULL || strlen(conf->ending) >= MAXPGPATH)
		set_fault(&reader, line, psprintf("extension \"%s\" is none", finding_one_line(conf->ending)));
	conf->registry = fetch(&reader, "registry", &line);
	if (conf->registry == NULL)
		conf->registry = "sqitch";
	conf->up_variables = fetch_variables(&reader, NULL);
	conf->down_variables = fetch_variables(&reader, "revert.variables");
	conf->verify_variables = fetch_variables(&reader, "verify.variables");
	item = find(&reader, "deploy", "verify");
	conf->verifies = item != NULL;
	if (item != NULL && item->value != NULL && !parse_bool(*item->value != '\0' ? item->value : "0", &conf->verifies))
		set_fault(&reader, item->line, psprintf("verify \"%s\" is neither true nor false", finding_one_line(item->value)));
	item = find(&reader, "deploy", "mode");
	if (item == NULL || (item->value != NULL && strcmp(item->value, "change") == 0))
		return;
	if (item->value != NULL && (strcmp(item->value, "all") == 0 || strcmp(item->value, "tag") == 0))
		conf->mode = item->value;
	else
		set_fault(&reader, item->line, psprintf("unknown deployment mode \"%s\"", finding_one_line(item->value ? item->value : "")));
}

static void
set_fault(Reader *reader, int line, char *fault)
{
	if (reader->conf->fault != NULL)
		return;
	reader->conf->fault = fault;
	reader->conf->fault_line = line;
}

static void
read_items(Reader *reader)
{
	for (;;)
	{
		bool		good = true;

		CHECK_FOR_INTERRUPTS();
		for (; *reader->at != '\0' && strchr(" \t\r\n\f\v", *reader->at) != NULL; reader->at++)
			reader->line += *reader->at == '\n';
		if (*reader->at == '\0')
			return;
		if (*reader->at == '#' || *reader->at == ';')
			skip_comment(reader);
		else if (*reader->at == '[')
			good = read_section(reader);
		else
			good = reader->section != NULL && read_item(reader);
		if (!good)
		{
			set_fault(reader, reader->line, pstrdup("sqitch could not read this line"));
			return;
		}
	}
}

static void
skip_comment(Reader *reader)
{
	reader->at += strcspn(reader->at, "\n");
}

/* [name], [name.name] or [name "name"] */
static bool
read_section(Reader *reader)
{
	const char *at = reader->at + 1;
	size_t		length = strcspn(at, " \t\r\n\f\v[]\"");
	StringInfoData section;

	if (length == 0)
		return false;
	initStringInfo(&section);
	for (size_t i = 0; i < length; i++)
		appendStringInfoChar(&section, pg_ascii_tolower((unsigned char) at[i]));
	at += length;
	if (*at != ']')
	{
		at += strspn(at, " \t");
		if (*at++ != '"')
			return false;
		appendStringInfoChar(&section, '.');
		for (; *at != '"'; at++)
		{
			if (*at == '\\')
				at++;
			if (*at == '\0' || *at == '\n' || (at[-1] == '\\' && *at != '\\' && *at != '"'))
				return false;
			appendStringInfoChar(&section, *at);
		}
		at++;
		if (section.len == (int) length + 1)
			section.data[--section.len] = '\0';
	}
	if (*at != ']')
		return false;
	reader->at = at + 1;
	reader->section = section.data;
	return true;
}

/* NAME, or NAME = VALUE */
static bool
read_item(Reader *reader)
{
	Item	   *item = palloc0(sizeof(Item));
	const char *at = reader->at;
	size_t		length = strcspn(at, "=\n#;");
	size_t		end = length;
	StringInfoData value;

	while (end > 0 && strchr(" \t\r", at[end - 1]) != NULL)
		end--;
	item->section = reader->section;
	item->name = pnstrdup(at, end);
	item->line = reader->line;
	reader->at += length;
	if (end == 0)
		return false;
	reader->items = lappend(reader->items, item);
	if (*reader->at != '=')
	{
		skip_comment(reader);
		return true;
	}
	reader->at++;
	reader->at += strspn(reader->at, " \t");
	initStringInfo(&value);
	if (!read_value(reader, &value))
		return false;
	item->value = value.data;
	return true;
}

/* Up to the end of the line, or to a comment. */
static bool
read_value(Reader *reader, StringInfo value)
{
	for (;;)
	{
		size_t		blanks = strspn(reader->at, " \t");
		char		after = reader->at[blanks];
		size_t		length;

		if (after == '\r' && (reader->at[blanks + 1] == '\n' || reader->at[blanks + 1] == '\0'))
			blanks++, after = reader->at[blanks];
		if (after == '\0' || after == '\n' || after == '#' || after == ';')
		{
			skip_comment(reader);
			return true;
		}
		if (blanks > 0)
		{
			appendStringInfoChar(value, ' ');
			reader->at += blanks;
		}
		if (*reader->at == '"')
		{
			if (!read_quoted(reader, value))
				return false;
			continue;
		}
		if (*reader->at == '\\')
		{
			const char *known = "\\'\"ntb\r\n";
			char		next = reader->at[1];

			if (next == '\0' || strchr(known, next) == NULL)
				return false;
			if (next == '\r' && reader->at[2] != '\n')
				return false;
			reader->at += next == '\r' ? 3 : 2;
			if (next == '\n' || next == '\r')
				reader->line++;
			else
				appendStringInfoChar(value, next == 'n' ? '\n' : next == 't' ? '\t' : next == 'b' ? '\b' : next);
			continue;
		}
		length = strcspn(reader->at, "\t \\\n\r\"");
		if (length == 0)
			length = 1;			/* a CR within a line */
		appendBinaryStringInfo(value, reader->at, length);
		reader->at += length;
	}
}

/* "...", perhaps of several lines; to sqitch \" in it stays as it is. */
static bool
read_quoted(Reader *reader, StringInfo value)
{
	for (reader->at++; *reader->at != '"'; reader->at++)
	{
		if (*reader->at == '\0')
			return false;
		reader->line += *reader->at == '\n';
		if (*reader->at != '\\')
		{
			appendStringInfoChar(value, *reader->at);
			continue;
		}
		reader->at++;
		if (*reader->at == '\r' && reader->at[1] == '\n')
			reader->at++;
		switch (*reader->at)
		{
			case '\n':
				reader->line++;
				break;
			case 'n':
				appendStringInfoChar(value, '\n');
				break;
			case 't':
				appendStringInfoChar(value, '\t');
				break;
			case 'b':
				appendStringInfoChar(value, '\b');
				break;
			case '\\':
				appendStringInfoChar(value, '\\');
				break;
			case '"':
				appendStringInfoString(value, "\\\"");
				break;
			default:
				return false;
		}
	}
	reader->at++;
	return true;
}

/* What would be read in another place, and what is there twice. */
static void
check_items(Reader *reader)
{
	ListCell   *lc;

	foreach(lc, reader->items)
	{
		const Item *item = lfirst(lc);

		if (pg_strcasecmp(item->name, "plan_file") == 0 || pg_strcasecmp(item->name, "top_dir") == 0)
			reader->conf->plan_line = item->line;
		if (strcmp(item->section, "include") == 0)
			set_fault(reader, item->line, pstrdup("including another file is not supported"));
		if (strcmp(item->section, "core") == 0 && pg_strcasecmp(item->name, "engine") == 0 && item->value != NULL &&
			!is_ours(item->value, strcspn(item->value, " \t\n")))
			set_fault(reader, item->line, psprintf("its engine is \"%s\", and only \"pg\" can run here",
												   finding_one_line(item->value)));
	}
}

/* The one item of that name, or NULL. */
static const Item *
find(Reader *reader, const char *section, const char *name)
{
	const Item *found = NULL;
	ListCell   *lc;

	foreach(lc, reader->items)
	{
		const Item *item = lfirst(lc);

		if (strcmp(item->section, section) != 0 || pg_strcasecmp(item->name, name) != 0)
			continue;
		if (found != NULL)
			set_fault(reader, item->line, psprintf("%s.%s is in it twice", finding_one_line(section), name));
		found = item;
	}
	return found;
}

/* The same of one that says something, to Perl. */
static const Item *
find_said(Reader *reader, const char *section, const char *name)
{
	const Item *item = find(reader, section, name);

	return item != NULL && item->value != NULL && *item->value != '\0' && strcmp(item->value, "0") != 0 ? item : NULL;
}

/* Of the target, else of the engine, else of all. */
static const char *
fetch(Reader *reader, const char *name, int *line)
{
	const Item *item = reader->target ? find_said(reader, reader->target, name) : NULL;

	if (item == NULL)
		item = find_said(reader, "engine.pg", name);
	if (item == NULL)
		item = find_said(reader, "core", name);
	if (item == NULL)
		return NULL;
	*line = item->line;
	return item->value;
}

/* Which target it is, and whether its database is one of PostgreSQL. */
static void
find_target(Reader *reader)
{
	const Item *item = find_said(reader, "core", "target");
	const char *uri;

	if (item == NULL)
		item = find_said(reader, "engine.pg", "target");
	if (item == NULL)
		return;
	reader->target = psprintf("target.%s", item->value);
	uri = item->value;
	if (strchr(uri, ':') == NULL)
	{
		item = find_said(reader, reader->target, "uri");
		if (item == NULL)
			return;
		uri = item->value;
	}
	if (strncmp(uri, "db:", 3) == 0)
		uri += 3;
	if (!is_ours(uri, strcspn(uri, ":")))
		set_fault(reader, item->line, psprintf("the engine of its target is \"%s\", and only \"pg\" can run here",
											   finding_one_line(pnstrdup(uri, strcspn(uri, ":")))));
}

static bool
is_ours(const char *engine, size_t length)
{
	static const char *const names[] = {"pg", "postgres", "postgresql", "pgsql", "pgxc", "yugabyte", "yugabytedb"};

	for (int i = 0; i < lengthof(names); i++)
		if (strlen(names[i]) == length && pg_strncasecmp(engine, names[i], length) == 0)
			return true;
	return false;
}

/* Relative to the source, without what means nothing in it. */
static char *
fetch_path(Reader *reader, const char *name, const char *otherwise)
{
	int			line = 0;
	const char *value = fetch(reader, name, &line);
	StringInfoData path;

	if (value == NULL)
		return pstrdup(otherwise);
	if (strlen(value) >= MAXPGPATH)
	{
		set_fault(reader, line, psprintf("%s is longer than a path can be", name));
		return pstrdup(otherwise);
	}
	initStringInfo(&path);
	for (const char *part = value; *part != '\0'; part += strspn(part, "/"))
	{
		size_t		length = strcspn(part, "/");

		if (length == 0 || (length == 2 && strncmp(part, "..", 2) == 0))
		{
			set_fault(reader, line, psprintf("%s \"%s\" is outside of the source", name, finding_one_line(value)));
			return pstrdup(otherwise);
		}
		if (length != 1 || *part != '.')
		{
			if (path.len > 0)
				appendStringInfoChar(&path, '/');
			appendBinaryStringInfo(&path, part, length);
		}
		part += length;
	}
	return path.data;
}

static char *
fetch_folder(Reader *reader, const char *prefix, const char *kind, const char *top)
{
	return fetch_path(reader, psprintf("%s%s_dir", prefix, kind), sqitch_path(top, kind));
}

char *
sqitch_path(const char *folder, const char *name)
{
	return *folder == '\0' ? pstrdup(name) : psprintf("%s/%s", folder, name);
}

/* Of one name the first counts. kind: the section of those that one way has by itself, or NULL. */
static List *
fetch_variables(Reader *reader, const char *kind)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(NamedVariable),.hcxt = CurrentMemoryContext};
	HTAB	   *known = hash_create("migrator variables of sqitch", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	Variable   *registry = palloc0(sizeof(Variable));
	List	   *variables = list_make1(registry);
	bool		found;

	registry->name = pstrdup("registry");
	registry->value = pstrdup(reader->conf->registry);
	find_variable(known, registry->name, &found)->section = "";
	if (reader->target != NULL)
		variables = add_variables(reader, known, variables, psprintf("%s.variables", reader->target));
	variables = add_variables(reader, known, variables, "engine.pg.variables");
	if (kind != NULL)
		variables = add_variables(reader, known, variables, kind);
	variables = add_variables(reader, known, variables, "deploy.variables");
	variables = add_variables(reader, known, variables, "core.variables");
	hash_destroy(known);
	return variables;
}

static NamedVariable *
find_variable(HTAB *known, const char *name, bool *found)
{
	uint64		hash = layout_hash(name);

	return hash_search(known, &hash, HASH_ENTER, found);
}

/* Behind those that are there, of which a name keeps its value. */
static List *
add_variables(Reader *reader, HTAB *known, List *variables, const char *section)
{
	ListCell   *lc;

	foreach(lc, reader->items)
	{
		const Item *item = lfirst(lc);
		NamedVariable *named;
		Variable   *variable;
		bool		found;

		CHECK_FOR_INTERRUPTS();
		if (strcmp(item->section, section) != 0 || strchr(item->name, '.') != NULL)
			continue;
		named = find_variable(known, item->name, &found);
		if (found && named->section == section)
			set_fault(reader, item->line, psprintf("variable \"%s\" is in it twice", finding_one_line(item->name)));
		if (found)
			continue;
		named->section = section;
		if (!variables_is_name(item->name, strlen(item->name)))
			set_fault(reader, item->line, psprintf("invalid name of a variable: \"%s\"", finding_one_line(item->name)));
		variable = palloc0(sizeof(Variable));
		variable->name = item->name;
		variable->value = item->value ? item->value : pstrdup("");
		variables = lappend(variables, variable);
	}
	return variables;
}
