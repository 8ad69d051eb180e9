/*
 * sqitch_plan.c
 *	  sqitch.plan, taken apart line by line.
 *
 * The rules are those of App::Sqitch::Plan: what it would refuse is refused, with
 * the line.  A plan has pragmas, an empty line, and changes and tags.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/datetime.h"

#include "base/finding.h"
#include "layout/sqitch.h"

/* ASCII that no name begins or ends with: all but "_" */
#define PUNCTUATION "-!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"
#define BLANKS " \t"

/* so many are found, and no more */
#define MAX_FAULTS 20

/* What is known of a name, or of "@" and a tag, by a hash; two that have the same are one in 2^64. */
typedef struct Known
{
	uint64		hash;
	int			first;			/* indexes of lines */
	int			last;
	int			last_closed;	/* the last one before the latest tag, or -1,
								 * as it was when the name came up last */
} Known;

typedef struct Reader
{
	SqitchPlan *plan;
	char	   *rest;			/* NULL: at the end */
	int			line;
	int			room;
	int			latest_tag;		/* index, or -1 */
	int			latest_change;
} Reader;

static void add_fault(SqitchPlan *plan, int line, char *reason);
static char *next_line(Reader *reader);
static bool is_empty(char *text, bool *ends);
static char *cut_note(char *text);
static char *read_pragma(Reader *reader, char *text);
static char *read_change(Reader *reader, char *text);
static char *read_rest(char *text, SqitchLine *into);
static char *read_needs(SqitchLine *into, char *words);
static bool read_need(SqitchNeed *need, char *words);
static char *check_line(Reader *reader, SqitchLine *line);
static char *check_needs(Reader *reader, const SqitchLine *line);
static bool is_known(const Reader *reader, const SqitchNeed *need);
static bool is_name(const char *name, size_t length);
static bool is_path(const char *name);
static bool has_time(const char *text);

static Known *
look_up(const SqitchPlan *plan, const char *prefix, const char *name, bool enter)
{
	char	   *text = psprintf("%s%s", prefix, name);
	uint64		hash = layout_hash(text);
	bool		found;
	Known	   *known = hash_search(plan->names, &hash, enter ? HASH_ENTER : HASH_FIND, &found);

	pfree(text);
	if (enter && !found)
		known->first = known->last = known->last_closed = -1;
	return known;
}

void
sqitch_read_plan(const char *text, size_t length, SqitchPlan *plan)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(Known),.hcxt = CurrentMemoryContext};
	Reader		reader = {.plan = plan,.rest = pnstrdup(text, length),.room = 64,.latest_tag = -1,.latest_change = -1};
	bool		in_head = true;
	char	   *at;

	memset(plan, 0, sizeof(SqitchPlan));
	plan->lines = palloc(reader.room * sizeof(SqitchLine));
	plan->tags = palloc(reader.room * sizeof(int));
	plan->names = hash_create("migrator names of sqitch", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while ((at = next_line(&reader)) != NULL && list_length(plan->faults) < MAX_FAULTS)
	{
		bool		ends = false;

		CHECK_FOR_INTERRUPTS();
		if (is_empty(at, &ends))
			in_head &= !ends;
		else
			add_fault(plan, reader.line, in_head ? read_pragma(&reader, at) : read_change(&reader, at));
		if (plan->project == NULL && (!in_head || plan->faults != NIL))
			break;
	}
	if (plan->project == NULL && plan->faults == NIL)
		add_fault(plan, 1, pstrdup("it has no line %project=NAME before the first empty one"));
}

/* NULL: there is none. */
static void
add_fault(SqitchPlan *plan, int line, char *reason)
{
	SqitchFault *fault;

	if (reason == NULL)
		return;
	fault = palloc(sizeof(SqitchFault));
	fault->line = line;
	fault->reason = reason;
	plan->faults = lappend(plan->faults, fault);
}

/* NULL at the end. */
static char *
next_line(Reader *reader)
{
	char	   *start = reader->rest;
	char	   *end;

	if (start == NULL || *start == '\0')
		return NULL;
	reader->line++;
	end = strchr(start, '\n');
	reader->rest = end ? end + 1 : NULL;
	if (end == NULL)
		end = start + strlen(start);
	if (end > start && end[-1] == '\r')
		end--;
	*end = '\0';
	return start;
}

/* Has it nothing, or a comment alone?  One without words ends the head as an empty line does. */
static bool
is_empty(char *text, bool *ends)
{
	text += strspn(text, BLANKS);
	if (*text == '#' && text[1] != '\0')
	{
		text += 1 + strspn(text + 1, " \t\r\f\v");
		*ends = *text == '\0';
		return true;
	}
	*ends = true;
	return *text == '\0';
}

/* Take the note and the blanks before it off the end.  Returns the note, unescaped, or NULL. */
static char *
cut_note(char *text)
{
	char	   *hash = strchr(text, '#');
	char	   *end = hash ? hash : text + strlen(text);
	char	   *note = hash ? hash + 1 : NULL;
	char	   *to;

	while (end > text && strchr(BLANKS, end[-1]) != NULL)
		end--;
	*end = '\0';
	if (note == NULL)
		return NULL;
	note += strspn(note, " \t\r\f\v");
	for (end = note + strlen(note); end > note && strchr(" \t\r\f\v", end[-1]) != NULL;)
		end--;
	*end = '\0';
	for (char *from = to = note; from < end; from++, to++)
	{
		bool		escapes = *from == '\\' && from[1] != '\0' && strchr("nr\\", from[1]) != NULL;

		from += escapes;
		*to = !escapes || *from == '\\' ? *from : *from == 'n' ? '\n' : '\r';
	}
	*to = '\0';
	return *note == '\0' || strcmp(note, "0") == 0 ? NULL : note;
}

/* %NAME=VALUE; why it is none, or NULL */
static char *
read_pragma(Reader *reader, char *text)
{
	SqitchPlan *plan = reader->plan;
	size_t		length;
	char	   *value;
	char	   *name;

	(void) cut_note(text);
	text += strspn(text, BLANKS);
	if (*text != '%')
		return pstrdup("between the pragmas and the first change has to be an empty line");
	text += 1 + strspn(text + 1, BLANKS);
	length = strcspn(text, " \t=");
	name = pnstrdup(text, length);
	text += length + strspn(text + length, BLANKS);
	value = *text == '=' ? text + 1 + strspn(text + 1, BLANKS) : NULL;
	if (length == 0 || strchr(PUNCTUATION, *name) != NULL || strchr(PUNCTUATION, name[length - 1]) != NULL ||
		(value != NULL ? *value == '\0' : *text != '\0'))
		return pstrdup("a pragma has the form %NAME=VALUE");
	if (strcmp(name, "project") == 0)
	{
		if (value == NULL || !is_name(value, strlen(value)))
			return psprintf("invalid name of a project: \"%s\"", finding_one_line(value ? value : ""));
		plan->project = pstrdup(value);
	}
	else if (strcmp(name, "uri") == 0)
		plan->uri = pstrdup(value ? value : "1");
	else if (strcmp(name, "syntax-version") == 0 && value != NULL && strncmp(value, "1.", 2) != 0)
		return psprintf("syntax version %s is unknown", finding_one_line(value));
	return NULL;
}

/* [+] NAME [needs] TIME Planner Name <mail> # note, or @NAME; why it is none, or NULL */
static char *
read_change(Reader *reader, char *text)
{
	SqitchPlan *plan = reader->plan;
	SqitchLine	read = {.line = reader->line,.before = -1,.later = -1,.tags_before = plan->tag_count};
	char	   *fault = NULL;
	size_t		length;

	read.note = cut_note(text);
	text += strspn(text, BLANKS);
	if (*text == '-')
		return pstrdup("a line that takes a change back is not supported");
	read.is_tag = *text == '@';
	if (read.is_tag)
		text++;
	else if (*text == '+')
		text += 1 + strspn(text + 1, BLANKS);

	/*
	 * a bracket may be of the name, and goes to it where the line has its
	 * form then
	 */
	length = strcspn(text, " \t:@#\\");
	if (length >= MAXPGPATH)
		return psprintf("a name is longer than a path can be: \"%s...\"",
						finding_one_line(pnstrdup(text, pg_mbcliplen(text, length, 40))));
	for (size_t end = length; end > 0 && read.name == NULL && read.needs == NIL; end--)
	{
		if ((end < length && text[end] != '[') || !is_name(text, end))
			continue;
		fault = read_rest(text + end, &read);
		length = end;
		if (fault == NULL)
			read.name = pnstrdup(text, end);
	}
	if (read.name == NULL && fault != NULL && (text[length] == '\0' || strchr(" \t[", text[length]) != NULL))
		return psprintf("\"%s\" %s", finding_one_line(pnstrdup(text, length)), fault);
	if (read.name == NULL)
		return psprintf("invalid name \"%s\"", finding_one_line(pnstrdup(text, strcspn(text, BLANKS))));
	return check_line(reader, &read);
}

/*
 * What is behind the name.  Needs that are there beside a fault: none but the first
 * would be another one behind a shorter name.
 */
static char *
read_rest(char *text, SqitchLine *into)
{
	const char *needs = NULL;
	size_t		needs_length = 0;
	char	   *fault;
	char	   *mail;
	char	   *from;
	char	   *end;

	text += strspn(text, BLANKS);
	if (*text == '[')
	{
		end = strchr(text, ']');
		if (end == NULL || end == text + 1)
			return pstrdup("has \"[\" without \"]\", or nothing between them");
		if (into->is_tag)
			return pstrdup("is a tag, and requires something");
		needs = text + 1;
		needs_length = end - needs;
		text = end + 1 + strspn(end + 1, BLANKS);
	}
	if (!has_time(text))
		return pstrdup("has no time and planner behind it");
	into->time = pnstrdup(text, 20);
	from = text + 20 + strspn(text + 20, BLANKS);
	mail = strchr(from, '<');
	end = mail ? strchr(mail, '>') : NULL;
	if (end == NULL || end[1] != '\0' || end == mail + 1 || mail == text + 20 || strchr(BLANKS, mail[-1]) == NULL || mail - from < 2)
		return pstrdup("has no planner and mail address behind its time");
	into->planner = psprintf("%s %s", pnstrdup(from, mail - 1 - from), mail);
	fault = needs ? read_needs(into, pnstrdup(needs, needs_length)) : NULL;
	if (fault != NULL)
		pfree(into->planner);
	return fault;
}

static char *
read_needs(SqitchLine *into, char *words)
{
	char	   *rest = words;
	char	   *fault = NULL;

	while (*rest != '\0' && fault == NULL)
	{
		size_t		length = strcspn(rest, BLANKS);
		char	   *word = pnstrdup(rest, length);
		SqitchNeed *need = palloc0(sizeof(SqitchNeed));
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (!read_need(need, word))
			fault = psprintf("requires \"%s\", which is no name", finding_one_line(word));
		foreach(lc, into->needs)
		{
			const SqitchNeed *other = lfirst(lc);

			if (fault == NULL && other->conflict == need->conflict && strcmp(other->words, need->words) == 0)
				fault = psprintf("requires \"%s\" twice", finding_one_line(word));
		}
		if (fault != NULL)
			pfree(word);
		else
			into->needs = lappend(into->needs, need);
		rest += length;
		rest += strspn(rest, BLANKS);
	}
	pfree(words);
	return fault;
}

static bool
read_need(SqitchNeed *need, char *words)
{
	char	   *colon;
	char	   *at;

	need->conflict = *words == '!';
	words += need->conflict;
	need->words = words;
	colon = strchr(words, ':');
	if (colon != NULL)
	{
		need->project = pnstrdup(words, colon - words);
		if (!is_name(need->project, colon - words))
			return false;
		words = colon + 1;
	}
	if (strlen(words) == SHA1_HEX_LENGTH && strspn(words, "0123456789abcdef") == SHA1_HEX_LENGTH)
	{
		need->id = words;
		return true;
	}
	at = strchr(words, '@');
	if (at != NULL)
	{
		need->tag = at + 1;
		if (!is_name(need->tag, strlen(need->tag)))
			return false;
	}
	if (at != words)
	{
		need->change = at ? pnstrdup(words, at - words) : words;
		if (!is_name(need->change, strlen(need->change)))
			return false;
	}
	return true;
}

/* Does the line fit those before it?  Then it is one of the plan's. */
static char *
check_line(Reader *reader, SqitchLine *line)
{
	SqitchPlan *plan = reader->plan;
	const char *shown = finding_one_line(line->name);
	Known	   *known;
	char	   *fault;
	ListCell   *lc;

	if (strcmp(line->name, "ROOT") == 0 || strcmp(line->name, "HEAD") == 0)
		return psprintf("\"%s\" means something else to sqitch", shown);
	if (strspn(line->name, "0123456789abcdef") >= SHA1_HEX_LENGTH)
		return psprintf("\"%s\" looks like the id of a change", shown);
	if (line->is_tag && strchr(line->name, '/') != NULL)
		return psprintf("tag \"@%s\" has a slash", shown);
	if (line->is_tag && reader->latest_change < 0)
		return psprintf("tag \"@%s\" has no change before it", shown);
	if (!is_path(line->name))
		return psprintf("\"%s\" cannot be the name of a file", shown);
	known = look_up(plan, line->is_tag ? "@" : "", line->name, true);
	if (line->is_tag && known->last >= 0)
		return psprintf("tag \"@%s\" is in it twice: the first is in line %d", shown, plan->lines[known->last].line);
	if (known->last > reader->latest_tag && known->last >= 0)
		return psprintf("change \"%s\" is in it twice, without a tag in between: the first is in line %d", shown,
						plan->lines[known->last].line);
	fault = check_needs(reader, line);
	add_fault(plan, line->line, fault);
	if (plan->count == reader->room)
	{
		plan->lines = repalloc_huge(plan->lines, (Size) (reader->room *= 2) * sizeof(SqitchLine));
		plan->tags = repalloc_huge(plan->tags, (Size) reader->room * sizeof(int));
	}
	foreach(lc, line->needs)
	{
		plan->names_ids |= ((SqitchNeed *) lfirst(lc))->id != NULL;
	}
	line->before = known->last_closed = known->last;
	if (line->before >= 0)
		plan->lines[line->before].later = plan->count;
	if (known->first < 0)
		known->first = plan->count;
	known->last = plan->count;
	if (line->is_tag)
		plan->tags[plan->tag_count++] = reader->latest_tag = plan->count;
	else
		reader->latest_change = plan->count;
	plan->lines[plan->count++] = *line;
	return NULL;
}

/* What a change of this plan requires must stand before it. */
static char *
check_needs(Reader *reader, const SqitchLine *line)
{
	ListCell   *lc;

	foreach(lc, line->needs)
	{
		const SqitchNeed *need = lfirst(lc);

		if (need->conflict || (need->project != NULL && strcmp(need->project, reader->plan->project) != 0) ||
			(need->project == NULL && need->id != NULL) || is_known(reader, need))
			continue;
		return psprintf("\"%s\" requires \"%s\", which does not stand before it", finding_one_line(line->name),
						finding_one_line(need->words));
	}
	return NULL;
}

/* a@tag: as sqitch looks for it, which is among the changes before the latest tag, the last of that name. */
static bool
is_known(const Reader *reader, const SqitchNeed *need)
{
	const Known *tag = need->tag ? look_up(reader->plan, "@", need->tag, false) : NULL;
	const Known *change = need->change ? look_up(reader->plan, "", need->change, false) : NULL;
	int			last;

	if (need->id != NULL || (need->tag != NULL && tag == NULL) || (need->change != NULL && change == NULL) ||
		(change != NULL && change->last < 0))
		return false;
	if (tag == NULL || change == NULL)
		return true;
	last = change->last < reader->latest_tag ? change->last : change->last_closed;
	return last >= 0 && last < tag->last;
}

int
sqitch_find_change(const SqitchPlan *plan, const SqitchNeed *need)
{
	const Known *tag = need->tag ? look_up(plan, "@", need->tag, false) : NULL;
	const Known *change = need->change ? look_up(plan, "", need->change, false) : NULL;
	int			i;

	if (need->project != NULL && strcmp(need->project, plan->project) != 0)
		return -1;
	if (need->id != NULL)
	{
		for (i = plan->count - 1; i >= 0 && (plan->lines[i].is_tag || strcmp(plan->lines[i].id, need->id) != 0);)
			i--;
		return i;
	}
	if ((need->tag != NULL && tag == NULL) || (need->change != NULL && change == NULL))
		return -1;
	if (tag == NULL)
		return change->first;
	if (change == NULL)
		for (i = tag->last; i >= 0 && plan->lines[i].is_tag;)
			i--;
	else
		for (i = change->last; i > tag->last;)
			i = plan->lines[i].before;
	return i;
}

/* What sqitch takes for the name of a change, a tag or a project. */
static bool
is_name(const char *name, size_t length)
{
	static const char *const wide_blanks[] = {"\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
	size_t		digits = length;

	if (length == 0 || strchr(PUNCTUATION, name[0]) != NULL || strchr(PUNCTUATION, name[length - 1]) != NULL)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		if (name[i] == '\0' || strchr(" \t:@#\\", name[i]) != NULL)
			return false;
		for (int j = 0; j < lengthof(wide_blanks); j++)
			if (length - i >= strlen(wide_blanks[j]) && memcmp(name + i, wide_blanks[j], strlen(wide_blanks[j])) == 0)
				return false;
	}
	/* a word ends it; and neither ~2 nor ^2 and the like, which count changes */
	if (!IS_HIGHBIT_SET(name[length - 1]) && !isalnum((unsigned char) name[length - 1]) && name[length - 1] != '_')
		return false;
	while (digits > 0 && isdigit((unsigned char) name[digits - 1]))
		digits--;
	return digits == length || digits == 0 || strchr("~/=%^", name[digits - 1]) == NULL;
}

/* Names become files: none leads out of its folder, none is hidden, and none has two spellings. */
static bool
is_path(const char *name)
{
	for (const char *part = name;; part++)
	{
		if (*part == '.' || *part == '/')
			return false;
		part = strchr(part, '/');
		if (part == NULL)
			return true;
	}
}

/* 2012-07-16T17:25:07Z */
static bool
has_time(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	int			year,
				month,
				day;

	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == 'd' ? !(text[i] >= '0' && text[i] <= '9') : text[i] != form[i])
			return false;
	}
	year = atoi(text);
	month = atoi(text + 5);
	day = atoi(text + 8);
	return month >= 1 && month <= 12 && day >= 1 && day <= day_tab[isleap(year)][month - 1] &&
		atoi(text + 11) < 24 && atoi(text + 14) < 60 && atoi(text + 17) < 60;
}
