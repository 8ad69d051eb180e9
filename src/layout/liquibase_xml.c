/*
 * liquibase_xml.c
 *	  A changelog of XML as a tree.
 *
 * Elements with attributes, comments, a declaration, and the five entities every
 * XML knows: no more is in a changelog that only includes others.  Text between
 * elements, a document type and CDATA are refused, so that nothing is understood
 * otherwise than Liquibase's own parser would.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "layout/liquibase.h"

typedef struct Xml
{
	const char *at;
	const char *end;
	int			line;
	JsonProblem *problem;
} Xml;

static bool is_end_of_changeset(const Xml *xml);

static inline bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
wrong(Xml *xml, const char *message)
{
	if (xml->problem->message == NULL)
	{
		xml->problem->message = message;
		xml->problem->line = xml->line;
	}
	xml->at = xml->end;
}

/* Go behind so many bytes, counting lines. */
static void
forward(Xml *xml, size_t count)
{
	while (count-- > 0 && xml->at < xml->end)
		if (*xml->at++ == '\n')
			xml->line++;
}

static bool
begins(const Xml *xml, const char *text)
{
	size_t		length = strlen(text);

	return xml->end - xml->at >= length && strncmp(xml->at, text, length) == 0;
}

static bool
skip_behind(Xml *xml, const char *text)
{
	while (xml->at < xml->end && !begins(xml, text))
		forward(xml, 1);
	if (xml->at >= xml->end)
		return false;
	forward(xml, strlen(text));
	return true;
}

/* White space, comments and declarations; what else stands there is refused. */
static void
skip_between(Xml *xml)
{
	for (;;)
	{
		while (xml->at < xml->end && is_space(*xml->at))
			forward(xml, 1);
		if (begins(xml, "<!--"))
		{
			if (!skip_behind(xml, "-->"))
				wrong(xml, "a comment is open");
		}
		else if (begins(xml, "<?"))
		{
			if (!skip_behind(xml, "?>"))
				wrong(xml, "a declaration is open");
		}
		else
		{
			if (begins(xml, "<!"))
				wrong(xml, "a document type, or CDATA, is not known here");
			return;
		}
	}
}

static JsonNode *
node(JsonNodeKind kind, const char *key, int line)
{
	JsonNode   *result = palloc0(sizeof(JsonNode));

	result->kind = kind;
	result->key = key;
	result->line = line;
	return result;
}

/* Without the prefix of a namespace. */
static char *
read_name(Xml *xml)
{
	const char *from = xml->at;
	const char *colon;
	char	   *name;

	while (xml->at < xml->end && !is_space(*xml->at) && strchr("=/><\"'", *xml->at) == NULL)
		xml->at++;
	name = pnstrdup(from, xml->at - from);
	if (*name == '\0')
		wrong(xml, "a name is missing");
	colon = strchr(name, ':');
	return colon != NULL && strncmp(name, "xmlns", 5) != 0 && strncmp(name, "xsi:", 4) != 0 ? pstrdup(colon + 1) : name;
}

static char *
read_value(Xml *xml)
{
	static const char *const entities[] = {"&lt;<", "&gt;>", "&amp;&", "&quot;\"", "&apos;'"};
	char		quote = xml->at < xml->end ? *xml->at : ' ';
	const char *close;
	char	   *value;
	char	   *to;

	if (quote != '"' && quote != '\'')
	{
		wrong(xml, "the value of an attribute has no quotes");
		return "";
	}
	forward(xml, 1);
	/* an entity is longer than what it stands for */
	close = memchr(xml->at, quote, xml->end - xml->at);
	to = value = palloc((close ? close : xml->end) - xml->at + 1);
	while (xml->at < xml->end && *xml->at != quote && *xml->at != '<')
	{
		bool		found = false;

		for (int i = 0; *xml->at == '&' && i < lengthof(entities) && !found; i++)
		{
			size_t		length = strlen(entities[i]) - 1;

			found = xml->end - xml->at > length && strncmp(xml->at, entities[i], length) == 0;
			if (found)
			{
				*to++ = entities[i][length];
				forward(xml, length);
			}
		}
		if (found)
			continue;
		if (*xml->at == '&')
		{
			wrong(xml, "an entity is not known here");
			return "";
		}
		*to++ = *xml->at;
		forward(xml, 1);
	}
	if (xml->at >= xml->end || *xml->at != quote)
		wrong(xml, "a quote is open");
	forward(xml, 1);
	*to = '\0';
	return value;
}

/* Behind the end of a changeset, whose SQL may say the same in a comment or as CDATA. */
static bool
skip_changeset(Xml *xml)
{
	while (xml->at < xml->end)
	{
		if (begins(xml, "<!--"))
			(void) skip_behind(xml, "-->");
		else if (begins(xml, "<![CDATA["))
			(void) skip_behind(xml, "]]>");
		else if (begins(xml, "</changeSet") || (begins(xml, "</") && is_end_of_changeset(xml)))
			return skip_behind(xml, ">");
		else
			forward(xml, 1);
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* With the prefix of a namespace. */
static bool
is_end_of_changeset(const Xml *xml)
{
	const char *at = xml->at + 2;

	while (at < xml->end && *at != ':' && *at != '>' && !is_space(*at))
		at++;
	return xml->end - at > 10 && strncmp(at, ":changeSet", 10) == 0;
}

static JsonNode *
read_element(Xml *xml)
{
	JsonNode   *element;
	const char *begin;
	char	   *name;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!begins(xml, "<"))
	{
		wrong(xml, "there is text where an element is expected");
		return NULL;
	}
	element = node(JSON_NODE_OBJECT, NULL, xml->line);
	begin = xml->at;
	forward(xml, 1);
	name = read_name(xml);
	element->key = name;
	for (;;)
	{
		JsonNode   *attribute;

		CHECK_FOR_INTERRUPTS();
		while (xml->at < xml->end && is_space(*xml->at))
			forward(xml, 1);
		if (xml->at >= xml->end || *xml->at == '>' || *xml->at == '/')
			break;
		attribute = node(JSON_NODE_STRING, NULL, xml->line);
		attribute->key = read_name(xml);
		if (xml->problem->message == NULL && json_tree_child(element, attribute->key) != NULL)
			wrong(xml, "an attribute comes twice");
		while (xml->at < xml->end && is_space(*xml->at))
			forward(xml, 1);
		if (xml->at < xml->end && *xml->at != '=')
			wrong(xml, "an attribute has no value");
		forward(xml, 1);
		while (xml->at < xml->end && is_space(*xml->at))
			forward(xml, 1);
		if (xml->problem->message == NULL)
			attribute->text = read_value(xml);
		element->children = lappend(element->children, attribute);
	}
	if (begins(xml, "/>"))
	{
		forward(xml, 2);
		element->text = pnstrdup(begin, xml->at - begin);
		return element;
	}
	if (!begins(xml, ">"))
	{
		wrong(xml, "an element has no end");
		return element;
	}
	forward(xml, 1);
	for (;;)
	{
		skip_between(xml);
		if (xml->at >= xml->end || begins(xml, "</"))
			break;
		/* what is inside of a changeset is not looked into, as it cannot run */
		if (strcmp(name, "changeSet") == 0)
		{
			if (!skip_changeset(xml))
				wrong(xml, "an element has no end");
			element->text = pnstrdup(begin, xml->at - begin);
			return element;
		}
		element->children = lappend(element->children, read_element(xml));
	}
	if (xml->at >= xml->end)
	{
		wrong(xml, "an element has no end");
		return element;
	}
	forward(xml, 2);
	if (strcmp(read_name(xml), name) != 0)
		wrong(xml, "the end of another element is expected");
	if (!skip_behind(xml, ">"))
		wrong(xml, "an element has no end");
	return element;
}

JsonNode *
changelog_xml_read(const char *text, size_t length, JsonProblem *problem)
{
	Xml			xml = {text, text + length, 1, problem};
	JsonNode   *root;
	JsonNode   *list;
	JsonNode   *result;
	ListCell   *lc;

	skip_between(&xml);
	root = xml.at < xml.end ? read_element(&xml) : NULL;
	if (problem->message == NULL)
		skip_between(&xml);
	if (problem->message == NULL && (root == NULL || xml.at < xml.end))
		wrong(&xml, root == NULL ? "there is no element" : "there is more than one element");
	if (problem->message != NULL)
		return NULL;
	/* as YAML and JSON have it: a list of objects of one key */
	result = node(JSON_NODE_OBJECT, NULL, root->line);
	list = node(JSON_NODE_ARRAY, root->key, root->line);
	result->children = list_make1(list);
	foreach(lc, root->children)
	{
		JsonNode   *child = lfirst(lc);
		JsonNode   *item = node(JSON_NODE_OBJECT, NULL, child->line);

		/* schemas */
		if (child->kind != JSON_NODE_OBJECT && (strncmp(child->key, "xmlns", 5) == 0 || strncmp(child->key, "xsi:", 4) == 0))
			continue;
		item->children = list_make1(child);
		list->children = lappend(list->children, item);
	}
	return result;
}
