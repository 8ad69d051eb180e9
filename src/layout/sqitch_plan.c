/*
 * sqitch_plan.c
 *	  sqitch.plan and sqitch.conf, taken apart line by line.
 *
 * The rules are those of App::Sqitch::Plan and of git's files of configuration.
 */
#include "postgres.h"

#include "base/finding.h"
#include "layout/sqitch.h"

static char *next_line(char **text, int *line);
static char *read_change(char *text, SqitchLine *into);
static char *take_needs(char **text, SqitchLine *into);
static bool is_name(const char *name);
static bool has_time(const char *text);

void
sqitch_read_plan(const char *text, size_t length, SqitchPlan *plan)
{
	char	   *rest = pnstrdup(text, length);
	char	   *at;
	int			line = 0;
	int			room = 64;

	memset(plan, 0, sizeof(SqitchPlan));
	plan->lines = palloc(room * sizeof(SqitchLine));
	while ((at = next_line(&rest, &line)) != NULL && plan->fault == NULL)
	{
		SqitchLine *into;

		if (*at == '\0' || *at == '#')
			continue;
		if (*at == '%')
		{
			if (strncmp(at, "%project=", 9) == 0)
				plan->project = pstrdup(at + 9);
			else if (strncmp(at, "%syntax-version=1.0", 19) != 0 && strncmp(at, "%syntax-version=", 16) == 0)
				plan->fault = psprintf("syntax version %s is unknown", finding_one_line(at + 16));
			plan->fault_line = line;
			continue;
		}
		if (plan->count == room)
			plan->lines = repalloc_huge(plan->lines, (Size) (room *= 2) * sizeof(SqitchLine));
		into = &plan->lines[plan->count++];
		memset(into, 0, sizeof(SqitchLine));
		into->line = line;
		into->later = -1;
		into->is_tag = *at == '@';
		plan->fault = read_change(into->is_tag ? at + 1 : at, into);
		plan->fault_line = line;
	}
	if (plan->fault == NULL && plan->project == NULL)
	{
		plan->fault = pstrdup("it has no line %project=NAME");
		plan->fault_line = 1;
	}
}

/* Without blanks at both ends; NULL at the end. */
static char *
next_line(char **text, int *line)
{
	char	   *start = *text;
	char	   *end;

	if (start == NULL)
		return NULL;
	(*line)++;
	end = strchr(start, '\n');
	*text = end ? end + 1 : NULL;
	if (end == NULL)
		end = start + strlen(start);
	while (end > start && strchr(" \t\r", end[-1]) != NULL)
		end--;
	*end = '\0';
	return start + strspn(start, " \t");
}

/* NAME [needs] TIME Planner Name <mail> # note; why it is none, or NULL */
static char *
read_change(char *text, SqitchLine *into)
{
	int			length;
	char	   *fault = NULL;

	if (*text == '-')
		return pstrdup("a line that takes a change back is not supported");
	if (*text == '+')
		text += 1 + strspn(text + 1, " \t");
	length = strcspn(text, " \t[#");
	into->name = pnstrdup(text, length);
	if (!is_name(into->name))
		return psprintf("invalid name \"%s\"", finding_one_line(into->name));
	text += length;
	text += strspn(text, " \t");
	if (*text == '[')
		fault = take_needs(&text, into);
	if (fault == NULL && !has_time(text))
		fault = psprintf("\"%s\" has no time and planner behind it", finding_one_line(into->name));
	return fault;
}

static char *
take_needs(char **text, SqitchLine *into)
{
	char	   *end = strchr(*text, ']');
	char	   *inner;

	if (end == NULL)
		return pstrdup("\"[\" without \"]\"");
	inner = pnstrdup(*text + 1, end - *text - 1);
	for (char *need = strtok(inner, " \t,"); need != NULL; need = strtok(NULL, " \t,"))
		into->needs = lappend(into->needs, need);
	*text = end + 1 + strspn(end + 1, " \t");
	return NULL;
}

/*
 * Names become files: none leads out of its folder.  "@", ":", "#" and brackets
 * mean something in a plan.
 */
static bool
is_name(const char *name)
{
	const char *part = name;

	if (*name == '\0' || strpbrk(name, "@:#[]\\ \t") != NULL)
		return false;
	for (;;)
	{
		size_t		length = strcspn(part, "/");

		if (length == 0 || part[0] == '.')
			return false;
		if (part[length] == '\0')
			return true;
		part += length + 1;
	}
}

/* 2012-07-16T17:25:07Z and something behind it */
static bool
has_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == 'd' ? !(text[i] >= '0' && text[i] <= '9') : text[i] != form[i])
			return false;
	}
	return text[strlen(form)] == ' ' || text[strlen(form)] == '\t';
}

void
sqitch_read_conf(const char *text, size_t length, SqitchConf *conf)
{
	struct
	{
		const char *name;
		const char **into;
	}			folders[] = {
		{"deploy_dir", &conf->deploy}, {"revert_dir", &conf->revert}, {"verify_dir", &conf->verify},
		{"extension", &conf->ending}
	};
	char	   *rest = text ? pnstrdup(text, length) : NULL;
	char	   *at;
	int			line = 0;
	bool		ours = false;

	memset(conf, 0, sizeof(SqitchConf));
	conf->deploy = "deploy";
	conf->revert = "revert";
	conf->verify = "verify";
	conf->ending = "sql";
	while ((at = next_line(&rest, &line)) != NULL && conf->fault == NULL)
	{
		char	   *equals = strchr(at, '=');
		char	   *name;
		char	   *value;

		if (*at == '[')
		{
			ours = pg_strcasecmp(at, "[core]") == 0 || strcmp(at, "[engine \"pg\"]") == 0 ||
				strcmp(at, "[core \"pg\"]") == 0;
			continue;
		}
		if (!ours || equals == NULL || *at == '#' || *at == ';')
			continue;
		name = pnstrdup(at, strcspn(at, " \t="));
		value = equals + 1 + strspn(equals + 1, " \t");
		if (*value == '"' && strchr(value + 1, '"') != NULL)
		{
			value++;
			*strchr(value, '"') = '\0';
		}
		if (strncmp(value, "./", 2) == 0)
			value += 2;
		while (*value != '\0' && value[strlen(value) - 1] == '/')
			value[strlen(value) - 1] = '\0';
		conf->fault_line = line;
		if (strcmp(name, "engine") == 0 && strcmp(value, "pg") != 0)
			conf->fault = psprintf("its engine is \"%s\", and only \"pg\" can run here", finding_one_line(value));
		if ((strcmp(name, "top_dir") == 0 && strcmp(value, ".") != 0 && *value != '\0') ||
			(strcmp(name, "plan_file") == 0 && strcmp(value, SQITCH_PLAN) != 0))
			conf->fault = psprintf("%s \"%s\" is not supported: the plan is " SQITCH_PLAN " at the top of the source", name,
								   finding_one_line(value));
		for (int i = 0; i < lengthof(folders); i++)
			if (strcmp(folders[i].name, name) == 0)
				*folders[i].into = pstrdup(value);
		if (!is_name(conf->deploy) || !is_name(conf->revert) || !is_name(conf->verify) || !is_name(conf->ending))
			conf->fault = psprintf("%s \"%s\" is outside of the source", name, finding_one_line(value));
	}
}
